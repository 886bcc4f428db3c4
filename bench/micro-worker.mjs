// The worker that bench/micro.mjs runs: one loop per case.
import probe from "./probe.wasm";

const { noop, sum } = new WebAssembly.Instance(probe).exports;
const memory = new WebAssembly.Memory({ initial: 1 });
const bytes = new Uint8Array(memory.buffer);
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const text100 = "x".repeat(100);
const text1k = "y".repeat(1024);
const view22 = bytes.subarray(0, 22).fill(65);
const view96 = bytes.subarray(0, 96).fill(65);
const view1k = bytes.subarray(0, 1024).fill(65);
const random24 = new Uint8Array(24);
const COOKIE = `theme=dark; __Host-session=${"A".repeat(96)}`;
const SIX = [
  "CDN-Cache-Control",
  "Cloudflare-CDN-Cache-Control",
  "Vercel-CDN-Cache-Control",
  "Netlify-CDN-Cache-Control",
  "Surrogate-Control",
  "Edge-Control",
];
const record =
  "1j.AAAAAAAAAAAAAAAA.BBBBBBBBBBBBBBBB.-.1795250253000.1795336653.{\n" +
  Array.from({ length: 8 }, (_, i) => `"key${i}":"${"z".repeat(110)}"`).join(",\n") +
  "}";
const value1k = { list: Array.from({ length: 12 }, (_, i) => ({ id: i, name: `item ${i}`, price: 12.5, tags: ["a", "b"] })), note: "n".repeat(300) };
const json1k = JSON.stringify(value1k);
const keep = { sink: 0 };

class Fields {
  a = 0;
  b = "";
  c = undefined;
  d = null;
  e = false;
  f = 0;
  g = undefined;
  h = undefined;
}
class Private {
  #a = 0;
  #b = "";
  #c = undefined;
  #d = null;
  #e = false;
  any() {
    return this.#a || this.#b || this.#c || this.#d || this.#e;
  }
}
function abort() {
  throw new Error("never");
}

const ok = () => new Response("ok");
const three = () => new Response("ok", { headers: { "Content-Type": "text/html", "X-A": "1", "X-B": "2" } });
function eachName(headers) {
  for (const [name] of headers) keep.sink = name.length;
}
function eachKey(headers) {
  for (const name of headers.keys()) keep.sink = name.length;
}
function callEach(headers) {
  headers.forEach((_value, name) => {
    keep.sink = name.length;
  });
}
function askSix(headers) {
  for (let i = 0; i < 6; i++) headers.has(SIX[i]);
}
function write(length, text) {
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
}

