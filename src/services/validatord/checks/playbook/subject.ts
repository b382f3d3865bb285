// What the checks of a playbook look at: the record, the worker or row that it recommends, and the outcome that speaks for it.

import type { Block, Context, Policy } from "#contracts/validate";
import type { Knowledge, Occupation } from "../../knowledge.ts";
import type { Worker } from "../../roster/worker.ts";
import type { Tell } from "../check.ts";
import { typeOf } from "../fill/subject.ts";

export interface PlaybookRecord {
  readonly query_text: string;
  readonly answer_id: string;
  readonly answer_corpus: string;
  readonly role: string | undefined;
  readonly score: number | undefined;
  readonly event_id: string | undefined;
  readonly actor: string | undefined;
  readonly proposed_by: string | undefined;
  readonly recorded_at: number | undefined;
  readonly ttl_days: number | undefined;
  /** How often it has acted, and how often it may. */
  readonly exposures: number | undefined;
  readonly exposure_cap: number | undefined;
}

/** What is known of the answer: nothing was asked, there is no such corpus, no such row, or the row. */
export type Answer =
  | { readonly state: "unasked" | "no_corpus" | "absent" }
  | { readonly state: "found"; readonly worker: Worker };

export interface OutcomeEvent {
  readonly type: string;
  readonly actor: string | undefined;
  readonly worker_id: string | undefined;
}

/** Undefined where none was looked up, null where there is none. */
export type Outcome = OutcomeEvent | null | undefined;

export interface PlaybookSubject {
  readonly record: PlaybookRecord;
  readonly defects: readonly Tell[];
  readonly answer: Answer;
  readonly outcome: Outcome;
  /** What the query asks for. */
  readonly asked: Occupation & { readonly title: string | undefined };
  readonly blocks: readonly Block[];
  readonly order: Context["order"];
  readonly policy: Policy;
  readonly know: Knowledge;
  readonly now: number;
}

export function readPlaybook(artifact: Readonly<Record<string, unknown>>): {
  record: PlaybookRecord;
  defects: Tell[];
} {
  const defects: Tell[] = [];
  const text = (path: string, required = false, value = artifact[path]): string | undefined => {
    if (typeof value === "string" && (value.trim() !== "" || !required)) return value;
    const absent = value === undefined || value === null;
    if (absent && !required) return undefined;
    const message = absent ? "is missing" : typeof value === "string" ? "is empty" : "must be a text";
    defects.push({ path, message, actual: typeOf(value) });
    return undefined;
  };
  const number = (path: string, from: number, to: number, required = false): number | undefined => {
    const value = artifact[path];
    if (typeof value === "number" && value >= from && value <= to) return value;
    if ((value === undefined || value === null) && !required) return undefined;
    const read = typeof value === "string" && value.trim() !== "" ? Number(value) : Number.NaN;
    defects.push({
      path,
      message: value === undefined ? "is missing" : `must be a number from ${from} to ${to}`,
      actual: typeof value === "number" || typeof value === "string" ? value : typeOf(value),
      ...(read >= from && read <= to ? { fix: { path, value: read } } : {}),
    });
    return undefined;
  };
  const corpus = artifact["answer_corpus"] ?? artifact["corpus"];
  const recordedText = text("recorded_at");
  const recorded = recordedText === undefined ? undefined : Date.parse(recordedText);
  if (recorded !== undefined && Number.isNaN(recorded))
    defects.push({ path: "recorded_at", message: "must be a time (RFC 3339)", actual: recordedText });
  const { outcome } = artifact;
  const eventId =
    typeof outcome === "object" && outcome !== null
      ? (outcome as { event_id?: unknown }).event_id
      : undefined;
  return {
    record: {
      query_text: text("query_text", true) ?? "",
      answer_id: text("answer_id", true) ?? "",
      answer_corpus: text("answer_corpus", true, corpus) ?? "",
      role: text("role"),
      score: number("score", 0, 1, true),
      event_id:
        eventId === undefined || eventId === null ? undefined : text("outcome.event_id", false, eventId),
      actor: text("actor"),
      proposed_by: text("proposed_by"),
      recorded_at: Number.isNaN(recorded) ? undefined : recorded,
      ttl_days: number("ttl_days", 0, 36_500),
      exposures: number("exposures", 0, Number.MAX_SAFE_INTEGER),
      exposure_cap: number("exposure_cap", 0, Number.MAX_SAFE_INTEGER),
    },
    defects,
  };
}
