// The demo as a newcomer runs it: a first time, a second time over the same folder, with files of one's own, and
// when something stands in the way.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Candidate, Fill, Message, Proposal, Shortlist } from "#contracts/fill";
import { run, start } from "../spawned.testing.ts";

interface Step {
  readonly name: string;
  readonly ok: boolean;
  readonly took_ms: number;
  readonly detail: Record<string, unknown>;
}

interface Report {
  readonly ok: boolean;
  readonly steps: readonly Step[];
  readonly urls: Record<string, string> | null;
  readonly data_dir: string;
}

interface Search {
  readonly query: string;
  readonly read_role: string | null;
  readonly hits: readonly Record<string, unknown>[];
}

/** Starting, loading, building, six searches and an order, on a machine that others use at the same time. */
const TIMEOUT_MS = 120_000;
const NAMES = [
  "start",
  "sample",
  "ingest",
  "sql",
  "corpus",
  "search",
  "order",
  "proposal",
  "message",
  "outcome",
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lakehouse-demo-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function demo(...words: string[]): Promise<{ exitCode: number; report: Report; err: string }> {
  const { exitCode, out, err } = await run(["demo", "--once", "--json", "--port", "0", ...words]);
  return { exitCode, report: JSON.parse(out) as Report, err };
}

/** What a demo that goes on prints first. */
async function reportOf(out: ReadableStream<Uint8Array>): Promise<Report> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of out) {
    text += decoder.decode(chunk, { stream: true });
    if (text.endsWith("}\n")) break;
  }
  return JSON.parse(text) as Report;
}

function detailOf({ steps }: Report, name: string): Record<string, unknown> {
  return steps.find((step) => step.name === name)?.detail ?? {};
}

describe("over the sample", () => {
  let data = "";
  beforeAll(() => {
    data = join(folder, "sample");
  });

  test(
    "does every step, and finds the right people near the right place",
    async () => {
      const { exitCode, report, err } = await demo("--data", data);
      expect({ exitCode, ok: report.ok, data_dir: report.data_dir }).toEqual({
        exitCode: 0,
        ok: true,
        data_dir: data,
      });
      expect(report.steps.map(({ name, ok }) => [name, ok])).toEqual(NAMES.map((name) => [name, true]));
      expect(report.urls?.["docs"]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/docs$/);
      expect(detailOf(report, "ingest")).toMatchObject({
        workers: { rows_in: 5000, rows_loaded: 5000, rows_quarantined: 0, replayed: false },
        orders: { rows_in: 500, rows_loaded: 500, replayed: false },
      });
      expect(detailOf(report, "sql")["row_count"]).toBe(10);
      expect(detailOf(report, "corpus")).toMatchObject({ rows: 5000, status: "ready", built: true });
      const { searches } = detailOf(report, "search") as { searches: Search[] };
      expect(
        searches.map(({ read_role, hits: [best] }) => [
          read_role,
          best?.["role"],
          best?.["city"],
          best?.["state"],
        ]),
      ).toEqual([
        ["Forklift Operator", "Forklift Operator", "Springfield", "IL"],
        ["Line Cook", "Line Cook", "Denver", "CO"],
        ["Housekeeper", "Housekeeper", "Orlando", "FL"],
        ["CNC Machinist", "CNC Machinist", "Cleveland", "OH"],
        ["Landscape Laborer", "Landscape Laborer", "Charlotte", "NC"],
        ["Certified Nursing Assistant", "Certified Nursing Assistant", "Phoenix", "AZ"],
      ]);
      for (const { hits } of searches) {
        expect(hits).toHaveLength(5);
        expect(hits[0]).toMatchObject({
          id: expect.stringMatching(/^w-\d+$/),
          name: expect.any(String),
          miles: expect.any(Number),
          why: expect.any(String),
        });
      }
      expectOrderTold(report);
      for (const number of ["1/10", "10/10"]) expect(err).toContain(number);
    },
    TIMEOUT_MS,
  );

  const codesOf = (findings: readonly { code: string }[]): string[] => findings.map(({ code }) => code);

  /** What of the order's life is the same in every run: what is refused and corrected, and who moves. */
  const expectOrderTold = (report: Report): void => {
    const { fill } = detailOf(report, "order") as { fill: Fill & Shortlist };
    expect(fill).toMatchObject({
      status: "open",
      missing: [],
      order: { role: "Forklift Operator", city: "Springfield", headcount: 2, required_certs: ["Forklift"] },
    });
    const { by_hand, by_model } = detailOf(report, "proposal") as {
      by_hand: { proposal: Proposal };
      by_model: { model: string; proposal: Proposal };
    };
    expect(by_hand.proposal.ok).toBe(false);
    expect(codesOf(by_hand.proposal.findings)).toEqual(
      expect.arrayContaining(["fill.status", "fill.cert_expired"]),
    );
    expect(by_model).toMatchObject({ model: "scripted/demo", proposal: { by: "model", ok: true } });
    const [made] = by_model.proposal.refused ?? [];
    expect(codesOf(made?.findings ?? [])).toContain("fill.unknown_worker");
    const { messages } = detailOf(report, "message") as { messages: Message[] };
    expect(messages.map(({ by, ok }) => [by, ok])).toEqual([
      ["model", true],
      ["template", true],
    ]);
    expect(codesOf(messages[0]?.refused?.[0]?.findings ?? [])).toEqual(["email.facts"]);
    expect(messages[0]?.body).toContain("Monday");
    const { fill: done, moved } = detailOf(report, "outcome") as { fill: Fill; moved: Candidate[] };
    const became = new Map(done.seats.map(({ worker_id, status }) => [worker_id, status]));
    expect([...became.values()].sort()).toEqual(["completed", "no_show"]);
    expect(moved).toHaveLength(2);
    for (const { worker_id, rank, base_rank, boost, why } of moved) {
      const worked = became.get(worker_id) === "completed";
      expect(why).toContain(worked ? "worked for an order like this" : "did not work for an order like this");
      if (worked) expect(boost?.factor).toBeLessThan(1);
      else expect(boost?.factor).toBeGreaterThan(1);
      expect(worked ? rank <= base_rank : rank >= base_rank).toBe(true);
    }
    expect(moved.some(({ rank, base_rank }) => rank !== base_rank)).toBe(true);
  };

  test(
    "loads and builds nothing a second time, and without --once serves until a signal stops it",
    async () => {
      const serving = start(["demo", "--json", "--port", "0", "--data", data]);
      const report = await reportOf(serving.stdout);
      expect(report.ok).toBe(true);
      expect(detailOf(report, "sample")).toMatchObject({
        workers: { written: false },
        orders: { written: false },
      });
      expect(detailOf(report, "ingest")).toMatchObject({
        workers: { replayed: true, rows_loaded: 5000 },
        orders: { replayed: true },
      });
      expect(detailOf(report, "corpus")["built"]).toBe(false);
      expect(detailOf(report, "search")["first_result_ms"]).toBeLessThan(120_000);
      // The people of the first run are booked for its weeks, and this one takes the next.
      expectOrderTold(report);
      const { urls } = report;
      const health = await fetch(urls?.["health"] ?? "");
      expect(await health.json()).toMatchObject({ status: "ok" });
      expect((await fetch(urls?.["docs"] ?? "")).status).toBe(200);
      serving.kill("SIGINT");
      expect(await serving.exited).toBe(0);
      expect((await run(["status", "--data", data])).exitCode).toBe(5);
    },
    TIMEOUT_MS,
  );

  test(
    "makes room for files of one's own, and comes back",
    async () => {
      const mine = join(folder, "mine.csv");
      await writeFile(
        mine,
        "worker_id,Job Title,City,State,status\n1,Welder,Akron,OH,active\n2,Cook,Denver,CO,active\n3,Cook,Denver,CO,left\n",
      );
      const own = await demo("--data", data, "--workers", mine);
      expect(own.report.ok).toBe(true);
      expect(detailOf(own.report, "corpus")).toMatchObject({ rows: 3 });
      const { searches } = detailOf(own.report, "search") as { searches: Search[] };
      expect(searches[0]?.query).toContain("Cook");
      // The third one is not active.
      expect(new Set(searches.flatMap(({ hits }) => hits.map(({ id }) => id)))).toEqual(new Set(["1", "2"]));
      expect(detailOf(own.report, "order")["skipped"]).toContain("fill open");
      const again = await demo("--data", data);
      expect(detailOf(again.report, "corpus")).toMatchObject({ rows: 5000 });
      expect(detailOf(again.report, "ingest")).toMatchObject({ workers: { rows_loaded: 5000 } });
    },
    TIMEOUT_MS,
  );
});