/** name: [what runs once per call, the case that is subtracted, how it is run] */
const CASES = {
  "empty loop": [(i) => i],
  "empty request": [(i) => i, "empty request", "host"],
  "new Response('ok')": [() => new Response("ok"), undefined, "host"],
  "+ response.headers (first touch)": [() => ok().headers, "new Response('ok')", "host"],
  "+ headers, 1 get absent": [() => ok().headers.get("Cache-Control"), "+ response.headers (first touch)", "host"],
  "+ headers, 1 get present (content-type)": [() => ok().headers.get("Content-Type"), "+ response.headers (first touch)", "host"],
  "+ headers, 1 has absent": [() => ok().headers.has("Cache-Control"), "+ response.headers (first touch)", "host"],
  "+ headers, 1 has absent (lower case)": [() => ok().headers.has("cache-control"), "+ response.headers (first touch)", "host"],
  "+ headers, 1 set": [() => ok().headers.set("Cache-Control", "private, no-store"), "+ response.headers (first touch)", "host"],
  "+ headers, 2 set": [
    () => {
      const h = ok().headers;
      h.set("Cache-Control", "private, no-store");
      h.set("X-Other", "private, no-store");
    },
    "+ response.headers (first touch)",
    "host",
  ],
  "+ headers, 1 append Set-Cookie (150 chars)": [() => ok().headers.append("Set-Cookie", COOKIE), "+ response.headers (first touch)", "host"],
  "+ headers, delete absent": [() => ok().headers.delete("cdn-cache-control"), "+ response.headers (first touch)", "host"],
  "+ headers, getSetCookie of none": [() => ok().headers.getSetCookie(), "+ response.headers (first touch)", "host"],
  "+ headers, 6x has absent": [() => askSix(ok().headers), "+ response.headers (first touch)", "host"],
  "+ headers, for-of, 1 entry": [() => eachName(ok().headers), "+ response.headers (first touch)", "host"],
  "+ headers, for-of keys(), 1 entry": [() => eachKey(ok().headers), "+ response.headers (first touch)", "host"],
  "+ headers, forEach, 1 entry": [() => callEach(ok().headers), "+ response.headers (first touch)", "host"],
  "+ headers, [...keys()], 1 entry": [() => [...ok().headers.keys()], "+ response.headers (first touch)", "host"],
  "Response with 3 headers (init)": [() => three(), undefined, "host"],
  "3 headers: + response.headers": [() => three().headers, "Response with 3 headers (init)", "host"],
  "3 headers: for-of": [() => eachName(three().headers), "3 headers: + response.headers", "host"],
  "3 headers: for-of keys()": [
    () => {
      for (const name of three().headers.keys()) keep.sink = name.length;
    },
    "3 headers: + response.headers",
    "host",
  ],
  "3 headers: forEach": [() => callEach(three().headers), "3 headers: + response.headers", "host"],
  "3 headers: 6x has absent": [() => askSix(three().headers), "3 headers: + response.headers", "host"],
  "Response.json(small)": [() => Response.json({ visits: 1 }), undefined, "host"],
  "Response.json: + headers.set": [
    () => Response.json({ visits: 1 }).headers.set("Cache-Control", "private, no-store"),
    "Response.json(small)",
    "host",
  ],
  "response.status": [() => new Response("ok").status, "new Response('ok')", "host"],
  "response.headers twice": [
    () => {
      const r = new Response("ok");
      return [r.headers, r.headers];
    },
    "+ response.headers (first touch)",
    "host",
  ],
  "new Response(body, response)": [
    () => {
      const r = new Response("ok");
      return new Response(r.body, r);
    },
    "new Response('ok')",
    "host",
  ],
  "request.headers.get('cookie')": [(_i, request) => request.headers.get("cookie")],
  "request.headers.get('Cookie')": [(_i, request) => request.headers.get("Cookie")],
  "request.headers.get absent": [(_i, request) => request.headers.get("sec-fetch-mode")],
  "request.headers.get x-forwarded-proto": [(_i, request) => request.headers.get("x-forwarded-proto")],
  "request.url": [(_i, request) => request.url],
  "request.method": [(_i, request) => request.method],
  "cookie scan: indexOf in 130 chars": [(i) => COOKIE.indexOf("__Host-session=", i & 1)],
  "encodeInto 100 B": [() => encoder.encodeInto(text100, bytes).written],
  "encodeInto 1 KB": [() => encoder.encodeInto(text1k, bytes).written],
  "encode 100 B": [() => encoder.encode(text100)],
  "decode 22 B": [() => decoder.decode(view22)],
  "decode 96 B": [() => decoder.decode(view96)],
  "decode 1 KB": [() => decoder.decode(view1k)],
  "subarray + decode 96 B": [() => decoder.decode(bytes.subarray(0, 96))],
  "fromCharCode.apply 22": [() => String.fromCharCode.apply(null, view22)],
  "fromCharCode.apply 96": [() => String.fromCharCode.apply(null, view96)],
  "subarray + fromCharCode.apply 96": [() => String.fromCharCode.apply(null, bytes.subarray(0, 96))],
  "fromCharCode(...spread) 22": [() => String.fromCharCode(...view22)],
  "fromCharCode loop concat 22": [
    () => {
      let s = "";
      for (let i = 0; i < 22; i++) s += String.fromCharCode(bytes[i]);
      return s.length;
    },
  ],
  "charCodeAt loop write 22": [() => write(22, text100)],
  "charCodeAt loop write 100": [() => write(100, text100)],
  "charCodeAt loop write 1 KB": [() => write(1024, text1k)],
  subarray: [() => bytes.subarray(0, 96)],
  "slice 96 B": [() => bytes.slice(0, 96)],
  "set 24 B": [() => bytes.set(random24, 128)],
  "memory.buffer + new Uint8Array": [() => new Uint8Array(memory.buffer)],
  "memory.buffer check": [() => bytes.buffer === memory.buffer],
  "AbortSignal.timeout(1000)": [() => AbortSignal.timeout(1000), undefined, "host"],
  "new AbortController": [() => new AbortController(), undefined, "host"],
  "new AbortController().signal": [() => new AbortController().signal, undefined, "host"],
  "AbortController + setTimeout + clearTimeout": [
    () => {
      const c = new AbortController();
      clearTimeout(setTimeout(() => c.abort(), 1000));
      return c.signal;
    },
    undefined,
    "host",
  ],
  "AbortSignal.any([signal])": [(_i, request) => AbortSignal.any([request.signal]), undefined, "host"],
  "request.signal": [(_i, request) => request.signal],
  "setTimeout + clearTimeout": [() => clearTimeout(setTimeout(abort, 1000)), undefined, "host"],
  "crypto.getRandomValues(24 B)": [() => crypto.getRandomValues(random24)],
  "crypto.getRandomValues(subarray 24 B of wasm)": [() => crypto.getRandomValues(bytes.subarray(0, 24))],
  "Date.now()": [() => Date.now()],
  "await resolved promise": [async () => 0, undefined, "async"],
  "await of a value": [() => 0, undefined, "async"],
  "Promise.race of two": [() => Promise.race([Promise.resolve(1), Promise.resolve(2)]), undefined, "async"],
  "Promise.all of one": [() => Promise.all([Promise.resolve(1)]), undefined, "async"],
  "new Promise((resolve) => resolve())": [() => new Promise((resolve) => resolve(0)), undefined, "async"],
  "async function, 3 awaits": [
    async () => {
      await 0;
      await 0;
      await 0;
    },
    undefined,
    "async",
  ],
  "promise.then(f, g)": [() => Promise.resolve(1).then((x) => x, abort), undefined, "async"],
  "ctx.waitUntil(resolved)": [(_i, _request, ctx) => ctx.waitUntil(Promise.resolve()), undefined, "host"],
  "wasm no-op": [() => noop()],
  "wasm no-op, 4 arguments": [() => sum(1, 2, 3, 4)],
  "class with 8 fields": [() => new Fields()],
  "class with 5 #fields": [() => new Private().any()],
  "plain object of 8": [() => ({ a: 0, b: "", c: undefined, d: null, e: false, f: 0, g: undefined, h: undefined })],
  "new Map": [() => new Map()],
  "new Map, 3 set": [() => new Map().set("a", 1).set("b", 2).set("c", 3)],
  "4 closures": [(i) => [() => i, () => i + 1, () => i + 2, () => i + 3]],
  "try/catch around a call": [
    () => {
      try {
        return noop();
      } catch (e) {
        return e;
      }
    },
  ],
  "try/finally async": [
    async () => {
      try {
        return 0;
      } finally {
        keep.sink = 1;
      }
    },
    undefined,
    "async",
  ],
  "JSON.stringify 1 KB": [() => JSON.stringify(value1k)],
  "JSON.parse 1 KB": [() => JSON.parse(json1k)],
  "record.split newline (8 lines, 1 KB)": [() => record.split("\n")],
  "record.indexOf key (last of 8)": [() => record.indexOf('\n"key7":')],
  "ASCII test by regex, 1 KB": [() => /^[\x20-\x7e\n]*$/.test(record)],
  "ASCII test by charCodeAt, 1 KB": [
    () => {
      for (let i = 0; i < record.length; i++) if (record.charCodeAt(i) > 126) return false;
      return true;
    },
  ],
  "base64url test by regex, 96 chars": [() => /^[A-Za-z0-9_-]{96}$/.test(COOKIE.slice(27))],
  "string concat + key lookup in Map": [(_i) => `{edge-session_${COOKIE.slice(30, 52)}}_Data`],
  "structuredClone 1 KB": [() => structuredClone(value1k)],
};

/**
 * "sync" loops many times, "async" awaits each call, "host" makes a few hundred objects of the runtime a request, as collecting
 * many would drown the rest.
 */
const BASES = { sync: "empty loop", async: "await of a value", host: "empty request" };

export default {
  async fetch(request, _env, ctx) {
    const url = new URL(request.url);
    const name = url.searchParams.get("case");
    if (name === null) return Response.json(Object.entries(CASES).map(([key, [, base, kind]]) => [key, base ?? BASES[kind ?? "sync"], kind]));
    const [run, , kind] = CASES[name];
    const calls = Number(url.searchParams.get("calls"));
    if (kind === "async") for (let i = 0; i < calls; i++) keep.sink = await run(i, request, ctx);
    else for (let i = 0; i < calls; i++) keep.sink = run(i, request, ctx);
    return new Response(String(calls));
  },
};
