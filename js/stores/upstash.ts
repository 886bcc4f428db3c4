// Keeps records in Redis through the REST API of Upstash.

import { storeError } from "../failure.ts";
import { Endpoint } from "../http.ts";
import type { Store } from "../store.ts";
import { checkHttpOptions, type HttpStoreOptions, isOptions } from "./http-options.ts";
import { type Command, RedisStore } from "./redis.ts";
import { refusalCode } from "./refusals.ts";

/** Where the database answers, and what opens it. */
export interface UpstashOptions extends HttpStoreOptions {
  /** The REST token; a read-only one cannot keep sessions. It travels in a header only. */
  token: string;
}

/**
 * Keeps records in Upstash, Vercel KV, or any Redis behind `serverless-redis-http`: one JSON command per POST.
 *
 * Nothing is asked before the first session is loaded. A user of the database needs `+getex +get +getrange +set +eval +expire +del`.
 *
 * @throws `invalid-options`, naming every option that is wrong
 * @example
 * upstashStore({ url: env.REDIS_URL, token: env.REDIS_TOKEN })
 */
export function upstashStore(options: UpstashOptions): Store {
  const given: Partial<UpstashOptions> = isOptions(options) ? options : {};
  const isToken = typeof given.token === "string" && /^[\x21-\x7e]+$/.test(given.token);
  const problems = isToken ? [] : ["token: must be a text of visible ASCII characters without spaces or line ends"];
  // Whoever comes from a Redis of several databases must not end in the first without knowing.
  const { databaseId = 0 } = given as { databaseId?: unknown };
  if (databaseId !== 0) problems.push("databaseId: must be left out, as Upstash has one database under each url");
  const { url, limits } = checkHttpOptions("upstashStore", given as HttpStoreOptions, problems);
  const endpoint = new Endpoint(limits);
  const address = url.origin + url.pathname;
  // Some fronts refuse any other content type, one with a charset too.
  const headers = { Authorization: `Bearer ${given.token}`, "Content-Type": "application/json" };
  return new RedisStore("upstash", {
    get isOpen() {
      return endpoint.isOpen;
    },
    tryMs: limits.operationTimeoutMs,
    send: (command, io) =>
      endpoint.call(
        {
          url: address,
          init: { method: "POST", headers, body: JSON.stringify(command) },
          writes: isWrite(command),
          read: readResult,
          refusal: readRefusal,
        },
        io,
      ),
  });
}

function isWrite(command: Command): boolean {
  return command[0] !== "GETEX";
}

/** `{"result": ...}`; an `error` beside it wins. */
function readResult(text: string): unknown {
  const answer = parseObject(text);
  if (answer === undefined) throw storeError("store-protocol");
  if (Object.hasOwn(answer, "error")) {
    const { error } = answer;
    throw storeError(typeof error === "string" ? (refusalCode(error) ?? "store-rejected") : "store-protocol");
  }
  if (!Object.hasOwn(answer, "result")) throw storeError("store-protocol");
  return answer.result;
}

function readRefusal(text: string): ReturnType<typeof refusalCode> {
  const said = parseObject(text)?.error;
  return typeof said === "string" ? refusalCode(said) : undefined;
}

function parseObject(text: string): { error?: unknown; result?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
