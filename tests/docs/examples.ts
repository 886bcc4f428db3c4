// The README's TypeScript, as modules that compile and run.

import { writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Block, blocksOf } from "./markdown.ts";
import { makeFolder } from "./typescript.ts";

/** What the examples take from around them, and do not show. */
const SURROUNDINGS: ReadonlyMap<string, string> = new Map([
  [
    "env.d.ts",
    `declare namespace Cloudflare { interface Env { SESSION_SECRET: string; REDIS_URL: string; REDIS_TOKEN: string } }
interface Env extends Cloudflare.Env {}
`,
  ],
  [
    "users.ts",
    `const ends = new Map<string, number>();
export const users = {
  async find(name: unknown, password: unknown): Promise<{ id: string } | undefined> { return password === "right" ? { id: String(name) } : undefined; },
  async validAfter(id: string): Promise<number> { return ends.get(id) ?? 0; },
  end(id: string, at: number): void { ends.set(id, at); },
};
`,
  ],
]);

/** What an example may name without declaring it, and the line that brings it. */
const BRINGS: readonly (readonly [name: RegExp, declared: RegExp, line: string])[] = [
  [/\bsessions\b/, /\bconst sessions\b/, `import { sessions } from "./recipes.ts";`],
  [/\bData\b/, /\binterface Data\b/, `import type { Data } from "./recipes.ts";`],
  [/\busers\b/, /\bconst users\b/, `import { users } from "./users.ts";`],
];

/** Gives the TypeScript blocks. */
export function examplesIn(markdown: string): Block[] {
  return blocksOf(markdown).filter(({ language }) => ["ts", "js", "typescript", "javascript"].includes(language));
}

/** Gives the modules by name, with what is around them. */
export function modulesOf(examples: readonly Block[]): Map<string, string> {
  const modules = new Map(SURROUNDINGS);
  for (const [index, { text }] of examples.entries()) {
    const needed = BRINGS.filter(([name, declared]) => name.test(text) && !declared.test(text)).map(([, , line]) => line);
    modules.set(nameOf(examples, index), `${needed.join(" ")}\n${text}`);
  }
  return modules;
}

/** Names a block's module after the heading it stands below. */
function nameOf(examples: readonly Block[], index: number): string {
  const heading = examples[index]?.heading ?? "";
  const slug = heading.toLowerCase().replace(/[^a-z]+/g, "-");
  const earlier = examples.slice(0, index).filter((other) => other.heading === heading).length;
  return earlier === 0 ? `${slug}.ts` : `${slug}-${earlier + 1}.ts`;
}

/** Writes the modules and gives how to import each; `env` is what \`cloudflare:workers\` gives. */
export function runnable(examples: readonly Block[], env: Readonly<Record<string, string>>) {
  const { folder, remove } = makeFolder();
  for (const [name, text] of modulesOf(examples)) writeFileSync(join(folder, name), text);
  const source = `export const env = ${JSON.stringify(env)};`;
  const hooks = registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "cloudflare:workers"
        ? { url: `data:text/javascript,${encodeURIComponent(source)}`, shortCircuit: true }
        : next(specifier, context),
  });
  return {
    /** The module of the block below a heading, and of those after it. */
    load: async <Module>(name: string): Promise<Module> => (await import(pathToFileURL(join(folder, name)).href)) as Module,
    remove() {
      hooks.deregister();
      remove();
    },
  };
}