describe("when something stands in the way", () => {
  test("a port in use is one clear line, and no later step is run", async () => {
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("") });
    const { exitCode, out, err } = await run([
      "demo",
      "--json",
      "--port",
      String(other.port),
      "--data",
      join(folder, "port"),
    ]);
    const report = JSON.parse(out) as Report;
    expect({ exitCode, ok: report.ok, urls: report.urls }).toEqual({ exitCode: 1, ok: false, urls: null });
    expect(report.steps).toEqual([
      {
        name: "start",
        ok: false,
        took_ms: expect.any(Number),
        detail: { error: { code: "conflict", message: expect.stringContaining("in use") } },
      },
    ]);
    expect(err).toContain("--port N");
  });

  test("a file that is not there", async () => {
    const { exitCode, report, err } = await demo(
      "--data",
      join(folder, "missing"),
      "--orders",
      join(folder, "missing.csv"),
    );
    expect({ exitCode, ok: report.ok }).toEqual({ exitCode: 4, ok: false });
    expect(report.steps.map(({ name }) => name)).toEqual(["start", "sample"]);
    expect(err).toContain("There is no file");
  });

  test(
    "a file without the columns names the missing ones",
    async () => {
      const file = join(folder, "names.csv");
      await writeFile(file, "first,last\nAnn,Lee\nBo,Ray\n");
      const { exitCode, report, err } = await demo("--data", join(folder, "columns"), "--workers", file);
      expect({ exitCode, last: report.steps.at(-1)?.name }).toEqual({ exitCode: 2, last: "corpus" });
      expect(err).toContain("Its columns are: first, last.");
    },
    TIMEOUT_MS,
  );

  test(
    "a dataset that the demo did not make is left alone",
    async () => {
      const data = join(folder, "precious");
      const file = join(folder, "precious.csv");
      await writeFile(file, "worker_id,role\n1,Welder\n");
      const house = start(["up", "--data", data, "--port", "0"]);
      await house.stdout.getReader().read();
      expect((await run(["ingest", file, "-d", "workers", "--data", data])).exitCode).toBe(0);
      expect((await run(["down", "--data", data])).exitCode).toBe(0);
      expect(await house.exited).toBe(0);
      const { exitCode, err } = await demo("--data", data);
      expect(exitCode).toBe(1);
      expect(err).toContain("did not make");
    },
    TIMEOUT_MS,
  );
});
