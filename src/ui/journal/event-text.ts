// One event of the journal in a line: as a sentence where its kind is one of an order's, and as what its data says otherwise.

import type { JournalEvent } from "#contracts/journal";
import { eventWords } from "../desk/order-words.ts";

type Data = Readonly<Record<string, unknown>>;

/** Who is called what, as far as the events themselves say it. */
export function namesIn(events: readonly JournalEvent[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { data } of events) {
    const places = data["places"];
    if (!Array.isArray(places)) continue;
    for (const place of places as Data[]) {
      const { worker_id: id, name } = place;
      if (typeof id === "string" && typeof name === "string") names.set(id, name);
    }
  }
  return names;
}

const SENTENCES: Readonly<Record<string, (data: Data, subject: string) => string>> = {
  "draft.iterated": ({ kind, ok, iterations }) =>
    `A model's draft of ${article(said(kind, "text"))} ${ok === true ? "passed the rules" : "was given up"} after ${said(iterations, "some")} ${iterations === 1 ? "try" : "tries"}`,
  "cutover.flipped": ({ to, state, reason }, subject) =>
    `${subject} went to ${said(to ?? state, "another state")}${typeof reason === "string" && reason !== "" ? `: ${reason}` : ""}`,
  "playbook.recorded": () => "A playbook was recorded",
  "journal.repaired": () => "The journal was repaired",
};

export function eventText(
  { type, subject, data }: Pick<JournalEvent, "type" | "subject" | "data">,
  names: ReadonlyMap<string, string> = new Map(),
): string {
  const sentence = SENTENCES[type]?.(data, subject);
  return sentence ?? eventWords({ type, data }, (id) => names.get(id) ?? id);
}

/** Fields of the data that a line has room for. */
const FIELDS_MAX = 4;
const FIELD_CHARS_MAX = 60;

/** "headcount 3, city Aspen, 3 excluded": what an event is about, as far as a line has room. */
export function dataLine(data: Data): string {
  const fields = Object.entries(data).flatMap(([name, value]) => {
    const words = name.replaceAll("_", " ");
    if (name === "version" || value === null || value === "") return [];
    if (Array.isArray(value)) return value.length === 0 ? [] : [`${value.length} ${words}`];
    if (typeof value === "object") return Object.keys(value).length === 0 ? [] : [words];
    return [`${words} ${cut(String(value))}`];
  });
  const more = fields.length - FIELDS_MAX;
  return [...fields.slice(0, FIELDS_MAX), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}

function cut(text: string): string {
  return text.length > FIELD_CHARS_MAX ? `${text.slice(0, FIELD_CHARS_MAX)}…` : text;
}

function said(value: unknown, otherwise: string): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}
