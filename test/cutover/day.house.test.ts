// A day in the life of a cutover, in both topologies, against a stand-in of the older side: calls pass through and are recorded,
// shadow finds the two planted faults, the gates refuse, the fault is mended, the recording is replayed and the sides are probed,
// writes go to both and are reconciled, a canary takes a share, this house becomes the primary, breaks, and goes back by itself. A
// caller calls all along and must see no error that the upstream did not give.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashedModel } from "#adapters/embed/hashed";
import { reconcile } from "#cutover/dual/reconcile";
import { reconcileReport } from "#cutover/dual/reconcile-report";
import { logParity, readParity } from "#cutover/parity/parity-log";
import { overall } from "#cutover/parity/parity-report";
import { runProbe } from "#cutover/parity/run";
import { PROBES } from "#cutover/parity/table";
import { readRecording } from "#cutover/record/read-recording";
import { recordingPath } from "#cutover/record/recorder";
import { replay } from "#cutover/record/replay";
import { houseSide, type Side } from "#cutover/side";
import { seeded } from "#lib/random";
import { SURFACE_PREFIXES } from "#topology/fronts";
import { distillationHere } from "../../src/cli/commands/parity/distillation.ts";
import { type TestHouse, startHouse, TOPOLOGIES } from "../house/house.ts";
import { type OlderSide, startOlderSide } from "./older-side.ts";

const START_MS_MAX = 240_000;
/** Calls that are compared before a gate is asked; with 0 of 30 differing the bound is 8.3 %. */
const CALLS = 30;

interface Report {
  readonly route: string;
  readonly compared: number;
  readonly different: number;
  readonly explained: number;
  readonly dropped: Record<string, number>;
  readonly differences: { path: string; kind: string; explained: boolean; noise: boolean; detail: string }[];
  readonly gates: { name: string; ok: boolean; text: string }[];
}

/** Ollama's embeddings, as far as a house needs them, with a switch that breaks it. */
function startModelServer(): { url: string; broken: (is: boolean) => void; stop: () => void } {
  const model = hashedModel();
  let isBroken = false;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      if (isBroken) return new Response("it is broken", { status: 500 });
      const { pathname } = new URL(request.url);
      if (pathname !== "/api/embed") return new Response("", { status: 404 });
      const { input } = (await request.json()) as { input: string[] };
      const vectors = await model.embed(input);
      return Response.json({ model: "stand-in", embeddings: vectors.map((vector) => Array.from(vector)) });
    },
  });
  return {
    url: server.url.origin,
    broken: (is) => void (isBroken = is),
    stop: () => void server.stop(true),
  };
}

