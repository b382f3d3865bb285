// An event as it stands in the log, and how it gets its place in the chain. What is hashed is the text that is kept: the
// event without its hash, in canonical JSON, so that whoever verifies hashes what is there and nothing that was made of it.
//
//   record  the hash (32 bytes), u16 bytes of the note (little-endian), the note as JSON, the event's text
//   note    of the first event of an append with an Idempotency-Key: that key, so that a retry is known as one
//
// A record of no bytes stands for an event that a repair could not bring back.

import { hash as digest } from "node:crypto";
import { z } from "zod";
import { EVENT_BYTES_MAX, type JournalEvent, type NewEvent } from "#contracts/journal";
import { canonicalJson, NotJson } from "#lib/canonical-json";
import { Fault } from "#rpc/fault";

/** What the first event follows. */
export const CHAIN_START = "0".repeat(64);

const HASH_BYTES = 32;
const NOTE_LENGTH_BYTES = 2;

const note = z.strictObject({ key: z.string(), digest: z.string(), count: z.int() });
/** Of an append under an Idempotency-Key: what was sent, and how many events that became. */
export type AppendNote = z.infer<typeof note>;

/** An event whose place in the chain is not known yet: its text on either side of what depends on the place. */
export interface PreparedEvent {
  readonly id: string;
  /** Whether the sender chose the id, and may send it again. */
  readonly chosenId: boolean;
  readonly type: string;
  readonly subject: string;
  readonly head: string;
  readonly tail: string;
  readonly bytes: number;
  /** What the sender said, in canonical JSON: two events with the same content are one under the same id. */
  readonly content: string;
}

/** Throws `invalid` for data that is not JSON, and `too_large`; `path` names the event in messages. */
export function prepareEvent(event: NewEvent, nowMs: number, path: string): PreparedEvent {
  const at = event.at === undefined ? undefined : new Date(event.at).toISOString();
  const { id = Bun.randomUUIDv7(), type, subject, actor, causation_id } = event;
  try {
    const data = canonicalJson(event.data ?? {}, `${path}data`);
    const text = (value: string): string => canonicalJson(value, path);
    const member = (name: string, value: string | undefined): string =>
      value === undefined ? "" : `"${name}":${text(value)},`;
    // In the order of their names: actor, at, causation_id, data, id, prev_hash, seq, subject, type.
    const actorText = member("actor", actor);
    const cause = member("causation_id", causation_id);
    const head = `{${actorText}"at":"${at ?? new Date(nowMs).toISOString()}",${cause}"data":${data},"id":${text(id)},`;
    const tail = `,"subject":${text(subject)},"type":"${type}"}`;
    const bytes = Buffer.byteLength(head) + Buffer.byteLength(tail) + PLACE_BYTES_MAX;
    if (bytes > EVENT_BYTES_MAX) {
      const message = `${path === "" ? "The event" : path.slice(0, -1)} has ${bytes} bytes, and an event may have ${EVENT_BYTES_MAX}. Put what is large into the object store and name it here.`;
      throw new Fault("too_large", message);
    }
    const content = `{${actorText}${member("at", at)}${cause}"data":${data}${tail}`;
    return { id, chosenId: event.id !== undefined, type, subject, head, tail, bytes, content };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    throw new Fault("invalid", `${error.path}: ${error.message}`, {
      details: [{ path: error.path, message: error.message }],
    });
  }
}

/** The hash, the note's length, `"prev_hash":"...","seq":...` and a little more. */
const PLACE_BYTES_MAX = 160;

/** What the sender said of a recorded event: `PreparedEvent.content` with the time it was recorded with. */
export function contentOf({ type, subject, actor, at, data, causation_id, id }: JournalEvent): string {
  return prepareEvent({ id, type, subject, actor, at, data, causation_id }, 0, "").content;
}

/** Whether a prepared event says what is recorded already; a time that was not given may be any. */
export function isSameEvent(prepared: PreparedEvent, recorded: JournalEvent): boolean {
  const there = contentOf(recorded);
  return prepared.content === there || prepared.content === there.replace(`"at":"${recorded.at}",`, "");
}

export interface ChainedRecord {
  readonly record: Uint8Array;
  readonly hash: string;
}

export function chainEvent(
  event: PreparedEvent,
  seq: number,
  prev: string,
  said?: AppendNote,
): ChainedRecord {
  const text = `${event.head}"prev_hash":"${prev}","seq":${seq}${event.tail}`;
  const hash = hashOf(prev, text);
  return { record: encodeRecord(text, hash, said), hash };
}

export function encodeRecord(text: string, hash: string, said?: AppendNote): Uint8Array {
  const noted = said === undefined ? "" : JSON.stringify(said);
  const noteBytes = Buffer.byteLength(noted);
  const record = Buffer.allocUnsafe(HASH_BYTES + NOTE_LENGTH_BYTES + noteBytes + Buffer.byteLength(text));
  record.write(hash, 0, "hex");
  record.writeUInt16LE(noteBytes, HASH_BYTES);
  record.write(noted, HASH_BYTES + NOTE_LENGTH_BYTES);
  record.write(text, HASH_BYTES + NOTE_LENGTH_BYTES + noteBytes);
  return record;
}

export function hashOf(prev: string, text: string): string {
  return digest("sha256", prev + text, "hex");
}

export interface DecodedRecord {
  readonly event: JournalEvent;
  /** The event without its hash, as it is kept. */
  readonly text: string;
  readonly note: AppendNote | undefined;
}

/** Undefined for an event that a repair could not bring back. Throws for bytes that are no record. */
export function decodeRecord(record: Uint8Array): DecodedRecord | undefined {
  if (record.length === 0) return undefined;
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  const noteEnd = HASH_BYTES + NOTE_LENGTH_BYTES + bytes.readUInt16LE(HASH_BYTES);
  const text = bytes.toString("utf8", noteEnd);
  const noted = bytes.toString("utf8", HASH_BYTES + NOTE_LENGTH_BYTES, noteEnd);
  const hash = bytes.toString("hex", 0, HASH_BYTES);
  const event = { ...(JSON.parse(text) as Omit<JournalEvent, "hash">), hash };
  return { event, text, note: noted === "" ? undefined : note.parse(JSON.parse(noted)) };
}
