import { existsSync } from "node:fs";
import { join } from "node:path";
import { journal as journalContract, type NewEvent } from "#contracts/journal";
import { systemClock } from "#lib/clock";
import { Appends } from "#services/journald/events/appends";
import { createJournal, Journal } from "#services/journald/journal";
import { readPage } from "#services/journald/query";
import { verifyJournal } from "#services/journald/verify";
import type { Writer } from "./writer.ts";

/** Segments of a few events: each step or two begins one. */
const JOURNAL_SEGMENT_BYTES = 2048;

export async function journalIn(folder: string): Promise<Journal> {
  const where = join(folder, "journal");
  if (!existsSync(where)) await createJournal(where);
  const raise = (error: unknown): never => {
    throw error;
  };
  // Its background work is tried again by itself.
  return Journal.open({
    folder: where,
    segmentBytes: JOURNAL_SEGMENT_BYTES,
    failed: () => undefined,
    damaged: raise,
  });
}

export function eventsOf(n: number): NewEvent[] {
  const text = `event of ${n} `.repeat(30 + (n % 5));
  return [0, 1].map((half) => ({
    id: `e${n}-${half}`,
    type: "order.received",
    subject: `order-${n}`,
    at: "2026-11-21T00:00:00Z",
    data: { n, half, text },
  }));
}

export const journalWriter: Writer = {
  open: async (folder) => {
    const journal = await journalIn(folder);
    const appends = new Appends(systemClock);
    return {
      step: async (n) => {
        await appends.append(journal, journalContract.append.input.parse({ events: eventsOf(n) }));
      },
      close: () => journal.close(),
    };
  },
  check: async (folder, acked, tried) => {
    const appends = new Appends(systemClock);
    const journal = await journalIn(folder);
    const wrong: string[] = [];
    const idsThere = async (): Promise<string[]> => {
      const { events, more } = await readPage(journal, {}, 0, 10_000);
      if (more) wrong.push("there are too many events");
      return events.map(({ id }) => id);
    };
    const there = await idsThere();
    for (const n of acked)
      for (const { id = "" } of eventsOf(n)) if (!there.includes(id)) wrong.push(`event ${id} is gone`);
    for (let n = 0; n < tried; n += 1) {
      const { events } = await readPage(journal, { subject: `order-${n}` }, 0, 10);
      const found = events.map(({ data }) => data);
      const whole = eventsOf(n).map(({ data }) => data);
      if (found.length > 0 && !Bun.deepEquals(found, whole)) wrong.push(`the events of ${n} are torn`);
      await appends.append(journal, journalContract.append.input.parse({ events: eventsOf(n) }));
    }
    const after = (await idsThere()).toSorted((a, b) => a.localeCompare(b)).join();
    const all = Array.from({ length: tried }, (_, n) => eventsOf(n).map(({ id = "" }) => id)).flat();
    if (after !== all.toSorted((a, b) => a.localeCompare(b)).join())
      wrong.push(`after all were sent again there are: ${after}`);
    await journal.close();
    const { ok, problem } = await verifyJournal(
      join(folder, "journal"),
      undefined,
      new AbortController().signal,
    );
    if (!ok) wrong.push(`it does not verify: ${problem}`);
    return wrong;
  },
};
