// journald: what happened, in order, each event chained to the one before it by its hash. Truth is an append-only log in a
// folder; the dataset `journal` follows from it. DESIGN.md says how both are laid out.

import { z } from "zod";
import { type journal as contract, type JournalEvent, OWNED_EVENT_IDS } from "#contracts/journal";
import { systemClock } from "#lib/clock";
import type { Bytes, Handlers, OutputOf, ParsedOf } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { streamOf } from "#rpc/input/input";
import { pageCursor } from "#rpc/page-cursor";
import { Appends } from "./events/appends.ts";
import { type JournalDeps, OpenedJournal } from "./opened-journal.ts";
import { beforeLast, eventById, follow, readAll, readPage, whichOf } from "./query.ts";
import { verifyJournal } from "./verify.ts";

const PAGES = pageCursor("journal.events", z.int().min(0));

export type JournaldDeps = Omit<JournalDeps, "clock"> & Partial<Pick<JournalDeps, "clock">>;

/** Starts whatever state the journal is in: one that is damaged, or cannot be opened yet, says so to each call. */
export async function journald({
  clock = systemClock,
  ...deps
}: JournaldDeps): Promise<Daemon<typeof contract>> {
  const opened = new OpenedJournal({ ...deps, clock });
  const appends = new Appends(clock);
  /** Damage that a read finds is told from then on. */
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw opened.failed(error);
    }
  };

  const append = async (
    input: ParsedOf<typeof contract.append>,
  ): Promise<OutputOf<typeof contract.append>> => {
    const { journal, sealer } = await opened.use();
    const output = await reading(() => appends.append(journal, input));
    sealer.notice();
    return output;
  };

  const handlers: Handlers<typeof contract> = {
    append: (input) => {
      for (const [n, { id }] of (input.events ?? [input]).entries())
        refuseOwned(id, input.events === undefined ? "id" : `events[${n}].id`);
      return append(input);
    },
    record: append,
    events: async ({ limit, cursor, last, after = 0, ...which }) => {
      const place = PAGES.place(cursor);
      const { journal } = await opened.use();
      const first = async (): Promise<number> =>
        last === undefined ? after : beforeLast(journal, whichOf(which), last);
      const from = place ?? (await reading(first));
      const { events, examined, more } = await reading(() => readPage(journal, whichOf(which), from, limit));
      return { events: [...events], ...(more ? { next_cursor: PAGES.next(examined) } : {}) };
    },
    event: async ({ id }) => {
      const { journal } = await opened.use();
      const event = await reading(() => eventById(journal, id));
      if (event === undefined) throw new Fault("not_found", `The journal has no event ${id}.`);
      return event;
    },
    tail: async function* ({ after, last, last_event_id, ...which }, { signal }) {
      const { journal } = await opened.use();
      const first = async (): Promise<number> =>
        last === undefined ? (after ?? journal.end.seq) : beforeLast(journal, whichOf(which), last);
      const from = last_event_id === undefined ? await reading(first) : Number(last_event_id);
      try {
        yield* follow(journal, whichOf(which), from, { signal, refuse: opened.refuseDamaged });
      } catch (error) {
        throw opened.failed(error);
      }
    },
    status: async () => {
      const { journal, sealer } = await opened.use();
      const { end, bytes, segments } = journal;
      const lost = [...segments.lost];
      return {
        events: end.seq,
        head_hash: end.hash,
        sealed_seq: sealer.sealedSeq,
        segments: segments.all.length,
        bytes,
        lost,
      };
    },
    verify: async (_, { signal }) => {
      const open = opened.damage === undefined ? await opened.use() : undefined;
      const found = await verifyJournal(deps.folder, open?.journal.end.seq, signal);
      const problem = found.problem ?? opened.damage?.message;
      if (!found.ok) opened.failed(new Fault("internal", found.problem ?? "The journal is damaged."));
      return {
        ok: problem === undefined,
        events: found.events,
        head_hash: found.headHash,
        ...(found.firstBadSeq === undefined ? {} : { first_bad_seq: found.firstBadSeq }),
        ...(problem === undefined ? {} : { problem }),
        ...(found.lost.length === 0 ? {} : { lost: [...found.lost] }),
      };
    },
    seal: async () => {
      const { sealer } = await opened.use();
      const { sealedSeq, rows, snapshotId } = await sealer.seal();
      return { sealed_seq: sealedSeq, rows, snapshot_id: snapshotId };
    },
    export: async ({ after = 0, ...which }) => {
      const { journal } = await opened.use();
      const body = ndjson(readAll(journal, whichOf(which), after), opened.failed);
      return { status: 200, headers: { "content-type": "application/x-ndjson" }, body };
    },
    repair: async () => {
      const repaired = await opened.repair();
      if (repaired === undefined) return { damage: [], lost: [], restored: 0 };
      const { damage, lost, restored, keptAs } = repaired;
      const kept = keptAs === "" ? {} : { kept_as: keptAs };
      return { damage: [...damage], lost: [...lost], restored, ...kept };
    },
  };
  // What is wrong is said by each call, and by health.
  await opened.use().catch(() => undefined);
  return {
    handlers,
    stats: () => ({
      failures: opened.failures,
      damaged: opened.damage === undefined ? [] : ["the journal"],
    }),
    close: () => opened.close(),
  };
}

/** Throws `forbidden`: state is made of events with such an id, and it is the state of their owner alone. */
function refuseOwned(id: string | undefined, field: string): void {
  for (const [start, owner] of Object.entries(OWNED_EVENT_IDS)) {
    if (id?.startsWith(start) !== true) continue;
    const message = `begins like the ids that ${owner} keeps for itself: choose ids that do not begin with ${start}`;
    throw new Fault("forbidden", `${field} ${message}.`, { details: [{ path: field, message }] });
  }
}

function ndjson(pages: AsyncGenerator<readonly JournalEvent[]>, failed: (error: unknown) => unknown): Bytes {
  const encoder = new TextEncoder();
  const lines = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for await (const events of pages) {
        const text = events.map((event) => `${JSON.stringify(event)}\n`).join("");
        if (text !== "") yield encoder.encode(text);
      }
    } catch (error) {
      throw failed(error);
    }
  };
  return streamOf(lines());
}
