// What a worker downloads, bundled as wrangler does.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");

/** Bytes after gzip, at its best. */
export interface Download {
  readonly script: number;
  /** 0 where the script imports none. */
  readonly wasm: number;
  readonly whole: number;
}

const gzipped = (content: Uint8Array) => gzipSync(content, { level: 9 }).length;

/** The compiled core. */
export const wasmBytes = (): number => gzipped(readFileSync(join(ROOT, "dist/edge_session_bg.wasm")));

/** Bundles and minifies what has these exports of the built package, by their module. */
export async function download(exports: Readonly<Record<string, string>>): Promise<Download> {
  const lines = Object.entries(exports).map(([module, name]) => `export { ${name} } from "${module}";`);
  const { outputFiles, metafile } = await build({
    stdin: { contents: lines.join("\n"), resolveDir: ROOT },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd"],
    external: ["*.wasm?module"],
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const script = gzipped(outputFiles[0]?.contents ?? new Uint8Array());
  const wasm = imports.some(({ path }) => path.includes(".wasm")) ? wasmBytes() : 0;
  return { script, wasm, whole: script + wasm };
}
