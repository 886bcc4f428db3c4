// Starts the worker that wasm-bindgen made of src/.

import { fetch, initSync } from "./build/rust_worker.js";
import module from "./build/rust_worker_bg.wasm";

let started;

export default {
  fetch(request, env, ctx) {
    started ??= initSync({ module });
    return fetch(request, env, ctx);
  },
};
