// Talks to Redis itself, to see and to set what is stored.

import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** What Redis answers: RESP2 without its outer form. */
export type Reply = string | number | null | Reply[];

/** One connection; commands run one after the other. */
export interface RedisClient {
  send(...command: (string | number | Uint8Array)[]): Promise<Reply>;
  close(): void;
}

/** The user of a test's Redis who may do all. */
export const ADMIN = { name: "admin", password: "admin" } as const;

/** Connects to a test's Redis, as who may do all. */
export async function connectRedis(port: number): Promise<RedisClient> {
  const client = await connectAsNobody(port);
  await client.send("AUTH", ADMIN.name, ADMIN.password);
  return client;
}

/** Connects to a Redis on this machine without signing in. */
export async function connectAsNobody(port: number): Promise<RedisClient> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let queue: Promise<unknown> = Promise.resolve();
  return {
    send(...command) {
      const answered = queue.then(() => exchange(socket, command));
      queue = answered.catch(() => {});
      return answered;
    },
    close: () => socket.destroy(),
  };
}

/** Moves time on for everything stored: each time to live becomes that much shorter. */
export async function passTime(redis: RedisClient, seconds: number): Promise<void> {
  const keys = await redis.send("KEYS", "*");
  for (const key of Array.isArray(keys) ? keys : []) {
    const rest = await redis.send("PTTL", String(key));
    if (typeof rest === "number" && rest >= 0) await redis.send("PEXPIRE", String(key), rest - seconds * 1000);
  }
}

async function exchange(socket: Socket, command: (string | number | Uint8Array)[]): Promise<Reply> {
  const parts = command.map((part) => Buffer.from(typeof part === "number" ? String(part) : part));
  socket.write(
    Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from("\r\n")])]),
  );
  let received = Buffer.alloc(0);
  for (;;) {
    const [chunk]: Buffer[] = await once(socket, "data");
    received = Buffer.concat([received, chunk ?? Buffer.alloc(0)]);
    const read = readReply(received, 0);
    if (read === undefined) continue;
    if (read.error !== undefined) throw new Error(read.error);
    return read.reply;
  }
}

interface Read {
  readonly reply: Reply;
  readonly end: number;
  readonly error?: string;
}

/** `undefined` while bytes are missing. */
function readReply(bytes: Buffer, start: number): Read | undefined {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const next = lineEnd + 2;
  switch (bytes.toString("latin1", start, start + 1)) {
    case "+":
      return { reply: line, end: next };
    case "-":
      return { reply: null, end: next, error: line };
    case ":":
      return { reply: Number(line), end: next };
    case "$": {
      const length = Number(line);
      if (length < 0) return { reply: null, end: next };
      if (bytes.length < next + length + 2) return undefined;
      return { reply: bytes.toString("utf8", next, next + length), end: next + length + 2 };
    }
    default:
      return readArray(bytes, next, Number(line));
  }
}

function readArray(bytes: Buffer, start: number, length: number): Read | undefined {
  const reply: Reply[] = [];
  let end = start;
  for (let index = 0; index < length; index++) {
    const read = readReply(bytes, end);
    if (read === undefined) return undefined;
    reply.push(read.reply);
    end = read.end;
  }
  return { reply, end };
}
