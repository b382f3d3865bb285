// The firewall over finished bytes: each row of the files as they were written, by the evidence that its line of provenance
// names. It shares nothing with how the rows were chosen but the rule itself. A leak is a bug, and nothing is exported.

import { join } from "node:path";
import { personalData } from "#domain/redact";
import { sha256Hex } from "../files/digest.ts";
import { linesIfThere } from "../files/quarantine.ts";
import { provenanceLine } from "../schemas/reports.ts";
import { neverExported, sftNever } from "../score/sft-never.ts";
import type { ExportKind } from "./candidates.ts";
import type { ScoredEvidence } from "./scored-evidence.ts";

export class Leak extends Error {}

export async function verifyWritten(
  folder: string,
  kind: ExportKind,
  sources: readonly ScoredEvidence[],
): Promise<number> {
  const byId = new Map(sources.map((source) => [source.evidence.evidence_id, source]));
  const groups = new Map<string, string>();
  let rows = 0;
  for (const file of [`${kind}.jsonl`, `${kind}.holdout.jsonl`]) {
    const lines: string[] = [];
    for (const line of await textLines(join(folder, file))) lines.push(line);
    const provenance = await textLines(join(folder, `${file}.prov.jsonl`));
    if (provenance.length !== lines.length)
      throw new Leak(`${file} has ${lines.length} rows and ${provenance.length} lines of provenance`);
    for (const [at, line] of lines.entries()) {
      const where = provenanceLine.parse(JSON.parse(provenance[at] ?? ""));
      const source = byId.get(where.evidence_id);
      if (source === undefined || where.row !== at || where.row_sha256 !== sha256Hex(line))
        throw new Leak(`row ${at} of ${file} has no provenance`);
      const { evidence, scored } = source;
      const reason = kind === "rag" ? neverExported(evidence, []) : sftNever(evidence, scored?.category, []);
      if (reason !== undefined) throw new Leak(`row ${at} of ${file}: ${reason}`);
      // Hashes and ids of our own dialect are digits that are nobody's number.
      const { meta: _meta, ...row } = JSON.parse(line) as Record<string, unknown>;
      for (const text of textsIn(row)) {
        const [found] = personalData(text);
        if (found !== undefined) throw new Leak(`row ${at} of ${file}: ${found}`);
      }
      const side = groups.get(where.group);
      if (side !== undefined && side !== file) throw new Leak(`a group of row ${at} is on both sides`);
      groups.set(where.group, file);
      rows += 1;
    }
  }
  return rows;
}

async function textLines(path: string): Promise<string[]> {
  const lines: string[] = [];
  const decoder = new TextDecoder();
  for await (const { bytes } of linesIfThere(path))
    if (bytes !== undefined) lines.push(decoder.decode(bytes));
  return lines;
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
