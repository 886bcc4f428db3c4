// Where things lie in the project.

import { join, resolve } from "node:path";

/** The project's own folder. */
export const ROOT = resolve(import.meta.dirname, "..");
/** Node 24, as the project's own packages bring it. */
export const NODE = join(ROOT, "node_modules/.bin/node");
/** What only the build needs. */
export const BUILD = join(ROOT, "build");
/** What is published. */
export const DIST = join(ROOT, "dist");

/** A command that an npm package brings. */
export const bin = (name) => join(ROOT, "node_modules/.bin", name);
