// What becomes of a trace that is sent, beside the traces of its kind and subject that are alike: rules first. What is
// remembered is worth more than what is saved: a text that may say another thing is kept for itself.
//
//   the same text                 noop; merge when it brings an outcome, or metadata that the trace lacks
//   the same task, alike          merge when nothing but wording differs, else a new version
//   another task, very much alike the same, when names, numbers and negations agree
//   a turn of a conversation      merge when nothing but wording differs, else a trace of its own

import type { TraceContent } from "../store/events.ts";
import { likeness, type Shingles, shinglesOf } from "./alike.ts";

export interface Similar {
  readonly traceId: string;
  readonly version: number;
  /** Of the contents, 0 to 1. */
  readonly similarity: number;
}

export interface Known {
  readonly traceId: string;
  readonly version: number;
  readonly content: TraceContent;
  readonly isTurn: boolean;
}

export type Decision =
  | { readonly action: "add"; readonly similar: readonly Similar[] }
  | {
      readonly action: "update" | "merge" | "noop";
      readonly similar: readonly Similar[];
      readonly into: Known;
    };

/** What a model says of two texts that the rules leave apart. */
export type Judge = (pair: {
  readonly known: TraceContent;
  readonly sent: TraceContent;
}) => Promise<"same" | "newer" | "different">;

/** Below it two traces are not worth a mention. */
const SIMILAR_MIN = 0.5;
const SAME_TASK_MIN = 0.6;
const OTHER_TASK_MIN = 0.85;
/** From here on only the wording differs, where the facts agree. */
const SAME_MIN = 0.9;
const SIMILAR_MAX = 5;

interface Compared {
  readonly known: Known;
  readonly similarity: number;
  readonly action: "update" | "merge" | "noop" | undefined;
}

export async function decide(
  sent: TraceContent,
  isTurn: boolean,
  known: readonly Known[],
  judge?: Judge,
): Promise<Decision> {
  const own = shinglesOf(sent.content);
  const compared = known
    .map((other) => compare(sent, own, isTurn, other))
    .filter(({ similarity }) => similarity >= SIMILAR_MIN)
    .sort((a, b) => b.similarity - a.similarity || (a.known.traceId < b.known.traceId ? -1 : 1));
  const similar = compared.slice(0, SIMILAR_MAX).map(({ known: { traceId, version }, similarity }) => ({
    traceId,
    version,
    similarity: Math.round(similarity * 1000) / 1000,
  }));
  const into = compared.find(({ action }) => action !== undefined);
  if (into?.action !== undefined) return { action: into.action, similar, into: into.known };
  const [nearest] = compared;
  if (judge === undefined || nearest === undefined) return { action: "add", similar };
  const verdict = await judge({ known: nearest.known.content, sent });
  if (verdict === "different") return { action: "add", similar };
  return { action: verdict === "same" ? "merge" : "update", similar, into: nearest.known };
}

function compare(sent: TraceContent, own: Shingles, isTurn: boolean, known: Known): Compared {
  const theirs = shinglesOf(known.content.content);
  const similarity = likeness(own, theirs);
  const sameTask = shinglesOf(sent.task).normal === shinglesOf(known.content.task).normal;
  const sameSteps = JSON.stringify(sent.steps) === JSON.stringify(known.content.steps);
  const sameFacts = own.facts === theirs.facts;
  const sameWords = own.normal === theirs.normal;
  const turns = isTurn && known.isTurn;
  if (turns && !isSameTurn(sent, known.content)) return { known, similarity, action: undefined };
  if (sameWords && sameTask && sameSteps)
    return { known, similarity, action: brings(sent, known.content) ? "merge" : "noop" };
  const onlyWording = similarity >= SAME_MIN && sameFacts && sameSteps;
  if (turns) return { known, similarity, action: onlyWording && sameTask ? "merge" : undefined };
  if (own.identifiers !== theirs.identifiers) return { known, similarity, action: undefined };
  const alike = sameTask ? similarity >= SAME_TASK_MIN : similarity >= OTHER_TASK_MIN && sameFacts;
  if (!alike) return { known, similarity, action: undefined };
  return { known, similarity, action: onlyWording && sameTask ? "merge" : "update" };
}

/** The same words at another time or place of a conversation were said twice. */
function isSameTurn(sent: TraceContent, known: TraceContent): boolean {
  const sameSpeaker = (sent.actor ?? "") === (known.actor ?? "");
  return sameSpeaker && sent.valid_from === known.valid_from && !addsMetadata(sent, known);
}

/** Whether it has an outcome, or metadata that the trace has not. */
function brings(sent: TraceContent, known: TraceContent): boolean {
  return sent.outcome !== undefined || addsMetadata(sent, known);
}

function addsMetadata(sent: TraceContent, known: TraceContent): boolean {
  return Object.entries(sent.metadata).some(
    ([name, value]) => JSON.stringify(known.metadata[name]) !== JSON.stringify(value),
  );
}
