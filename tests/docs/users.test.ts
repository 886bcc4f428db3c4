// Code that users write compiles against the package's types.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { ROOT, readProjectFile } from "./markdown.ts";
import { complaintsAbout, complaintsOf } from "./typescript.ts";

const FOLDER = "tests/users";
const projects = { worker: "tsconfig.worker.json", node: "tsconfig.node.json" };
/** What this release does not have: entries of the package that `pending.d.ts` stands for, or whose file is left out. */
const pending = {
  entries: ["./stores/d1", "./stores/durable-object", "./stores/kv"],
  files: { "aspnetcore.ts": "./aspnetcore" },
};

function filesOf(project: string): string[] {
  return (JSON.parse(readProjectFile(`${FOLDER}/${project}`)) as { files: string[] }).files;
}

describe("code that users write", () => {
  test("compiles with workers' types and without dom", async () => {
    assert.deepEqual(await complaintsOf(join(ROOT, FOLDER, projects.worker)), []);
  });

  test("compiles with dom and node's types", async () => {
    assert.deepEqual(await complaintsOf(join(ROOT, FOLDER, projects.node)), []);
  });

  test("is all compiled somewhere", () => {
    const compiled = new Set(Object.values(projects).flatMap(filesOf));
    const there = readdirSync(join(ROOT, FOLDER)).filter((name) => name.endsWith(".ts"));
    assert.deepEqual(
      there.filter((name) => !compiled.has(name)),
      Object.keys(pending.files),
    );
  });

  test("is left out, or stood for, only where the package has no such entry", () => {
    const { exports } = JSON.parse(readProjectFile("package.json")) as { exports: Record<string, unknown> };
    const missing = [...pending.entries, ...Object.values(pending.files)];
    assert.deepEqual(
      missing.filter((entry) => entry in exports),
      [],
    );
    const stoodFor = [...readProjectFile(`${FOLDER}/pending.d.ts`).matchAll(/declare module "edge-session(.*)"/g)].map(([, entry]) => `.${entry}`);
    assert.deepEqual(stoodFor.sort(), pending.entries);
  });

  test("is refused in each line that is said to be wrong", async () => {
    const text = readProjectFile(`${FOLDER}/worker.ts`);
    const wrong = text.split("\n").flatMap((line, index) => (line.includes("@ts-expect-error") ? [index + 2] : []));
    assert.equal(wrong.length, 4);
    const files = { "pending.d.ts": readProjectFile(`${FOLDER}/pending.d.ts`), "worker.ts": text.replaceAll("@ts-expect-error", "") };
    const complaints = await complaintsAbout(new Map(Object.entries(files)), "worker");
    assert.deepEqual(
      complaints.map((complaint) => Number(/worker\.ts\((\d+),/.exec(complaint)?.[1])).sort((a, b) => a - b),
      wrong,
    );
  });

  test("is refused where a message has another key or type than was said, or would not come back equal", async () => {
    const start = `import { createSessions, memoryStore, type Session, type TempData } from "edge-session";
const base = { secrets: ["x".repeat(32)], store: memoryStore() };
interface Flash { notice: string; count?: number }
const { tempData } = createSessions<{ a: number }, Flash>(base).open(new Request("http://x"));
`;
    const right = `
export const notice: string | undefined = tempData.get("notice");
tempData.set("count", (tempData.peek("count") ?? 0) + 1);
tempData.keep();
tempData.keep("notice");
export const keys: string[] = [...tempData.keys()];
export const helper = (each: Session<{ a: number }, { notice: string }>, messages: TempData<{ notice: string }>) => [each.tempData, messages.get("notice")];
helper(createSessions<{ a: number }, Flash>(base).open(new Request("http://x")), tempData);
createSessions(base).open(new Request("http://x")).tempData.set("anything", [1]);
`;
    const wrong = {
      key: 'tempData.get("notices");',
      value: 'tempData.set("notice", 1);',
      kept: 'tempData.keep("other");',
      date: "createSessions<{ a: number }, { at: Date }>(base);",
      provider: 'createSessions({ ...base, tempData: { provider: "memory" } });',
    };
    const files = new Map(Object.entries({ right, ...wrong }).map(([name, code]) => [`${name}.ts`, start + code]));
    const complaints = await complaintsAbout(files, "worker");
    assert.deepEqual(complaints.map((complaint) => /(\w+)\.ts\(5,/.exec(complaint)?.[1]).sort(), Object.keys(wrong).sort());
  });

  test("is refused where it names what this release does not have", async () => {
    const attempts = {
      kvStore: "import('edge-session/stores/kv');",
      sharing: "import('edge-session/aspnetcore');",
    };
    const start = `import { createSessions, memoryStore } from "edge-session";
const base = { secrets: ["x".repeat(32)], store: memoryStore() };
export const sessions = createSessions(base);
export const session = sessions.open(new Request("http://x"));
`;
    const files = new Map(Object.entries(attempts).map(([name, code]) => [`${name}.ts`, start + code]));
    const complaints = await complaintsAbout(files, "worker");
    for (const name of Object.keys(attempts)) {
      assert.equal(complaints.filter((complaint) => complaint.includes(`${name}.ts(5,`)).length, 1, name);
    }
    assert.equal(complaints.length, Object.keys(attempts).length);
  });
});
