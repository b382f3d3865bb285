// What proves a cutover, in both topologies, against stand-ins of both older sides: calls are recorded and replayed, both sides are
// probed with generated inputs, and writes go to both. Each known fault of an older program is planted once and must be found.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import { distillationHere } from "../../src/cli/commands/parity/distillation.ts";
import { reconcile } from "#cutover/dual/reconcile";
import { reconcileReport } from "#cutover/dual/reconcile-report";
import { changeLedger, ledgerPath } from "#cutover/ledger/ledger-file";
import { overall } from "#cutover/parity/parity-report";
import type { ProbeName } from "#cutover/parity/probe";
import { type EndpointVerdict, runProbe } from "#cutover/parity/run";
import { PROBES } from "#cutover/parity/table";
import { readRecording } from "#cutover/record/read-recording";
import { recordingPath } from "#cutover/record/recorder";
import { withRecording } from "#cutover/record/recordings";
import { type Replayed, replay } from "#cutover/record/replay";
import { addressSide, houseSide, type Side } from "#cutover/side";
import { seeded } from "#lib/random";
import { SURFACE_PREFIXES } from "#topology/fronts";
import { type TestHouse, startHouse, TOPOLOGIES } from "../house/house.ts";
import type { OlderFaults } from "./older-side-server.ts";
import { type OlderSide, startOlderSide } from "./older-side.ts";

const START_MS_MAX = 240_000;
const DIALECTS = ["go", "rust"] as const;
type Dialect = (typeof DIALECTS)[number];
const CORPUS = {
  dataset: "workers",
  id: "worker_id",
  text: "{role} in {city}, {state}",
  fields: { name: "text", role: "keyword", city: "keyword", state: "keyword" },
};

interface Recording {
  readonly id: string;
  readonly so_far?: { readonly calls: number };
  readonly end?: { readonly why: string; readonly calls: number; readonly lost: Record<string, number> };
}

/** Each topology probes one dialect: both codecs and both ways through the house are met, and none twice. */
const DIALECT_OF = { together: "go", apart: "rust" } as const;

