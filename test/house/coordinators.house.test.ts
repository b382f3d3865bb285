// An hour of two coordinators over one house: thirty orders of mixed kinds, proposals by rank, by hand and by a model that
// makes people up, refusals, no-shows, late cancellations, backfills, blocks, orders that are lost, and each of the two
// working on what the other has just changed. At the end every number on the board is one that SQL over the journal gives.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import type { Fill, Message, OutcomeResult, Shortlist } from "#contracts/fill";
import type { SqlResult } from "#contracts/query";
import { type Random, seeded } from "#lib/random";
import { startHouse, type TestHouse } from "./house.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";

const ORDERS = 30;
const COORDINATORS = ["ann", "bo"] as const;
/** Steps that one order takes at most; each ends it, or changes one thing. */
const STEPS_MAX = 14;
const NOW = "2026-11-29T15:00:00Z";

const TEXTS = [
  "Need 2 forklift operators in Springfield, IL Friday 6a-2p $30",
  "3 line cooks Denver CO Saturday 2pm-10pm $24/hr",
  "housekeeper x2 in Orlando FL, Thursday 8am to 4pm, $18",
  "URGENT: CNC machinist, Cleveland OH, tomorrow 3pm-11pm $32",
  "5x landscape laborer - Charlotte NC - Wed 07:00-15:30 $20",
  "necesito 2 operadores de montacargas en Springfield IL el viernes 6am a 2pm $28",
  "CNA with current BLS near Phoenix AZ, Monday 7p-7a, 25 dollars",
] as const;

/** Two people who are in no roster, however often it is corrected; and one that talks and drafts nothing. */
const SCRIPT = {
  entries: [
    { model: "talker", replies: [{ content: "I would send Ana and Bob." }] },
    {
      model: "liar",
      replies: [
        { content: '{"order_id":"o","fills":[{"worker_id":"w-90210"}]}' },
        { content: '{"approved":true,"fills":[{"worker_id":"w-90211","reason":"verified"}]}' },
        { content: '{"order_id":"o","fills":[{"worker_id":"w-90210"}]}' },
      ],
    },
  ],
};

let house: TestHouse;
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "coordinators-"));
  const script = join(folder, "models.json");
  writeFileSync(script, JSON.stringify(SCRIPT));
  house = await startHouse("together", { chat_script: script });
  const roster = generateWorkers({ seed: 11, count: 1500, today: "2026-11-21" });
  const loaded = await house.ask("/v1/ingest?dataset=workers", {
    method: "POST",
    body: [...toCsv([...roster])].join(""),
  });
  expect(loaded.status, await loaded.text()).toBe(201);
  await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(PEOPLE_CORPUS) });
  for (;;) {
    const { status } = await house.json<{ status: string }>("/v1/matrix/corpora/workers");
    if (status === "ready") break;
    await Bun.sleep(20);
  }
}, 600_000);
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
}, 600_000);

const fillOf = (id: string): Promise<Fill> => house.json<Fill>(`/v1/fills/${id}`);

/** The chances whose refusal has happened once. */
const refused = new Set<number>();

const ENDS = ["no_show", "late_cancel", "completed"] as const;
const ENDS_BY_CHANCE = [...ENDS, "completed", "completed", "completed", "completed"] as const;
/** The ends that a shift has had. */
const ended = new Set<OutcomeResult>();

/** What happened, by the name of the call and its status. */
const happened = new Map<string, number>();

async function post(id: string, call: string, body: object): Promise<Response> {
  const reply = await house.ask(`/v1/fills/${id}/${call}`, { method: "POST", body: JSON.stringify(body) });
  const what = `${call} ${reply.status}`;
  happened.set(what, (happened.get(what) ?? 0) + 1);
  expect(reply.status, await reply.clone().text()).toBeLessThan(500);
  return reply;
}

