// What Redis carried out, in its order.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ADMIN } from "../redis-client.ts";

/** A command that changes what is stored, or a mark that somebody left in between; one in a script is there as its own. */
export type Command = readonly [name: string, ...parameters: string[]];

const WATCHED = /\] "(?:SET|DEL|UNLINK|ECHO)" /i;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

/** Listens to a Redis by its command MONITOR. */
export class Monitor {
  readonly #socket: Socket;
  #line = "";
  #commands: Command[] = [];
  #marks = new Map<string, (commands: Command[]) => void>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (text: string) => this.#hear(text));
  }

  /** Begins to listen; all that comes after is heard. */
  static async start(port: number): Promise<Monitor> {
    const socket = connect(port, "127.0.0.1").setEncoding("latin1");
    await once(socket, "connect");
    for (const command of [`AUTH ${ADMIN.name} ${ADMIN.password}`, "MONITOR"]) {
      socket.write(`${command}\r\n`);
      const [answer]: string[] = await once(socket, "data");
      if (!answer?.startsWith("+OK")) throw new Error("Redis refuses to be listened to");
    }
    return new Monitor(socket);
  }

  /** Gives what was carried out since the mark before, once the mark is heard: an `ECHO` of it. */
  until(mark: string): Promise<Command[]> {
    return new Promise((resolve) => this.#marks.set(mark, resolve));
  }

  stop(): void {
    this.#socket.destroy();
  }

  #hear(text: string): void {
    const lines = (this.#line + text).split("\r\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) if (WATCHED.test(line)) this.#take(partsOf(line));
  }

  #take(command: Command): void {
    const [name, mark = ""] = command;
    const heard = name === "ECHO" ? this.#marks.get(mark) : undefined;
    if (heard === undefined) {
      this.#commands.push(command);
      return;
    }
    this.#marks.delete(mark);
    heard(this.#commands);
    this.#commands = [];
  }
}

/** `+time [database client] "SET" "key" ...`, escaped as `redis-cli` shows it. */
function partsOf(line: string): Command {
  const parts = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part = ""]) =>
    part.replace(/\\(x[0-9a-f]{2}|.)/g, (_, escaped: string) =>
      escaped.length > 1 ? String.fromCharCode(Number.parseInt(escaped.slice(1), 16)) : (ESCAPES[escaped] ?? escaped),
    ),
  );
  const [name = "", ...parameters] = parts;
  return [name.toUpperCase(), ...parameters];
}