describe.each(TOPOLOGIES)("the proof of a cutover, %s", (topology) => {
  const dialect = DIALECT_OF[topology];
  let house: TestHouse;
  let older: Record<Dialect, OlderSide>;
  const files = mkdtempSync(join(tmpdir(), "proof-"));
  beforeAll(async () => {
    const [go, rust] = await Promise.all([startOlderSide("go"), startOlderSide("rust")]);
    older = { go, rust };
    house = await startHouse(topology, { go_upstream: go.url, rust_upstream: rust.url });
    const workers = [...toCsv(generateWorkers({ seed: 1, count: 100, today: "2026-11-21" }))].join("");
    const type = { headers: { "content-type": "text/csv" } };
    await house.ask("/v1/ingest?dataset=workers", { method: "POST", body: workers, ...type });
    await house.json("/v1/validate/rosters/default/load", {});
    await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(CORPUS) });
    await (
      await house.ask("/v1/matrix/corpora/workers", { headers: { accept: "text/event-stream" } })
    ).text();
    for (const dialect of DIALECTS) await older[dialect].set({ oracle: house.url });
  }, START_MS_MAX);
  afterAll(async () => {
    await house.close();
    await Promise.all(DIALECTS.map((dialect) => older[dialect].stop()));
    rmSync(files, { recursive: true, force: true });
  });

  const side = (backend: "native" | "upstream"): Side =>
    houseSide({ url: house.url, key: "", backend, name: backend, prefixes: SURFACE_PREFIXES });
  const embed = (text: string): Promise<Response> =>
    house.ask("/_go/v1/embed", { method: "POST", body: JSON.stringify({ texts: [text] }) });
  const recordings = async (): Promise<Recording[]> =>
    (await house.json<{ recordings: Recording[] }>("/v1/cutover/recordings")).recordings;
  const eventsOf = async (type: string, count: number): Promise<{ subject: string; data: unknown }[]> => {
    for (let tries = 0; ; tries += 1) {
      const { events } = await house.json<{ events: { subject: string; data: unknown }[] }>(
        `/v1/journal/events?type=${type}&limit=100`,
      );
      if (events.length >= count || tries === 200) return events;
      await Bun.sleep(50);
    }
  };
  const replayed = async (path: string, to: Side, against: "native" | "go"): Promise<Replayed> => {
    const file = await readRecording(path);
    try {
      return await replay({
        calls: file.each(),
        side: to,
        against,
        rate: 50,
        compare: true,
        writes: false,
        signal: new AbortController().signal,
      });
    } finally {
      await file.close();
    }
  };

  test("calls of an upstream are recorded, redacted, and replayed against both sides", async () => {
    const started = await house.json<Recording>("/v1/cutover/recordings", {
      for_ms: 600_000,
      routes: ["go:*", "native:embed.embed"],
      why: "before the move",
    });
    for (const text of ["welder", "line cook", "loader"]) expect((await embed(text)).status).toBe(200);
    await embed("call ann.lee@example.com or 555-123-4567");
    await house.json("/v1/embed", { texts: ["native"] });
    // Another surface, which nobody asked for.
    await house.ask("/api/ai/embed", { method: "POST", body: JSON.stringify({ texts: ["rust"] }) });
    await house.ask("/_go/v1/storage/recorded", { method: "PUT", body: "x" });
    const stopped = await house.ask(`/v1/cutover/recordings/${started.id}/stop`, { method: "POST" });
    const { end } = (await stopped.json()) as Recording;
    expect(end).toMatchObject({ why: "stopped", calls: 6, lost: { queue: 0, bodies: 0, redacted: 1 } });
    const text = await (await house.ask(`/v1/cutover/recordings/${started.id}`)).text();
    expect(text).not.toContain("ann.lee");
    expect(text).not.toContain("555-123");
    expect(statSync(recordingPath(house.settings.data, started.id)).mode & 0o777).toBe(0o600);
    const path = join(files, "calls.jsonl");
    writeFileSync(path, text);

    const here = await replayed(path, side("native"), "native");
    const go = here.routes.find(({ route }) => route === "go:embed.embed");
    expect(go).toMatchObject({ sent: 3, same: 3, different: 0 });
    expect(here.routes.find(({ route }) => route === "native:embed.embed")).toMatchObject({
      sent: 1,
      same: 1,
    });
    expect(Object.fromEntries(here.skipped)).toEqual({
      "redacted: email, phone": 1,
      "not declared to read: needs --writes": 1,
    });
    // A replay is not recorded, and says which side answers, whatever the ledger says.
    await older.go.set({ raw_vectors: true });
    const there = await replayed(path, side("upstream"), "go");
    expect(there.routes[0]).toMatchObject({ sent: 3, same: 0, explained: 3 });
    await older.go.set({ raw_vectors: false, broken: true });
    const broken = await replayed(path, addressSide(older.go.url), "go");
    expect(broken.routes[0]).toMatchObject({ sent: 3, different: 3 });
    await older.go.set({ broken: false });
    expect((await eventsOf("cutover.recording_ended", 1))[0]).toMatchObject({
      subject: started.id,
      data: { why: "stopped", calls: 6 },
    });
  }, 120_000);

  test("a recording that another process starts holds within a second, ends by itself, and goes on after a restart", async () => {
    const path = ledgerPath(house.settings.data);
    const id = "rec-by-hand";
    const wish = { forMs: 60_000, actor: "ann", reason: "", routes: ["go:*"] };
    await changeLedger(path, (before) => withRecording(before, wish, { now: Date.now(), id }));
    const begun = Date.now();
    let calls = 0;
    while (calls === 0 && Date.now() - begun < 30_000) {
      await embed("welder");
      calls = (await recordings()).find((one) => one.id === id)?.so_far?.calls ?? 0;
    }
    expect(calls).toBeGreaterThan(0);
    // The gateway's process is the same code in both; a start of all daemons takes its time.
    const restarts = topology === "together";
    // The oracle's address goes with the house; the next one has another.
    if (restarts) house = await house.restart();
    for (const one of DIALECTS) await older[one].set({ oracle: house.url });
    for (
      let tries = 0;
      tries < 200 && (await recordings()).find((one) => one.id === id)?.so_far === undefined;
      tries += 1
    ) {
      await Bun.sleep(50);
    }
    await embed("loader");
    await house.ask(`/v1/cutover/recordings/${id}/stop`, { method: "POST" });
    const file = await readRecording(recordingPath(house.settings.data, id));
    expect([file.gaps, file.unreadable, file.calls > calls]).toEqual([restarts ? 1 : 0, 0, true]);
    await file.close();
    const short = await house.json<Recording>("/v1/cutover/recordings", { for_ms: 300 });
    const other = await house.ask("/v1/cutover/recordings", { method: "POST", body: '{"for_ms":1000}' });
    expect(other.status).toBe(409);
    let ended: Recording | undefined;
    for (let tries = 0; tries < 400 && ended?.end === undefined; tries += 1) {
      await Bun.sleep(25);
      ended = (await recordings()).find((one) => one.id === short.id);
    }
    expect(ended?.end?.why).toBe("time");
    expect((await house.ask(`/v1/cutover/recordings/${short.id}`, { method: "DELETE" })).status).toBe(200);
    expect((await house.ask(`/v1/cutover/recordings/${short.id}`)).status).toBe(404);
  }, 240_000);

  const probe = (name: ProbeName): Promise<EndpointVerdict[]> =>
    runProbe(PROBES[name], {
      dialect,
      random: seeded(7),
      count: 6,
      left: side("upstream"),
      right: side("native"),
      model: "hashed-v1",
      index: undefined,
      worker: "w-1",
      distill: distillationHere,
      root: undefined,
    });

  test("every probe finds both sides the same", async () => {
    for (const name of Object.keys(PROBES) as ProbeName[]) {
      const endpoints = await probe(name);
      const differing = endpoints.flatMap(({ endpoint, examples }) =>
        examples.map((one) => ({ endpoint, ...one })),
      );
      expect([name, differing]).toEqual([name, []]);
      expect([name, ["same", "explained"].includes(overall(endpoints))]).toEqual([name, true]);
      for (const { seeds } of endpoints) expect([name, seeds.bodies_same]).toEqual([name, seeds.cases]);
    }
    const [vectors] = await probe("embed");
    expect([vectors?.seeds.cases, vectors?.measured["cosine"]]).toEqual([5, expect.closeTo(1, 6)]);
    expect((await probe("extract_json"))[0]?.seeds).toEqual({
      cases: 12,
      statuses_same: 12,
      bodies_same: 12,
    });
  }, 240_000);

  const PLANTED: readonly (readonly [ProbeName, Partial<OlderFaults>, Partial<OlderFaults>, string])[] = [
    ["embed", { raw_vectors: true }, { raw_vectors: false }, "vector explained"],
    ["validate", { other_verdict: true }, { other_verdict: false }, "absent"],
    ["extract_json", { last_object: true }, { last_object: false }, "value"],
    [
      "materializer",
      { drop_line_offset: true },
      { drop_line_offset: false },
      "rows[].provenance.line_offset absent",
    ],
    ["search", { swapped_hits: true }, { swapped_hits: false }, "hits ranking"],
    ["sql", { numbers_as_text: true }, { numbers_as_text: false }, "type"],
    ["storage", { short_objects: true }, { short_objects: false }, "body"],
    ["audit", { respelt_baselines: true }, { respelt_baselines: false }, "lines before body"],
  ];

  test("and each known fault is found by its probe", async () => {
    for (const [name, fault, mended, found] of PLANTED) {
      await older[dialect].set(fault);
      const endpoints = await probe(name);
      await older[dialect].set(mended);
      const told = endpoints.flatMap(({ differences }) =>
        differences.map(({ path, kind, explained }) => `${path} ${kind}${explained ? " explained" : ""}`),
      );
      expect([name, told.some((text) => text.includes(found))]).toEqual([name, true]);
      expect([name, overall(endpoints)]).toEqual([name, name === "embed" ? "explained" : "different"]);
      if (name !== "validate") continue;
      // Six statuses of six, one body of six.
      expect(endpoints[0]?.seeds).toEqual({ cases: 6, statuses_same: 6, bodies_same: 1 });
    }
  }, 240_000);

  test("choosing a side by header is for the scope admin, and for the two sides there are", async () => {
    const wrong = await house.ask("/_go/health", { headers: { "x-lakehouse-backend": "both" } });
    expect([wrong.status, await wrong.text()]).toEqual([
      400,
      "x-lakehouse-backend is native or upstream, not both.\n",
    ]);
    const native = await house.ask("/_go/health", { headers: { "x-lakehouse-backend": "native" } });
    expect(native.headers.get("x-lakehouse-backend")).toBe("native");
  });

  interface Dual {
    readonly waiting: number;
    readonly written: Record<string, number>;
    readonly problem: string | null;
    readonly routes: { readonly route: string }[];
  }
  const dualStatus = (): Promise<Dual> => house.json<Dual>("/v1/cutover/dual-writes");
  const setDual = (route: string, on: boolean): Promise<Response> =>
    house.ask("/v1/cutover/dual-writes", {
      method: "PUT",
      body: JSON.stringify({ route, on, why: "a drill" }),
    });
  const put = (key: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    house.ask(`/_go/v1/storage/dual/${key}`, { method: "PUT", body, headers });
  const settled = async (): Promise<Dual> => {
    for (let tries = 0; tries < 600; tries += 1) {
      const status = await dualStatus();
      if (status.waiting === 0) return status;
      await Bun.sleep(50);
    }
    throw new Error("the second side did not get the writes");
  };
  const compareBoth = async () => {
    const { written } = await house.json<{ written: Parameters<typeof reconcile>[0]["written"] }>(
      "/v1/cutover/dual-writes/written",
    );
    const { waiting } = await house.json<{ waiting: Parameters<typeof reconcile>[0]["waiting"] }>(
      "/v1/cutover/dual-writes/waiting",
    );
    const sides = { upstream: side("upstream"), native: side("native") };
    const routes = await reconcile({
      written,
      waiting,
      ...sides,
      prefixes: SURFACE_PREFIXES,
      route: undefined,
    });
    return reconcileReport(routes, { now: 0, upstream: "go", forgotten: 0, damaged: 0 });
  };

  test("writes go to both sides in either direction, and a reconcile tells what one side has lost", async () => {
    expect((await setDual("go:embed.embed", true)).status).toBe(400);
    expect((await dualStatus()).routes).toEqual([]);
    expect((await setDual("go:storage.put", true)).status).toBe(200);
    // The upstream answers; this house gets the write behind it.
    const first = await put("a", "one");
    expect([first.status, first.headers.get("x-lakehouse-backend")]).toEqual([201, "go"]);
    await settled();
    expect(await (await house.ask("/v1/storage/dual/a")).text()).toBe("one");
    // And the other way, under the caller's key, although the upstream refuses at first.
    const flip = { route: "go:storage.put", to: "primary", force: true, why: "a drill" };
    expect((await house.ask("/v1/cutover/flip", { method: "POST", body: JSON.stringify(flip) })).status).toBe(
      200,
    );
    await older.go.set({ refused_writes: 3 });
    const second = await put("b", "two", { "idempotency-key": "mine" });
    expect([second.status, second.headers.get("x-lakehouse-backend")]).toEqual([201, "native"]);
    await settled();
    expect((await older.go.written())["mine"]).toBe(1);
    expect((await compareBoth()).verdict).toBe("same");
    // The second side keeps one wrongly, and has none of another.
    await older.go.set({ short_objects: true });
    await put("c", "three");
    await settled();
    await older.go.set({ short_objects: false });
    await house.ask("/v1/storage/dual/b", { method: "DELETE" });
    const report = await compareBoth();
    expect(report.verdict).toBe("different");
    expect(report.routes[0]).toMatchObject({ keys: 3, same: 1, different: 1, missing: 1, waiting: 0 });
    expect((await setDual("go:storage.put", false)).status).toBe(200);
    expect(
      (await eventsOf("cutover.dual_writes_set", 2)).map(({ data }) => (data as { on: boolean }).on),
    ).toEqual([true, false]);
  }, 120_000);
});
