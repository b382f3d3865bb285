import { afterAll, beforeAll, expect, test } from "bun:test";
import type { NewEvent } from "#contracts/journal";
import { journalRecorder, type RecorderOptions } from "#adapters/journal-recorder";
import { createLog } from "#lib/log";
import { Fault } from "#rpc/fault";
import { openTestJournal, type TestJournal } from "./journal.testing.ts";

let own: TestJournal;
beforeAll(async () => {
  own = await openTestJournal("local");
});
afterAll(() => own.close());

const log = createLog({ level: "error", readable: false, write: () => undefined });
const event = (n: number): NewEvent => ({ type: "shift.confirmed", subject: `shift-${n}`, data: { n } });
const seqs = async (): Promise<number> => (await own.service.status({})).events;

test("what is recorded arrives once and in order, though the journal is away for a while and replies get lost", async () => {
  const before = await seqs();
  let tries = 0;
  const shaky: RecorderOptions["journal"] = {
    record: async (input) => {
      tries += 1;
      if (tries <= 2) throw new Fault("unavailable", "it is away");
      const output = await own.service.record(input);
      // The journal has it, and its reply does not come.
      if (tries % 2 === 1) throw new Fault("timeout", "no reply");
      return output;
    },
  };
  const recorder = journalRecorder({ journal: shaky, log, retryMs: 1 });
  for (let n = 0; n < 1200; n += 1) recorder.record(event(n));
  await recorder.stop();
  expect(recorder.stats()).toEqual({ queued: 0, recorded: 1200, lost: 0 });
  const found: unknown[] = [];
  for (let after = before; after < before + 1200; after += 600)
    found.push(...(await own.service.events({ after, limit: 600 })).events.map(({ data }) => data["n"]));
  expect(found).toEqual(Array.from({ length: 1200 }, (_, n) => n));
  expect(await seqs()).toBe(before + 1200);
});

test("events that come one by one gather: the first goes out at once, the others together", async () => {
  const sizes: number[] = [];
  const counted: RecorderOptions["journal"] = {
    record: (input) => {
      sizes.push(input.events.length);
      return own.service.record(input);
    },
  };
  const recorder = journalRecorder({ journal: counted, log, gatherMs: 3_600_000 });
  recorder.record(event(0));
  while (recorder.stats().recorded === 0) await Bun.sleep(1);
  for (let n = 1; n < 20; n += 1) {
    recorder.record(event(n));
    await Bun.sleep(0);
  }
  // The end waits for no gathering.
  await recorder.stop();
  expect(sizes).toEqual([1, 19]);
  expect(recorder.stats()).toEqual({ queued: 0, recorded: 20, lost: 0 });
});

test("a full queue, a refused event and the end of time lose what they must, and count it", async () => {
  const before = await seqs();
  const recorder = journalRecorder({ journal: own.service, log, queueMax: 10 });
  for (let n = 0; n < 15; n += 1) recorder.record(n === 3 ? { ...event(n), type: "Not A Type" } : event(n));
  await recorder.stop();
  recorder.record(event(99));
  expect(recorder.stats()).toEqual({ queued: 0, recorded: 9, lost: 7 });
  expect(await seqs()).toBe(before + 9);

  const down = journalRecorder({
    journal: { record: () => Promise.reject(new Fault("unavailable", "it is down")) },
    log,
    stopMs: 1,
  });
  for (let n = 0; n < 3; n += 1) down.record(event(n));
  await down.stop();
  expect(down.stats()).toEqual({ queued: 0, recorded: 0, lost: 3 });
});
