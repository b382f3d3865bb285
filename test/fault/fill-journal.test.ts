// The fills and the journal behind them, where replies are lost, others write into the journal, and it is damaged: what
// filld works by is at every moment the fold of the journal.

import { afterEach, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { journal } from "#contracts/journal";
import { systemClock } from "#lib/clock";
import { seeded } from "#lib/random";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { openTestJournal, type TestJournal } from "#services/journald/journal.testing";
import type { Board } from "#services/filld/state/board";
import { type Draft, Ledger } from "#services/filld/state/ledger";
import { viewOf } from "#services/filld/state/view";

type Journal = Service<typeof journal>;

const own: TestJournal[] = [];
afterEach(async () => {
  for (const one of own.splice(0)) await one.close();
});

async function openJournal(topology: "local" | "remote" = "local"): Promise<TestJournal> {
  const opened = await openTestJournal(topology);
  own.push(opened);
  return opened;
}

function ledgerOver(service: Journal): { ledger: Ledger; ignored: number[] } {
  const ignored: number[] = [];
  const ledger = new Ledger({
    journal: service,
    clock: systemClock,
    ignored: ({ seq }) => void ignored.push(seq),
  });
  return { ledger, ignored };
}

const received: Draft = {
  type: "order.received",
  data: { version: 1, corpus: "workers", order: { role: "Cook", headcount: 2 } },
};
/** Opens the fill, or corrects it where it is there already. */
const write = (ledger: Ledger, fillId: string, headcount: number): Promise<void> =>
  ledger.write({}, (board) => {
    const fill = board.fills.get(fillId);
    const order = { role: "Cook", headcount };
    const change = fill && { version: fill.version + 1, order, before: fill.order, missing: [], assumed: [] };
    const draft: Draft = change === undefined ? received : { type: "order.corrected", data: change };
    return { write: { fillId, actor: "ann", drafts: [draft] }, result: undefined };
  });

const viewsOf = (board: Board): unknown => [...board.fills.values()].map(viewOf);

test("whatever replies are lost, the board is the fold of the journal, and each write is there once or not at all", async () => {
  const { service } = await openJournal();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.array(fc.nat(3), { maxLength: 12 }), async (seed, steps) => {
      round += 1;
      const random = seeded(seed);
      const lossy: Journal = {
        ...service,
        record: async (input, call) => {
          const what = random.below(4);
          if (what === 0) throw new Fault("unavailable", "The request is lost.");
          const output = await service.record(input, call);
          if (what === 1) throw new Fault("timeout", "The reply is lost.");
          return output;
        },
        events: (input, call) =>
          random.below(8) === 0
            ? Promise.reject(new Fault("unavailable", "The request is lost."))
            : service.events(input, call),
      };
      const { ledger, ignored } = ledgerOver(lossy);
      for (const [index, fill] of steps.entries()) {
        const fillId = `f-${round}-${fill}`;
        await write(ledger, fillId, 1 + index).catch((error: unknown) => {
          if (!(error instanceof Fault)) throw error;
        });
      }
      const settled = await untilRead(ledger);
      const { ledger: second } = ledgerOver(service);
      expect(viewsOf(settled)).toEqual(viewsOf(await second.current()));
      expect(ignored).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 120_000);

async function untilRead(ledger: Ledger): Promise<Board> {
  for (;;) {
    const board = await ledger.current().catch(() => undefined);
    if (board !== undefined) return board;
  }
}

test("events of others change no fill, under whatever type and id", async () => {
  const { service } = await openJournal();
  const { ledger } = ledgerOver(service);
  await write(ledger, "f-1", 2);
  await write(ledger, "f-1", 3);
  const before = viewsOf(await ledger.current());
  const blocked = { version: 9, worker_id: "w", scope: "system", reason: "x" };
  await service.record({
    events: [
      // Under ids of their own, as any client may record them.
      { type: "order.received", subject: "f-2", data: { text: "need a cook" } },
      { type: "fill.closed", subject: "f-1", data: { version: 3, result: "lost" } },
      // Under ids like ours, which the journal refuses to all but the house itself: for a fill that is not there, of a version that does not follow, of another form, twice opened.
      { id: "fill-a", type: "worker.blocked", subject: "f-9", data: blocked },
      { id: "fill-b", type: "worker.blocked", subject: "f-1", data: blocked },
      { id: "fill-c", type: "fill.closed", subject: "f-1", data: { version: 3 } },
      { id: "fill-d", type: "order.received", subject: "f-1", data: received.data },
    ],
  });
  await write(ledger, "f-1", 4);
  const { ledger: second, ignored } = ledgerOver(service);
  const after = await second.current();
  expect(viewsOf(after)).toEqual(viewsOf(ledger.board));
  expect(viewsOf(after)).not.toEqual(before);
  expect(after.blocks.size).toBe(0);
  expect(ignored).toHaveLength(4);
}, 60_000);

test("what is larger than an event can be is refused, and nothing of it is kept", async () => {
  const { service } = await openJournal();
  const { ledger } = ledgerOver(service);
  await write(ledger, "f-1", 2);
  const before = viewsOf(ledger.board);
  const places = Array.from({ length: 1000 }, (_, n) => ({
    worker_id: `w${n}-${"x".repeat(300)}`,
    corpus: "w",
  }));
  const proposal = { at: new Date().toISOString(), by: "hand" as const, ok: true, findings: [] };
  const data = { version: 2, proposal, places, held_until: new Date().toISOString() };
  const large = { fillId: "f-1", actor: undefined, drafts: [{ type: "fill.proposed" as const, data }] };
  const refused = await ledger
    .write({}, () => ({ write: large, result: undefined }))
    .catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "too_large", message: expect.stringContaining("fewer people") });
  expect(viewsOf(await ledger.current())).toEqual(before);
}, 60_000);

test.each(["local", "remote"] as const)(
  "a damaged journal is told by every call, %s",
  async (topology) => {
    const opened = await openJournal(topology);
    const { ledger: first } = ledgerOver({
      ...opened.service,
      append: (...given) => opened.service.append(...given),
      status: (...given) => opened.service.status(...given),
      events: (...given) => opened.service.events(...given),
    });
    for (let n = 0; n < 20; n += 1) await write(first, `f-${n}`, 2);
    await opened.restart(() => {
      const path = join(opened.folder, readdirSync(opened.folder).find((name) => /\d/.test(name)) ?? "");
      const bytes = readFileSync(path);
      bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 0xff;
      writeFileSync(path, bytes);
    });
    const said = (work: Promise<unknown>): Promise<string> =>
      work.then(
        () => "nothing",
        (error: unknown) => (error instanceof Fault ? `${error.code}: ${error.message}` : String(error)),
      );
    const damaged = /^internal: .*damaged/;
    const { ledger } = ledgerOver(opened.service);
    for (let n = 0; n < 2; n += 1) {
      expect(await said(ledger.current())).toMatch(damaged);
      expect(await said(write(ledger, "f-99", 1))).toMatch(damaged);
    }
    // One that had read it before is no better off.
    expect(await said(first.current())).toMatch(damaged);
  },
  60_000,
);
