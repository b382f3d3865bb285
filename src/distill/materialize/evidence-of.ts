// One line of a source log as evidence, or the reason why it is none.

import { canonicalJson, NotJson } from "#lib/canonical-json";
import { sha256Hex } from "../files/digest.ts";
import type { Evidence, Transformed } from "../schemas/evidence.ts";
import { termsOf } from "../score/terms.ts";
import { TRANSFORMS } from "../transforms/table.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Where a line stands, and what its day is when it does not say. */
export interface LinePlace {
  readonly source: string;
  readonly sourceFile: string;
  readonly lineOffset: number;
  readonly sourceSha256: string;
  readonly fallbackMoment: string;
}

export type Made = { readonly evidence: Evidence; readonly undated: boolean } | { readonly reason: string };

export function evidenceOf(bytes: Uint8Array, place: LinePlace): Made {
  let line: unknown;
  try {
    line = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return { reason: error instanceof SyntaxError ? "not_json" : "not_utf8" };
  }
  if (typeof line !== "object" || line === null || Array.isArray(line)) return { reason: "not_an_object" };
  const transform = TRANSFORMS[place.source];
  if (transform === undefined) return { reason: "no_transform" };
  const read = transform.schema.safeParse(line);
  if (!read.success) {
    const [issue] = read.error.issues;
    const path = issue?.path.map(String).join(".") ?? "";
    return { reason: path === "schema" ? "unknown_schema" : `schema: ${path === "" ? "line" : path}` };
  }
  const { recorded_at, git_commit } = read.data as { recorded_at?: string; git_commit?: string };
  const transformed = transform.of(read.data);
  const recordedAt = new Date(recorded_at ?? place.fallbackMoment).toISOString();
  const provenance = {
    source_file: place.sourceFile,
    line_offset: place.lineOffset,
    source_sha256: place.sourceSha256,
    recorded_at: recordedAt,
    ...(git_commit === undefined ? {} : { git_commit }),
  };
  try {
    return { evidence: ordered(transformed, provenance), undated: recorded_at === undefined };
  } catch (error) {
    if (error instanceof NotJson) return { reason: `not_canonical: ${error.path}` };
    throw error;
  }
}

/** Members in their fixed order, under the hash of the row without itself and without the time of recording. */
function ordered(transformed: Transformed, provenance: Evidence["provenance"]): Evidence {
  const { kind, source_class, task, input, output, context, outcome, validation, teacher, usage, trace_id } =
    transformed;
  const rest = {
    kind,
    source_class,
    task,
    input,
    output,
    context,
    ...(outcome === undefined ? {} : { outcome }),
    ...(validation === undefined ? {} : { validation }),
    ...(teacher === undefined
      ? {}
      : { teacher: { ...teacher, terms: termsOf(teacher.provider, teacher.model) } }),
    ...(usage === undefined ? {} : { usage }),
    ...(trace_id === undefined ? {} : { trace_id }),
  };
  const schema = "evidence.v1" as const;
  return { schema, evidence_id: evidenceId({ schema, ...rest, provenance }), ...rest, provenance };
}

/** SHA-256 of the canonical form without `evidence_id` and without `provenance.recorded_at`. */
export function evidenceId(row: Readonly<Record<string, unknown>>): string {
  const { evidence_id: _id, provenance, ...rest } = row;
  const { recorded_at: _at, ...kept } = provenance as Record<string, unknown>;
  return sha256Hex(canonicalJson({ ...rest, provenance: kept }));
}
