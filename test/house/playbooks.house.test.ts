// Playbooks from outside, in both topologies: what was recorded lifts its answer by the stated factor, never across roles,
// never past a filter; it survives a restart; and a search says what playbooks did and why a row is not among its hits.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LedgerEntry, MatrixHit, Playbook, Searched } from "#contracts/matrix";
import { dataFiles } from "#topology/upkeep/data-files";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const TRADES = ["Forklift Operator", "CNC Machinist", "Line Cook", "Welder"] as const;
const CITIES = [
  ["Chicago", "IL"],
  ["Denver", "CO"],
  ["Austin", "TX"],
] as const;

/** 900 people; more of a trade than are all candidates, so that some are not. */
const roster = Array.from({ length: 900 }, (_, at) => {
  const [city, state] = CITIES[(at >> 2) % CITIES.length] ?? CITIES[0];
  return {
    worker_id: `w${at}`,
    role: TRADES[at % TRADES.length] ?? "",
    city,
    state,
    status: at % 11 === 0 ? "do_not_hire" : "active",
    note: `badge ${at * 7919} shelf ${at % 13}`,
  };
});
const byId = new Map(roster.map((one) => [one.worker_id, one]));
const idsOf = ({ hits }: Searched): string[] => hits.map(({ id }) => id);
const roleOf = (id: string): string => byId.get(id)?.role ?? "";

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
    const body = roster.map((row) => `${JSON.stringify(row)}\n`).join("");
    const loaded = await house.ask("/v1/ingest?dataset=staff&format=ndjson", { method: "POST", body });
    expect(loaded.status, await loaded.text()).toBe(201);
    const plan = {
      dataset: "staff",
      id: "worker_id",
      text: "{role} in {city}, {state}; {note}",
      fields: { status: "keyword", city: "keyword" },
    };
    await house.ask("/v1/matrix/corpora/staff", { method: "PUT", body: JSON.stringify(plan) });
    const events = await house.ask("/v1/matrix/corpora/staff", { headers: { accept: "text/event-stream" } });
    expect(await events.text()).toContain("event: done");
  }, 240_000);
  afterAll(() => house.close(), 30_000);

  const search = (query_text: string, more: object = {}): Promise<Searched> =>
    house.json<Searched>("/v1/matrix/search", { query_text, ...more });
  const record = (more: object): Promise<Playbook> =>
    house.json<Playbook>("/v1/matrix/playbooks/record", { answer_corpus: "staff", ...more }, 201);
  const ask = (path: string, body: object): Promise<Response> =>
    house.ask(path, { method: "POST", body: JSON.stringify(body) });

  test("nothing recorded, nothing done", async () => {
    const { playbook, degraded, hits } = await search("forklift operators in Chicago, IL");
    expect([playbook, degraded]).toEqual([
      { matched: 0, boosted: 0, injected: 0, blocked_by_gate: 0 },
      false,
    ]);
    for (const hit of hits) expect([hit.boost, hit.base_rank]).toEqual([undefined, hit.rank]);
  });

  test("the same query with a record of score 1 halves the distance, in every mode", async () => {
    const text = "need 2 forklift operators in Chicago, IL";
    const cold = await search(text);
    const chosen = cold.hits[6] as MatrixHit;
    const made = await record({ query_text: text, answer_id: chosen.id, score: 1, actor: "ana" });
    expect(made).toMatchObject({
      version: 1,
      role: "Forklift Operator",
      effect: "lift",
      state: "active",
      recorded_by: "local",
    });
    expect(made.note).toBeUndefined();
    for (const mode of ["hybrid", "dense", "lexical"]) {
      const warm = await search(text, { mode, explain: true, k: 30 });
      const hit = warm.hits.find(({ id }) => id === chosen.id) as MatrixHit;
      expect(Math.abs(hit.distance - 0.5 * chosen.distance), mode).toBeLessThan(1e-4);
      expect(hit.distance_raw, mode).toBeCloseTo(chosen.distance, 6);
      expect(hit.boost, mode).toMatchObject({ playbook_id: made.playbook_id, version: 1 });
      expect(hit.score, mode).toBeCloseTo(1 - 0.5 * (1 - (hit.score_raw ?? NaN)), 4);
      expect(hit.explain?.playbook, mode).toMatchObject({ query_text: text, score: 1 });
      expect(warm.playbook, mode).toMatchObject({ matched: 1, boosted: 1 });
      expect(warm.degraded).toBe(false);
    }
    const warm = await search(text);
    expect(warm.hits[0]).toMatchObject({ id: chosen.id, rank: 0, base_rank: 6 });
    expect(idsOf(await search(text, { use_playbook: false }))).toEqual(idsOf(cold));
    // A smaller k has the first hits of a larger one.
    expect(idsOf(await search(text, { k: 20 })).slice(0, 10)).toEqual(idsOf(warm));
  });

  test("a near query is lifted less, a far one not at all, and one of another role never", async () => {
    const [near] = (await search("forklift operators wanted in Chicago, IL")).hits;
    expect(near?.boost?.factor).toBeGreaterThan(0.5);
    expect(near?.boost?.query_distance).toBeLessThan(0.5);
    const far = await search("forklift operator near Austin TX for the weekend", {
      playbook_max_distance: 0.01,
    });
    expect(far.hits.every(({ boost }) => boost === undefined)).toBe(true);
    const text = "need 2 CNC machinists in Chicago, IL";
    const other = await search(text);
    expect(other.hits.every(({ boost }) => boost === undefined)).toBe(true);
    expect(idsOf(other)).toEqual(idsOf(await search(text, { use_playbook: false })));
    expect(other.playbook.matched).toBe(0);
  });

  test("the same record again changes nothing; another one is the next version", async () => {
    const [, other] = (await search("welders Denver CO")).hits;
    const wanted = { query_text: "welders Denver CO", answer_id: other?.id, score: 0.7, actor: "bo" };
    const [first, again] = [await record(wanted), await record(wanted)];
    expect(again).toEqual(first);
    const next = await record({ ...wanted, score: 0.9, tags: ["night"], ttl_days: 30 });
    expect([next.playbook_id, next.version]).toEqual([first.playbook_id, 2]);
    const read = await house.json<Playbook & { versions: { score: number }[] }>(
      `/v1/matrix/playbooks/${first.playbook_id}`,
    );
    expect(read.versions.map(({ score }) => score)).toEqual([0.7, 0.9]);
    expect(read).toMatchObject({ version: 2, tags: ["night"], score: 0.9 });
  });

  test("who did not come is pushed down, by the mirror of what lifts", async () => {
    const text = "line cooks in Austin, TX";
    const [best] = (await search(text)).hits as [MatrixHit];
    const outcome = { result: "no-show" };
    const made = await record({ query_text: text, answer_id: best.id, score: 0, outcome });
    expect(made.effect).toBe("push_down");
    const { hits } = await search(text, { k: 100 });
    const now = hits.find(({ id }) => id === best.id) as MatrixHit;
    expect(now.boost?.factor).toBeCloseTo(1.5, 5);
    expect(now.distance).toBeCloseTo(1.5 * now.distance_raw, 5);
    expect(now.rank).toBeGreaterThan(now.base_rank);
    const why = await search(text, { explain: { id: best.id } });
    expect(why.why_not).toMatchObject({ id: best.id, corpus: "staff", reason: "pushed_down" });
  });

  test("an answer that is no candidate is brought in, but never past a filter or a status", async () => {
    const text = "4 welders in Chicago, IL";
    const pool = new Set(idsOf(await search(text, { k: 100, use_playbook: false })));
    const absent = roster.filter(({ worker_id, role }) => role === "Welder" && !pool.has(worker_id));
    const good = absent.find(({ status, city }) => status === "active" && city === "Austin");
    const banned = absent.find(({ status }) => status === "do_not_hire");
    for (const one of [good, banned])
      await record({ query_text: text, answer_id: one?.worker_id, score: 1, actor: "cy" });
    const { hits } = await search(text, { mode: "dense", k: 100 });
    const hit = hits.find(({ id }) => id === good?.worker_id) as MatrixHit;
    expect(hit.boost?.factor).toBeCloseTo(0.5, 5);
    expect(hit.distance).toBeCloseTo(0.5 * hit.distance_raw, 6);
    expect(idsOf(await search(text, { k: 100 }))).not.toContain(banned?.worker_id);
    const filtered = await search(text, { k: 100, filter: { city: "Chicago" } });
    expect(idsOf(filtered)).not.toContain(good?.worker_id);
    const why = await search(text, { filter: { city: "Chicago" }, explain: { id: good?.worker_id } });
    expect(why.why_not).toMatchObject({ reason: "filtered", failed: ["filter.city"] });
    const status = await search(text, { explain: { id: banned?.worker_id } });
    expect(status.why_not).toMatchObject({ reason: "status", failed: ["status"] });
  });

  test("words that nobody can read bring in who was recorded for them, if these are two and of one role", async () => {
    const text = "7 blorpt glimmers in Austin, TX";
    const { hits, query } = await search(text, { k: 100, use_playbook: false });
    expect(query.role.role).toBeNull();
    const pool = new Set(hits.map(({ id }) => id));
    const absent = (trade: string): string[] =>
      roster
        .filter((one) => one.role === trade && one.status === "active" && one.city === "Austin")
        .map((one) => one.worker_id)
        .filter((id) => !pool.has(id));
    const [first, second] = absent("Welder");
    const injected = async (wanted = text): Promise<string[]> =>
      (await search(wanted, { k: 100 })).hits
        .flatMap((hit) => (hit.injected === true ? [hit.id] : []))
        .sort();
    const recorded = { query_text: text, score: 1, actor: "hal" };
    await record({ ...recorded, answer_id: first });
    expect(await injected()).toEqual([]);
    await record({ ...recorded, answer_id: second });
    expect(await injected()).toEqual([first ?? "", second ?? ""].sort());
    expect(await injected("2 Blorpt glimmers in Austin, TX")).toHaveLength(2);
    expect(await injected("7 blorpt gadgeteers in Austin, TX")).toEqual([]);
    // One of another role, and nobody knows any more what the words mean.
    await record({ ...recorded, answer_id: absent("Line Cook")[0] });
    expect(await injected()).toEqual([]);
  });

  test("why a row is not among the hits", async () => {
    const text = "forklift operators in Denver, CO";
    const { hits } = await search(text, { k: 40, use_playbook: false });
    const [inside, outside] = [hits[3] as MatrixHit, hits[30] as MatrixHit];
    const ask = async (id: string): Promise<Searched["why_not"]> =>
      (await search(text, { explain: { id }, use_playbook: false })).why_not;
    expect(await ask(inside.id)).toMatchObject({ reason: "is_hit", rank: 3 });
    const below = await ask(outside.id);
    expect(below).toMatchObject({ reason: "below_cut", rank: 30 });
    expect(below?.below_by).toBeCloseTo((hits[9]?.score ?? NaN) - outside.score, 6);
    expect(await ask("nobody")).toMatchObject({ reason: "not_in_corpus", corpus: null });
  });

  test("records, roles and rows that are not there are refused by name", async () => {
    const text = "forklift operators in Denver, CO";
    const path = "/v1/matrix/playbooks/record";
    const wanted = { query_text: text, answer_corpus: "staff", answer_id: "w4", score: 1 };
    expect(await codeOf(await ask(path, { ...wanted, answer_id: "nobody" }))).toBe("not_found");
    expect(await codeOf(await ask(path, { ...wanted, answer_corpus: "nothing" }))).toBe("not_found");
    expect(await codeOf(await ask(path, { ...wanted, role: "wizard of nothing" }))).toBe("rejected");
    expect(await codeOf(await ask(path, { ...wanted, score: 1.1 }))).toBe("invalid");
    expect(await codeOf(await house.ask("/v1/matrix/playbooks/pb_none"))).toBe("not_found");
    const across = await record({ ...wanted, answer_id: "w1", score: 1 });
    expect(across.note).toContain("no playbook crosses roles");
    expect(idsOf(await search(text, { k: 100 })).filter((id) => roleOf(id) === "CNC Machinist")).toEqual(
      idsOf(await search(text, { k: 100, use_playbook: false })).filter(
        (id) => roleOf(id) === "CNC Machinist",
      ),
    );
  });

  test("many are imported row by row, each refused row with its reason", async () => {
    const rows = [
      { query_text: "cooks Austin TX", answer_id: "w2", answer_corpus: "staff", score: 0.8, actor: "import" },
      { query_text: "cooks Austin TX", answer_id: "nobody", answer_corpus: "staff", score: 0.8 },
      { query_text: "cooks Austin TX", answer_id: "w6", answer_corpus: "staff", score: 2 },
      { query_text: "cooks Denver CO", answer_id: "w10", answer_corpus: "staff", score: 1, actor: "import" },
    ];
    const send = async (body: string): Promise<Record<string, unknown>> =>
      (await (await house.ask("/v1/matrix/playbooks/import", { method: "POST", body })).json()) as Record<
        string,
        unknown
      >;
    const lines = `${rows.map((row) => JSON.stringify(row)).join("\n")}\nnot json\n`;
    const done = await send(lines);
    expect(done).toMatchObject({ imported: 2, unchanged: 0, rejected: 3 });
    expect((done["reasons"] as { row: number }[]).map(({ row }) => row)).toEqual([2, 3, 5]);
    expect(await send(JSON.stringify(rows))).toMatchObject({ imported: 0, unchanged: 2, rejected: 2 });
    const { playbooks } = await house.json<{ playbooks: Playbook[] }>(
      "/v1/matrix/playbooks?role=Line%20Cook&limit=2",
    );
    expect(playbooks).toHaveLength(2);
    expect(playbooks.every(({ role }) => role === "Line Cook")).toBe(true);
  });

  test("what is disabled or removed does not act, and a replay of before still has it", async () => {
    const text = "CNC machinists for second shift in Denver, CO";
    const chosen = (await search(text)).hits[5] as MatrixHit;
    const { playbook_id: id, recorded_at } = await record({
      query_text: text,
      answer_id: chosen.id,
      score: 1,
    });
    const first = async (more: object = {}): Promise<string | undefined> =>
      idsOf(await search(text, more))[0];
    expect(await first()).toBe(chosen.id);
    const off = await house.json<Playbook>(`/v1/matrix/playbooks/${id}/disable`, { reason: "left" });
    expect(off).toMatchObject({ state: "disabled", disabled: { by: "local", reason: "left" } });
    expect(await first()).not.toBe(chosen.id);
    expect((await house.json<Playbook>(`/v1/matrix/playbooks/${id}/enable`, {})).state).toBe("active");
    expect(await first()).toBe(chosen.id);
    expect((await house.ask(`/v1/matrix/playbooks/${id}`, { method: "DELETE" })).status).toBe(204);
    expect(await first()).not.toBe(chosen.id);
    expect(await codeOf(await house.ask(`/v1/matrix/playbooks/${id}`))).toBe("not_found");
    expect(await first({ at: recorded_at })).toBe(chosen.id);
    const before = new Date(Date.parse(recorded_at) - 1).toISOString();
    expect(await first({ at: before })).not.toBe(chosen.id);
    const gone = await ask("/v1/matrix/search", { query_text: text, at: "2020-01-01T00:00:00Z" });
    expect(await codeOf(gone)).toBe("not_found");
    const ahead = await ask("/v1/matrix/search", { query_text: text, at: "2999-01-01T00:00:00Z" });
    expect(await codeOf(ahead)).toBe("invalid");
  });

  test("exposures, lift and harm are in the ledger, and harm switches a playbook off", async () => {
    const text = "forklift operators for nights in Austin, TX";
    const { hits } = await search(text, { k: 30, use_playbook: false });
    const bad = hits[25] as MatrixHit;
    const made = await record({ query_text: text, answer_id: bad.id, score: 1, actor: "dee" });
    const entryOf = async (): Promise<LedgerEntry | undefined> =>
      (
        await house.json<{ entries: LedgerEntry[] }>(
          "/v1/matrix/playbooks/ledger?role=Forklift%20Operator&limit=1000",
        )
      ).entries.find(({ playbook_id }) => playbook_id === made.playbook_id);
    // What was ranked already counts for each time that it is shown.
    for (const exposures of [1, 2, 3]) {
      expect((await search(text)).hits[0]?.id).toBe(bad.id);
      expect(await entryOf()).toMatchObject({ exposures, judged: 0, state: "active" });
    }
    // Others find out, for orders worded otherwise, that the person does not come.
    for (const actor of ["eve", "fay", "gus"]) {
      const query_text = `forklift operators for nights in Austin, TX please ${actor}`;
      await record({ query_text, answer_id: bad.id, score: 0, outcome: { result: "no_show" }, actor });
    }
    const entry = await entryOf();
    expect(entry?.judged).toBeGreaterThanOrEqual(2);
    expect(entry?.harm).toBeGreaterThan(1);
    expect(entry).toMatchObject({ state: "disabled", disabled: { by: "harm_limit" } });
  });

  test("each version is an event of the journal, without the words of its query", async () => {
    const { playbooks } = await house.json<{ playbooks: Playbook[] }>("/v1/matrix/playbooks?limit=1000");
    const versions = playbooks.reduce((sum, { version }) => sum + version, 0);
    const events = async (): Promise<{ data: object }[]> => {
      const path = "/v1/journal/events?type=playbook.recorded&limit=1000";
      return (await house.json<{ events: { data: object }[] }>(path)).events;
    };
    const until = Date.now() + 10_000;
    while ((await events()).length < versions && Date.now() < until) await Bun.sleep(50);
    const found = await events();
    // One playbook was removed, and its event stays.
    expect(found).toHaveLength(versions + 1);
    expect(JSON.stringify(found)).not.toContain("Chicago");
  });

  test("everything is there after a restart", async () => {
    const text = "need 2 forklift operators in Chicago, IL";
    const before = await search(text);
    const list = await house.json("/v1/matrix/playbooks?limit=1000");
    house = await house.restart();
    expect(await house.json("/v1/matrix/playbooks?limit=1000")).toEqual(list);
    const after = await search(text);
    expect([idsOf(after), after.playbook, after.degraded]).toEqual([idsOf(before), before.playbook, false]);
  }, 240_000);

  test("a damaged store is told by calls, searches, health and inspection, and is never an emptier one", async () => {
    const text = "need 2 forklift operators in Chicago, IL";
    const { data } = house.settings;
    const names = (await dataFiles(data)).map(({ path }) => path);
    expect(names).toEqual(expect.arrayContaining(["playbooks.sqlite", "playbooks.sqlite.commits"]));
    const path = join(data, "playbooks.sqlite");
    const kept = new Map<string, Buffer>();
    house = await house.restart(() => {
      for (const file of [path, `${path}-wal`]) if (existsSync(file)) kept.set(file, readFileSync(file));
      const bytes = readFileSync(path);
      const wanted = '"score":1';
      // Also where a split page has left a copy.
      for (let at = bytes.indexOf(wanted); at > 0; at = bytes.indexOf(wanted, at + 1))
        bytes[at + wanted.length - 1] = "0".charCodeAt(0);
      writeFileSync(path, bytes);
      // Everything in it was written into the database when that was closed.
      for (const log of ["-wal", "-shm"]) rmSync(path + log, { force: true });
    });
    for (const one of ["/v1/matrix/playbooks", "/v1/matrix/playbooks/ledger"])
      expect(await codeOf(await house.ask(one))).toBe("internal");
    const wanted = { query_text: text, answer_corpus: "staff", answer_id: "w0", score: 1 };
    expect(await codeOf(await ask("/v1/matrix/playbooks/record", wanted))).toBe("internal");
    const found = await search(text);
    expect(found.hits.length).toBeGreaterThan(0);
    expect([found.degraded, found.playbook.degraded]).toEqual([true, expect.stringContaining("is damaged")]);
    expect(JSON.stringify(await house.json("/v1/health"))).toContain("playbooks");
    house = await house.restart(() => {
      for (const [file, bytes] of kept) writeFileSync(file, bytes);
    });
    expect((await search(text)).degraded).toBe(false);
  }, 240_000);
});
