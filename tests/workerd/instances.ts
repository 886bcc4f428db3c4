// Lets a worker see the core's instances.

/** For the head of a worker's script: `instances` counts them, `memory` is the last one's. */
export const WATCH_INSTANCES = `
const Original = WebAssembly.Instance;
let instances = 0;
let memory;
WebAssembly.Instance = class extends Original {
  constructor(module, imports) {
    super(module, imports);
    instances += 1;
    memory = this.exports.memory;
  }
};
`;
