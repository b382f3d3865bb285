// Where this program lies, and how a person calls it from here: a line that is copied has to work.

import { join, relative } from "node:path";

export const LAUNCHER = join(import.meta.dir, "../../lakehouse");

/** `lakehouse` when it is in PATH, else the way to it. */
export function programName(): string {
  if (Bun.which("lakehouse") !== null) return "lakehouse";
  const near = relative(process.cwd(), LAUNCHER);
  return near.startsWith("..") ? LAUNCHER : `./${near}`;
}
