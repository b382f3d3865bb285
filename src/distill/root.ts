// Where things lie below a root. File names, field names and line format are shared with older programs: a root that they
// wrote is read and continued as it is.

import { type Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

export const SOURCES_FOLDER = "data/_kb";
export const EVIDENCE_FOLDER = "data/evidence";
export const SCORED_FOLDER = "data/scored-runs";
export const EXPORTS_FOLDER = "exports";
export const QUARANTINE_FOLDER = "exports/quarantine";
export const REPORTS_FOLDER = "reports/distillation";
/** In a run's folder of reports. */
export const ACCEPTANCE_FILE = "acceptance.json";
export const BASELINES_FILE = "data/_kb/audit_baselines.jsonl";

/** Files of the sources' folder that are no source: what audits write about the rest. */
const NO_SOURCES = new Set(["audit_baselines.jsonl"]);

export const LINES_SUFFIX = ".jsonl";

/** None where there is no such folder. */
export async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Names of the source logs, without their suffix, in order. */
export async function sourceNames(root: string): Promise<string[]> {
  const entries = await entriesOf(join(root, SOURCES_FOLDER));
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(LINES_SUFFIX) && !entry.name.startsWith("."))
    .filter(({ name }) => !NO_SOURCES.has(name))
    .map(({ name }) => name.slice(0, -LINES_SUFFIX.length))
    .sort();
}

/** Day partitions below a folder as `YYYY/MM/DD/NAME.jsonl`, in order. */
export async function partitions(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string, depth: number): Promise<void> => {
    for (const entry of await entriesOf(join(root, folder, path))) {
      const inner = path === "" ? entry.name : `${path}/${entry.name}`;
      if (depth < 3 && entry.isDirectory() && /^\d+$/.test(entry.name)) await walk(inner, depth + 1);
      if (depth === 3 && entry.isFile() && entry.name.endsWith(LINES_SUFFIX) && !entry.name.startsWith("."))
        found.push(inner);
    }
  };
  await walk("", 0);
  return found.sort();
}

/** `2026-11-29T23:10:00Z` in `chat` lies in `2026/11/29/chat.jsonl`, by UTC. */
export function partitionOf(recordedAt: string, source: string): string {
  const day = new Date(recordedAt).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/${source}${LINES_SUFFIX}`;
}
