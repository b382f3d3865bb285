// An event as a row of the dataset `journal`, and back. Every field is a column; `data` is its canonical JSON as text, which
// SQL's JSON functions read. What is read back is the same event to the byte, so its hash proves it.

import type { JournalEvent } from "#contracts/journal";
import { canonicalJson } from "#lib/canonical-json";
import { chainEvent, prepareEvent } from "../events/chained-event.ts";

export const DATASET = "journal";

export const COLUMNS = [
  { name: "seq", type: "BIGINT" },
  { name: "id", type: "VARCHAR" },
  { name: "type", type: "VARCHAR" },
  { name: "subject", type: "VARCHAR" },
  { name: "actor", type: "VARCHAR" },
  { name: "at", type: "TIMESTAMP WITH TIME ZONE" },
  { name: "data", type: "VARCHAR" },
  { name: "causation_id", type: "VARCHAR" },
  { name: "prev_hash", type: "VARCHAR" },
  { name: "hash", type: "VARCHAR" },
] as const;

export type Row = Readonly<Record<string, unknown>>;

export function rowOf(event: JournalEvent): Row {
  return { ...event, data: canonicalJson(event.data) };
}

/** The record that a row was made from; undefined where the row is not what the chain says of it. */
export function recordOf(row: Row): Uint8Array | undefined {
  const text = (name: string): string | undefined => (typeof row[name] === "string" ? row[name] : undefined);
  try {
    const event = prepareEvent(
      {
        id: text("id"),
        type: text("type") ?? "",
        subject: text("subject") ?? "",
        actor: text("actor"),
        at: text("at"),
        data: JSON.parse(text("data") ?? "") as Record<string, unknown>,
        causation_id: text("causation_id"),
      },
      0,
      "",
    );
    const { record, hash } = chainEvent(event, Number(row["seq"]), text("prev_hash") ?? "");
    return hash === text("hash") ? record : undefined;
  } catch {
    // Whatever is wrong with it, it is not the event.
    return undefined;
  }
}
