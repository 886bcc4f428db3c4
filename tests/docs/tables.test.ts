// The README's tables say what the code says.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSessions, memoryStore } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { codesIn, ROOT, readProjectFile, tableBelow, tablesOf } from "./markdown.ts";

const readme = readProjectFile("README.md");
const options = readProjectFile("js/options.ts");

/** An interface's members, each with its `@default`; \`required\` where it has none and cannot be left out. */
function defaultsOf(source: string, name: string): Map<string, string> {
  const body = new RegExp(`interface ${name}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(source)?.[1];
  assert.ok(body, `there is no interface ${name}`);
  const members = [...body.matchAll(/\/\*\*([\s\S]*?)\*\/\n {2}(\w+)(\??):/g)];
  return new Map(
    members.map(([, doc = "", member = "", optional]) => [member, /@default (.*)/.exec(doc)?.[1]?.trim() ?? (optional ? "" : "required")]),
  );
}

/** What the code itself falls back to: \`name = value\` where options are taken apart. */
function fallbacksIn(source: string): Map<string, string> {
  const parts = [...source.matchAll(/const \{([^}]*)\} = options/g)].flatMap(([, inside = ""]) => inside.split(","));
  const pairs = parts.map((part) => part.split("=").map((side) => side.trim()));
  return new Map(pairs.flatMap(([name = "", value]) => (value === undefined ? [] : [[name, value.replace(/(?<=\d)_(?=\d)/g, "")]])));
}

/** The README's defaults, by option. */
function saidBelow(heading: string): Map<string, string> {
  return new Map(
    tableBelow(readme, heading).rows.map((row) => [codesIn(row.get("option") ?? "")[0] ?? "", (row.get("default") ?? "").replaceAll("`", "")]),
  );
}

describe("the table of options", () => {
  test("has every option with its documented default", () => {
    const said = saidBelow("Options");
    assert.equal(said.get("cookie"), "see below");
    assert.deepEqual(said, new Map([...defaultsOf(options, "SessionsOptions"), ["cookie", "see below"]]));
  });

  test("has every option of the cookie with its documented default", () => {
    assert.deepEqual(saidBelow("The cookie"), defaultsOf(options, "CookieOptions"));
  });

  test("gives the defaults that the code falls back to", () => {
    const said = new Map([...saidBelow("Options"), ...saidBelow("The cookie")]);
    const fallbacks = fallbacksIn(options);
    // What is no domain is an empty text inside.
    fallbacks.delete("domain");
    assert.deepEqual(
      ["absoluteTimeoutSeconds", "name", "slide"].map((name) => fallbacks.has(name)),
      [true, true, true],
    );
    for (const [name, value] of fallbacks) assert.equal(said.get(name), value, name);
  });

  test("gives those of the core too", () => {
    const core = readProjectFile("src/options.rs");
    const said = saidBelow("Options");
    const of = (pattern: RegExp) => pattern.exec(core)?.[1]?.replaceAll("_", "");
    assert.equal(of(/application_name: (".*?")\.to_owned\(\)/), said.get("applicationName"));
    assert.equal(of(/idle_timeout_seconds: ([\d_]+),/), said.get("idleTimeoutSeconds"));
    assert.equal(of(/absolute_timeout_seconds: Some\(([\d_]+)\),/), said.get("absoluteTimeoutSeconds"));
    assert.equal(of(/max_record_bytes: ([\d_]+),/), said.get("maxRecordBytes"));
  });

  test("has every option of the stores over HTTP", () => {
    const source = readProjectFile("js/stores/http-options.ts");
    const documented = defaultsOf(source, "HttpStoreOptions");
    documented.delete("url");
    assert.deepEqual(saidBelow("Over HTTP"), documented);
    const fallbacks = fallbacksIn(source);
    assert.deepEqual([...fallbacks.keys()].sort(), [...documented.keys()].sort());
    for (const [name, value] of fallbacks) assert.equal(documented.get(name), value, name);
  });

  test("has every option of one store", () => {
    const rows = tableBelow(readme, "Options of one store").rows;
    for (const [store, file, name, count] of [
      ["memoryStore", "memory", "MemoryOptions", 3],
      ["upstashStore", "upstash", "UpstashOptions", 1],
      ["webdisStore", "webdis", "WebdisOptions", 3],
    ] as const) {
      const own = rows.filter((row) => row.get("of") === `\`${store}\``);
      const said = own.map((row) => [codesIn(row.get("option") ?? "")[0], row.get("default")?.replaceAll("`", "")] as const);
      assert.equal(said.length, count);
      assert.deepEqual(Object.fromEntries(said), Object.fromEntries(defaultsOf(readProjectFile(`js/stores/${file}.ts`), name)));
    }
  });
});

