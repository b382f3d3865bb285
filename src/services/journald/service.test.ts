// journald as its neighbours call it, in process and over a socket: what is recorded, found, followed, verified, sealed for
// SQL and repaired, and what a retry, a restart or damage does to it.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { hash as digest } from "node:crypto";
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { JournalEvent, NewEvent } from "#contracts/journal";
import { canonicalJson } from "#lib/canonical-json";
import { present as named } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { recordOf } from "./dataset/rows.ts";
import { decodeRecord } from "./events/chained-event.ts";
import { openLake } from "../../../test/lake/lake.ts";
import { openTestJournal, type TestJournal } from "./journal.testing.ts";

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof Fault) return thrown;
  throw new Error(`There was no fault but ${String(thrown)}`);
};

const present = <T>(value: T | undefined): T => named(value, "what the test looks at");

const order = (n: number, more: Partial<NewEvent> = {}): NewEvent => ({
  type: "order.received",
  subject: `order-${n}`,
  data: { n },
  ...more,
});

/** The chain as anybody can compute it, who has the events. */
function expectChain(events: readonly JournalEvent[]): void {
  let prev = "0".repeat(64);
  for (const [n, { hash, ...event }] of events.entries()) {
    expect(event.seq).toBe(n + 1);
    expect(event.prev_hash).toBe(prev);
    expect(digest("sha256", prev + canonicalJson(event), "hex")).toBe(hash);
    prev = hash;
  }
}

let own: TestJournal;
afterEach(() => own.close());

