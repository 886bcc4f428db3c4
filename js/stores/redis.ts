// The commands and scripts of a store kept in Redis.

import { storeError } from "../failure.ts";
import type { Answer } from "../http.ts";
import { type Conflict, type Exists, isOpen, keepsTime, type Store, type StoreCapabilities, type StoreIo } from "../store.ts";

/** A command's name, then its arguments. */
export type Command = readonly [name: string, ...parameters: readonly (string | number)[]];

/** How a front over HTTP carries commands: Redis' answer, refusals thrown. */
export interface Front {
  readonly isOpen: boolean;
  /** How long one try may take, in milliseconds. */
  readonly tryMs: number;
  send(command: Command, io: StoreIo): Promise<Answer<unknown>>;
}

// The scripts read a record's revision, characters 3 to 18, and the record only where it is the answer: Redis is shared.
// A missing key reads as an empty revision, and so does a text too short to have one; GET tells them apart.

/** KEYS[1]; ARGV: time to live, record. 1: stored, now or by an earlier try; else the record that is there. */
const CREATE =
  "if redis.call('SET',KEYS[1],ARGV[2],'EX',ARGV[1],'NX') then return 1 end " +
  "if redis.call('GETRANGE',KEYS[1],3,18)==string.sub(ARGV[2],4,19) then return 1 end " +
  "return redis.call('GET',KEYS[1])";

/**
 * KEYS[1]; ARGV: expected revision, time to live, record. 1: stored, now or by an earlier try; 0: missing; else the record that is there.
 *
 * A full Redis refuses a script's first write where that could grow; a tombstone comes after a DEL, so that a logout is never refused.
 */
const UPDATE =
  "local r=redis.call('GETRANGE',KEYS[1],3,18) " +
  "if r=='' and not redis.call('GET',KEYS[1]) then return 0 end " +
  "if r==string.sub(ARGV[3],4,19) then return 1 end " +
  "if r~=ARGV[1] then return redis.call('GET',KEYS[1]) end " +
  "if string.sub(ARGV[3],1,3)=='1d.' then redis.call('DEL',KEYS[1]) end " +
  "redis.call('SET',KEYS[1],ARGV[3],'EX',ARGV[2]) return 1";

/** KEYS[1]; ARGV: time to live in milliseconds, token. 1: the token holds the lock, since now or an earlier try; 0: another does. */
const LOCK =
  "if redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[1],'NX') then return 1 end " +
  "if redis.call('GET',KEYS[1])==ARGV[2] then return 1 end " +
  "return 0";

/** KEYS[1]; ARGV: token. 1: it held the lock; 0: it did not, and nothing was done. */
const UNLOCK = "if redis.call('GET',KEYS[1])==ARGV[1] then return redis.call('DEL',KEYS[1]) end return 0";

/** SET for a front that carries a long text only as the last argument. KEYS[1]; ARGV: SET's options, then the text. */
export const SET_LAST = "return redis.call('SET',KEYS[1],ARGV[#ARGV],unpack(ARGV,1,#ARGV-1))";

const CAPABILITIES: StoreCapabilities = { compareAndSet: true, locks: true, slides: "on-load", minTtlSeconds: 1, consistency: "strong" };

/** The contract, in one command a call. */
export class RedisStore implements Store {
  readonly name: string;
  readonly capabilities = CAPABILITIES;
  readonly [keepsTime]: number;
  readonly #front: Front;

  constructor(name: string, front: Front) {
    this.name = name;
    this.#front = front;
    this[keepsTime] = front.tryMs;
  }

  get [isOpen](): boolean {
    return this.#front.isOpen;
  }

  /** GETEX without options leaves the time to live, and is a write, so that a copy which lags is never asked. */
  async load(key: string, ttlSeconds: number, io: StoreIo): Promise<string | null> {
    const { value } = await this.#front.send(ttlSeconds === 0 ? ["GETEX", key] : ["GETEX", key, "EX", ttlSeconds], io);
    if (value !== null && typeof value !== "string") throw storeError("store-protocol", "GETEX");
    return value;
  }

  async create(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | Exists> {
    const { value } = await this.#front.send(["EVAL", CREATE, 1, key, ttlSeconds, record], io);
    if (value === 1) return "done";
    if (typeof value !== "string") throw storeError("store-protocol", "create");
    return { exists: value };
  }

  async update(key: string, record: string, expectedRevision: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone" | Conflict> {
    const { value, lost } = await this.#front.send(["EVAL", UPDATE, 1, key, expectedRevision, ttlSeconds, record], io);
    if (value === 1) return "done";
    if (value === 0) return "gone";
    if (typeof value !== "string") throw storeError("store-protocol", "update");
    return lost ? { conflict: value, lost } : { conflict: value };
  }

  async replace(key: string, record: string, ttlSeconds: number, io: StoreIo): Promise<"done" | "gone"> {
    const { value } = await this.#front.send(["SET", key, record, "EX", ttlSeconds, "XX"], io);
    if (value === "OK") return "done";
    if (value !== null) throw storeError("store-protocol", "SET");
    return "gone";
  }

  async refresh(key: string, ttlSeconds: number, io: StoreIo): Promise<void> {
    const { value } = await this.#front.send(["EXPIRE", key, ttlSeconds], io);
    if (value !== 0 && value !== 1) throw storeError("store-protocol", "EXPIRE");
  }

  async remove(key: string, io: StoreIo): Promise<void> {
    const { value } = await this.#front.send(["DEL", key], io);
    if (value !== 0 && value !== 1) throw storeError("store-protocol", "DEL");
  }

  async put(key: string, text: string, ttlSeconds: number, io: StoreIo): Promise<void> {
    const { value } = await this.#front.send(ttlSeconds === 0 ? ["SET", key, text] : ["SET", key, text, "EX", ttlSeconds], io);
    if (value !== "OK") throw storeError("store-protocol", "SET");
  }

  async lock(key: string, token: string, ttlMs: number, io: StoreIo): Promise<"done" | "held"> {
    const { value } = await this.#front.send(["EVAL", LOCK, 1, key, ttlMs, token], io);
    if (value !== 0 && value !== 1) throw storeError("store-protocol", "lock");
    return value === 1 ? "done" : "held";
  }

  async unlock(key: string, token: string, io: StoreIo): Promise<void> {
    const { value } = await this.#front.send(["EVAL", UNLOCK, 1, key, token], io);
    if (value !== 0 && value !== 1) throw storeError("store-protocol", "unlock");
  }
}
