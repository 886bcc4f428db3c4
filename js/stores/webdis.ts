// Keeps records in Redis through Webdis.

import { SessionError } from "../errors.ts";
import { storeError } from "../failure.ts";
import { Endpoint } from "../http.ts";
import type { Store } from "../store.ts";
import { checkHttpOptions, type HttpStoreOptions, isOptions, isWhole } from "./http-options.ts";
import { type Command, RedisStore, SET_LAST } from "./redis.ts";
import { refusalCode } from "./refusals.ts";

/** Characters of a path, scripts included; Webdis takes about 80,000 in all that comes before a body. */
const LONGEST_PATH = 32_768;

/** Where Webdis answers, and who asks. */
export interface WebdisOptions extends HttpStoreOptions {
  /**
   * The user of Webdis' `http_basic_auth`; needs `password`. It travels in a header only.
   * @default none: no credentials are sent
   */
  username?: string | undefined;
  /**
   * The password to `username`.
   * @default none: no credentials are sent
   */
  password?: string | undefined;
  /**
   * The number of the Redis database, 0 to 65535; Redis must have it and allow Webdis to `SELECT` it, else Webdis stays in 0 and
   * tells nobody.
   * @default 0
   */
  databaseId?: number | undefined;
}

/**
 * Keeps records in any Redis or Valkey behind Webdis.
 *
 * Behind a proxy, connections to Webdis are kept alive: 0.1.9 never answers a longer write over one that ends with it.
 *
 * Webdis allows every command to everybody unless told otherwise: allow `GETEX`, `EVAL`, `EXPIRE`, `DEL` to one user and disable the rest.
 *
 * @throws `invalid-options`, naming every option that is wrong
 * @example
 * webdisStore({ url: "http://127.0.0.1:7379", username: "edge", password: env.WEBDIS_PASSWORD })
 */
export function webdisStore(options: WebdisOptions): Store {
  const given: Partial<WebdisOptions> = isOptions(options) ? options : {};
  const { username, password, databaseId = 0 } = given;
  const { url, limits } = checkHttpOptions("webdisStore", given as HttpStoreOptions, findProblems(username, password, databaseId));
  const endpoint = new Endpoint(limits);
  const base = `${url.origin}${url.pathname.replace(/\/+$/, "")}/`;
  const database = databaseId === 0 ? "" : `${databaseId}/`;
  const headers: Record<string, string> = { "Content-Type": "application/octet-stream" };
  if (username !== undefined) headers.Authorization = `Basic ${encodeBase64(`${username}:${password}`)}`;
  return new RedisStore("webdis", {
    get isOpen() {
      return endpoint.isOpen;
    },
    tryMs: limits.operationTimeoutMs,
    async send(command, io) {
      const [name, ...parameters] = command[0] === "SET" ? textLast(command) : command;
      // A text goes as the raw body of a PUT, which is its last argument. All else goes in a POST's body: no cache answers it.
      const body = name === "EVAL" ? String(parameters.pop()) : database + toPath(name, parameters);
      const request = name === "EVAL" ? { method: "PUT", path: database + toPath(name, parameters) } : { method: "POST", path: "" };
      if (name === "EVAL") refuseKey(String(parameters[2]), request.path);
      const init = { method: request.method, headers, body };
      return endpoint.call(
        { url: base + request.path, init, writes: name !== "GETEX", read: (text) => readReply(name, text), refusal: readRefusal },
        io,
      );
    },
  });
}

function findProblems(username: unknown, password: unknown, databaseId: unknown): string[] {
  const problems: string[] = [];
  if ((username === undefined) !== (password === undefined)) problems.push("username, password: must be given both, or neither");
  if (username !== undefined && (typeof username !== "string" || !/^[^\p{Cc}:]+$/u.test(username))) {
    problems.push("username: must be a text without colons or control characters");
  }
  if (password !== undefined && (typeof password !== "string" || !/^\P{Cc}+$/u.test(password))) {
    problems.push("password: must be a text without control characters");
  }
  if (!isWhole(databaseId, 0, 65_535)) problems.push("databaseId: must be a whole number, 0 to 65535");
  return problems;
}

/** The same SET as a script, whose last argument is the text. */
function textLast([, key, text, ...settings]: Command): Command {
  return ["EVAL", SET_LAST, 1, String(key), ...settings, String(text)];
}

/** Webdis splits at `/`, cuts at `?`, drops what looks like a file's extension and reads `+` as a space: every such byte is encoded. */
function toPath(name: string, parameters: readonly (string | number)[]): string {
  return [name, ...parameters.map((parameter) => encodeSegment(String(parameter)))].join("/");
}

function encodeSegment(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[.!~*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * A url's parser takes `%2E%2E` for a way up and shortens the path, so such a key would make another command. A path that is too long
 * Webdis answers with 400, and after it the next call on the same connection.
 */
function refuseKey(key: string, path: string): void {
  if (key === "" || key === "." || key === "..") throw new SessionError("invalid-options", "webdisStore: the key must not be empty or dots only");
  if (path.length > LONGEST_PATH)
    throw new SessionError("invalid-options", `webdisStore: the key is too long; its path would have more than ${LONGEST_PATH} characters`);
}

/** `{"NAME": value}` and nothing else; `[true, text]` is a status, `[false, text]` an error in spite of the 200. */
function readReply(name: string, text: string): unknown {
  const members = parseMembers(text);
  const [first] = members;
  if (first === undefined || members.length !== 1 || first[0] !== name) throw storeError("store-protocol");
  if (!Array.isArray(first[1])) return first[1];
  const [isOk, said, ...more]: unknown[] = first[1];
  if (typeof isOk !== "boolean" || typeof said !== "string" || more.length > 0) throw storeError("store-protocol");
  if (!isOk) throw storeError(refusalCode(said) ?? "store-rejected");
  return said;
}

/** Webdis itself refuses by status alone; a proxy before it may change the status of an error. */
function readRefusal(text: string): ReturnType<typeof refusalCode> {
  const value = parseMembers(text)[0]?.[1];
  return Array.isArray(value) && value[0] === false ? refusalCode(String(value[1])) : undefined;
}

/** An object's own members; none where the text is no object. */
function parseMembers(text: string): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  } catch {
    return [];
  }
}

function encodeBase64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
