// Every way in which a store over HTTP fails, with its code.

import { gzipSync } from "node:zlib";
import type { SessionErrorCode } from "edge-session";
import { drip, hang, reply, reset, type Seen, type Step, truncate } from "./fault-server.ts";

/** How a front answers. */
export interface Speech {
  /** The command that a request carries. */
  commandIn(seen: Seen): string;
  /** Its answer where Redis answered the command with the value. */
  value(value: unknown, command: string): string;
  /** Its answer where Redis refused the command. */
  refusal(text: string): Step;
}

export const upstashSpeech: Speech = {
  commandIn: (seen) => /^\["([A-Z]+)"/.exec(seen.body)?.[1] ?? "",
  value: (value) => JSON.stringify({ result: value }),
  refusal: (text) => reply(400, JSON.stringify({ error: text })),
};

export const webdisSpeech: Speech = {
  commandIn: (seen) => (seen.method === "PUT" ? "EVAL" : (/^(?:\d+\/)?([A-Z]+)/.exec(seen.body)?.[1] ?? "")),
  value: (value, command) => JSON.stringify({ [command]: value }),
  refusal: (text) => (seen, response) => void response.end(JSON.stringify({ [webdisSpeech.commandIn(seen)]: [false, text] })),
};

/** One way to fail. */
export interface Fault {
  readonly name: string;
  readonly group: "connection" | "status" | "redirect" | "shape" | "words";
  readonly code: SessionErrorCode;
  /** The code in workerd, where the runtime itself sees what another only finds in the answer. */
  readonly codeInWorkerd: SessionErrorCode;
  readonly play: (speech: Speech) => Step;
}

/** Answers with what is made of the front's answer. */
const garbled =
  (make: (text: string) => string | Uint8Array, value: unknown = null, status = 200, headers: Record<string, string> = {}): Fault["play"] =>
  (speech) =>
  (seen, response) =>
    reply(status, make(speech.value(value, speech.commandIn(seen))), headers)(seen, response);

const same = (text: string) => text;
const always = (step: Step) => () => step;

const connection: [name: string, code: SessionErrorCode, play: Fault["play"]][] = [
  ["no answer", "timeout", always(hang)],
  ["an answer a byte at a time", "timeout", always(drip)],
  ["a connection that breaks before the answer", "store-unavailable", always(reset)],
  ["a connection that breaks inside the answer", "store-unavailable", always(truncate('{"resu'))],
  [
    "a connection that breaks after what would be an answer",
    "store-unavailable",
    (speech) => (seen, response) => truncate(speech.value("x", speech.commandIn(seen)))(seen, response),
  ],
  ["an answer that is not packed as it says", "store-unavailable", garbled(same, "x", 200, { "Content-Encoding": "gzip" })],
];

const html = "<!doctype html><title>Sorry</title>";
const status: [status: number, code: SessionErrorCode, headers?: Record<string, string>][] = [
  [400, "store-protocol"],
  [401, "store-auth"],
  [403, "store-auth"],
  [404, "store-protocol"],
  [405, "store-protocol"],
  [408, "store-unavailable"],
  [413, "store-rejected"],
  [425, "store-unavailable"],
  [429, "store-throttled"],
  [429, "store-throttled", { "Retry-After": "1" }],
  [429, "store-throttled", { "Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT" }],
  [429, "store-throttled", { "Retry-After": "a while" }],
  [429, "store-throttled", { "Retry-After": "99999999999999999999" }],
  [451, "store-protocol"],
  [500, "store-unavailable"],
  [502, "store-unavailable"],
  [503, "store-unavailable"],
  [504, "store-unavailable"],
  [530, "store-unavailable"],
];

const CUT = "a packed answer that is cut";
const shape: [name: string, play: Fault["play"]][] = [
  ["an empty answer", always(reply(200, ""))],
  ["204", always(reply(204))],
  ["a page", always(reply(200, html, { "Content-Type": "text/html" }))],
  ["null alone", always(reply(200, "null"))],
  ["a list", always(reply(200, "[]"))],
  ["a text", always(reply(200, '"text"'))],
  ["{}", always(reply(200, "{}"))],
  ["another member", always(reply(200, '{"other":null}'))],
  ["members of a prototype", always(reply(200, '{"__proto__":{"result":null,"GETEX":null}}'))],
  ["an error that is no text", always(reply(200, '{"error":null,"result":"x"}'))],
  ["bytes that are no UTF-8", always(reply(200, new Uint8Array([0x7b, 0xff, 0x7d])))],
  ["a byte order mark", garbled((text) => `\ufeff${text}`)],
  ["junk behind the answer", garbled((text) => `${text}x`)],
  ["an answer whose end lacks", garbled((text) => text.slice(0, -1))],
  [CUT, garbled((text) => gzipSync(text).subarray(0, 20), null, 200, { "Content-Encoding": "gzip" })],
  ["null in a 404", garbled(same, null, 404)],
  ["null in a 201", garbled(same, null, 201)],
  ["null in a 203, which a proxy made up", garbled(same, null, 203)],
  ["null in a 206", garbled(same, null, 206)],
  ["a broken number", garbled(same, 1.5)],
  ["true", garbled(same, true)],
  ["an object", garbled(same, {})],
  ["a list of nothing", garbled(same, [])],
  ["a list of null", garbled(same, [null, "x"])],
  ["a status of no words", garbled(same, [true])],
  ["an error of no words", garbled(same, [false])],
];

const words: [text: string, code: SessionErrorCode][] = [
  ["WRONGPASS invalid or missing auth token", "store-auth"],
  ["NOAUTH Authentication required.", "store-auth"],
  ["NOPERM this user has no permissions to run the 'getex' command", "store-auth"],
  ["ERR The user executing the script can't run this command or subcommand script: 1", "store-auth"],
  ["ERR Error running script (call to f_1): @user_script:1: @user_script: 1: The user executing the script can't run this command", "store-auth"],
  ["ERR ACL failure in script: User edge has no permissions to run the 'set' command script: 1, on @user_script:1.", "store-auth"],
  ["LOADING Redis is loading the dataset in memory", "store-unavailable"],
  ["READONLY You can't write against a read only replica.", "store-unavailable"],
  ["CLUSTERDOWN The cluster is down", "store-unavailable"],
  ["MASTERDOWN Link with MASTER is down", "store-unavailable"],
  ["MISCONF Redis is configured to save RDB snapshots", "store-unavailable"],
  ["TRYAGAIN Multiple keys request during rehashing of slot", "store-unavailable"],
  ["NOREPLICAS Not enough good replicas to write.", "store-unavailable"],
  ["BUSY Redis is busy running a script.", "store-unavailable"],
  ["ERR max number of clients reached", "store-unavailable"],
  ["OOM command not allowed when used memory > 'maxmemory'.", "store-quota"],
  ["ERR Error running script (call to f_1): @user_script:1: @user_script: 1: -OOM command not allowed", "store-quota"],
  ["ERR max requests limit exceeded. Limit: 500000, Usage: 500000", "store-quota"],
  ["ERR max daily request limit exceeded", "store-quota"],
  ["ERR max single record size exceeded", "store-quota"],
  ["ERR DB capacity quota exceeded", "store-quota"],
  ["ERR max commands per second limit exceeded", "store-throttled"],
  ["ERR syntax error", "store-rejected"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "store-rejected"],
  ["NOSCRIPT No matching script.", "store-rejected"],
  ["ERR unknown command 'EVAL'", "store-rejected"],
];

/** All of them; a closed port, a name that nobody knows and a false certificate are no answers, and stand in their test. */
export const faults: readonly Fault[] = [
  ...connection.map(([name, code, play]) => fault("connection", name, code, play)),
  ...status.map(([number, code, headers = {}]) => {
    const said = headers["Retry-After"];
    return fault("status", said === undefined ? `${number}` : `${number}, again after "${said}"`, code, always(reply(number, html, headers)));
  }),
  ...[301, 302, 303, 304, 307, 308].map((number) =>
    fault("redirect", `${number}`, "store-protocol", always(reply(number, "", { Location: "http://127.0.0.1:1/elsewhere" }))),
  ),
  ...shape.map(([name, play]) => fault("shape", name, "store-protocol", play, name === CUT ? "store-unavailable" : "store-protocol")),
  ...words.map(([text, code]) => fault("words", text, code, (speech) => speech.refusal(text))),
];

function fault(group: Fault["group"], name: string, code: SessionErrorCode, play: Fault["play"], codeInWorkerd = code): Fault {
  return { group, name, code, codeInWorkerd, play };
}
