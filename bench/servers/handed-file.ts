// Data for a server of a bench that is too long for an argument: a file in a folder of its own.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Writes `value` as JSON; the path is what the server is handed. */
export function handedFile(value: unknown): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-"));
  const path = join(folder, "handed.json");
  writeFileSync(path, JSON.stringify(value));
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
