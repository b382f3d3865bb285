// Distillation over HTTP, in both topologies: a run from its start to its files, what was found, and the rows that SQL sees.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lakehouse } from "#client/lakehouse";
import { sampleLogs } from "../../src/distill/accept/sample-logs.ts";
import { writeLogs } from "../../src/distill/root.testing.ts";
import { startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

interface Run {
  readonly run_id: string;
  readonly status: string;
  readonly problem?: string | undefined;
  readonly reports: string[];
  readonly receipts: { readonly stage: string; readonly out: number }[];
}

interface Replayed {
  readonly replay_id: string;
  readonly models: { readonly passed: number }[];
  readonly pairs: { readonly flipped: object[] }[];
}

/** A message that passes the checks of its kind. */
const MESSAGE = {
  worker_id: "w-1",
  order_id: "o-1",
  channel: "sms",
  purpose: "confirm",
  to: "[phone]",
  body: "Acme Staffing: your shift is Monday November 23, 2026, 6:00 AM-2:00 PM CST in Reno, NV, $24.00/hr. Reply YES or NO.",
};
/** One model that always answers so, and one that does for even orders and forgets the form for others. */
const SCRIPT = {
  entries: [
    { model: "good", replies: [{ content: JSON.stringify(MESSAGE) }] },
    { model: "half", any: ["even"], replies: [{ content: JSON.stringify(MESSAGE) }] },
    { model: "half", replies: [{ content: "Please come on Monday." }] },
  ],
};

describe.each(TOPOLOGIES)("%s", (topology) => {
  let house: TestHouse;
  let root: string;
  let first: Run;
  beforeAll(async () => {
    const script = join(mkdtempSync(join(tmpdir(), "distill-script-")), "script.json");
    writeFileSync(script, JSON.stringify(SCRIPT));
    house = await startHouse(topology, { chat_script: script });
    root = join(house.settings.data, "distill");
    writeLogs(root, sampleLogs(6));
    writeFileSync(join(root, "data/_kb/unheard.jsonl"), '{"secret":"call 555-010-1234"}\n');
    first = await house.json<Run>(
      "/v1/distill/runs",
      { stages: ["materialize", "score", "export", "audit"], targets: ["trl", "openai"] },
      202,
    );
  });
  afterAll(() => house.close());

  const followIn = async (name: string, runId: string): Promise<Run[]> => {
    const states: Run[] = [];
    const { distill } = lakehouse(house.url);
    for await (const state of distill.runEvents({ root: name, run_id: runId })) states.push(state);
    return states;
  };
  const follow = (runId: string): Promise<Run[]> => followIn("distill", runId);

  test("a run is followed to its end, and read afterwards", async () => {
    const states = await follow(first.run_id);
    expect(states.at(-1)).toMatchObject({ status: "succeeded", run_id: first.run_id });
    const run = await house.json<Run>(`/v1/distill/runs/${first.run_id}`);
    expect(run.problem).toBeUndefined();
    expect(run.receipts.map(({ stage }) => stage)).toEqual([
      "materialize",
      "score",
      ...["sft", "sft", "preference", "preference", "kto", "rag"].map((kind) => `export-${kind}`),
    ]);
    expect(run.reports).toEqual(["summary.json", "report.md", "audit.json"]);
    const { runs } = await house.json<{ runs: Run[] }>("/v1/distill/runs?status=succeeded");
    expect(runs.map(({ run_id }) => run_id)).toEqual([first.run_id]);
    const report = await house.ask(`/v1/distill/runs/${first.run_id}/reports/report.md`);
    expect(await report.text()).toContain("| materialize |");
  });

  test("the audit, with its metrics and drift", async () => {
    const audit = await house.json<{ ok: boolean; metrics: Record<string, number>; drift: object[] }>(
      "/v1/distill/audit",
    );
    expect(audit).toMatchObject({ ok: true, metrics: { p2_evidence_rows: 72 } });
    expect(audit.drift).toHaveLength(10);
  });

  test("quarantine by stage and reason; its bytes for the scope admin alone", async () => {
    const shown = await house.json<{ entries: Record<string, unknown>[]; counts: object[] }>(
      "/v1/distill/quarantine?stage=materialize&reason=no_transform",
    );
    expect(shown.entries).toHaveLength(1);
    expect(shown.entries[0]).toMatchObject({ source_file: "data/_kb/unheard.jsonl", line_offset: 0 });
    expect(JSON.stringify(shown)).not.toContain("secret");
    expect(shown.counts).toContainEqual({ stage: "materialize", reason: "no_transform", entries: 1 });
    const raw = await house.json("/v1/distill/quarantine?raw=true&stage=materialize");
    expect(JSON.stringify(raw)).toContain("555-010-1234");
    let cursor = "";
    let entries = 0;
    do {
      const page: { entries: object[]; next_cursor?: string } = await house.json(
        `/v1/distill/quarantine?limit=1${cursor}`,
      );
      entries += page.entries.length;
      cursor = page.next_cursor === undefined ? "" : `&cursor=${page.next_cursor}`;
    } while (cursor !== "");
    const all = await house.json<{ counts: { entries: number }[] }>("/v1/distill/quarantine");
    expect(entries).toBe(all.counts.reduce((sum, count) => sum + count.entries, 0));
  });

  test("exports with their certificates and files, and where a row came from", async () => {
    const { exports } = await house.json<{ exports: { name: string; certified: boolean }[] }>(
      "/v1/distill/exports?kind=sft",
    );
    expect(exports.map(({ name }) => name.replace(/-[0-9a-f]{12}$/, "")).sort()).toEqual([
      "sft-openai",
      "sft-trl",
    ]);
    const name = exports.find((each) => each.name.startsWith("sft-trl"))?.name ?? "";
    const found = await house.json(`/v1/distill/exports/${name}`);
    expect(found).toMatchObject({ certified: true, certificate: { overlap_8: 0, overlap_13: 0 } });
    const file = await house.ask(`/v1/distill/exports/${name}/files/sft.jsonl`);
    expect(file.headers.get("content-type")).toBe("application/x-ndjson");
    const [row = ""] = (await file.text()).split("\n");
    const traced = await house.json<{ row: unknown; broken: string[]; provenance: { evidence_id: string } }>(
      `/v1/distill/trace?file=exports/sft/${name}/sft.jsonl&row=0`,
    );
    expect(traced).toMatchObject({ row: JSON.parse(row), broken: [] });
    const evidence = await house.json(`/v1/distill/evidence/${traced.provenance.evidence_id}`);
    expect(evidence).toMatchObject({
      broken: [],
      scored: { category: "accepted" },
      exports: expect.arrayContaining([{ file: `exports/sft/${name}/sft.jsonl`, row: 0 }]),
    });
  });

  const sql = async (text: string): Promise<Record<string, unknown>[]> =>
    (await house.json<{ rows: Record<string, unknown>[] }>("/v1/sql", { sql: text })).rows;

  test("SQL sees evidence, scores and exports; again changes nothing, a rewritten source its rows", async () => {
    const joined = await sql(
      "SELECT kind, count(*) AS n FROM evidence JOIN scored_runs USING (evidence_id) GROUP BY kind ORDER BY kind",
    );
    expect(joined).toHaveLength(12);
    expect(joined.every(({ n }) => n === 6)).toBe(true);
    expect(await sql("SELECT count(*) AS n FROM exports WHERE certified")).toEqual([{ n: 6 }]);
    const append = { method: "POST", body: JSON.stringify({ rows: [{}] }) };
    expect((await house.ask("/v1/catalog/datasets/evidence/append", append)).status).toBe(403);
    const again = await house.json("/v1/distill/datasets", {});
    expect(again).toEqual({ evidence: 0, scored_runs: 0, exports: 0 });
    const traced = "0af7651916cd43dd8448eb211c80319c";
    const [first, second] = sampleLogs(2, 9)["chat"] ?? [];
    writeLogs(root, { chat: [{ ...first, trace_id: traced }, second ?? {}] });
    const chat = { model: "scripted/good", messages: [{ role: "user", content: "Who is free?" }] };
    const headers = { traceparent: `00-${traced}-b7ad6b7169203331-01` };
    const asked = await house.ask("/v1/chat", { method: "POST", headers, body: JSON.stringify(chat) });
    expect(asked.status).toBe(200);
    const { run_id } = await house.json<Run>("/v1/distill/runs", { stages: ["materialize", "score"] }, 202);
    expect((await follow(run_id)).at(-1)?.status).toBe("succeeded");
    expect(await sql("SELECT count(*) AS n FROM evidence WHERE kind = 'chat'")).toEqual([{ n: 2 }]);
    expect(await sql("SELECT count(*) AS n FROM scored_runs")).toEqual([{ n: 68 }]);
    // Usage is written some seconds later.
    const used = "SELECT kind, usage.model FROM evidence JOIN chat_usage AS usage USING (trace_id)";
    let rows: unknown[] = [];
    while (rows.length === 0) {
      await Bun.sleep(100);
      rows = await sql(used).catch(() => []);
    }
    expect(rows).toEqual([{ kind: "chat", model: "good" }]);
  });

  test("one run at a time: another is a conflict that names it; cancelled, the next continues", async () => {
    const busy = "distill-busy";
    writeLogs(join(house.settings.data, busy), sampleLogs(400, 5));
    const running = await house.json<Run>("/v1/distill/runs", { root: busy }, 202);
    const refused = await house.json<{ error: { message: string } }>("/v1/distill/runs", { root: busy }, 409);
    expect(refused.error.message).toContain(running.run_id);
    const ended = await house.json<Run>(`/v1/distill/runs/${running.run_id}/cancel`, { root: busy });
    expect(ended).toMatchObject({ status: "cancelled", problem: expect.stringContaining("continues") });
    const next = await house.json<Run>("/v1/distill/runs", { root: busy, stages: ["materialize"] }, 202);
    expect((await followIn(busy, next.run_id)).at(-1)?.status).toBe("succeeded");
  });

  test("a replay compares models over the same evidence, continues where it stopped, and is audited", async () => {
    const roster =
      "worker_id,name,phone,city,state,timezone,sms_consent\nw-1,Ann Lee,202-555-0148,Reno,NV,America/Los_Angeles,granted\n";
    await house.ask("/v1/ingest?dataset=workers", { method: "POST", body: roster });
    await house.json("/v1/validate/rosters/workers/load", {});
    const other = join(house.settings.data, "distill-replayed");
    const drafts = Array.from({ length: 4 }, (_, n) => ({
      recorded_at: `2026-11-2${n}T18:00:00Z`,
      run_id: `run-${n}`,
      kind: "email",
      prompt: `Invite Ann, who is ${n % 2 === 0 ? "even" : "odd"}, number ${n}.`,
      ok: true,
      artifact: JSON.stringify(MESSAGE),
    }));
    writeLogs(other, { iterate: drafts, chat: sampleLogs(1)["chat"] ?? [] });
    const root = "distill-replayed";
    const done = async (body: object): Promise<Run> => {
      const { run_id } = await house.json<Run>("/v1/distill/runs", { root, ...body }, 202);
      const ended = (await followIn(root, run_id)).at(-1);
      expect([ended?.status, ended?.problem]).toEqual(["succeeded", undefined]);
      return ended as Run;
    };
    const reportOf = (run: Run): Promise<Replayed> =>
      house.json<Replayed>(`/v1/distill/runs/${run.run_id}/reports/replay.json?root=${root}`);
    await done({ stages: ["materialize", "score"] });

    const recorded = await reportOf(await done({ stages: ["replay"] }));
    expect(recorded).toMatchObject({
      evidence: 4,
      left_out: { no_check_for_its_kind: 1 },
      models: [{ model: "recorded", answered: 4, passed: 4 }],
      changed: [],
    });

    const models = ["scripted/good", "scripted/half"];
    const stopped = await reportOf(await done({ stages: ["replay"], replay: { models, budget_usd: 0 } }));
    expect(stopped).toMatchObject({ stopped: "budget", models: [{ answered: 0 }, { answered: 0 }] });
    const replay = { models };
    const compared = await reportOf(await done({ stages: ["replay", "audit"], replay }));
    expect(compared).toMatchObject({
      stopped: "done",
      replay_id: stopped.replay_id,
      models: [
        { model: "scripted/good", passed: 4 },
        { model: "scripted/half", passed: 2 },
      ],
      pairs: [{ pairs: 4, both_pass: 2, only_a: 2, only_b: 0, difference: -0.5 }],
    });
    expect(compared.pairs[0]?.flipped).toHaveLength(2);
    const again = await reportOf(await done({ stages: ["replay"], replay }));
    expect(again.models.map(({ passed }) => passed)).toEqual([4, 2]);
    expect(again.pairs[0]?.flipped).toEqual(compared.pairs[0]?.flipped);

    const phase7 = async (): Promise<string | undefined> => {
      await done({ stages: ["audit"] });
      const { checks } = await house.json<{ checks: { phase: number; result: string }[] }>(
        `/v1/distill/audit?root=${root}`,
      );
      return checks.find(({ phase }) => phase === 7)?.result;
    };
    expect(await phase7()).toBe("pass");
    const log = join(other, "data/_kb/replay_runs.jsonl");
    expect(await Bun.file(log).text()).not.toContain("202-555");
    const last = (await Bun.file(log).text()).trim().split("\n").at(-1) ?? "{}";
    const lie = { ...(JSON.parse(last) as object), verdict: { ok: false, findings: [] } };
    appendFileSync(log, `${JSON.stringify(lie)}\n`);
    expect(await phase7()).toBe("fail");
  });

  test("what cannot be named is refused", async () => {
    await house.json("/v1/distill/runs", { root: "../elsewhere" }, 400);
    await house.json("/v1/distill/runs", { root: "distill-none" }, 404);
    await house.json("/v1/distill/runs/20200101T000000000Z-abcdef", undefined, 404);
    await house.json("/v1/distill/exports/none", undefined, 404);
    await house.json("/v1/distill/trace?file=../keys.json&row=0", undefined, 400);
    await house.json("/v1/distill/runs?cursor=none", undefined, 400);
    const capture = await house.json<Run>("/v1/distill/runs", { stages: ["capture"] }, 202);
    expect((await follow(capture.run_id)).at(-1)).toMatchObject({ status: "failed" });
    mkdirSync(join(house.settings.data, "distill-other/data/_kb"), { recursive: true });
    const other = await house.json<Run>("/v1/distill/runs", { root: "distill-other" }, 202);
    expect(other.status).toBe("running");
    expect(readdirSync(join(house.settings.data, "distill-other"))).toContain("reports");
  });
});
