// Writes the glue that the wasm is loaded with.
// It is made from wasm-bindgen's.

import { StepFailed } from "./steps.mjs";

const HEADER = "// The generated glue between core.ts and the WebAssembly.\n\n";

const COMMENTS = /^ *\/\*[\s\S]*?\*\/\n+/gm;
const CLASS =
  /^export class Instance \{\n([\s\S]*?)^\}\nif \(Symbol\.dispose\) Instance\.prototype\[Symbol\.dispose\] = Instance\.prototype\.free;\n/m;
const METHODS = /^ {4}(\w+)\((.*)\) \{\n([\s\S]*?)^ {4}\}\n/gm;
/** What takes numbers and gives one, or nothing. */
const BODY = /^ {8}(?:const ret = )?wasm\.(instance_\w+)\((?:this\.__wbg_ptr)?(?:, )?([\w, ]*)\);\n(?: {8}return ret(?: >>> 0)?;\n)?$/;
const CONSTRUCTOR =
  /^ {8}const ret = wasm\.(instance_new)\(\);\n {8}this\.__wbg_ptr = ret;\n {8}InstanceFinalization\.register\(this, this\.__wbg_ptr, this\);\n {8}return this;\n$/;
/** What frees the one object of an instance; it lives as long as that. */
const FREEING = ["__destroy_into_raw", "free"];

const IMPORTS =
  /^function __wbg_get_imports\(\) \{\n {4}const import0 = \{\n {8}__proto__: null,\n {8}(__wbg___wbindgen_throw_\w+): function\(arg0, arg1\) \{\n {12}throw new Error\(getStringFromWasm0\(arg0, arg1\)\);\n {8}\},\n {8}(__wbg_getRandomValues_\w+): function\(\) \{ return handleError\(function \(arg0, arg1\) \{\n {12}globalThis\.crypto\.getRandomValues\(getArrayU8FromWasm0\(arg0, arg1\)\);\n {8}\}, arguments\); \},\n {8}__wbindgen_init_externref_table: function\(\) \{\n {12}const table = wasm\.__wbindgen_externrefs;\n {12}table\.set\(0, undefined\);\n {12}table\.set\((\d+), undefined\);\n(?: {12}table\.set\(\d+, \w+\);\n){3} {8}\},\n {4}\};\n {4}return \{\n {8}__proto__: null,\n {8}"\.\/edge_session_bg\.js": import0,\n {4}\};\n\}\n/m;
const FAILED_IMPORT =
  /^function handleError\(f, args\) \{\n {4}try \{\n {8}return f\.apply\(this, args\);\n {4}\} catch \(e\) \{\n {8}const idx = addToExternrefTable0\(e\);\n {8}wasm\.(\w+)\(idx\);\n {4}\}\n\}\n/m;

/**
 * Gives the glue: what makes an instance, and the two functions that the core asks for. The numbers of a call need none.
 *
 * What `getRandomValues` throws is no more than a failure to the core, so no table of JavaScript's values is kept for it.
 */
export function patchGlue(glue) {
  const { thrown, random, anything, store } = parts(glue);
  return `${HEADER}/** Gives the exports of a fresh instance of the module. */
export function instantiate(module) {
    const { exports } = new WebAssembly.Instance(module, {
        "./edge_session_bg.js": {
            ${thrown}() {
                throw new Error("the core failed");
            },
            ${random}(at, length) {
                try {
                    crypto.getRandomValues(new Uint8Array(exports.memory.buffer, at >>> 0, length));
                } catch {
                    exports.${store}(${anything});
                }
            },
        },
    });
    return exports;
}
`;
}

/** Gives the names of what the glue calls of the module, and of what it gives it; the module needs no more. */
export function links(glue) {
  const { exports, store, thrown, random } = parts(glue);
  return { exports: ["memory", ...exports, store], imports: [thrown, random] };
}

/** Gives the glue's types: each export with its documentation, and before its arguments where the instance's object is. */
export function patchTypes(types) {
  const [, methods] = found(/^export class Instance \{\n((?: {4}.*\n|\n)*)\}\n/m, types);
  const members = methods
    .replace(/^ {4}(?:free\(\): void|\[Symbol\.dispose\]\(\): void|private constructor\(\));\n/gm, "")
    .replace(/^ {4}constructor\(\);$/m, "    instance_new(): number;")
    .replace(/^ {4}(?!instance_new)(\w+)\((.*)\): (\w+);$/gm, (_, name, given, result) => {
      const arguments_ = ["instance: number", ...(given === "" ? [] : [given])];
      return `    instance_${name}(${arguments_.join(", ")}): ${result};`;
    });
  return `${HEADER}export interface Exports {
    readonly memory: WebAssembly.Memory;
${members}}

/** Gives the exports of a fresh instance of the module. */
export function instantiate(module: WebAssembly.Module): Exports;
`;
}

/** Finds what the glue does for the module, and refuses one that does more than is known. */
function parts(glue) {
  const code = glue.replace(COMMENTS, "");
  const [, methods] = found(CLASS, code);
  const [imports, thrown, random, anything] = found(IMPORTS, code);
  const [, store] = found(FAILED_IMPORT, code);
  const exports = [];
  const rest = methods.replace(METHODS, (_, name, given, body) => {
    if (FREEING.includes(name)) return "";
    const [, called, passed = ""] = found(name === "constructor" ? CONSTRUCTOR : BODY, body);
    if (passed !== given) throw changed(`${name} passes other arguments than it is given`);
    exports.push(called);
    return "";
  });
  if (rest !== "") throw changed(`there is more in the class: ${rest.slice(0, 60)}`);
  const others = code.slice(0, code.indexOf(imports)).replace(CLASS, "");
  if (others.trim() !== "") throw changed(`there is more than the class: ${others.trim().slice(0, 60)}`);
  return { exports, thrown, random, anything, store };
}

function found(pattern, text) {
  const match = pattern.exec(text);
  if (match === null) throw changed(`${pattern.source.slice(0, 60)} is not in ${text.slice(0, 60)}`);
  return match;
}

function changed(how) {
  return new StepFailed(`wasm-bindgen's glue has changed: ${how}`);
}
