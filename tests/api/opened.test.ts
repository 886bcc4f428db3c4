// A token that opened before is not opened again.
// Everything else is as if it were.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { type Opened, OpenedTokens, onlyToken } from "../../dist/opened.js";
import { dice, seedFor } from "./seeds.ts";
import { NAME, request, World } from "./world.ts";

const TOKEN = "A".repeat(96);
/** Sees 400 tokens, each in a new header of 15 KiB, once they are among the older ones; prints how many KiB more there are. */
const SEEN_AGAIN = `
import { OpenedTokens, onlyToken } from ${JSON.stringify(new URL("../../dist/opened.js", import.meta.url).href)};
const tokens = new OpenedTokens();
const text = (value) => Buffer.from(value, "latin1").toString("latin1");
const nth = (number) => text(String(number).padStart(96, "A"));
const header = (number) => text("s=" + nth(number) + "; big=" + String(number).repeat(5000).slice(0, 15360));
const opened = { id: "", issued: 0, expires: 100, persistent: false, secret: 0 };
for (let number = 0; number < 800; number++) tokens.add(nth(number), opened, 0);
const see = () => {
  for (let number = 0; number < 400; number++) tokens.find(onlyToken(header(number), "s"), 0)?.id;
};
onlyToken(header(800), "s");
gc();
const before = process.memoryUsage().heapUsed;
see();
gc();
process.stdout.write(String((process.memoryUsage().heapUsed - before) / 1024));
`;
const said = (id: string, expires = 100): Opened => ({ id, issued: 0, expires, persistent: false, secret: 0 });

describe("a cookie that opened before", () => {
  test("opens until its session's end, and is told as expired from then on", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    const seen = () => world.sessions.open(request({ cookie })).id;
    assert.equal(seen(), id);
    world.pass(86_399);
    assert.deepEqual([seen(), world.told()], [id, []]);
    world.pass(1);
    assert.deepEqual([seen(), world.told()], [undefined, ["cookie-rejected"]]);
  });

  test("is from the future again where the clock went back", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    assert.equal(world.sessions.open(request({ cookie })).id, id);
    world.pass(-61);
    assert.deepEqual([world.sessions.open(request({ cookie })).id, world.told()], [undefined, ["cookie-rejected"]]);
    world.pass(61);
    assert.equal(world.sessions.open(request({ cookie })).id, id);
  });

  test("opens nothing under other secrets, another application or another name", async () => {
    const world = new World();
    const { cookie, id } = await world.begun();
    assert.equal(world.sessions.open(request({ cookie })).id, id);
    const others = [
      { secrets: ["another-canary-secret-of-at-least-32-bytes"] },
      { applicationName: "another" },
      { cookie: { name: "__Host-other" } },
    ].map((options) => world.deployed(options));
    for (const sessions of others) {
      assert.equal(sessions.open(request({ cookie })).id, undefined);
      assert.equal(sessions.open(request({ cookie: cookie.replace(NAME, "__Host-other") })).id, undefined);
    }
  });

  test("counts for nothing beside one of another session", async () => {
    const world = new World();
    const [one, other] = [await world.begun(), await world.begun()];
    for (const { cookie, id } of [one, other]) assert.equal(world.sessions.open(request({ cookie })).id, id);
    assert.equal(world.sessions.open(request({ cookie: `${one.cookie}; ${other.cookie}` })).id, undefined);
    assert.deepEqual(world.told(), ["cookie-rejected"]);
  });

  test("5,000 random headers are read as those are that only the core reads", async (t) => {
    const roll = dice(seedFor(t));
    const world = new World();
    const tokens = [await world.begun(), await world.begun()].map(({ cookie }) => cookie.slice(NAME.length + 1));
    for (const token of tokens) world.sessions.open(request({ cookie: `${NAME}=${token}` })).id;
    world.told();
    const token = () => tokens[roll(2)] ?? "";
    const pieces = [
      () => `${NAME}=${token()}`,
      () => `${NAME}=${token().slice(roll(97))}`,
      () => `${NAME} = ${token()} `,
      () => `${NAME}="${token()}"`,
      () => `theme=${NAME}=${token()}`,
      () => `theme=a ${NAME}=${token()}`,
      () => `x${NAME}=${token()}`,
      () => `${NAME}`,
      () => token(),
      () => "theme=dark",
    ];
    const separators = ["; ", "; ", "; ", ";", " ;\t", ", ", ";; "];
    const read = (header: string) => {
      const { id } = world.sessions.open({ headers: { get: () => header } });
      return [id, world.events.splice(0).map((event) => ("reason" in event ? event.reason : event.name))];
    };
    let opened = 0;
    for (let round = 0; round < 5000; round++) {
      let header = pieces[roll(pieces.length)]?.() ?? "";
      for (let more = roll(3); more > 0; more--) header += (separators[roll(separators.length)] ?? "") + (pieces[roll(pieces.length)]?.() ?? "");
      // Another cookie whose name begins alike: nothing to the core, and too much for whoever takes a short way.
      const [taken, asked] = [read(header), read(`${header}; ${NAME}x=`)];
      assert.deepEqual(taken, asked, header);
      if (taken[0] !== undefined) opened += 1;
    }
    assert.ok(opened > 500 && opened < 4500, `${opened} opened`);
  });
});

