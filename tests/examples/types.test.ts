// The examples compile as strictly as we ask of users' code.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { strictest } from "../docs/typescript.ts";
import { type Examples, openExamples } from "./example.ts";

const compilerOptions = { ...strictest, skipLibCheck: true, lib: ["es2024"] };

describe("the types of the example", () => {
  let examples: Examples;
  before(async () => {
    examples = await openExamples();
  });
  after(() => examples.stop());

  for (const [name, types] of Object.entries({
    "durable-object": "@cloudflare/workers-types",
    h3: "node",
    "itty-router": "@cloudflare/workers-types",
    queue: "@cloudflare/workers-types",
  })) {
    test(`${name} hold`, async () => {
      const folder = examples.open(name);
      const lib = types === "node" ? ["es2024", "dom", "dom.iterable"] : ["es2024"];
      folder.write("tsconfig.json", JSON.stringify({ compilerOptions: { ...compilerOptions, lib, types: [types] }, include: ["*.ts"] }));
      assert.equal(await folder.tool("tsc", "--pretty", "false"), "");
    });
  }

  test("react-router hold", async () => {
    const folder = examples.open("react-router");
    const options = {
      ...compilerOptions,
      lib: ["es2024", "dom", "dom.iterable"],
      types: ["node", "vite/client"],
      jsx: "react-jsx",
      rootDirs: [".", "./.react-router/types"],
    };
    folder.write("tsconfig.json", JSON.stringify({ compilerOptions: options, include: ["app", ".react-router/types/**/*"] }));
    await folder.tool("react-router", "typegen");
    assert.equal(await folder.tool("tsc", "--pretty", "false"), "");
  });
});
