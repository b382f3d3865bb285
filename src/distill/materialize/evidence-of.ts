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
  const recordedAt = inUtc(recorded_at ?? place.fallbackMoment);
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

/** As the house itself writes moments. */
const IN_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function inUtc(moment: string): string {
  return IN_UTC.test(moment) ? moment : new Date(moment).toISOString();
}

/** Members in their fixed order, under the hash of the row without itself and without the time of recording. */
function ordered(transformed: Transformed, provenance: Evidence["provenance"]): Evidence {
  const { kind, source_class, task, input, output, context, outcome, validation, usage, trace_id } =
    transformed;
  const { source_file, line_offset, source_sha256, git_commit } = provenance;
  const teacher = withTerms(transformed.teacher);
  const schema = "evidence.v1" as const;
  const identified = {
    context,
    input,
    kind,
    outcome,
    output,
    provenance: { git_commit, line_offset, source_file, source_sha256 },
    schema,
    source_class,
    task,
    teacher,
    trace_id,
    usage,
    validation,
  };
  const evidence_id = sha256Hex(canonicalJson(identified));
  const row: Omit<Evidence, "provenance"> = {
    schema,
    evidence_id,
    kind,
    source_class,
    task,
    input,
    output,
    context,
  };
  if (outcome !== undefined) row.outcome = outcome;
  if (validation !== undefined) row.validation = validation;
  if (teacher !== undefined) row.teacher = teacher;
  if (usage !== undefined) row.usage = usage;
  if (trace_id !== undefined) row.trace_id = trace_id;
  return Object.assign(row, { provenance });
}

function withTerms(teacher: Transformed["teacher"]): Evidence["teacher"] {
  if (teacher === undefined) return undefined;
  return { ...teacher, terms: termsOf(teacher.provider, teacher.model) };
}