/** One thing that a coordinator does with an order next; false when the order is done with. */
async function step(id: string, actor: string, random: Random): Promise<boolean> {
  const fill = await fillOf(id);
  const { version, seats, short, closed, missing } = fill;
  if (closed !== undefined) return false;
  if (missing.length > 0) {
    const order = {
      start_at: "2026-12-05T12:00:00Z",
      end_at: "2026-12-05T20:00:00Z",
      city: "Springfield",
      state: "IL",
    };
    await house.ask(`/v1/fills/${id}`, { method: "PATCH", body: JSON.stringify({ version, order, actor }) });
    return true;
  }
  const asked = seats.filter(({ status }) => status === "proposed" || status === "contacted");
  const next = seats.find(({ status }) => status === "confirmed");
  const outcome = (worker_id: string, result: OutcomeResult, more: object = {}): Promise<Response> =>
    post(id, "outcomes", { version, worker_id, result, actor, ...more });
  if (asked.length > 0) {
    const { worker_id } = random.pick(asked);
    // Each kind comes first, and then by chance.
    const chance = [1, 3].find((kind) => !refused.has(kind)) ?? random.below(10);
    if (chance < 1) {
      await post(id, "messages", { worker_ids: [worker_id], channel: "sms", purpose: "offer", actor });
    } else if (chance < 3) {
      const { ok } = await outcome(worker_id, "declined", { reason: "Has other work" });
      if (ok) refused.add(1);
    } else if (chance < 4) {
      const { ok } = await outcome(worker_id, "blocked", { reason: "The client asked", scope: "client" });
      if (ok) refused.add(3);
    } else await outcome(worker_id, "confirmed");
    return true;
  }
  if (short > 0) {
    const chance = random.below(10);
    if (chance === 0) {
      await post(id, "close", { version, result: random.below(2) === 0 ? "lost" : "cancelled", actor });
      return true;
    }
    if (chance === 1) {
      const lied = await post(id, "propose", { version, model: "scripted/liar", actor });
      if (lied.status === 200) expect(((await lied.json()) as Fill).proposal?.ok).toBe(false);
      return true;
    }
    const {
      shortlist,
      excluded,
      version: now,
    } = (await (await post(id, "backfill", { version, actor })).json()) as Fill & Shortlist;
    if (now === undefined) return true;
    if (shortlist.length === 0) {
      await post(id, "close", { version: now, result: "lost", reason: "Nobody is left", actor });
    } else if (chance === 2 && excluded.length > 0) {
      const refused = await post(id, "propose", {
        version: now,
        worker_ids: [excluded[0]?.worker_id],
        actor,
      });
      if (refused.status === 200) expect(((await refused.json()) as Fill).proposal?.ok).toBe(false);
    } else if (chance < 6) {
      const worker_ids = shortlist.slice(0, short).map(({ worker_id }) => worker_id);
      await post(id, "propose", { version: now, worker_ids, actor });
    } else await post(id, "propose", { version: now, auto: true, actor });
    return true;
  }
  if (next === undefined) return false;
  // Each kind comes first, and then by chance.
  const result = ENDS.find((kind) => !ended.has(kind)) ?? random.pick(ENDS_BY_CHANCE);
  const rating = result === "completed" && random.below(2) === 0 ? { rating: 1 + random.below(5) } : {};
  const { ok } = await outcome(next.worker_id, result, rating);
  if (ok) ended.add(result);
  return true;
}

const BOARD = `
  WITH mine AS (
    SELECT subject AS fill, type, seq, data FROM journal
    WHERE id LIKE 'fill-%' AND type NOT IN ('fill.learnt', 'fill.role_learnt')
  ),
  headcounts AS (
    SELECT fill, arg_max((data->>'$.order.headcount')::INT, seq) AS headcount FROM mine
    WHERE type IN ('order.parsed', 'order.corrected') GROUP BY fill
  ),
  ends AS (SELECT fill, max(data->>'$.result') AS result FROM mine WHERE type = 'fill.closed' GROUP BY fill),
  lasts AS (
    SELECT fill, data->>'$.worker_id' AS worker,
      arg_max(CASE WHEN type = 'worker.blocked' THEN 'blocked' ELSE data->>'$.status' END, seq) AS status
    FROM mine WHERE type = 'worker.blocked' OR (data->>'$.status') IS NOT NULL
    GROUP BY ALL
  ),
  people AS (
    SELECT fill,
      count(*) FILTER (status = 'confirmed') AS confirmed,
      count(*) FILTER (status = 'completed') AS completed,
      count(*) FILTER (status = 'no_show') AS no_shows,
      count(*) FILTER (status = 'late_cancel') AS late_cancels,
      count(*) FILTER (status = 'declined') AS declined,
      count(*) FILTER (status = 'blocked') AS blocked
    FROM (
      SELECT fill, CASE WHEN status = 'confirmed' AND result IS NOT NULL THEN 'cancelled' ELSE status END AS status
      FROM lasts LEFT JOIN ends USING (fill)
    ) GROUP BY fill
  )
  SELECT fill, max((data->>'$.version')::INT) AS version, headcount, result,
    count(*) FILTER (type = 'contact.drafted') AS messages,
    coalesce(confirmed, 0) AS confirmed, coalesce(completed, 0) AS completed, coalesce(no_shows, 0) AS no_shows,
    coalesce(late_cancels, 0) AS late_cancels, coalesce(declined, 0) AS declined, coalesce(blocked, 0) AS blocked
  FROM mine JOIN headcounts USING (fill) LEFT JOIN ends USING (fill) LEFT JOIN people USING (fill)
  GROUP BY ALL ORDER BY fill`;

function numbersOf({ fill_id, version, order, closed, seats }: Fill): Record<string, unknown> {
  const count = (status: string): number => seats.filter((seat) => seat.status === status).length;
  return {
    fill: fill_id,
    version,
    headcount: order.headcount,
    result: closed?.result ?? null,
    messages: seats.reduce((sum, seat) => sum + seat.messages, 0),
    confirmed: count("confirmed"),
    completed: count("completed"),
    no_shows: count("no_show"),
    late_cancels: count("late_cancel"),
    declined: count("declined"),
    blocked: count("blocked"),
  };
}

