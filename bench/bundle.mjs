// Bundles one worker for workerd.
import { existsSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const BENCH = fileURLToPath(new URL(".", import.meta.url));
const BUILT = resolve(BENCH, "../dist/index.js");

/** Whether the package is built. */
export const isBuilt = () => existsSync(BUILT);

/** Bundles `workers/<name>.mjs` with the loop around it: its text, the wasm files that it imports, and the gzipped size of the worker alone. */
export async function bundleWorker(name) {
  const worker = `import worker from "./workers/${name}.mjs";`;
  const running = await bundle(`${worker} import { loopOver } from "./loop.mjs"; export default worker; export const loop = loopOver(worker);`);
  const alone = await bundle(`${worker} export default worker;`);
  const wasmGzipBytes = alone.wasmFiles.reduce((sum, file) => sum + gzippedLength(readFileSync(file)), 0);
  return { text: running.text, wasmFiles: running.wasmFiles, gzipBytes: gzippedLength(alone.text) + wasmGzipBytes, wasmGzipBytes };
}

const gzippedLength = (contents) => gzipSync(contents, { level: 9 }).length;

async function bundle(contents) {
  const wasmFiles = new Set();
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: BENCH, loader: "js" },
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser", "production"],
    external: ["node:*", "cloudflare:*"],
    define: { "process.env.NODE_ENV": '"production"' },
    alias: { "edge-session": BUILT },
    plugins: [keepWasmApart(wasmFiles)],
    logLevel: "error",
  });
  return { text: outputFiles[0].text, wasmFiles: [...wasmFiles] };
}

/** workerd takes wasm as modules of their own: `./x.wasm?module` stays an import, of `./x.wasm`. */
function keepWasmApart(files) {
  return {
    name: "keep-wasm-apart",
    setup({ onResolve }) {
      onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path, resolveDir }) => {
        const file = resolve(resolveDir, path.replace(/\?module$/, ""));
        files.add(file);
        return { path: `./${basename(file)}`, external: true };
      });
    },
  };
}
