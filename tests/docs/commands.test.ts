// The README's commands and settings work as it says.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startWorker } from "../workerd/harness.ts";
import { blocksOf, readProjectFile } from "./markdown.ts";
import { run } from "./typescript.ts";

const readme = readProjectFile("README.md");
const scripts = (JSON.parse(readProjectFile("package.json")) as { name: string; scripts: Record<string, string> }).scripts;

function blockOf(language: string): string {
  const [block, ...others] = blocksOf(readme).filter((each) => each.language === language);
  assert.ok(block && others.length === 0, `there is one block of ${language}`);
  return block.text;
}

/** The commands of a transcript, each with the lines that it shows. */
function transcriptOf(text: string): { command: string; shown: string[] }[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...shown] = part.trimEnd().split("\n");
      return { command, shown };
    });
}

/** Lines that differ from run to run, made alike. */
function alike(line: string): string {
  return line.trimEnd().replace(/__Host-session=[\w-]{96};/, "__Host-session=<96 characters>;");
}

describe("the transcript", () => {
  test("is what the demo answers to curl", async () => {
    const worker = await startWorker({ entry: "demo/worker.ts", bindings: { SESSION_SECRET: randomBytes(32).toString("base64url") } });
    const folder = mkdtempSync(join(tmpdir(), "edge-session-docs-"));
    try {
      const transcript = transcriptOf(blockOf("console"));
      assert.equal(transcript.length, 2);
      for (const { command, shown } of transcript) {
        const { code, output } = await run("bash", ["-c", command.replace("http://127.0.0.1:8787", worker.url)], { cwd: folder });
        assert.equal(code, 0, output);
        const lines = output.split("\n").map(alike);
        for (const line of shown.map(alike)) assert.ok(lines.includes(line), `${line} is not in\n${lines.join("\n")}`);
        assert.equal(
          output.includes("Set-Cookie"),
          shown.some((line) => line.startsWith("Set-Cookie")),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
      await worker.stop();
    }
  });
});

describe("the commands", () => {
  for (const file of ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]) {
    test(`that ${file} names are the package's`, () => {
      const named = [...readProjectFile(file).matchAll(/\bnpm (start|test|run (\w+)|install (?!--save-dev )(\S+))/g)];
      for (const [, command = "", script, installed] of named) {
        if (installed !== undefined) assert.equal(installed, "edge-session");
        else assert.ok(Object.hasOwn(scripts, script ?? command), command);
      }
    });
  }

  test("know each store that the README offers", () => {
    const offered = [...readme.matchAll(/--store (\w+)/g)].map(([, store]) => store);
    assert.equal(offered.length, 2);
    const known = /const STORES = (\[.*\]);/.exec(readProjectFile("tools/start.mjs"))?.[1] ?? "";
    for (const store of offered) assert.ok(known.includes(`"${store}"`), store);
  });
});
