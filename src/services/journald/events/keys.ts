// What events are found by, as numbers of 32 bits: a segment's index holds these and no text. Two keys may share a number,
// so an event that an index names is compared with what is looked for; one that is not named does not have the key.

import type { JournalEvent } from "#contracts/journal";
import type { AppendNote } from "./chained-event.ts";

export type KeyKind = "type" | "subject" | "id" | "idempotency_key";

export function keyHash(kind: KeyKind, value: string): number {
  return Bun.hash.xxHash32(`${kind} ${value}`);
}

export function keysOf(
  { type, subject, id }: Pick<JournalEvent, "type" | "subject" | "id">,
  note?: AppendNote,
): number[] {
  const keys = [keyHash("type", type), keyHash("subject", subject), keyHash("id", id)];
  if (note !== undefined) keys.push(keyHash("idempotency_key", note.key));
  return keys;
}