describe("the column of ranges", () => {
  const secrets = ["a secret of this test, of 32 bytes or more"];
  /** How to give each of a table's options a value. */
  const tables: Record<string, (option: string, value: unknown) => unknown> = {
    Options: (option, value) =>
      createSessions({
        secrets,
        store: memoryStore(),
        ...(option === "idleTimeoutSeconds" ? { absoluteTimeoutSeconds: Number.POSITIVE_INFINITY } : {}),
        [option]: value,
      }),
    "The cookie": (option, value) =>
      createSessions({ secrets, store: memoryStore(), cookie: { ...(option === "maxAgeSeconds" ? {} : { name: "s" }), [option]: value } }),
    "Over HTTP": (option, value) => upstashStore({ url: "https://r.example", token: "t", [option]: value }),
    "Options of one store": (option, value) =>
      option === "maxEntries" ? memoryStore({ [option]: value } as object) : webdisStore({ url: "https://r.example", [option]: value }),
  };
  const rows = Object.entries(tables).flatMap(([heading, give]) =>
    tableBelow(readme, heading).rows.map((row) => ({ give, option: codesIn(row.get("option") ?? "")[0] ?? "", range: row.get("unit, range") ?? "" })),
  );
  /** Those with a number in them; what a text is made of has a test of its own. */
  const numbers = rows.filter(({ range }) => /\d/.test(range) && !/ASCII|letters|A-Z|bytes or more/.test(range));
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text.replaceAll(",", "")));
  const refused = (option: string) => ({ code: "invalid-options", message: new RegExp(`\\b${option}: `) });

  test("is read of every option that is a number", () => {
    assert.deepEqual(numbers.map(({ option }) => option).sort(), [
      "absoluteTimeoutSeconds",
      "databaseId",
      "idleTimeoutSeconds",
      "ioTimeoutMs",
      "lockTimeoutMs",
      "maxAgeSeconds",
      "maxEntries",
      "maxRecordBytes",
      "operationTimeoutMs",
      "retryTimeoutMs",
    ]);
  });

  for (const { give, option, range } of numbers) {
    test(`has the least and the most that ${option} may be`, () => {
      // The idle time is the least of the absolute one; 1200 by default.
      const least = number(/([\d,]+) to /.exec(range)?.[1] ?? /from (\d+)/.exec(range)?.[1]) ?? 1200;
      const most = number(/ to ([\d,]*\d)/.exec(range)?.[1]);
      assert.doesNotThrow(() => give(option, least));
      assert.throws(() => give(option, least - 1), refused(option));
      if (most === undefined) assert.doesNotThrow(() => give(option, Number.MAX_SAFE_INTEGER));
      else {
        assert.doesNotThrow(() => give(option, most));
        assert.throws(() => give(option, most + 1), refused(option));
      }
      if (range.includes("`Infinity`")) assert.doesNotThrow(() => give(option, Number.POSITIVE_INFINITY));
      else assert.throws(() => give(option, Number.POSITIVE_INFINITY), refused(option));
    });
  }

  test("says what texts may be, and how many secrets there are", () => {
    const said = (option: string) => rows.find((row) => row.option === option) ?? assert.fail(option);
    const longest = (option: string) => number(/1 to ([\d,]*\d)/.exec(said(option).range)?.[1]) ?? 0;
    for (const [option, first, wrong] of [
      ["applicationName", "aA0._-", "a b"],
      ["name", "aA0-_.", "a;b"],
      ["path", "/a b", "/a;b"],
      ["domain", "shop.example", "a;b"],
    ] as const) {
      const { give } = said(option);
      const most = first.padEnd(longest(option), "x");
      assert.doesNotThrow(() => give(option, first), option);
      assert.doesNotThrow(() => give(option, most), option);
      for (const value of ["", wrong, `${most}x`, `${first}\u00fc`]) assert.throws(() => give(option, value), refused(option), option);
    }
    assert.throws(() => said("path").give("path", "shop"), refused("path"));
    const { give } = said("secrets");
    const distinct = (count: number, bytes: number) => Array.from({ length: count }, (_, index) => String(index).padEnd(bytes, "x"));
    assert.equal(said("secrets").range, "1 to 8, each 32 bytes or more");
    assert.doesNotThrow(() => give("secrets", distinct(8, 32)));
    for (const value of [[], distinct(9, 32), distinct(1, 31)]) assert.throws(() => give("secrets", value), refused("secrets"));
  });

  test("is said of the seconds of grace, and of a protector's purpose, too", async () => {
    const sessions = createSessions({ secrets, store: memoryStore() });
    const grace = number(/`graceSeconds` is whole seconds, 0 \(the default\) to ([\d,]*\d)\./.exec(readme)?.[1]) ?? 0;
    const purpose = number(/one purpose \(a text of yours, 1 to ([\d,]+) characters\)/.exec(readme)?.[1]) ?? 0;
    const session = sessions.open(new Request("https://app.example/"));
    await session.load();
    for (const seconds of [0, grace]) assert.doesNotThrow(() => session.regenerateId({ graceSeconds: seconds }));
    for (const seconds of [-1, grace + 1, 0.5]) assert.throws(() => session.regenerateId({ graceSeconds: seconds }), { code: "invalid-options" });
    for (const length of [1, purpose]) assert.doesNotThrow(() => sessions.protector("x".repeat(length)));
    for (const length of [0, purpose + 1]) assert.throws(() => sessions.protector("x".repeat(length)), { code: "invalid-options" });
  });

  test("is beside each option in the editor, with its default", () => {
    for (const { option, range } of numbers) {
      const source = ["js/options.ts", "js/stores/http-options.ts", "js/stores/memory.ts", "js/stores/webdis.ts"].map(readProjectFile).join("");
      const doc = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n {2}${option}\\?:`).exec(source)?.[1] ?? assert.fail(option);
      const plain = doc.replaceAll(",", "");
      for (const bound of range.match(/\d[\d,]*/g) ?? [])
        assert.match(plain, new RegExp(`\\b${bound.replace(/,$/, "").replaceAll(",", "")}\\b`), option);
      assert.match(doc, /@default \S/, option);
    }
  });

  test("has no option anywhere without its default", () => {
    const files = readdirSync(join(ROOT, "js"), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith(".ts"));
    const options = files.flatMap((name) =>
      [...readProjectFile(`js/${name}`).matchAll(/export interface (\w*(?:Options|Times)) [^{]*\{\n([\s\S]*?)\n\}/g)].flatMap(
        ([, of = "", body = ""]) =>
          [...body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)? {2}(\w+)\?:/g)].map(([, doc = "", option]) => ({ option: `${of}.${option}`, doc })),
      ),
    );
    assert.ok(options.length > 40, String(options.length));
    assert.deepEqual(
      options.filter(({ doc }) => !doc.includes("@default ")).map(({ option }) => option),
      [],
    );
  });
});

describe("the table of the session", () => {
  test("has every member and no other", () => {
    const body = /export interface Session<[^{]*\{\n([\s\S]*?)\n\}/.exec(readProjectFile("js/session.ts"))?.[1] ?? "";
    const members = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[:(<]/gm)].map(([, name]) => name);
    assert.ok(members.length > 15);
    const said = tableBelow(readme, "The session").rows.map((row) => /^`(\w+)/.exec(row.get("member") ?? "")?.[1]);
    assert.deepEqual(said, [...new Set(members)]);
  });
});

