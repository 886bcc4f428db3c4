// Says what was measured: as a table or as Markdown.
import { PATHS } from "./measure.mjs";

/** A difference below this, in microseconds, is the method's noise and no measure to divide by. */
const NOISE = { loop: 0.5, http: 3 };

/** Adds to each path its ratio to the best of the peers, where that one costs anything. */
export function withRatios(mode, rows) {
  const peers = rows.filter(({ ours }) => !ours);
  const best = Object.fromEntries(PATHS.map((path) => [path, Math.min(...peers.map(({ paths }) => paths[path].micros.median))]));
  const ratio = (path, { micros }) => (Number.isFinite(best[path]) && best[path] > NOISE[mode] ? micros.median / best[path] : undefined);
  return rows.map((row) => ({
    ...row,
    paths: Object.fromEntries(PATHS.map((path) => [path, { ...row.paths[path], ratio: ratio(path, row.paths[path]) }])),
  }));
}

export function table(mode, rows) {
  const lines = [head(mode), ...rows.map((row) => cells(mode, row))];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) => line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("   "))
    .join("\n");
}

export function markdown(mode, rows) {
  const line = (texts) => `| ${texts.join(" | ")} |`;
  const names = head(mode);
  return [line(names), line(names.map((_, column) => (column === 0 ? "---" : "--:"))), ...rows.map((row) => line(cells(mode, row)))].join("\n");
}

function head(mode) {
  const last = mode === "http" ? PATHS.map((path) => `${path}/s`) : ["cookie chars", "gzip kB"];
  return ["library", ...PATHS.map((path) => `${path} us`), "of best peer", ...last];
}

function cells(mode, row) {
  const of = (write) => PATHS.map((path) => write(row.paths[path]));
  const wasm = row.wasmGzipBytes > 0 ? ` (wasm ${kilobytes(row.wasmGzipBytes)})` : "";
  const last = mode === "http" ? of(({ perSecond }) => perSecond.toFixed(0)) : [String(row.cookieLength), kilobytes(row.gzipBytes) + wasm];
  const ratios = of(({ ratio }) => (ratio === undefined ? "-" : ratio.toFixed(2))).join(" / ");
  return [row.name, ...of(({ micros }) => `${figure(micros.median)} (${figure(micros.low)}..${figure(micros.high)})`), ratios, ...last];
}

const figure = (micros) => micros.toFixed(Math.abs(micros) < 100 ? 1 : 0);
const kilobytes = (bytes) => (bytes / 1000).toFixed(1);
