// Appends that may be sent twice: under an Idempotency-Key, or under ids that the sender chose. What was recorded is
// found in the journal itself, so a retry is known as one after any crash and however late it comes. Two that are under
// way with the same key or id come one after the other.

import { hash as digest } from "node:crypto";
import { type journal as contract, type JournalEvent, newEvent } from "#contracts/journal";
import type { Clock } from "#lib/clock";
import { timeSlicer } from "#lib/event-loop";
import type { OutputOf, ParsedOf } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { Journal } from "../journal.ts";
import { eventById } from "../query.ts";
import { keyHash } from "./keys.ts";
import {
  type AppendNote,
  decodeRecord,
  isSameEvent,
  type PreparedEvent,
  prepareEvent,
} from "./chained-event.ts";

type AppendInput = ParsedOf<typeof contract.append>;
type AppendOutput = OutputOf<typeof contract.append>;

export class Appends {
  readonly #clock: Clock;
  /** Keys and ids of appends that are under way. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async append(journal: Journal, input: AppendInput): Promise<AppendOutput> {
    const events = await this.#prepare(input);
    const key = input.idempotency_key;
    const note = key === undefined ? undefined : { key, digest: digestOf(events), count: events.length };
    const names = events.filter(({ chosenId }) => chosenId).map(({ id }) => `id ${id}`);
    if (key !== undefined) names.push(`key ${key}`);
    if (names.length === 0) return recorded(await journal.append(events));
    return this.#inTurn(names, async () => {
      const before =
        (note === undefined ? undefined : await appendedBefore(journal, note)) ??
        (await recordedBefore(journal, events));
      return before ?? recorded(await journal.append(events, note));
    });
  }

  async #prepare({ events, idempotency_key: _key, ...single }: AppendInput): Promise<PreparedEvent[]> {
    const nowMs = this.#clock.now();
    if (events === undefined) return [prepareEvent(newEvent.parse(single), nowMs, "")];
    const prepared: PreparedEvent[] = [];
    const chosen = new Set<string>();
    const sliced = timeSlicer();
    for (const [n, event] of events.entries()) {
      if (event.id !== undefined && chosen.has(event.id)) throw twice(`events[${n}].id`);
      if (event.id !== undefined) chosen.add(event.id);
      prepared.push(prepareEvent(event, nowMs, `events[${n}].`));
      const rest = sliced();
      if (rest !== null) await rest;
    }
    return prepared;
  }

  async #inTurn<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    for (;;) {
      const before = names.map((name) => this.#underWay.get(name)).find((other) => other !== undefined);
      if (before === undefined) break;
      // Its own sender gets its error.
      await before.catch(() => undefined);
    }
    const working = work();
    for (const name of names) this.#underWay.set(name, working);
    try {
      return await working;
    } finally {
      for (const name of names) this.#underWay.delete(name);
    }
  }
}

function recorded({ first, last, hash }: { first: number; last: number; hash: string }): AppendOutput {
  return { first_seq: first, last_seq: last, head_hash: hash, replayed: false };
}

/** Of what was sent: ids and times that the journal assigned are no part of it. */
function digestOf(events: readonly PreparedEvent[]): string {
  const contents = events.map(({ chosenId, id, content }) => `${chosenId ? id : ""} ${content}`);
  return digest("sha256", contents.join("\n"), "hex");
}

/** What an append under the same key recorded. Throws `conflict` when that was something else. */
async function appendedBefore(journal: Journal, note: AppendNote): Promise<AppendOutput | undefined> {
  const { segments, end } = journal;
  for await (const seq of segments.find(keyHash("idempotency_key", note.key), 0, end.seq)) {
    const found = decodeRecord(await segments.record(seq))?.note;
    if (found?.key !== note.key) continue;
    if (found.digest === note.digest) return replayed(journal, seq, seq + found.count - 1);
    throw new Fault(
      "conflict",
      "The Idempotency-Key was used for other events: take a new key for new events.",
    );
  }
  return undefined;
}

/** What was recorded under the ids that the sender chose: all of them, as they are sent now, or none. Throws `conflict`. */
async function recordedBefore(
  journal: Journal,
  events: readonly PreparedEvent[],
): Promise<AppendOutput | undefined> {
  const found: (JournalEvent | undefined)[] = [];
  for (const event of events) found.push(event.chosenId ? await eventById(journal, event.id) : undefined);
  const first = found[0]?.seq;
  const known = found.findIndex((event) => event !== undefined);
  if (known === -1) return undefined;
  const isReplay = events.every((event, n) => {
    const there = found[n];
    return first !== undefined && there?.seq === first + n && isSameEvent(event, there);
  });
  if (isReplay && first !== undefined) return replayed(journal, first, first + events.length - 1);
  const id = events[known]?.id ?? "";
  throw new Fault(
    "conflict",
    `The journal has an event ${id} already, ${events.length === 1 ? "with other content" : "and not these events in one row"}: an id names one event.`,
  );
}

async function replayed(journal: Journal, first: number, last: number): Promise<AppendOutput> {
  const hash = decodeRecord(await journal.segments.record(last))?.event.hash ?? "";
  return { first_seq: first, last_seq: last, head_hash: hash, replayed: true };
}

function twice(path: string): Fault {
  const message = "is given twice";
  return new Fault("invalid", `${path}: ${message}`, { details: [{ path, message }] });
}