describe.each(TOPOLOGIES)("a day of a cutover, %s", (topology) => {
  let house: TestHouse;
  let older: OlderSide;
  let models: ReturnType<typeof startModelServer>;
  beforeAll(async () => {
    models = startModelServer();
    older = await startOlderSide("go");
    house = await startHouse(topology, {
      go_upstream: older.url,
      embed_models: "ollama/stand-in",
      ollama_url: models.url,
    });
  }, START_MS_MAX);
  afterAll(async () => {
    await house.stop();
    await older.stop();
    models.stop();
    rmSync(house.settings.data, { recursive: true, force: true });
  });

  let model = "";
  let texts = 0;
  const embed = (): Promise<Response> => {
    texts += 1;
    // Another text each time: nothing comes from a cache.
    return house.ask("/_go/v1/embed", {
      method: "POST",
      body: JSON.stringify({ texts: [`worker ${texts}`], model }),
    });
  };
  const evidence = (): Promise<Response> => house.ask("/_go/v1/storage/evidence/0.json");
  const flip = async (body: object): Promise<{ status: number; message: string }> => {
    const reply = await house.ask("/v1/cutover/flip", { method: "POST", body: JSON.stringify(body) });
    const { error } = (await reply.json()) as { error?: { message: string } };
    return { status: reply.status, message: error?.message ?? "" };
  };
  const reportOf = async (route: string): Promise<Report | undefined> =>
    (await house.json<{ routes: Report[] }>("/v1/cutover/report")).routes.find((one) => one.route === route);
  /** Calls until so many were compared; every caller must be served by the upstream. */
  const compareSome = async (
    route: string,
    call: () => Promise<Response>,
    count: number,
  ): Promise<Report> => {
    for (let tries = 0; tries < 600; tries += 1) {
      const replies = await Promise.all(Array.from({ length: 10 }, call));
      expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
      expect(new Set(replies.map(({ headers }) => headers.get("x-lakehouse-backend")))).toEqual(
        new Set(["go"]),
      );
      await Promise.all(replies.map((reply) => reply.arrayBuffer()));
      const report = await reportOf(route);
      if ((report?.compared ?? 0) >= count) return report as Report;
      await Bun.sleep(50);
    }
    throw new Error(`${route} was not compared ${count} times`);
  };

  const side = (backend: "native" | "upstream"): Side =>
    houseSide({ url: house.url, key: "", backend, name: backend, prefixes: SURFACE_PREFIXES });
  let recorded = "";

  test("calls pass through from the start, by the address in the environment", async () => {
    // Both sides are asked for the model by its name.
    model = (await house.json<{ models: { name: string }[] }>("/v1/embed/models")).models[0]?.name ?? "";
    const reply = await embed();
    expect([reply.status, reply.headers.get("x-lakehouse-backend")]).toEqual([200, "go"]);
    expect((await flip({ route: "go:embed.embed", to: "canary", percent: 5 })).message).toContain(
      "flip it to shadow first",
    );
  });

  test("what passes is recorded", async () => {
    const wish = { for_ms: 600_000, routes: ["go:embed.embed"], why: "before the move" };
    recorded = (await house.json<{ id: string }>("/v1/cutover/recordings", wish)).id;
    for (let call = 0; call < 3; call += 1) expect((await embed()).status).toBe(200);
    const stopped = await house.ask(`/v1/cutover/recordings/${recorded}/stop`, { method: "POST" });
    expect(((await stopped.json()) as { end: object }).end).toMatchObject({ why: "stopped", calls: 3 });
  });

  test("shadow explains vectors that are not normalised, and reports a dropped line_offset as a real difference", async () => {
    const body = JSON.stringify({
      kind: "fill",
      provenance: { line_offset: 0, source_file: "a.jsonl", source_sha256: "0".repeat(64) },
    });
    await house.ask("/v1/storage/evidence/0.json", {
      method: "PUT",
      body,
      headers: { "content-type": "application/json" },
    });
    await older.set({ raw_vectors: true, drop_line_offset: true });
    for (const route of ["go:embed.embed", "go:storage.get"]) {
      expect((await flip({ route, to: "shadow", why: "compare" })).status).toBe(200);
    }
    const vectors = await compareSome("go:embed.embed", embed, 10);
    const norm = vectors.differences.find(({ path }) => path === "vectors[]");
    expect(norm).toMatchObject({ kind: "vector", explained: true, noise: false });
    expect(norm?.detail).toContain("not normalised");
    expect(norm?.detail).toMatch(/norm 21\.\d+ there, 1\.00 here/);

    const files = await compareSome("go:storage.get", evidence, 10);
    expect(files.differences).toEqual([
      expect.objectContaining({
        path: "provenance.line_offset",
        kind: "absent",
        explained: false,
        noise: false,
        detail: "absent there, 0 here",
      }),
    ]);
    expect(files.different).toBe(files.compared);
    const markdown = await (await house.ask("/v1/cutover/report?format=markdown")).text();
    expect(markdown).toContain("| `provenance.line_offset` | absent | real |");
    expect(markdown).not.toContain("a.jsonl");
  });

  test("the gates refuse a canary with their numbers; a forced one says why", async () => {
    const { status, message } = await flip({ route: "go:storage.get", to: "canary", percent: 5 });
    expect(status).toBe(409);
    expect(message).toMatch(/\d+ of \d+ compared calls differ: at most 100\.0 % at 95 %, limit 0\.100 %/);
    expect(message).toContain("at least 1");
    expect((await flip({ route: "go:storage.get", to: "canary", percent: 5, force: true })).status).toBe(400);
  });

  test("once the fault is mended the gates hold, and a canary takes its share", async () => {
    // A house over a test's stand-in is not quicker than it, on a busy machine least of all, and an hour is long.
    await older.set({ raw_vectors: false, drop_line_offset: false, delay_ms: 20 });
    const gates = { hours_min: 0, diff_rate_max: 0.1, p99_ratio_max: 100, compared_share: 1 };
    await house.ask("/v1/cutover/gates", { method: "PUT", body: JSON.stringify(gates) });
    for (const [route, call] of [
      ["go:storage.get", evidence],
      ["go:embed.embed", embed],
    ] as const) {
      await flip({ route, to: "shadow", why: "the fault is mended" });
      const report = await compareSome(route, call, CALLS);
      expect(report.differences).toEqual([]);
      expect(report.gates.filter(({ ok }) => !ok)).toEqual([]);
      expect(await flip({ route, to: "canary", percent: 5, why: "the gates hold" })).toEqual({
        status: 200,
        message: "",
      });
    }
    await older.set({ delay_ms: 0 });
    let here = 0;
    for (let round = 0; round < 40; round += 1) {
      const replies = await Promise.all(Array.from({ length: 10 }, embed));
      expect(replies.every(({ status }) => status === 200)).toBe(true);
      here += replies.filter(({ headers }) => headers.get("x-lakehouse-backend") === "native").length;
    }
    // 5 % of 400: 20, and hardly ever none or a fifth.
    expect(here).toBeGreaterThan(0);
    expect(here).toBeLessThan(80);
  });

  test("the recording is replayed against this house, and both sides are probed and logged", async () => {
    const file = await readRecording(recordingPath(house.settings.data, recorded));
    const { routes } = await replay({
      calls: file.each(),
      side: side("native"),
      against: "native",
      rate: 50,
      compare: true,
      writes: false,
      signal: new AbortController().signal,
    });
    await file.close();
    expect(routes).toEqual([expect.objectContaining({ route: "go:embed.embed", sent: 3, same: 3 })]);

    const folder = mkdtempSync(join(tmpdir(), "day-"));
    const probe = async (at: string): Promise<void> => {
      const endpoints = await runProbe(PROBES.embed, {
        dialect: "go",
        random: seeded(7),
        count: 3,
        left: side("upstream"),
        right: side("native"),
        model,
        index: undefined,
        worker: "w-1",
        distill: distillationHere,
        root: undefined,
      });
      const about = { probe: "embed", dialect: "go", left: "go", right: "native", seed: 7, count: 3, at };
      const verdict = overall(endpoints);
      await logParity(folder, { schema: "lakehouse.parity.v1", ...about, verdict, endpoints });
    };
    await older.set({ raw_vectors: true });
    await probe("2026-11-30T08:00:00Z");
    // What both refuse is refused in other words; of the vectors no reply is the same.
    expect(await readParity(folder)).toEqual([
      expect.objectContaining({ verdict: "explained", cases: 8, bodies_same: 0 }),
    ]);
    await older.set({ raw_vectors: false });
    await probe("2026-11-30T09:00:00Z");
    // One row of an endpoint: the newest.
    expect(await readParity(folder)).toEqual([
      expect.objectContaining({ at: "2026-11-30T09:00:00Z", cases: 8, bodies_same: 7, different: 0 }),
    ]);
    rmSync(folder, { recursive: true });
  });

  test("writes go to both sides, and a reconcile finds them the same", async () => {
    const dual = (on: boolean): Promise<Response> =>
      house.ask("/v1/cutover/dual-writes", {
        method: "PUT",
        body: JSON.stringify({ route: "go:storage.put", on, why: "before reads move" }),
      });
    expect((await dual(true)).status).toBe(200);
    for (const key of ["a", "b"]) {
      const path = `/_go/v1/storage/day/${key}`;
      const reply = await house.ask(path, { method: "PUT", body: `object ${key}` });
      expect([reply.status, reply.headers.get("x-lakehouse-backend")]).toEqual([201, "go"]);
    }
    type Held = Parameters<typeof reconcile>[0];
    const of = <K extends "written" | "waiting">(what: K): Promise<Pick<Held, K>> =>
      house.json<Pick<Held, K>>(`/v1/cutover/dual-writes/${what}`);
    for (let tries = 0; tries < 600 && (await of("written")).written.length < 2; tries += 1)
      await Bun.sleep(50);
    const routes = await reconcile({
      ...(await of("written")),
      ...(await of("waiting")),
      upstream: side("upstream"),
      native: side("native"),
      prefixes: SURFACE_PREFIXES,
      route: undefined,
    });
    expect(routes).toEqual([expect.objectContaining({ route: "go:storage.put", keys: 2, same: 2 })]);
    const facts = { now: 0, upstream: "go", forgotten: 0, damaged: 0 };
    expect(reconcileReport(routes, facts).verdict).toBe("same");
    expect(await house.json("/v1/cutover/dual-writes")).toMatchObject({ damaged: 0, problem: null });
    expect((await dual(false)).status).toBe(200);
  });

  test("as the primary this house answers; broken, it costs no caller an error and goes back by itself", async () => {
    expect((await flip({ route: "go:embed.embed", to: "primary", why: "the canary went well" })).status).toBe(
      200,
    );
    expect((await embed()).headers.get("x-lakehouse-backend")).toBe("native");
    // Who answers stays as it is, so no gate is asked.
    expect((await flip({ route: "go:embed.embed", to: "primary", shadow: "upstream" })).status).toBe(200);
    let compared: Report | undefined;
    // One at a time, behind what the canary left to be compared: more of them, on a slow machine, and the route goes back.
    const dropped = ({ dropped: why }: Report): number =>
      Object.values(why).reduce((all, one) => all + one, 0);
    for (let calls = 1; calls <= 5 && (compared?.compared ?? 0) === 0; calls += 1) {
      expect((await embed()).headers.get("x-lakehouse-backend")).toBe("native");
      do {
        await Bun.sleep(25);
        compared = await reportOf("go:embed.embed");
      } while (compared === undefined || compared.compared + dropped(compared) < calls);
    }
    expect(compared).toMatchObject({ different: 0, errors: { there: 0, here: 0 } });
    expect(compared?.compared).toBeGreaterThan(0);
    models.broken(true);
    let rolledBack = false;
    const statuses: number[] = [];
    for (let calls = 0; calls < 400 && !rolledBack; calls += 1) {
      const reply = await embed();
      statuses.push(reply.status);
      expect(reply.headers.get("x-lakehouse-backend")).toBe("go");
      const { routes } = await house.json<{ routes: { route: string; state: string; actor: string }[] }>(
        "/v1/cutover",
      );
      rolledBack = routes.some(
        ({ route, state, actor }) => route === "go:embed.embed" && state === "shadow" && actor === "rollback",
      );
    }
    expect(rolledBack).toBe(true);
    expect(new Set(statuses)).toEqual(new Set([200]));
    expect((await flip({ route: "go:embed.embed", to: "primary" })).message).toContain(
      "it was rolled back at",
    );
    type Event = { subject: string; actor: string; data: { to: string; reason: string } };
    let back: Event[] = [];
    for (let tries = 0; tries < 100 && back.length === 0; tries += 1) {
      const { events } = await house.json<{ events: Event[] }>(
        "/v1/journal/events?type=cutover.flipped&limit=1000",
      );
      back = events.filter(({ actor }) => actor === "rollback");
      await Bun.sleep(50);
    }
    expect(back).toHaveLength(1);
    expect(back[0]?.data.reason).toMatch(/\d+ of the last \d+ calls failed here/);
  });

  test("while both sides are broken a caller gets what the upstream gives", async () => {
    models.broken(true);
    await older.set({ broken: true });
    const reply = await embed();
    expect([reply.status, await reply.text()]).toEqual([500, "it is broken\n"]);
    await older.set({ broken: false });
    expect((await embed()).status).toBe(200);
  });
});
