// What of a trace is searched: its words, who said it, when it was, and where it stands in a conversation. A turn of a
// conversation says little by itself ("A sunset, with lots of pink"), so it is searched together with the turns beside it;
// what it says of days is counted from the day on which it was said.

import { dayIn, dayWords, relativeDays } from "./days.ts";
import type { TraceContent } from "../store/events.ts";

export interface Said {
  /** What is indexed by its words. */
  readonly text: string;
  /** What is embedded: the same without what only helps words, which would drown a short turn. */
  readonly meaning: string;
  /** A person or program, as written; empty when nobody is named. */
  readonly speaker: string;
  /** The conversation that it is a turn of, and its place there; undefined for what is no turn. */
  readonly turn: { readonly conversation: string; readonly place: string } | undefined;
  /** Whether it says when something was. */
  readonly saysWhen: boolean;
}

/** What a turn of a conversation may have; a longer text stands for itself. */
const TURN_CHARS_MAX = 1_500;
/** Longer values of metadata are content of something else. */
const VALUE_CHARS_MAX = 200;
/** What is indexed of one trace. */
const TEXT_CHARS_MAX = 20_000;

/** "Caroline: ..." and "[8 May 2023] Dr. Ann Lee: ..." */
const SPOKEN =
  /^\s*(?:[[(]([^\])]{1,80})[\])]\s*)?(\p{Lu}[\p{L}\p{M}.'’-]{0,40}(?: \p{Lu}[\p{L}\p{M}.'’-]{0,40}){0,2})\s*:\s+/u;
const SPEAKER_FIELDS = ["speaker", "author", "from", "name"];
const CONVERSATION_FIELDS = ["conversation", "conversation_id", "thread", "dialogue"];
const PLACE_FIELDS = ["turn", "turn_id", "dia_id", "position", "index"];
const TURN_KIND = /turn|dialog|conversation|message|chat|utterance/i;

export function saidIn(
  kind: string,
  subject: string,
  trace: TraceContent,
  validFrom: number | undefined,
): Said {
  const { task, steps, content, outcome, metadata, actor } = trace;
  const spoken = SPOKEN.exec(content);
  const named = textOf(metadata, SPEAKER_FIELDS) ?? spoken?.[2] ?? actor ?? "";
  const own = spoken === null ? content : `${spoken[1] ?? ""} ${content.slice(spoken[0].length)}`.trim();
  const isTurn =
    steps.length === 0 &&
    outcome === undefined &&
    content.length <= TURN_CHARS_MAX &&
    (named !== "" || TURN_KIND.test(kind));
  const values = scalarsOf(metadata);
  const day = dayIn([...values, task, spoken?.[1] ?? ""]) ?? validFrom;
  const days = day === undefined ? [] : [dayWords(day), ...relativeDays(own, day)];
  const stepTexts = steps.map((step) => (typeof step === "string" ? step : JSON.stringify(step)));
  const text = [subject, task, own, ...stepTexts, outcome?.result ?? "", ...values, ...days]
    .filter((part) => part !== "")
    .join("\n")
    .slice(0, TEXT_CHARS_MAX);
  const meaning = isTurn ? own : [task, own, ...stepTexts].join("\n");
  return {
    text,
    meaning: meaning.trim() === "" ? content : meaning,
    speaker: named,
    turn: isTurn
      ? {
          conversation: `${kind}\n${textOf(metadata, CONVERSATION_FIELDS) ?? subject}`.replaceAll("\0", " "),
          place: (textOf(metadata, PLACE_FIELDS) ?? "").replaceAll("\0", " "),
        }
      : undefined,
    saysWhen: days.length > 1 || relativeDays(own, 0).length > 0,
  };
}

function textOf(metadata: TraceContent["metadata"], fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const value = metadata[field];
    if (typeof value === "number") return String(value);
    if (typeof value === "string" && value.trim() !== "" && value.length <= VALUE_CHARS_MAX)
      return value.trim();
  }
  return undefined;
}

/** Short values that are no places in a conversation: those say nothing that anybody searches for. */
function scalarsOf(metadata: TraceContent["metadata"]): string[] {
  const skipped = new Set([...PLACE_FIELDS, ...CONVERSATION_FIELDS, ...SPEAKER_FIELDS]);
  return Object.entries(metadata).flatMap(([name, value]) => {
    if (skipped.has(name)) return [];
    const texts = Array.isArray(value) ? value : [value];
    return texts.flatMap((text) =>
      (typeof text === "string" && text.length <= VALUE_CHARS_MAX) || typeof text === "number"
        ? [String(text)]
        : [],
    );
  });
}