test("two coordinators fill thirty orders, and every number on the board is SQL's over the journal", async () => {
  const random = seeded(10);
  const ids: string[] = [];
  for (let n = 0; n < ORDERS; n += 1) {
    const text = TEXTS[n % TEXTS.length] ?? TEXTS[0];
    const { fill_id } = await house.json<Fill>(
      "/v1/fills",
      { order_text: text, order: { client_id: `client-${n % 4}` }, now: NOW, actor: COORDINATORS[n % 2] },
      201,
    );
    ids.push(fill_id);
  }
  // Both go through all orders, from either end: what one has seen the other may have changed.
  const work = async (actor: string, mine: readonly string[], chances: Random): Promise<void> => {
    let open = mine;
    for (let round = 0; round < STEPS_MAX && open.length > 0; round += 1) {
      const further: string[] = [];
      for (const id of open) if (await step(id, actor, chances)) further.push(id);
      open = further;
    }
  };
  await Promise.all([work("ann", ids, random), work("bo", ids.toReversed(), seeded(11))]);
  await house.json("/v1/fill-publish", {});
  await house.json("/v1/journal/seal", {});

  const { fills } = await house.json<{ fills: Fill[] }>("/v1/fills?limit=1000");
  expect(fills).toHaveLength(ORDERS);
  const sql = async (text: string): Promise<SqlResult["rows"]> =>
    (await house.json<SqlResult>("/v1/sql", { sql: text, limit: 100_000 })).rows;
  const board = fills.map(numbersOf).sort((a, b) => (String(a["fill"]) < String(b["fill"]) ? -1 : 1));
  expect(board).toEqual(await sql(BOARD));
  // The board's own columns follow from these.
  for (const { order, seats, short, closed, status } of fills) {
    const taken = seats.filter((seat) => seat.status === "confirmed" || seat.status === "completed").length;
    expect(short).toBe(Math.max(0, (order.headcount ?? 1) - taken));
    if (closed !== undefined) expect(status).toBe(closed.result);
  }
  const rows = await sql("SELECT fill_id, status, short, no_shows FROM fills ORDER BY fill_id");
  expect(rows).toEqual(
    fills
      .map(({ fill_id, status, short, seats }) => ({
        fill_id,
        status,
        short,
        no_shows: seats.filter((seat) => seat.status === "no_show").length,
      }))
      .sort((a, b) => (a.fill_id < b.fill_id ? -1 : 1)),
  );
  // Nobody is on two shifts at once.
  const [{ twice } = { twice: -1 }] = await sql(`
    SELECT count(*) AS twice FROM assignments a JOIN assignments b
    ON a.worker_id = b.worker_id AND a.fill_id < b.fill_id AND a.start_at < b.end_at AND b.start_at < a.end_at
    WHERE a.status IN ('confirmed', 'completed') AND b.status IN ('confirmed', 'completed')`);
  expect(twice).toBe(0);
  expect(await house.json("/v1/fill-publish")).toEqual({
    fills: 0,
    assignments: 0,
    contacts: 0,
    outcomes: 0,
  });
  // It was such an hour: all of this happened, also the two in each other's way.
  const total = (status: string): number =>
    fills.flatMap(({ seats }) => seats).filter((one) => one.status === status).length;
  for (const status of ["completed", "no_show", "declined", "blocked"])
    expect(total(status), status).toBeGreaterThan(0);
  for (const call of ["propose 200", "outcomes 200", "backfill 200"])
    expect(happened.get(call) ?? 0, call).toBeGreaterThan(0);
  const stale = await post(ids[0] ?? "", "close", { version: 1, result: "lost" });
  expect(stale.status).toBe(409);
}, 600_000);

// On a day of its own, for which nobody is booked by the hour before.
test("a model that drafts nothing proposes nobody and writes to nobody, and it is told why", async () => {
  const order = {
    order_text: "Need a forklift operator in Springfield, IL on March 12 6a-2p $30",
    order: { client_id: "acme" },
    now: NOW,
  };
  const opened = await house.json<Fill>("/v1/fills", order, 201);
  const { fill_id: id, version } = opened;
  const ask = (call: string, body: object): Promise<Response> =>
    house.ask(`/v1/fills/${id}/${call}`, { method: "POST", body: JSON.stringify(body) });
  const said = "scripted/talker drafted nothing in 2 tries: There is no JSON object in the reply.";
  const proposed = await ask("propose", { version, model: "scripted/talker" });
  expect(proposed.status).toBe(502);
  expect(await proposed.text()).toContain(said);
  expect(await fillOf(id)).toMatchObject({ version, status: "open" });
  const byRank = (await (await ask("propose", { version, auto: true })).json()) as Fill;
  const worker_ids = byRank.seats.map(({ worker_id }) => worker_id);
  const offer = { worker_ids, channel: "sms", purpose: "offer", model: "scripted/talker" };
  const drafted = await ask("messages", offer);
  expect([worker_ids.length, drafted.status]).toEqual([1, 200]);
  const { messages } = (await drafted.json()) as { messages: Message[] };
  expect(messages).toMatchObject([{ ok: false, body: "", findings: [{ path: "body", message: said }] }]);
  expect((await fillOf(id)).status).toBe(byRank.status);
}, 240_000);
