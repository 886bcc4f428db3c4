// The stores over HTTP, each with the front of its Redis.

import type { Store } from "edge-session";
import { upstashStore } from "edge-session/stores/upstash";
import { webdisStore } from "edge-session/stores/webdis";
import { type Speech, upstashSpeech, webdisSpeech } from "./faults.ts";
import { type Server, startUpstash, startWebdis } from "./servers.ts";

/** A store, and the front that it speaks to. */
export interface Front {
  readonly name: string;
  /** How the front answers. */
  readonly speech: Speech;
  start(redisPort: number): Promise<Server>;
  open(url: string, limits?: Limits): Store;
}

interface Limits {
  readonly operationTimeoutMs?: number;
  readonly retryTimeoutMs?: number;
  readonly circuitBreaker?: boolean;
}

const token = "token-of-the-tests";

/** Both. */
export const fronts: readonly Front[] = [
  {
    name: "upstashStore",
    speech: upstashSpeech,
    start: (redisPort) => startUpstash({ redisPort, token }),
    open: (url, limits) => upstashStore({ url, token, ...limits }),
  },
  {
    name: "webdisStore",
    speech: webdisSpeech,
    start: (redisPort) => startWebdis({ redisPort }),
    open: (url, limits) => webdisStore({ url, ...limits }),
  },
];
