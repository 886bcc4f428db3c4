// Reads the parts of a Markdown file: blocks, tables.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The project's own folder. */
export const ROOT = join(import.meta.dirname, "../..");

/** A fenced block, and the heading that it stands below. */
export interface Block {
  readonly language: string;
  readonly heading: string;
  readonly text: string;
  readonly line: number;
}

/** A table, each row by the names of its columns. */
export interface Table {
  readonly heading: string;
  readonly rows: readonly ReadonlyMap<string, string>[];
}

/** Reads a file of the project as text. */
export function readProjectFile(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Gives the fenced blocks in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { language: string; line: number; lines: string[] } | undefined;
  let heading = "";
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined) {
      heading = headingOf(line) ?? heading;
      if (line.startsWith("```")) open = { language: line.slice(3).trim(), line: index + 1, lines: [] };
    } else if (line === "```") {
      blocks.push({ language: open.language, heading, text: `${open.lines.join("\n")}\n`, line: open.line });
      open = undefined;
    } else open.lines.push(line);
  }
  if (open !== undefined) throw new Error(`a block opens at line ${open.line} and never ends`);
  return blocks;
}

/** Gives the tables in order. */
export function tablesOf(markdown: string): Table[] {
  const tables: Table[] = [];
  let heading = "";
  let names: string[] | undefined;
  let rows: Map<string, string>[] = [];
  for (const line of withoutBlocks(markdown)) {
    heading = headingOf(line) ?? heading;
    if (!line.startsWith("|")) {
      names = undefined;
    } else if (names === undefined) {
      names = cellsOf(line);
      rows = [];
      tables.push({ heading, rows });
    } else if (!/^\|[\s:|-]+\|$/.test(line)) {
      const cells = cellsOf(line);
      if (cells.length !== names.length) throw new Error(`a row has ${cells.length} cells and not ${names.length}: ${line}`);
      rows.push(new Map(names.map((name, column) => [name, cells[column] ?? ""])));
    }
  }
  return tables;
}

/** Gives the one table that stands below a heading. */
export function tableBelow(markdown: string, heading: string): Table {
  const found = tablesOf(markdown).filter((table) => table.heading === heading);
  if (found[0] === undefined || found.length > 1) throw new Error(`${found.length} tables stand below "${heading}"`);
  return found[0];
}

/** Gives the texts between backticks. */
export function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
}

/** Gives the members of an interface. */
export function membersOf(file: string, name: string): Set<string> {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(readProjectFile(file))?.[1];
  if (body === undefined) throw new Error(`${file} has no ${name}`);
  return new Set([...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(<]/gm)].map(([, member = ""]) => member));
}

function headingOf(line: string): string | undefined {
  return /^#{1,6} (.*)$/.exec(line)?.[1];
}

function withoutBlocks(markdown: string): string[] {
  return markdown.replace(/^```[\s\S]*?^```$/gm, "").split("\n");
}

/** A `|` inside a cell is written `\|`. */
function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf("|"))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}
