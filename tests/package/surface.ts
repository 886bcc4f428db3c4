// The public types as one text, so that a change shows.

import { readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { ROOT } from "./installed.ts";

/** Where the text is kept. */
const SURFACE = join(ROOT, "tests/package/surface.txt");

/** A declaration: the file that has it, below `dist`, and its name there. */
interface Place {
  readonly file: string;
  readonly name: string;
}

/** Gives the text that was written down. */
export function writtenSurface(): string {
  return readFileSync(SURFACE, "utf8");
}

/** Writes the text anew. */
export function writeSurface(): void {
  writeFileSync(SURFACE, surface());
}

/** The names that each entry of the package exports; then the declarations behind them and those that they name, without their docs. */
export function surface(): string {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: Record<string, { types?: string }> };
  const told = new Set<string>();
  const entries = Object.entries(exports).flatMap(([entry, { types }]) => {
    if (types === undefined) return [];
    const exported = exportedBy(posix.relative("dist", types));
    for (const place of exported.values()) tell(place, told);
    return [`# ${entry}\n\n${[...exported.keys()].sort().join("\n")}\n`];
  });
  return `${entries.join("\n")}\n# declarations\n\n${[...told].sort().join("\n\n")}\n`;
}

/** The statements of a file of declarations, as tsc lays them out. */
function statementsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, "dist", file), "utf8").replace(/[ \t]*\/\*\*[\s\S]*?\*\/[ \t]*\n?/g, "");
  const statements: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.startsWith("//")) continue;
    if (/^(?:import|export|declare|abstract|interface|type|class|function|const)\b/.test(line)) statements.push(line);
    else statements.push(`${statements.pop()}\n${line}`);
  }
  return statements;
}

/** What a file's imports or re-exports mean, by the names that they have here. */
function linksOf(file: string, keyword: "import" | "export"): Map<string, Place> {
  const pattern = new RegExp(`^${keyword}(?: type)? \\{ (.*) \\} from "(\\..*)";$`);
  const links = statementsOf(file).flatMap((statement) => {
    const [, names = "", from = ""] = pattern.exec(statement) ?? [];
    const parts = names.split(", ").filter((part) => part !== "");
    return parts.map((part): [string, Place] => {
      const [name = "", here = name] = part.replace(/^type /, "").split(" as ");
      return [here, { file: posix.join(posix.dirname(file), from).replace(/\.[jt]s$/, ".d.ts"), name }];
    });
  });
  return new Map(links);
}

function exportedBy(file: string): Map<string, Place> {
  const exported = linksOf(file, "export");
  for (const statement of statementsOf(file)) {
    const name = statement.startsWith("export ") ? declaredBy(statement) : undefined;
    if (name !== undefined) exported.set(name, { file, name });
  }
  return exported;
}

/** The name that a statement declares. */
function declaredBy(statement: string): string | undefined {
  if (statement.startsWith("export default")) return "default";
  return /^(?:export )?(?:declare )?(?:abstract )?(?:const|class|function|interface|type) (\w+)/.exec(statement)?.[1];
}

/** Adds a declaration, and those that it names, each once. */
function tell({ file, name }: Place, told: Set<string>): void {
  const statements = statementsOf(file);
  const imported = linksOf(file, "import");
  const locals = new Set(statements.map(declaredBy));
  for (const statement of statements.filter((other) => declaredBy(other) === name)) {
    const text = statement.replace(/^export (?!default)/, "").replace(/^declare /, "");
    if (told.has(text)) continue;
    told.add(text);
    for (const [word] of text.matchAll(/\b[A-Za-z_]\w*\b/g)) {
      const place = imported.get(word) ?? (locals.has(word) ? { file, name: word } : undefined);
      if (place !== undefined) tell(place, told);
    }
  }
}