describe("the only token of a header", () => {
  test("is found where browsers put it", () => {
    for (const [before, after] of [
      ["", ""],
      ["theme=dark; ", ""],
      ["", "; theme=dark"],
      ["a=b; c=; ", ";d=e"],
    ]) {
      assert.equal(onlyToken(`${before}${NAME}=${TOKEN}${after}`, NAME), TOKEN);
    }
  });

  test("is none where anything is unusual", () => {
    const ours = `${NAME}=${TOKEN}`;
    const twice = [`${ours}; ${ours}`, `${ours}; ${NAME}2=`, `${NAME}; ${ours}`];
    const others = [`; ${"x".repeat(NAME.length - 3)}=${TOKEN}`, `; ${"x".repeat(NAME.length)}=${TOKEN}`, "theme=dark"];
    const shifted = [`a=b;${ours}`, `a=b;  ${ours}`, `a=b ${ours}`, `x${ours}`, ` ${ours}`, `${NAME} =${TOKEN}`];
    for (const header of [...twice, ...shifted, ...others, `${ours} `, `${ours}A`, `${NAME}`, `${NAME}=`, ours.slice(0, -1), "", TOKEN]) {
      assert.equal(onlyToken(header, NAME), undefined, header);
    }
  });
});

describe("what is remembered of tokens", () => {
  test("is forgotten after 500 to 1,000 others, unless it is seen meanwhile", () => {
    const tokens = new OpenedTokens();
    for (const token of ["often", "once", "late"]) tokens.add(token, said(token), 0);
    for (let other = 0; other < 1500; other++) {
      tokens.add(`${other}`, said("other"), 0);
      if (other % 100 === 0) assert.equal(tokens.find("often", 0)?.id, "often");
      if (other === 600) assert.equal(tokens.find("late", 0)?.id, "late");
    }
    assert.deepEqual(
      ["often", "once", "0", "1499"].map((token) => tokens.find(token, 0)?.id),
      ["often", undefined, undefined, "other"],
    );
  });

  test("keeps no `Cookie` header, however often its token is seen", () => {
    const { status, stdout } = spawnSync(process.execPath, ["--expose-gc", "--input-type=module", "-e", SEEN_AGAIN], { encoding: "utf8" });
    assert.equal(status, 0);
    assert.ok(Math.abs(Number(stdout)) < 500, `${stdout} KiB more after headers of 15 KiB each`);
  });

  test("counts from the second at which it opened until its end", () => {
    const tokens = new OpenedTokens();
    tokens.add(TOKEN, said("1", 100), 50);
    assert.deepEqual(
      [49, 50, 99, 100].map((now) => tokens.find(TOKEN, now)?.id),
      [undefined, "1", "1", undefined],
    );
    tokens.clear();
    assert.equal(tokens.find(TOKEN, 50), undefined);
  });
});
