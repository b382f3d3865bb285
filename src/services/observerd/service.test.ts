import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { observe, type Observed, type ObservedEvent } from "#contracts/observe";
import type { InputOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { listen, type Listener } from "#rpc/listen";
import { implement, local } from "#rpc/local";
import { remote } from "#rpc/remote";
import { routes } from "#rpc/serve";
import { observerd, type ObserverdDeps } from "./service.ts";

interface Started {
  readonly service: Service<typeof observe>;
  readonly daemon: Daemon<typeof observe>;
  stop(): Promise<void>;
}

async function start(
  topology: "local" | "remote",
  folder: string,
  deps: Partial<ObserverdDeps> = {},
): Promise<Started> {
  const daemon = await observerd({
    folder: join(folder, "observer"),
    diskBytesMax: 64 * 1024 * 1024,
    ...deps,
  });
  const implementation = implement(observe, "observerd", daemon.handlers, { checkOutputs: true });
  let listener: Listener | undefined;
  let service: Service<typeof observe> = local(implementation);
  if (topology === "remote") {
    const unix = join(folder, "observerd.sock");
    listener = listen({ origin: "observerd", at: { unix }, routes: routes(implementation) });
    service = remote(observe, { unix }, { origin: "observerd" });
  }
  return {
    service,
    daemon,
    stop: async () => {
      await listener?.stop(1000);
      await daemon.close();
    },
  };
}

const event = (kind: string, more: Partial<Observed> = {}): Observed => ({ source: "test", kind, ...more });
const segmentsIn = (folder: string): string[] =>
  readdirSync(join(folder, "observer")).filter((name) => name.endsWith(".ndjson"));

const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("There was no fault.");
};

