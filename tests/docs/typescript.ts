// Compiles TypeScript as a user of the package does.

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./markdown.ts";

/** Where code runs: what is declared there. */
export type Surroundings = "worker" | "node";

const types: Record<Surroundings, object> = {
  worker: { types: ["@cloudflare/workers-types"], lib: ["es2024"] },
  node: { types: ["node"], lib: ["es2024", "dom", "dom.iterable"] },
};

/** The strictest that is asked of users' code. */
export const strictest = {
  target: "es2022",
  module: "esnext",
  moduleResolution: "bundler",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noEmit: true,
  allowImportingTsExtensions: true,
};

/** Makes a folder inside the project, so that the package finds itself by name; gives it and what removes it. */
export function makeFolder(): { readonly folder: string; remove(): void } {
  mkdirSync(join(ROOT, "build"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, "build/docs-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Compiles files, given by name, under the strictest settings; gives the compiler's complaints. */
export async function complaintsAbout(files: ReadonlyMap<string, string>, surroundings: Surroundings): Promise<string[]> {
  const { folder, remove } = makeFolder();
  try {
    for (const [name, text] of files) writeFileSync(join(folder, name), text);
    const compilerOptions = { ...strictest, verbatimModuleSyntax: true, ...types[surroundings] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [...files.keys()] }));
    return await complaintsOf(join(folder, "tsconfig.json"));
  } finally {
    remove();
  }
}

/** Compiles a project; gives the compiler's complaints, one a line. */
export async function complaintsOf(project: string): Promise<string[]> {
  const { code, output } = await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", project, "--pretty", "false"]);
  const complaints = output.split("\n").filter((line) => /error TS\d+/.test(line));
  if (code !== 0 && complaints.length === 0) throw new Error(`tsc ended with ${code}: ${output}`);
  return complaints;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
}
