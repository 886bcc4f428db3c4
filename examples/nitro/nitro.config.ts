// How Nitro builds the example.

import { defineNitroConfig } from "nitro/config";

export default defineNitroConfig({
  preset: "cloudflare_module",
  compatibilityDate: "2026-08-01",
  cloudflare: { deployConfig: true, nodeCompat: true },
  // The core as a module that Cloudflare compiles.
  experimental: { wasm: true },
});
