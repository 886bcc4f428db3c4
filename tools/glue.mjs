// Makes wasm-bindgen's glue take a fresh instance.

import { StepFailed } from "./steps.mjs";

const HEADER = "// The generated glue between core.ts and the WebAssembly.\n\n";

// A finalizer would free a dead instance's memory in the instance that took its place; core.ts calls `free` itself.
const FINALIZATION =
  /const \w+Finalization = \(typeof FinalizationRegistry === 'undefined'\)\n( {4}\? \{ register: \(\) => \{\}, unregister: \(\) => \{\} \})\n {4}: new FinalizationRegistry\(.*\);\n/g;

const CALLS_OF_FINALIZATION = /^ +\w+Finalization\.(?:unregister\(this\)|register\(this, this\.__wbg_ptr, this\));\n/gm;

// core.ts frees by name, and has its types checked.
const DISPOSAL = /^if \(Symbol\.dispose\) (\w+)\.prototype\[Symbol\.dispose\] = \1\.prototype\.free;\n/gm;
const ASSERTIONS = /^ +_assertClass\(scratch, Scratch\);\n/gm;

// From here to the end the glue loads the module: over the network by default, and never a second time.
const LOADING =
  /let wasmModule, wasmInstance, wasm;\nfunction __wbg_finalize_init\(instance, module\) \{\n {4}wasmInstance = instance;\n {4}wasm = instance\.exports;\n {4}wasmModule = module;\n((?: {4}cached\w+ = null;\n)*) {4}wasm\.__wbindgen_start\(\);\n {4}return wasm;\n\}\n\nasync function __wbg_load[\s\S]*\nexport \{ initSync, __wbg_init as default \};\s*$/;

const TYPES_OF_LOADING = /\nexport type SyncInitInput = [\s\S]*$/;

/** Gives the glue with `instantiate(module)` in place of its own loading. */
export function patchGlue(glue) {
  const unused = [FINALIZATION, CALLS_OF_FINALIZATION, DISPOSAL, ASSERTIONS];
  const source = unused.reduce((text, pattern) => replaced(text, pattern, () => ""), glue);
  const patched = replaced(
    source,
    LOADING,
    (_, resets) => `let wasm;

/** Puts a fresh instance of the module under everything above, and gives its exports. */
export function instantiate(module) {
    wasm = new WebAssembly.Instance(module, __wbg_get_imports()).exports;
${resets}    wasm.__wbindgen_start();
    return wasm;
}
`,
  );
  check(patched);
  return HEADER + patched.replace(/^\/\* @ts-self-types=.*\n+/, "");
}

/** Gives the glue's types with those of `instantiate` in place of its own loading. */
export function patchTypes(types) {
  const patched = replaced(types, /^\/\* tslint:disable \*\/\n\/\* eslint-disable \*\/\n+/, () => "").replaceAll(
    "    [Symbol.dispose](): void;\n",
    "",
  );
  return (
    HEADER +
    replaced(
      patched,
      TYPES_OF_LOADING,
      () => `
/** Puts a fresh instance of the module under everything above, and gives its exports. */
export function instantiate(module: WebAssembly.Module): InitOutput;
`,
    ).replace("export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;\n\n", "")
  );
}

function replaced(text, pattern, replacement) {
  const result = text.replace(pattern, replacement);
  if (result === text) throw new StepFailed(`wasm-bindgen's glue has changed: ${pattern.source.slice(0, 60)} is not in it`);
  return result;
}

/** Refuses a glue that keeps something of an earlier instance, or that a bundler would follow. */
function check(glue) {
  for (const word of ["Finalization", "import.meta", "new URL", "fetch(", "wasmModule", "wasmInstance", "__wbg_init"]) {
    if (glue.includes(word)) throw new StepFailed(`wasm-bindgen's glue has changed: ${word} is left in it`);
  }
  const reset = glue.slice(glue.indexOf("export function instantiate"));
  for (const [, cache] of glue.matchAll(/^let (cached\w+) = null;/gm)) {
    if (!reset.includes(`${cache} = null;`)) throw new StepFailed(`wasm-bindgen's glue has changed: ${cache} outlives its instance`);
  }
  for (const [, name] of glue.matchAll(/^let (\w+)/gm)) {
    if (!/^(wasm|cached\w+|numBytesDecoded)$/.test(name)) throw new StepFailed(`wasm-bindgen's glue has changed: ${name} is new`);
  }
}
