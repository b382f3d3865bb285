// The contamination certificate, computed from finished files alone: whoever has them computes the same.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileSha256, digestOf } from "../files/digest.ts";
import { linesIfThere } from "../files/quarantine.ts";
import { type Certificate, type FileDigest, provenanceLine } from "../schemas/reports.ts";
import { overlapOf, type RowTexts } from "./contamination.ts";

/** The texts of each row of a training file of any target, without system messages. */
export async function textsOfFile(path: string): Promise<RowTexts[]> {
  const rows: RowTexts[] = [];
  const decoder = new TextDecoder();
  for await (const { bytes, length } of linesIfThere(path)) {
    if (bytes !== undefined && length > 0) rows.push(textsOf(JSON.parse(decoder.decode(bytes))));
  }
  return rows;
}

/** Every text below a row, but system messages, roles, ids and metadata. Of RAG rows only the anchor is a question. */
function textsOf(row: unknown): string[] {
  if (typeof row !== "object" || row === null) return typeof row === "string" ? [row] : [];
  if (Array.isArray(row)) return row.flatMap(textsOf);
  const { role, from, anchor } = row as { role?: unknown; from?: unknown; anchor?: unknown };
  if (role === "system" || from === "system") return [];
  if (typeof anchor === "string") return [anchor];
  return Object.entries(row).flatMap(([name, value]) => (NO_TEXT.has(name) ? [] : textsOf(value)));
}

const NO_TEXT = new Set(["role", "from", "meta", "_id", "id"]);

/** Of the `KIND.jsonl` and `KIND.holdout.jsonl` in a folder, and files of others. */
export async function certify(
  folder: string,
  kind: string,
  against: readonly string[],
  shownAs: string,
): Promise<Certificate> {
  const [file, held] = [`${kind}.jsonl`, `${kind}.holdout.jsonl`];
  const train = await textsOfFile(join(folder, file));
  const others = [await textsOfFile(join(folder, held)), ...(await Promise.all(against.map(textsOfFile)))];
  const sum = (n: 8 | 13, pick: "grams" | "templates"): number =>
    others.reduce((all, other) => all + overlapOf(train, other, n)[pick], 0);
  const [here, there] = [await groupsIn(folder, file), await groupsIn(folder, held)];
  const digests: FileDigest[] = await Promise.all(
    against.map(async (path) => ({
      path: path.split("/").at(-1) ?? path,
      sha256: await fileSha256(path),
      bytes: (await readFile(path)).length,
    })),
  );
  return {
    schema: "contamination.v1",
    train: await digestOf(folder, file),
    holdout: await digestOf(folder, held),
    against: digests,
    overlap_8: sum(8, "grams"),
    overlap_13: sum(13, "grams"),
    removed: [],
    templates_8: sum(8, "templates"),
    templates_13: sum(13, "templates"),
    groups_on_both_sides: [...here].filter((group) => there.has(group)).length,
    command: ["lakehouse distill certify", shownAs, ...digests.map(({ path }) => `--against ${path}`)].join(
      " ",
    ),
  };
}

async function groupsIn(folder: string, file: string): Promise<ReadonlySet<string>> {
  const groups = new Set<string>();
  const decoder = new TextDecoder();
  for await (const { bytes } of linesIfThere(join(folder, `${file}.prov.jsonl`))) {
    if (bytes !== undefined) groups.add(provenanceLine.parse(JSON.parse(decoder.decode(bytes))).group);
  }
  return groups;
}
