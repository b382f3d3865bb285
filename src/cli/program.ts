// Where this program is installed, and how to call it from the present folder: a command line that is copied has to work.

import { join, relative } from "node:path";

export const LAUNCHER = join(import.meta.dir, "../../lakehouse");

/** `lakehouse` when it is in PATH, else its path. */
export function programName(): string {
  if (Bun.which("lakehouse") !== null) return "lakehouse";
  const near = relative(process.cwd(), LAUNCHER);
  return near.startsWith("..") ? LAUNCHER : `./${near}`;
}

/** Quoted as one word for a shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