describe("the table of the cache", () => {
  test("has every member and no other", () => {
    const body = /export interface Cache \{\n([\s\S]*?)\n\}/.exec(readProjectFile("js/cache.ts"))?.[1] ?? "";
    const members = [...body.matchAll(/^ {2}(\w+)[(<]/gm)].map(([, name]) => name);
    assert.equal(members.length, 5);
    const said = tableBelow(readme, "The cache").rows.map((row) => /^`(\w+)/.exec(row.get("member") ?? "")?.[1]);
    assert.deepEqual(said, members);
  });
});

describe("the table of stores", () => {
  test("names each store with its entry and the options that it has", () => {
    const entries = (JSON.parse(readProjectFile("package.json")) as { exports: Record<string, unknown> }).exports;
    const stores = tablesOf(readme).find(({ heading, rows }) => heading === "Stores" && rows[0]?.has("from"));
    const said = (stores?.rows ?? []).map((row) => codesIn(row.get("from") ?? "")[0] ?? "");
    const published = Object.keys(entries).filter((entry) => entry === "." || entry.startsWith("./stores/"));
    assert.deepEqual(
      [...new Set(said)],
      published.map((entry) => entry.replace(".", "edge-session")),
    );
  });
});

describe("the table of errors", () => {
  test("has every code and no other", () => {
    const union = /export type SessionErrorCode =([\s\S]*?);\n\n/.exec(readProjectFile("js/errors.ts"))?.[1] ?? "";
    const codes = [...union.matchAll(/\| "([a-z-]+)"/g)].map(([, code]) => code);
    assert.equal(codes.length, 21);
    assert.deepEqual(
      tableBelow(readme, "Errors").rows.map((row) => codesIn(row.get("code") ?? "")[0]),
      codes,
    );
  });

  test("says for each what to do", () => {
    for (const row of tableBelow(readme, "Errors").rows) assert.ok((row.get("what to do") ?? "").length > 10, row.get("code"));
  });
});

describe("the table of events", () => {
  const union = /export type SessionEvent =([\s\S]*?);\n\n/.exec(readProjectFile("js/events.ts"))?.[1] ?? "";
  const typed = [...union.matchAll(/EventBase<((?:"[a-z-]+"(?: \| )?)+), "(\w+)">(?: & \{([^}]*)\})?/g)].flatMap(
    ([, names = "", level, fields = ""]) =>
      [...names.matchAll(/"([a-z-]+)"/g)].map(([, name]) => ({
        name,
        level,
        fields: [...fields.matchAll(/readonly (\w+):/g)].map(([, field]) => field),
      })),
  );
  const rows = tableBelow(readme, "Events").rows;
  const sorted = <Event extends { name: string | undefined }>(events: Event[]) => events.sort((a, b) => String(a.name).localeCompare(String(b.name)));

  test("has every event with its level and fields", () => {
    assert.equal(typed.length, 18);
    const said = rows.map((row) => ({ name: codesIn(row.get("name") ?? "")[0], level: row.get("level"), fields: codesIn(row.get("fields") ?? "") }));
    assert.deepEqual(sorted(said), sorted(typed));
  });

  test("says of those that nothing tells that they are not told", () => {
    const names = readdirSync(join(ROOT, "js"), { recursive: true }).map(String);
    const sources = names.filter((name) => name.endsWith(".ts") && name !== "events.ts").map((name) => readProjectFile(`js/${name}`));
    const untold = typed.filter(({ name }) => !sources.some((source) => source.includes(`"${name}"`))).map(({ name }) => name);
    const said = rows.filter((row) => row.get("when") === "Not told in this release.").map((row) => codesIn(row.get("name") ?? "")[0]);
    assert.deepEqual(said.sort(), untold.sort());
  });

  test("gives every reason of a rejected cookie", () => {
    const reasons = /export type CookieRejection = (.*);/.exec(readProjectFile("js/events.ts"))?.[1] ?? "";
    const said = codesIn(rows.find((row) => row.get("name") === "`cookie-rejected`")?.get("when") ?? "");
    assert.deepEqual(
      said,
      [...reasons.matchAll(/"([a-z-]+)"/g)].map(([, reason]) => reason),
    );
  });
});
