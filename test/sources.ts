// What the tests of the tree itself look at: every source file, and what each imports.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "..");
export const SRC = join(ROOT, "src");

export interface Source {
  /** From the root: `src/rpc/fault.ts`. */
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
}

export interface Import {
  readonly specifier: string;
  /** From the root, undefined for a package or a built-in module. */
  readonly target: string | undefined;
  /** By `import()`, when it is needed. */
  readonly late: boolean;
}

export function filesBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes("node_modules"))
    .sort();
}

export function sources(folder = SRC): Source[] {
  return filesBelow(folder, /\.tsx?$/).map((path) => ({
    path,
    text: readFileSync(join(ROOT, path), "utf8"),
    isTest: /\.(test|conformance)\.tsx?$/.test(path),
  }));
}

const STATEMENT = /(?:^|\n)\s*(?:import|export)\s+(?:type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/g;
const DYNAMIC = /\bimport\(\s*"([^"]+)"\s*\)/g;

export function importsOf({ path, text }: Source): Import[] {
  const found: Import[] = [];
  for (const match of text.matchAll(STATEMENT)) {
    found.push(resolved(path, match[1] ?? "", false));
  }
  for (const match of text.matchAll(DYNAMIC)) found.push(resolved(path, match[1] ?? "", true));
  return found;
}

function resolved(path: string, specifier: string, late: boolean): Import {
  let target: string | undefined;
  if (specifier === "#config") target = "src/config.ts";
  else if (specifier.startsWith("#")) target = `src/${specifier.slice(1)}.ts`;
  else if (specifier.startsWith(".")) target = relative(ROOT, resolve(ROOT, path, "..", specifier));
  return { specifier, target, late };
}
