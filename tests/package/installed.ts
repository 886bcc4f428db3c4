// The packed package, installed in an empty folder.

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

export const ROOT = join(import.meta.dirname, "../..");

const execute = promisify(execFile);

/** A folder with the package in it and nothing else. */
export interface Installed {
  readonly folder: string;
  readonly tarball: string;
  /** What the tarball holds. */
  readonly files: readonly string[];
  /** Writes a file into the folder, and gives its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/** Packs the package as it would be published, and installs it into an empty folder. */
export async function installPackage(parent = tmpdir()): Promise<Installed> {
  const folder = mkdtempSync(join(parent, "edge-session-package-"));
  const { stdout } = await execute("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error("npm packed nothing");
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write("package.json", '{ "private": true, "type": "module" }');
  await execute("npm", ["install", "--offline", "--no-audit", "--no-fund", packed.filename], { cwd: folder });
  return {
    folder,
    tarball: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
    write,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The Node that the machine has, besides the one that the project brings. */
export function systemNode(): string {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const found = folders.map((folder) => join(folder, "node")).find((path) => existsSync(path));
  if (found === undefined) throw new Error("there is no node in PATH");
  return found;
}

/** Runs a program in the folder; gives what it printed, and throws with it when it fails. */
export async function output(command: string, args: string[], folder: string): Promise<string> {
  const { stdout } = await execute(command, args, { cwd: folder });
  return stdout;
}
