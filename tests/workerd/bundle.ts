// Bundles a worker as wrangler does, for a bare workerd.

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build, type Plugin } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/** A worker's one script, and the WebAssembly modules beside it by the names it imports. */
export interface Bundle {
  readonly script: string;
  readonly modules: ReadonlyMap<string, Uint8Array>;
}

/** What to bundle: a file of the project, by its path from the root, or a worker's own text; or what somebody else bundled. */
export type Source = { readonly entry: string } | { readonly script: string } | { readonly bundled: Bundle };

/** Bundles the source, with imports resolved as from the project's root. */
export async function bundle(source: Source): Promise<Bundle> {
  if ("bundled" in source) return source.bundled;
  const modules = new Map<string, Uint8Array>();
  const result = await build({
    absWorkingDir: ROOT,
    ...("entry" in source ? { entryPoints: [source.entry] } : { stdin: { contents: source.script, resolveDir: ROOT, loader: "ts" as const } }),
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    plugins: [keepWasm(modules)],
    logLevel: "silent",
  });
  return { script: result.outputFiles[0]?.text ?? "", modules };
}

/** Leaves `x.wasm?module` an import, which the runtime answers. */
function keepWasm(modules: Map<string, Uint8Array>): Plugin {
  return {
    name: "keep-wasm",
    setup({ onResolve }) {
      onResolve({ filter: /\.wasm\?module$/ }, async ({ path, resolveDir }) => {
        const name = basename(path);
        modules.set(name, await readFile(join(resolveDir, path.replace(/\?module$/, ""))));
        return { path: `./${name}`, external: true };
      });
    },
  };
}
