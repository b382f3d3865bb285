// From a row of an export back to the line of a source log that it came from, with each link's hash computed again.

import { dirname, join, relative, resolve } from "node:path";
import { Fault } from "#rpc/fault";
import { sha256Hex } from "../files/digest.ts";
import { linesIfThere } from "../files/quarantine.ts";
import { type ProvenanceLine, provenanceLine } from "../schemas/reports.ts";
import { scoredEvidence } from "./scored-evidence.ts";

export interface Traced {
  readonly row: unknown;
  readonly provenance: ProvenanceLine;
  readonly evidence: unknown;
  readonly scored: unknown;
  readonly source_line: string | null;
  /** What does not fit any more, in words. */
  readonly broken: readonly string[];
}

/** `file` is below the root, as `exports/sft/NAME/sft.jsonl`, or a path of its own. */
export async function traceRow(root: string, file: string, row: number): Promise<Traced> {
  const path = resolve(file).startsWith(resolve(root)) ? file : join(root, file);
  const line = await lineAt(path, row);
  const where = await lineAt(`${path}.prov.jsonl`, row);
  if (line === undefined || where === undefined)
    throw new Fault(
      "not_found",
      `${relative(dirname(dirname(path)), path)} has no row ${row} with provenance. Rows count from 0.`,
    );
  const provenance = provenanceLine.parse(JSON.parse(where));
  const broken: string[] = [];
  if (provenance.row_sha256 !== sha256Hex(line)) broken.push("the row is not the one that was exported");
  const source = await lineAt(join(root, provenance.source_file), provenance.line_offset);
  if (source === undefined) broken.push("the source line is gone");
  else if (sha256Hex(source) !== provenance.source_sha256) broken.push("the source line has changed");
  let found: { evidence: unknown; scored: unknown } | undefined;
  for await (const each of scoredEvidence(root)) {
    if (each.evidence.evidence_id === provenance.evidence_id) found = each;
  }
  if (found === undefined) broken.push("the evidence is gone");
  return {
    row: JSON.parse(line),
    provenance,
    evidence: found?.evidence ?? null,
    scored: found?.scored ?? null,
    source_line: source ?? null,
    broken,
  };
}

export async function lineAt(path: string, wanted: number): Promise<string | undefined> {
  for await (const { bytes, offset } of linesIfThere(path)) {
    if (offset === wanted) return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  }
  return undefined;
}
