// The packed package in a folder of its own, beside tools.

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { installPackage, ROOT } from "../package/installed.ts";

/** Where `npm test` installs what `package.json` beside this file names. */
const TOOLS = join(ROOT, "build/runtimes");

const execute = promisify(execFile);

/** What programs are run with: this Node first, and no word to anybody's statistics. */
const environment = {
  ...process.env,
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
  CI: "1",
  NO_COLOR: "1",
  DO_NOT_TRACK: "1",
  ASTRO_TELEMETRY_DISABLED: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  DENO_NO_UPDATE_CHECK: "1",
  NEXT_TELEMETRY_DISABLED: "1",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_SEND_METRICS: "false",
};

/** A folder below which the package is the packed one, and everything else what `package.json` names. */
export interface Folder {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Writes a file, and gives its path. */
  write(name: string, text: string): string;
  read(name: string): string;
  /** Runs a tool by its command's name; gives what it printed, and throws with it when it fails. */
  tool(name: string, ...args: string[]): Promise<string>;
  /** The same for any program. */
  run(program: string, ...args: string[]): Promise<string>;
  remove(): void;
}

/** A command that those packages bring. */
export function bin(name: string): string {
  const path = join(TOOLS, "node_modules/.bin", name);
  if (!existsSync(path)) throw new Error(`missing: ${name} (npm test runtimes installs it)`);
  return path;
}

/** Packs the package and installs it. */
export async function openFolder(): Promise<Folder> {
  if (!existsSync(TOOLS)) throw new Error("missing: the runtimes (npm test runtimes installs them)");
  const installed = await installPackage(TOOLS);
  return { ...within(installed.folder), remove: installed.remove };
}

/** A folder inside one that has the package. */
export function folderIn(parent: Folder, name: string, manifest: object = {}): Folder {
  const folder = within(join(parent.path, name));
  folder.write("package.json", JSON.stringify({ name, private: true, type: "module", ...manifest }));
  return folder;
}

function within(path: string): Folder {
  const run = async (program: string, ...args: string[]) => {
    try {
      const { stdout, stderr } = await execute(program, args, { cwd: path, env: environment, maxBuffer: 64 * 1_048_576 });
      return stdout + stderr;
    } catch (error) {
      const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
      throw new Error([message, stdout, stderr].join("\n"));
    }
  };
  return {
    path,
    env: environment,
    write(name, text) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },
    read: (name) => readFileSync(join(path, name), "utf8"),
    tool: (name, ...args) => run(bin(name), ...args),
    run,
    remove: () => undefined,
  };
}
