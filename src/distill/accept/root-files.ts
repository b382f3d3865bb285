// Files of a root as acceptance compares and reads them.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { EXPORTS_FOLDER } from "../root.ts";

/** Held by a run; a copy of it would give up the lock, and has no use. */
const LOCK = ".distill.lock";

/** Every file below a root with its content, without reports, whose names and times differ from run to run. */
export function contentsOf(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of filesBelow(root, ""))
    if (!path.startsWith("reports/")) found[path] = readFileSync(join(root, path), "latin1");
  return found;
}

/** Paths of the files below `root/path`, in order. */
export function filesBelow(root: string, path: string): string[] {
  return readdirSync(join(root, path), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inner = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.name === LOCK) return [];
      return entry.isDirectory() ? filesBelow(root, inner) : [inner];
    });
}

/** As a kill at this moment would leave it: what is not in the file system yet is lost. */
export function copyRoot(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (entry.name === LOCK) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyRoot(source, target);
    else {
      copyFileSync(source, target);
      const { atime, mtime } = statSync(source);
      utimesSync(target, atime, mtime);
    }
  }
}

/** Names of what differs between two roots. */
export function differences(a: Record<string, string>, b: Record<string, string>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path]).sort();
}

export function linesOfFile(path: string): string[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
}

export function jsonLines<T>(path: string): T[] {
  return linesOfFile(path).map((line) => JSON.parse(line) as T);
}

export interface ExportFolder {
  readonly kind: "sft" | "preference" | "kto" | "rag";
  readonly target: string;
  /** Below the root. */
  readonly folder: string;
}

export function exportFolders(root: string): ExportFolder[] {
  return ["sft", "preference", "rag"].flatMap((parent) =>
    readdirSync(join(root, EXPORTS_FOLDER, parent))
      .sort()
      .flatMap((name) => {
        const [, kind, target] = /^(sft|preference|kto|rag)-(\w+)-[0-9a-f]+$/.exec(name) ?? [];
        if (kind === undefined || target === undefined) return [];
        return [
          { kind: kind as ExportFolder["kind"], target, folder: `${EXPORTS_FOLDER}/${parent}/${name}` },
        ];
      }),
  );
}