describe.each(["local", "remote"] as const)("observerd, %s", (topology) => {
  const folder = mkdtempSync(join(tmpdir(), "observerd-test-"));
  let own: Started;
  beforeAll(async () => {
    own = await start(topology, folder);
  });
  afterAll(async () => {
    await own.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const record = async (many: readonly Observed[]): Promise<number[]> => {
    const seqs: number[] = [];
    for (const one of many) {
      const { dropped, seq } = await own.service.record(one);
      expect(dropped).toBe(false);
      seqs.push(seq ?? 0);
    }
    return seqs;
  };
  const written = async (): Promise<void> => {
    while ((await own.service.stats({})).queue.used > 0) await Bun.sleep(10);
  };

  test("an idle recorder has no folder", async () => {
    expect((await own.service.events({})).events).toEqual([]);
    expect(() => statSync(join(folder, "observer"))).toThrow();
  });

  test("events are numbered one after the other and found by every filter, page by page", async () => {
    const seqs = await record([
      event("a", { subject: "s1", level: "debug" }),
      event("b", { source: "other", level: "error" }),
      event("a", { subject: "s2", data: { took_ms: 3 } }),
    ]);
    expect(seqs).toEqual([1, 2, 3]);
    const found = async (filter: InputOf<typeof observe.events>): Promise<number[]> =>
      (await own.service.events(filter)).events.map(({ seq }) => seq);
    expect(await found({})).toEqual([1, 2, 3]);
    expect(await found({ kind: "a" })).toEqual([1, 3]);
    expect(await found({ source: "other" })).toEqual([2]);
    expect(await found({ subject: "s2" })).toEqual([3]);
    expect(await found({ level: "info" })).toEqual([2, 3]);
    const first = await own.service.events({ after: 0, limit: 2 });
    expect([first.events.length, first.next_after, first.missing]).toEqual([2, 2, 0]);
    expect((await own.service.events({ after: first.next_after })).events.map(({ seq }) => seq)).toEqual([3]);
  });

  test("what a person or a key could be known by is not kept, and content not at all", async () => {
    await record([
      event("chat", {
        subject: "ann.lee@example.com",
        data: {
          input: "Call Ann",
          messages: [{ content: "x" }],
          note: "call (217) 555-0134 or mail ann.lee@example.com, ssn 123-45-6789, Bearer abcdefgh12345678",
          api_key: "something",
          nested: { authorization: "Basic Zm9vOmJhcg==", deep: ["lk_0123456789abcdef", 7] },
          input_tokens: 12,
        },
      }),
    ]);
    const [kept] = (await own.service.events({ kind: "chat" })).events;
    expect(kept).toMatchObject({
      subject: "[email]",
      data: {
        note: "call [phone] or mail [email], ssn [ssn], Bearer [key]",
        api_key: "[redacted]",
        nested: { authorization: "[redacted]", deep: ["[key]", 7] },
        input_tokens: 12,
      },
    });
    expect(Object.keys(kept?.data ?? {}).sort()).toEqual(["api_key", "input_tokens", "nested", "note"]);
  });

  test("a listener gets what comes, by its filter, until it stops", async () => {
    const got: string[] = [];
    const seen: { begun?: number } = {};
    const stop = new AbortController();
    const listening = (async () => {
      for await (const step of own.service.tail({ kind: "tailed" }, { signal: stop.signal })) {
        if (step.event === "begin") seen.begun = step.after;
        if (step.event === "observed") got.push(step.subject ?? "");
        if (got.length === 3) break;
      }
    })();
    while (seen.begun === undefined) await Bun.sleep(5);
    expect(seen.begun).toBe((await own.service.stats({})).last_seq);
    for (const subject of ["1", "2", "3"]) await record([event("tailed", { subject }), event("other")]);
    await listening;
    expect(got).toEqual(["1", "2", "3"]);
    while (own.daemon.stats?.()["listeners"] !== 0) await Bun.sleep(5);
  });

  test("events are there after a stop, with their numbers, and after a kill no number is given out twice", async () => {
    const before = await own.service.events({ after: 0, limit: 1000 });
    await own.stop();
    own = await start(topology, folder);
    const after = await own.service.events({ after: 0, limit: before.events.length });
    expect(after).toEqual({ ...before, next_after: before.events.at(-1)?.seq ?? 0 });
    const [next] = await record([event("again")]);
    // One more than the event with which it stopped.
    expect(next).toBe(before.next_after + 2);
    await written();
    await own.stop();
    // As a kill leaves it: half a line in place of the event of a stop.
    const path = join(folder, "observer", segmentsIn(folder).sort().at(-1) ?? "");
    const lines = readFileSync(path, "utf8").trimEnd().split("\n").slice(0, -1);
    writeFileSync(path, `${lines.join("\n")}\nabcdef12 {"seq":`);
    const revived = await start("local", folder);
    const { seq = 0 } = await revived.service.record(event("revived"));
    expect(seq).toBeGreaterThan((next ?? 0) + 1);
    const page = await revived.service.events({ after: next ?? 0 });
    expect([page.events.map(({ kind }) => kind), page.missing]).toEqual([["revived"], seq - (next ?? 0) - 1]);
    // Half a line is what a kill leaves, and no damage.
    expect((await revived.service.stats({})).disk.damaged_lines).toBe(0);
    await revived.stop();
    own = await start(topology, folder);
  });

  test("a flipped bit loses its event, says so, and makes no other one of it", async () => {
    const [seq = 0] = await record([event("flipped", { subject: "flip me" }), event("behind")]);
    await own.stop();
    for (const name of segmentsIn(folder)) {
      const path = join(folder, "observer", name);
      const bytes = readFileSync(path);
      const at = bytes.indexOf("flip me");
      if (at === -1) continue;
      bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
      writeFileSync(path, bytes);
    }
    own = await start(topology, folder);
    const page = await own.service.events({ after: seq - 1, limit: 1 });
    expect(page.events.map(({ kind }) => kind)).toEqual(["behind"]);
    expect(page.missing).toBe(1);
    expect(await own.service.verify({})).toMatchObject({ damaged_lines: 1 });
  });

  test.each([
    ["at the end of a line", 0],
    ["within a line", 9],
  ])("a file that was cut %s is never reported with nothing missing", async (_, more) => {
    const place = mkdtempSync(join(tmpdir(), "observerd-cut-"));
    const restarted = async (): Promise<Started> => start(topology, place);
    const cut = (name: string): void => {
      const path = join(place, "observer", name);
      const lines = readFileSync(path, "utf8").trimEnd().split("\n");
      const kept = `${lines.slice(0, -2).join("\n")}\n`;
      writeFileSync(path, kept + (lines.at(-2) ?? "").slice(0, more));
    };
    try {
      for (const subject of ["first", "second"]) {
        const one = await restarted();
        for (let n = 0; n < 4; n += 1) await one.service.record(event("cut", { subject }));
        await one.stop();
      }
      const [older = "", newer = ""] = segmentsIn(place).sort();
      // What stood in it is an event and the one of the stop; the next file begins where it ended.
      cut(older);
      let one = await restarted();
      for (const page of [{}, { after: 0 }, { kind: "cut" }, { kind: "cut", limit: 7 }])
        expect([page, (await one.service.events(page)).missing]).toEqual([page, 2]);
      expect((await one.service.events({ kind: "cut", limit: 4 })).missing).toBe(0);
      expect((await one.service.verify({})).missing).toBe(2);
      await one.stop();
      // Nothing behind the newest says how many there were: room is left for what may have been.
      cut(newer);
      one = await restarted();
      for (const page of [{}, { after: 0 }])
        expect((await one.service.events(page)).missing).toBeGreaterThan(2);
      expect((await one.service.verify({})).missing).toBeGreaterThan(2);
      await one.stop();
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  test("a file in the place of another holds nothing of what stood there, and a list says so", async () => {
    const place = mkdtempSync(join(tmpdir(), "observerd-swapped-"));
    const run = async (subject: string): Promise<void> => {
      const one = await start(topology, place);
      for (let n = 0; n < 4; n += 1) await one.service.record(event("kept", { subject }));
      await one.stop();
    };
    try {
      for (const subject of ["first", "second", "third"]) await run(subject);
      const files = segmentsIn(place)
        .sort()
        .map((name) => join(place, "observer", name));
      const whole = files.map((path) => readFileSync(path));
      for (const [from, to] of [
        [0, 2],
        [0, 1],
        [2, 0],
        [1, 2],
      ] as const) {
        files.forEach((path, at) => writeFileSync(path, whole[at] ?? ""));
        writeFileSync(files[to] ?? "", whole[from] ?? "");
        const one = await start(topology, place);
        const page = await one.service.events({ after: 0, kind: "kept", limit: 100 });
        expect(page.events.map(({ seq }) => seq)).toEqual(
          [...new Set(page.events.map(({ seq }) => seq))].sort((a, b) => a - b),
        );
        expect([page.events.length, page.missing >= 4]).toEqual([8, true]);
        const { seq: next = 0 } = await one.service.record(event("next"));
        expect(next).toBeGreaterThan(15);
        expect((await one.service.stats({})).disk.damaged_lines).toBeGreaterThanOrEqual(5);
        await one.stop();
        rmSync(join(place, "observer", segmentsIn(place).sort().at(-1) ?? ""));
      }
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  });

  test("an event that is too large is dropped and counted; what is not kept of one does not make it so", async () => {
    const before = (await own.service.stats({})).dropped;
    const notes = Array.from({ length: 20 }, () => "x ".repeat(4000));
    expect(await own.service.record({ source: "a", kind: "huge", data: { notes } })).toEqual({
      dropped: true,
    });
    expect((await own.service.stats({})).dropped).toBe(before + 1);
    const data = { prompt: "x ".repeat(40_000), took_ms: 5 };
    expect((await own.service.record({ source: "a", kind: "long", data })).dropped).toBe(false);
    expect((await own.service.events({ kind: "long" })).events.map((event) => event.data)).toEqual([
      { took_ms: 5 },
    ]);
  });

  test("alert rules are kept, measured, fire as events, and are removed", async () => {
    const { service } = own;
    const rule = {
      rule: "errors",
      measure: "error_rate",
      source: "shop",
      threshold: 0.2,
      min_events: 4,
    } as const;
    expect(await service.putRule(rule)).toMatchObject({ state: "no_data", value: null });
    await record(
      [1, 2, 3, 4].map((at) => event("sale", { source: "shop", level: at < 3 ? "error" : "info" })),
    );
    const [firing] = (await service.rules({})).rules;
    expect(firing).toMatchObject({ rule: "errors", state: "firing", value: 0.5 });
    const [alert] = (await service.events({ kind: "alert" })).events;
    expect(alert).toMatchObject({
      source: "observerd",
      subject: "errors",
      level: "warn",
      data: { state: "firing" },
    });
    expect((await service.stats({})).alerts_firing).toBe(1);
    await record(Array.from({ length: 20 }, () => event("sale", { source: "shop" })));
    expect((await service.rules({})).rules[0]?.state).toBe("ok");
    await own.stop();
    own = await start(topology, folder);
    expect((await own.service.rules({})).rules.map(({ rule }) => rule)).toEqual(["errors"]);
    await own.service.dropRule({ rule: "errors" });
    expect((await own.service.rules({})).rules).toEqual([]);
    expect((await faultOf(own.service.dropRule({ rule: "errors" }))).code).toBe("not_found");
  });

  test("damaged rules are told by every call about them, and events go on", async () => {
    await own.service.putRule({ rule: "kept", measure: "count", threshold: 1 });
    await own.stop();
    const path = join(folder, "observer", "rules.json");
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, whole.replace('"threshold":1', '"threshold":9'));
    own = await start(topology, folder);
    expect((await faultOf(own.service.rules({}))).code).toBe("internal");
    expect((await faultOf(own.service.putRule({ rule: "x", measure: "count", threshold: 1 }))).code).toBe(
      "internal",
    );
    expect(own.daemon.stats?.().damaged).toEqual(["observer/rules.json"]);
    await record([event("goes on")]);
    await own.stop();
    writeFileSync(path, whole);
    own = await start(topology, folder);
    expect((await own.service.rules({})).rules.map(({ rule }) => rule)).toEqual(["kept"]);
  });

  test("there may be no more rules than anyone reads", async () => {
    for (let at = 1; at < 200; at += 1)
      await own.service.putRule({ rule: `r${at}`, measure: "count", threshold: at });
    const fault = await faultOf(own.service.putRule({ rule: "more", measure: "count", threshold: 1 }));
    expect(fault.code).toBe("rejected");
  });

  test("a queue that is full drops, counts, and answers all the same", async () => {
    const other = mkdtempSync(join(tmpdir(), "observerd-full-"));
    const full = await start("local", other);
    const big = event("big", { data: { note: "x".repeat(4000) } });
    const answers = await Promise.all(Array.from({ length: 6000 }, () => full.service.record(big)));
    const dropped = answers.filter((answer) => answer.dropped).length;
    expect(dropped).toBeGreaterThan(0);
    expect((await full.service.stats({})).dropped).toBe(dropped);
    await full.stop();
    rmSync(other, { recursive: true, force: true });
  });

  test("a folder that is a file costs the disk's copy and nothing else", async () => {
    const other = mkdtempSync(join(tmpdir(), "observerd-file-"));
    const started = await start("local", other);
    writeFileSync(join(other, "observer"), "in the way");
    expect((await started.service.record(event("kept in memory"))).dropped).toBe(false);
    while ((await started.service.stats({})).unwritten === 0) await Bun.sleep(20);
    expect((await started.service.stats({})).disk.problem).toBeDefined();
    expect((await started.service.events({})).events.map(({ kind }) => kind)).toEqual(["kept in memory"]);
    rmSync(join(other, "observer"));
    await started.service.record(event("written"));
    while (segmentsOrNone(other).length === 0) await Bun.sleep(20);
    await started.stop();
    rmSync(other, { recursive: true, force: true });
  });

  test("the disk's share has an end: the oldest segments go, and a list says what is missing", async () => {
    const other = mkdtempSync(join(tmpdir(), "observerd-disk-"));
    const bounded = await start("local", other, { diskBytesMax: 8 * 1024 * 1024 });
    const big = event("big", { data: { note: "x".repeat(7000) } });
    for (let round = 0; round < 8; round += 1) {
      for (let at = 0; at < 400; at += 1) await bounded.service.record(big);
      while ((await bounded.service.stats({})).queue.used > 0) await Bun.sleep(10);
    }
    const { disk, last_seq } = await bounded.service.stats({});
    expect(last_seq).toBe(3200);
    expect(disk.bytes).toBeLessThanOrEqual(disk.bytes_max);
    expect(disk.bytes).toBeGreaterThan(4 * 1024 * 1024);
    let page = await bounded.service.events({ after: 0, limit: 1000 });
    let [seen, missing] = [page.events.length, page.missing];
    expect(missing).toBeGreaterThan(0);
    while (page.next_after < last_seq) {
      page = await bounded.service.events({ after: page.next_after, limit: 1000 });
      seen += page.events.length;
      missing += page.missing;
    }
    expect(seen + missing).toBe(last_seq);
    const newest: ObservedEvent[] = (await bounded.service.events({ limit: 3 })).events;
    expect(newest.map(({ seq }) => seq)).toEqual([3198, 3199, 3200]);
    await bounded.stop();
    rmSync(other, { recursive: true, force: true });
  });
});

function segmentsOrNone(folder: string): string[] {
  try {
    return segmentsIn(folder);
  } catch {
    return [];
  }
}