const all = async (): Promise<JournalEvent[]> => {
  const events: JournalEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await own.service.events({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    events.push(...page.events);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return events;
};

test("a catalog that refuses for long is asked at intervals, however much waits", async () => {
  const lake = await openLake();
  let refused = 0;
  const append = (): never => {
    refused += 1;
    throw new Fault("unavailable", "The catalog is away.");
  };
  own = await openTestJournal("local", { catalog: { ...lake.catalog, append } });
  await own.service.append({ events: [order(0)] });
  await own.service.seal({}).catch((error: unknown) => expect((error as Fault).code).toBe("unavailable"));
  for (let n = 0; n < 11; n += 1)
    await own.service.append({ events: Array.from({ length: 1000 }, (_, at) => order(n * 1000 + at)) });
  await faultOf(own.service.seal({}));
  const before = refused;
  await Bun.sleep(300);
  expect([before, refused]).toEqual([2, 2]);
  await lake.close();
}, 60_000);

describe.each(["local", "remote"] as const)("journald, %s", (topology) => {
  beforeEach(async () => {
    own = await openTestJournal(topology, { segmentBytes: 8 * 1024 });
  });

  test("records one event or many, in one chain that anybody can verify", async () => {
    const one = await own.service.append(order(1, { actor: "ann", at: "2026-11-21T08:00:00+02:00" }));
    expect(one).toMatchObject({ first_seq: 1, last_seq: 1, replayed: false });
    const many = await own.service.append({
      events: [order(2, { causation_id: "e1", data: { b: 1, a: [1.0, "é", null] } }), order(3)],
    });
    expect(many).toMatchObject({ first_seq: 2, last_seq: 3 });
    const events = await all();
    expectChain(events);
    expect(events[0]).toMatchObject({ actor: "ann", at: "2026-11-21T06:00:00.000Z", subject: "order-1" });
    expect(events[1]).toMatchObject({ causation_id: "e1", data: { a: [1, "é", null], b: 1 } });
    expect(events[2]?.hash).toBe(many.head_hash);
    expect(await own.service.verify({})).toEqual({ ok: true, events: 3, head_hash: many.head_hash });
    expect(await own.service.event({ id: present(events[1]).id })).toEqual(present(events[1]));
    expect((await faultOf(own.service.event({ id: "nobody" }))).code).toBe("not_found");
  });

  test("says what is wrong with an event, and records nothing of its batch", async () => {
    const wrong = await faultOf(own.service.append({ events: [order(1), { ...order(2), type: "No Dots" }] }));
    expect([wrong.code, wrong.message]).toEqual([
      "invalid",
      "events.1.type: must be lower-case words separated by dots, such as order.received",
    ]);
    for (const at of ["yesterday", "2026-02-30T00:00:00Z", "0999-01-01T00:00:00Z"])
      expect((await faultOf(own.service.append(order(1, { at })))).code).toBe("invalid");
    expect((await faultOf(own.service.append({ subject: "order-1" }))).message).toContain("type: is missing");
    expect((await faultOf(own.service.append({ ...order(1), events: [order(2)] }))).message).toContain(
      "cannot be given beside events",
    );
    const large = await faultOf(own.service.append(order(1, { data: { text: "x".repeat(300_000) } })));
    expect([large.code, large.message]).toEqual(["too_large", expect.stringContaining("object store")]);
    expect(
      (await faultOf(own.service.append({ events: [order(1, { id: "a" }), order(2, { id: "a" })] }))).code,
    ).toBe("invalid");
    const owned = await faultOf(own.service.append({ events: [order(1), order(2, { id: "fill-2" })] }));
    expect([owned.code, owned.details?.[0]?.path]).toEqual(["forbidden", "events[1].id"]);
    expect((await faultOf(own.service.append(order(1, { id: "pb_1.1" })))).code).toBe("forbidden");
    expect(await all()).toEqual([]);
  });

  test("a retry is recorded once: by its key, by its ids, after a restart too", async () => {
    const keyed = { events: [order(1), order(2)], idempotency_key: "k1" };
    const first = await own.service.append(keyed);
    const raced = await Promise.all(
      Array.from({ length: 5 }, () => own.service.append({ ...order(3), idempotency_key: "k2" })),
    );
    expect(raced.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const named = await own.service.append(order(4, { id: "mine" }));
    await own.restart();
    expect(await own.service.append(keyed)).toEqual({ ...first, replayed: true });
    expect(await own.service.append(order(4, { id: "mine" }))).toEqual({ ...named, replayed: true });
    expect((await faultOf(own.service.append({ ...order(9), idempotency_key: "k1" }))).code).toBe("conflict");
    expect((await faultOf(own.service.append(order(5, { id: "mine" })))).code).toBe("conflict");
    expect(
      (await faultOf(own.service.append({ events: [order(6), order(4, { id: "mine" })] }))).message,
    ).toContain("mine");
    expect(await all()).toHaveLength(4);
  });

  test("finds by type, subject, range and time across segments, page by page", async () => {
    for (let batch = 0; batch < 10; batch += 1) {
      const events = Array.from({ length: 30 }, (_, n): NewEvent => {
        const at = new Date(Date.UTC(2026, 0, 1, batch, n)).toISOString();
        return order(n % 7, { type: n % 10 === 0 ? "no_show" : "order.received", at });
      });
      await own.service.append({ events });
    }
    await own.restart();
    const every = await all();
    expectChain(every);
    expect((await own.service.status({})).segments).toBeGreaterThan(3);
    const found: JournalEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await own.service.events({
        type: "no_show",
        subject: "order-3",
        limit: 2,
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.events);
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(found).toEqual(every.filter(({ type, subject }) => type === "no_show" && subject === "order-3"));
    const { events: range } = await own.service.events({ after: 35, until: 42, type: "order.received" });
    expect(range.map(({ seq }) => seq)).toEqual([36, 37, 38, 39, 40, 42]);
    const early = await own.service.events({ until: "2026-01-01T01:04:00Z", limit: 1000 });
    expect(early.events.at(-1)?.seq).toBe(35);
    expect((await own.service.events({ type: "late_cancel" })).events).toEqual([]);
    const { events: newest } = await own.service.events({ type: "no_show", last: 5 });
    expect(newest).toEqual(every.filter(({ type }) => type === "no_show").slice(-5));
    const followed = await firstOf(own.service.tail({ subject: "order-3", last: 3 }), 3);
    expect(followed).toEqual(every.filter(({ subject }) => subject === "order-3").slice(-3));
  });

  test("a listener gets each event once and in order, across reconnects and beside many writers", async () => {
    const seen: JournalEvent[] = [];
    const listen = async (): Promise<void> => {
      while (seen.length < 400) {
        const lastId = seen.at(-1)?.seq;
        const stream = own.service.tail(
          lastId === undefined ? { after: 0 } : { last_event_id: String(lastId) },
        );
        let got = 0;
        for await (const event of stream) {
          seen.push(event);
          got += 1;
          if (got === 70 || seen.length === 400) break;
        }
      }
    };
    const listening = listen();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; n < 10; n += 1)
        await own.service.append({
          events: Array.from({ length: 5 }, (__, at) => order(writer * 1000 + n * 10 + at)),
        });
    });
    await Promise.all(writers);
    await listening;
    expectChain(seen);
    expect(seen).toEqual(await all());
    const [newest] = await firstOf(own.service.tail({ last: 1, type: "order.received" }), 1);
    expect(newest).toEqual(present(seen.at(-1)));
  });

  test("exports lines of JSON", async () => {
    await own.service.append({ events: Array.from({ length: 40 }, (_, n) => order(n)) });
    const { body } = await own.service.export({ after: 10, until: 30 });
    const lines = (await new Response(body).text()).trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as JournalEvent).seq)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 11),
    );
  });

  test("is a dataset: SQL sees what was sealed, each event once, whatever happened to it in between", async () => {
    await own.service.append({ events: [order(1, { actor: "ann", causation_id: "x" }), order(2)] });
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 2, rows: 2 });
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 2, rows: 0 });
    await own.service.append({ events: Array.from({ length: 50 }, (_, n) => order(n)) });
    await own.restart();
    const [a, b] = await Promise.all([own.service.seal({}), own.service.seal({})]);
    expect([a.sealed_seq, b.sealed_seq]).toEqual([52, 52]);
    const rows = async (): Promise<readonly unknown[]> => {
      const sql =
        "SELECT count(*) AS n, count(DISTINCT seq) AS seqs, max(seq) AS last, sum((data->>'n')::INT) AS sum FROM journal";
      return (await own.query.sql({ sql })).rows;
    };
    const sum = String(3 + (49 * 50) / 2);
    expect((await rows()).map((row) => JSON.stringify(row))).toEqual([
      expect.stringMatching(new RegExp(`"n":52,"seqs":52,"last":52,"sum":"?${sum}"?`)),
    ]);
    const {
      rows: [row],
    } = await own.query.sql({ sql: "SELECT * FROM journal WHERE seq = 1" });
    const [event] = (await own.service.events({ limit: 1 })).events;
    expect(row).toMatchObject({
      hash: present(event).hash,
      actor: "ann",
      data: '{"n":1}',
      causation_id: "x",
    });
    // An append that was cut off before its reply, and is made again with more events.
    await own.service.append(order(53));
    await own.lake.catalog.append({
      dataset: "journal",
      rows: [{ ...present((await own.service.events({ after: 52 })).events[0]), data: '{"n":53}' }],
      idempotency_key: "journal-53",
    });
    await own.service.append(order(54));
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 54, rows: 1 });
    // Rolled back, and dropped: it is made again.
    const { snapshots } = await own.lake.catalog.snapshots({ dataset: "journal" });
    await own.lake.catalog.rollback({
      dataset: "journal",
      snapshot_id: present(snapshots.find(({ rows }) => rows === 2)).snapshot_id,
    });
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 54, rows: 52 });
    await own.lake.catalog.drop({ dataset: "journal", purge: false });
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 54, rows: 54 });
  }, 60_000);

  test("whatever an event holds, its row is the same event to the byte", async () => {
    const at = fc.date({
      min: new Date("1000-01-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    });
    const word = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
      .filter((text) => !/\p{Cc}/u.test(text));
    const wild = fc.record(
      {
        subject: word,
        actor: word,
        at: at.map((date) => date.toISOString()),
        data: fc.dictionary(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: ["subject", "data"] },
    );
    // As it arrives over the wire, which refuses that key.
    const texts = fc.sample(
      wild.map((event) => JSON.stringify(event)).filter((text) => !text.includes("__proto__")),
      {
        numRuns: 200,
        seed: 1,
      },
    );
    const events = texts.map((text): NewEvent => {
      return { type: "order.parsed", ...(JSON.parse(text) as { subject: string }) };
    });
    await own.service.append({ events });
    expect(await own.service.seal({})).toMatchObject({ rows: 200 });
    expectChain(await all());
    const { rows } = await own.query.sql({ sql: "SELECT * FROM journal ORDER BY seq", limit: 1000 });
    const back = rows.map((row) => decodeRecord(recordOf(row) ?? new Uint8Array())?.event);
    expect(back).toEqual(await all());
    const odd = [{ subject: "a\u0000b" }, { at: "9999-12-31T23:59:59-01:00" }, { data: { text: "\ud800" } }];
    for (const more of odd) expect((await faultOf(own.service.append(order(1, more)))).code).toBe("invalid");
  }, 60_000);

  test("an altered byte is told at start, by every call and by verify, until it is repaired from the dataset", async () => {
    for (let n = 0; n < 40; n += 1) await own.service.append({ events: [order(n), order(n + 100)] });
    await own.service.seal({});
    await own.service.append({ events: [order(1000), order(1001)] });
    const before = await all();
    const [first] = segmentFiles();
    await own.restart(() => flip(join(own.folder, present(first)), 700));
    const told = [
      own.service.append(order(1)),
      own.service.events({}),
      own.service.event({ id: "x" }),
      own.service.status({}),
      own.service.seal({}),
      firstOf(own.service.tail({}), 1),
      own.service.export({}),
    ];
    for (const call of told) {
      const fault = await faultOf(call);
      expect([fault.code, fault.message]).toEqual(["internal", expect.stringContaining(present(first))]);
    }
    expect(own.stats().damaged).toEqual(["the journal"]);
    const found = await own.service.verify({});
    expect(found).toMatchObject({ ok: false, problem: expect.stringContaining(present(first)) });
    expect(found.first_bad_seq).toBeLessThanOrEqual(80);
    const repaired = await own.service.repair({});
    expect(repaired).toMatchObject({ lost: [], kept_as: "journal.damaged-1" });
    expect(repaired.restored).toBeGreaterThan(0);
    const after = await all();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.at(-1)).toMatchObject({ type: "journal.repaired", data: { lost: [] } });
    expect(await own.service.verify({})).toMatchObject({ ok: true, events: 83 });
    expect(own.stats().damaged).toEqual([]);
    await own.restart();
    expectChain(await all());
  }, 60_000);

  test("a tail that was cut is damage; what is nowhere is named as lost, and the chain goes on", async () => {
    await own.service.append({ events: [order(1), order(2)] });
    await own.service.append(order(3));
    const [only] = segmentFiles();
    const path = join(own.folder, present(only));
    await own.restart(() => truncateSync(path, readFileSync(path).length - 10));
    expect((await faultOf(own.service.append(order(4)))).code).toBe("internal");
    expect(await own.service.verify({})).toMatchObject({ ok: false, events: 2, first_bad_seq: 3 });
    expect(await own.service.repair({})).toMatchObject({ lost: [{ from: 3, to: 3 }], restored: 0 });
    await own.service.append(order(5));
    await own.restart();
    expect((await own.service.status({})).lost).toEqual([{ from: 3, to: 3 }]);
    expect((await all()).map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      "1 order.received",
      "2 order.received",
      "4 journal.repaired",
      "5 order.received",
    ]);
    expect(await own.service.verify({})).toMatchObject({ ok: true, events: 4, lost: [{ from: 3, to: 3 }] });
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 5, rows: 4 });
    await own.service.append(order(6));
    expect(await own.service.seal({})).toMatchObject({ sealed_seq: 6, rows: 1 });
  }, 60_000);

  test("repairs that are asked for at once are one, and one is given up when the journal closes", async () => {
    for (let n = 0; n < 40; n += 1) await own.service.append({ events: [order(n), order(n + 100)] });
    await own.service.seal({});
    const before = await all();
    const [first] = segmentFiles();
    await own.restart(() => flip(join(own.folder, present(first)), 700));
    const repairs = Array.from({ length: 4 }, () => own.service.repair({}));
    for (const repaired of await Promise.all(repairs)) expect(repaired).toMatchObject({ lost: [] });
    expect((await all()).slice(0, before.length)).toEqual(before);
    expect((await all()).slice(before.length).map(({ type }) => type)).toEqual(["journal.repaired"]);
    await own.restart(() => flip(join(own.folder, present(first)), 700));
    const late = faultOf(own.service.repair({}));
    await own.restart();
    expect((await late).code).toBe("unavailable");
    expect(await own.service.repair({})).toMatchObject({ lost: [], kept_as: "journal.damaged-2" });
    expectChain(await all());
  }, 60_000);

  test("a journal that is gone is no new one where its dataset has events", async () => {
    await own.service.append({ events: [order(1), order(2), order(3)] });
    const before = await all();
    await own.service.seal({});
    await own.restart(() => rmSync(own.folder, { recursive: true }));
    expect((await faultOf(own.service.append(order(4)))).message).toContain("3 events");
    expect(await own.service.repair({})).toMatchObject({ restored: 3, lost: [] });
    expect((await all()).slice(0, 3)).toEqual(before);
  }, 60_000);

  test("a journal that is gone before any of it was sealed is no new one either, until it is repaired", async () => {
    await own.service.append(order(1));
    await own.restart(() => rmSync(own.folder, { recursive: true }));
    expect(await faultOf(own.service.append(order(2)))).toMatchObject({ code: "internal" });
    await own.service.repair({});
    await own.service.append(order(3));
    expect((await all()).map(({ type }) => type)).toEqual(["journal.repaired", "order.received"]);
  }, 60_000);

  test("a journal whose witness cannot be written is opened all the same, and its health says so", async () => {
    await own.service.append(order(1));
    const before = await all();
    const witnesses = join(own.folder, "../witnesses");
    await own.restart(() => {
      rmSync(witnesses, { recursive: true });
      writeFileSync(witnesses, "no folder");
    });
    expect(await all()).toEqual(before);
    expect(own.stats().failures).toHaveProperty("witness of the journal");
    await own.service.append(order(2));
  }, 60_000);

  test("indexes are made again from their segments, and never trusted when they are damaged", async () => {
    for (let n = 0; n < 60; n += 1) await own.service.append({ events: [order(n), order(n)] });
    const before = await all();
    await own.restart();
    for (const harm of ["flip", "cut", "empty", "remove"] as const) {
      await own.restart(() => {
        for (const name of readdirSync(own.folder).filter((each) => each.startsWith("index-"))) {
          const path = join(own.folder, name);
          if (harm === "remove") rmSync(path);
          else if (harm === "empty") truncateSync(path, 0);
          else if (harm === "cut") truncateSync(path, readFileSync(path).length - 100);
          else flip(path, 5);
        }
      });
      expect(await all()).toEqual(before);
      expect((await own.service.events({ subject: "order-3" })).events).toHaveLength(2);
    }
  });
});

function segmentFiles(): string[] {
  return readdirSync(own.folder)
    .filter((name) => name.startsWith("log-"))
    .sort();
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
  writeFileSync(path, bytes);
}

async function firstOf<T>(stream: AsyncIterable<T>, count: number): Promise<T[]> {
  const got: T[] = [];
  for await (const each of stream) {
    got.push(each);
    if (got.length === count) break;
  }
  return got;
}
