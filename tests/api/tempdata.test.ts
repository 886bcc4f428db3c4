// TempData, whichever provider keeps it.
// ASP.NET Core's portable tests carry their names.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TempData } from "edge-session";
import { Browser, PROVIDERS, redirect } from "./temp-browser.ts";
import { codeOf, World } from "./world.ts";

/** A browser whose next request finds these values. */
async function having(provider: (typeof PROVIDERS)[number], values: Record<string, unknown>): Promise<Browser> {
  const browser = new Browser(new World({ tempData: { provider } }));
  await browser.use((tempData) => {
    for (const [key, value] of Object.entries(values)) tempData.set(key, value);
  });
  browser.world.store.taken();
  return browser;
}

/** What the next request finds, and leaves. */
function left(browser: Browser): Promise<Record<string, unknown>> {
  return browser.use((tempData) => Object.fromEntries([...tempData.keys()].map((key) => [key, tempData.peek(key)])));
}

const nothing = () => undefined;

for (const provider of PROVIDERS) {
  describe(`TempData, provider "${provider}"`, () => {
    test("Load_CreatesEmptyDictionaryIfProviderReturnsNull", async () => {
      const browser = await having(provider, {});
      const seen = await browser.use((tempData) => [tempData.get("a"), tempData.peek("a"), tempData.has("a"), [...tempData.keys()]]);
      assert.deepEqual(seen, [undefined, undefined, false, []]);
      assert.deepEqual(browser.lines, []);
    });

    test("Save_RemovesKeysThatWereRead", async () => {
      const browser = await having(provider, { Foo: "Foo", Bar: "Bar" });
      assert.equal(await browser.use((tempData) => tempData.get("Foo")), "Foo");
      assert.deepEqual(await left(browser), { Bar: "Bar" });
    });

    test("TryGetValue_MarksKeyForDeletion (get is it)", async () => {
      const browser = await having(provider, { Foo: "Foo" });
      await browser.use((tempData) => assert.equal(tempData.get("Foo"), "Foo"));
      assert.deepEqual(await left(browser), {});
    });

    test("EnumeratingDictionary_MarksKeysForDeletion (reading each key is it: keys alone leaves them)", async () => {
      const browser = await having(provider, { Foo: 1, Bar: 2 });
      assert.deepEqual(await browser.use((tempData) => [...tempData.keys()]), ["Foo", "Bar"]);
      assert.deepEqual(await left(browser), { Foo: 1, Bar: 2 });
      await browser.use((tempData) => {
        for (const key of tempData.keys()) tempData.get(key);
      });
      assert.deepEqual(await left(browser), {});
    });

    test("Keep_RetainsAllKeysWhenSavingDictionary", async () => {
      const browser = await having(provider, { Foo: 1, Bar: 2 });
      await browser.use((tempData) => {
        tempData.get("Foo");
        tempData.get("Bar");
        tempData.keep();
      });
      assert.deepEqual(await left(browser), { Foo: 1, Bar: 2 });
    });

    test("Keep_RetainsSpecificKeysWhenSavingDictionary", async () => {
      const browser = await having(provider, { Foo: 1, Bar: 2 });
      await browser.use((tempData) => {
        tempData.get("Foo");
        tempData.get("Bar");
        tempData.keep("foo");
      });
      assert.deepEqual(await left(browser), { Foo: 1 });
    });

    test("Peek_DoesNotMarkKeyForDeletion", async () => {
      const browser = await having(provider, { Bar: "barValue" });
      assert.equal(await browser.use((tempData) => tempData.peek("bar")), "barValue");
      assert.deepEqual(await left(browser), { Bar: "barValue" });
    });

    test("CompareIsOrdinalIgnoreCase", async () => {
      const browser = await having(provider, { Foo: "Foo" });
      await browser.use((tempData) => {
        assert.equal(tempData.peek("FOO"), "Foo");
        assert.equal(tempData.has("fOO"), true);
        tempData.set("FOO", "other");
        assert.deepEqual([...tempData.keys()], ["Foo"]);
      });
      assert.deepEqual(await left(browser), { Foo: "other" });
    });

    test("LoadAndSaveAreCaseInsensitive", async () => {
      const browser = await having(provider, { Foo: "Foo", Bar: "Bar" });
      assert.equal(await browser.use((tempData) => tempData.get("FOO")), "Foo");
      assert.deepEqual(await left(browser), { Bar: "Bar" });
    });

    test("RemovalOfKeysAreCaseInsensitive", async () => {
      const browser = await having(provider, { Foo: "Foo", Bar: "Bar", ÄÖ: 1 });
      await browser.use((tempData) => {
        tempData.delete("fOO");
        tempData.delete("äö");
        assert.equal(tempData.get("Foo"), undefined);
      });
      assert.deepEqual(await left(browser), { Bar: "Bar" });
    });

    test("PersistsJustForNextRequest", async () => {
      const browser = await having(provider, { Message: "Saved." });
      assert.equal(await browser.use((tempData) => tempData.get("Message")), "Saved.");
      assert.equal(await browser.use((tempData) => tempData.get("Message")), undefined);
    });

    test("Redirect_RetainsTempData_EvenIfAccessed", async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        const browser = await having(provider, { Message: "Saved." });
        await browser.use(
          (tempData) => tempData.get("Message"),
          () => redirect(status),
        );
        assert.deepEqual(browser.lines, []);
        assert.equal(await browser.use((tempData) => tempData.get("Message")), "Saved.", String(status));
      }
    });

    test("only an answer of 3xx with a Location is a redirect", async () => {
      const others = [new Response(null, { status: 304 }), new Response(null, { status: 201, headers: { Location: "/" } }), new Response()];
      for (const other of others) {
        const browser = await having(provider, { Message: "Saved." });
        await browser.use(
          (tempData) => tempData.get("Message"),
          () => other,
        );
        assert.deepEqual(await left(browser), {});
      }
    });

    test("Peek_RetainsTempData", async () => {
      const browser = await having(provider, { Message: "Saved." });
      for (let request = 0; request < 3; request++) assert.equal(await browser.use((tempData) => tempData.peek("Message")), "Saved.");
    });

    test("ResponseWrite_DoesNotCrashSaveTempDataFilter (a body that is being written already is none of its business)", async () => {
      const browser = await having(provider, { Message: "Saved." });
      const answer = await browser.visit(async (session) => {
        await session.load();
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode(`<p>${session.tempData.get("Message")}`));
            controller.close();
          },
        });
        return new Response(body);
      });
      assert.equal(await answer.text(), "<p>Saved.");
      assert.deepEqual(await left(browser), {});
    });

    test("SetInActionResultExecution_AvailableForNextRequest (set as late as the answer is made)", async () => {
      const browser = await having(provider, {});
      await browser.visit(async (session) => {
        await session.load();
        const answer = new Response("written");
        session.tempData.set("Message", "late");
        return answer;
      });
      assert.deepEqual(await left(browser), { Message: "late" });
    });

    test("SaveTempDataFilter_DoesNotSaveTempData_OnUnhandledException", async () => {
      const failures = [() => new Response(null, { status: 500 }), () => new Response(null, { status: 599 }), () => Response.error()];
      for (const failure of failures) {
        const browser = await having(provider, { Message: "Saved." });
        await browser.use((_, session) => session.set("n", 1));
        await browser.use((tempData, session) => {
          assert.equal(tempData.get("Message"), "Saved.");
          tempData.set("Other", 1);
          session.set("n", 2);
        }, failure);
        assert.deepEqual(browser.lines, []);
        assert.deepEqual(await left(browser), { Message: "Saved." });
        assert.equal(await browser.use((_, session) => session.get("n")), 2);
      }
    });

    test("an error that is thrown consumes nothing, and what was set is not sent; a response that is thrown is an answer", async () => {
      const browser = await having(provider, { Message: "Saved." });
      const failing = browser.visit(async (session) => {
        await session.load();
        session.tempData.get("Message");
        session.tempData.set("Other", 1);
        throw new RangeError("the application's own");
      });
      await assert.rejects(failing, RangeError);
      assert.deepEqual(await left(browser), { Message: "Saved." });
      const thrown = browser.visit(async (session) => {
        await session.load();
        session.tempData.get("Message");
        session.tempData.set("Other", 1);
        throw new Response(null, { status: 404 });
      });
      const answer = await thrown.catch((error: unknown) => error as Response);
      await browser.take(answer.headers.getSetCookie());
      assert.deepEqual(await left(browser), { Other: 1 });
    });

    test("get twice in one request gives the same value, also after a commit of the request's own", async () => {
      const browser = await having(provider, { Message: { text: "Saved." } });
      const seen = await browser.use(async (tempData, session) => {
        const first = tempData.get("Message");
        (first as { text: string }).text = "changed";
        const second = tempData.get("message");
        await session.commit();
        return [second, tempData.get("Message"), tempData.peek("Message"), tempData.has("Message"), [...tempData.keys()]];
      });
      assert.deepEqual(seen, [{ text: "Saved." }, { text: "Saved." }, { text: "Saved." }, true, ["Message"]]);
      assert.deepEqual(await left(browser), {});
    });

    test("read then write keeps, write then read drops", async () => {
      const browser = await having(provider, { Kept: "old", Dropped: "old" });
      await browser.use((tempData) => {
        tempData.get("Kept");
        tempData.set("Kept", "new");
        tempData.set("Dropped", "new");
        assert.equal(tempData.get("Dropped"), "new");
        tempData.set("Never", 1);
        tempData.get("Never");
      });
      assert.deepEqual(await left(browser), { Kept: "new" });
    });

    test("keep before or after reading is the same, also of what is set later", async () => {
      const browser = await having(provider, { Before: 1, After: 2, Gone: 3 });
      await browser.use((tempData) => {
        tempData.keep("Before");
        tempData.get("Before");
        tempData.get("After");
        tempData.keep("After");
        tempData.get("Gone");
        tempData.keep("Later");
        tempData.set("Later", 4);
        tempData.get("Later");
      });
      assert.deepEqual(await left(browser), { Before: 1, After: 2, Later: 4 });
      await browser.use((tempData) => {
        tempData.keep();
        for (const key of tempData.keys()) tempData.get(key);
      });
      assert.deepEqual(await left(browser), { Before: 1, After: 2, Later: 4 });
    });

    test("delete forgets a value, and that it was to be kept", async () => {
      const browser = await having(provider, { a: 1, b: 2, c: 3 });
      await browser.use((tempData) => {
        tempData.keep("a");
        tempData.delete("a");
        tempData.delete("none");
        assert.deepEqual([tempData.has("a"), tempData.get("a"), [...tempData.keys()]], [false, undefined, ["b", "c"]]);
        tempData.keep();
        tempData.set("a", 4);
        tempData.get("a");
        tempData.delete("b");
        tempData.set("B", 5);
      });
      assert.deepEqual(await left(browser), { b: 5, c: 3 });
    });

    test("changes nothing, and sends and stores nothing, where nothing changed", async () => {
      const browser = await having(provider, { a: 1, b: [2] });
      const uses: ((tempData: TempData) => unknown)[] = [
        nothing,
        (tempData) => tempData.peek("a"),
        (tempData) => [tempData.has("a"), ...tempData.keys()],
        (tempData) => tempData.keep(),
        (tempData) => [tempData.get("a"), tempData.keep("a")],
        (tempData) => tempData.set("a", 1),
        (tempData) => [tempData.get("b"), tempData.set("b", [2])],
        (tempData) => [tempData.set("c", 1), tempData.delete("c")],
        (tempData) => [tempData.get("none"), tempData.delete("none")],
      ];
      for (const use of uses) {
        await browser.use(use);
        assert.deepEqual([browser.lines, browser.world.store.taken()], [[], provider === "cookie" ? [] : ["load"]], String(use));
      }
      assert.deepEqual(await left(browser), { a: 1, b: [2] });
    });

    test("destroy forgets all of it, and what is set after it goes out", async () => {
      const browser = await having(provider, { Message: "Saved." });
      await browser.use(async (tempData, session) => {
        session.set("user", "Ada");
        await session.commit();
        tempData.set("Early", "goes too");
        await session.destroy();
        assert.deepEqual([tempData.get("Message"), [...session.tempData.keys()]], [undefined, []]);
        tempData.set("Notice", "Signed out.");
      });
      assert.deepEqual(await left(browser), { Notice: "Signed out." });
      await browser.use((_, session) => session.destroy());
      assert.deepEqual(await left(browser), {});
      assert.deepEqual(await browser.names(), []);
    });

    test("openById has none", async () => {
      const { world } = await having(provider, {});
      const { id } = await world.begun();
      const session = world.sessions.openById(id);
      await session.load();
      assert.equal(await codeOf(() => session.tempData), "no-session");
    });

    test("SaveAndLoad_Works, ValidTypes_RoundTripProperly: every value that a session can hold, and no guessing of dates and ids", async () => {
      const values = {
        nothing: null,
        yes: true,
        int: 10,
        large: 2 ** 53,
        real: -0.5,
        empty: "",
        text: "ünï 😀 \n",
        Guid: "5fd8ac7b-5ef2-4e5f-b9b2-e3ee0a5b3e05",
        date: "2026-11-21T10:00:00.0000000Z",
        array: [1, "a", null, []],
        map: { "a b": { c: [false] } },
        bytes: new Uint8Array([0, 255]),
        "\u0000ours": "a key of ours",
        "\u0000t": "and another",
        't"x\\': "quoted",
        __proto__x: 1,
        constructor: 2,
      };
      const browser = await having(provider, values);
      assert.deepEqual(await left(browser), values);
    });

    test("refuses what would not come back equal, and keys that are none", async () => {
      const browser = await having(provider, {});
      await browser.use((tempData) => {
        for (const value of [undefined, new Date(), () => 1, 1n, Number.NaN, new Map(), "\ud800"]) {
          assert.throws(() => tempData.set("key", value), { code: "value-not-serializable" });
        }
        for (const key of [1, null, undefined, {}, "\ud800"] as string[]) {
          for (const call of [() => tempData.set(key, 1), () => tempData.get(key), () => tempData.delete(key), () => tempData.has(key)]) {
            assert.throws(call, { code: "value-not-serializable" });
          }
        }
        assert.deepEqual([...tempData.keys()], []);
      });
      assert.deepEqual(browser.lines, []);
    });

    test("whose commit failed keeps what was read, and sends nothing of what was set", async () => {
      const browser = await having(provider, { Message: "Saved." });
      await browser.use((_, session) => session.set("a", 1));
      browser.world.store.before = (operation) => {
        if (operation === "update") throw new Error("down");
      };
      const failing = browser.use((tempData, session) => {
        tempData.get("Message");
        tempData.set("Other", 1);
        session.set("a", 2);
      });
      assert.equal(await codeOf(() => failing), "store-unavailable");
      browser.world.store.before = nothing;
      assert.deepEqual(await left(browser), { Message: "Saved." });
    });

    test("after the response, changes and a first use throw, and reads of what was read go on", async () => {
      const browser = await having(provider, { Message: "Saved." });
      let kept: TempData | undefined;
      let session: Parameters<Parameters<Browser["visit"]>[0]>[0] | undefined;
      await browser.visit(async (each) => {
        await each.load();
        session = each;
        kept = each.tempData;
        return new Response();
      });
      assert.ok(session !== undefined && kept !== undefined);
      const firsts = [() => session?.tempData, () => kept?.peek("Message"), () => kept?.get("Message"), () => kept?.set("a", 1)];
      for (const first of firsts) assert.throws(first, { code: "response-started" });
      await browser.visit(async (each) => {
        await each.load();
        kept = each.tempData;
        kept.get("Message");
        kept.set("Other", 1);
        return redirect();
      });
      const changes = [() => kept?.get("Message"), () => kept?.set("a", 1), () => kept?.keep(), () => kept?.keep("a"), () => kept?.delete("Message")];
      for (const change of changes) assert.throws(change, { code: "response-started" });
      assert.deepEqual([kept?.peek("Message"), kept?.has("other"), [...(kept?.keys() ?? [])]], ["Saved.", true, ["Message", "Other"]]);
    });
  });
}
