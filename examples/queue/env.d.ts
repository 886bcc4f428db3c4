// What the worker is given, as `wrangler types` writes it.

declare namespace Cloudflare {
  interface Env {
    SESSION_SECRET: string;
    REDIS_URL: string;
    REDIS_TOKEN: string;
    SIGN_INS: KVNamespace;
    ENDINGS: Queue<string>;
  }
}
