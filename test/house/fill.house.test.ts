// An order from its text to its outcome, as two coordinators work on it: what one sees the other may have changed, nobody is
// booked twice, what happened moves the next ranking, and every number is one that SQL over the journal gives too.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import { CHANNELS, type Fill, type Message, PURPOSES, type Shortlist } from "#contracts/fill";
import type { SqlResult } from "#contracts/query";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";

const roster = [...generateWorkers({ seed: 11, count: 1500, today: "2026-11-21" })];
const NOW = "2026-11-29T15:00:00Z";
const ORDER = {
  order_text: "Need 2 forklift operators in Springfield, IL Friday 6a-2p $30",
  order: { client_id: "acme" },
  now: NOW,
};

type Opened = Fill & Shortlist;

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology, {}, { processes: true });
    const loaded = await house.ask("/v1/ingest?dataset=workers", {
      method: "POST",
      body: [...toCsv(roster)].join(""),
    });
    expect(loaded.status, await loaded.text()).toBe(201);
    await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(PEOPLE_CORPUS) });
    for (;;) {
      const { status } = await house.json<{ status: string }>("/v1/matrix/corpora/workers");
      if (status === "ready") break;
      await Bun.sleep(20);
    }
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const open = (body: object = ORDER): Promise<Opened> => house.json<Opened>("/v1/fills", body, 201);
  const get = (id: string, query = ""): Promise<Fill> => house.json<Fill>(`/v1/fills/${id}${query}`);
  const post = (id: string, call: string, body: object): Promise<Response> =>
    house.ask(`/v1/fills/${id}/${call}`, { method: "POST", body: JSON.stringify(body) });
  const sql = async (text: string): Promise<SqlResult["rows"]> =>
    (await house.json<SqlResult>("/v1/sql", { sql: text, limit: 100_000 })).rows;

  test("an order is read, people are ranked for it, and whom a rule keeps out is told with the rule", async () => {
    const opened = await open();
    expect(opened).toMatchObject({
      version: 1,
      status: "open",
      missing: [],
      short: 2,
      order: {
        client_id: "acme",
        role: "Forklift Operator",
        city: "Springfield",
        state: "IL",
        headcount: 2,
        start_at: "2026-12-04T12:00:00.000Z",
        end_at: "2026-12-04T20:00:00.000Z",
        pay_rate: 30,
      },
    });
    expect(opened.shortlist.length).toBeGreaterThanOrEqual(2);
    expect(opened.shortlist.every(({ role }) => role === "Forklift Operator")).toBe(true);
    const byId = new Map(roster.map((worker) => [worker.worker_id, worker]));
    const listed = new Set(opened.shortlist.map(({ worker_id }) => worker_id));
    const out = new Map(opened.excluded.map(({ worker_id, code }) => [worker_id, code]));
    expect(out.size).toBeGreaterThan(0);
    for (const worker of roster) {
      if (worker.role !== "Forklift Operator" || worker.city !== "Springfield" || worker.state !== "IL")
        continue;
      // Nobody of the role there is dropped without a word.
      expect(listed.has(worker.worker_id) !== out.has(worker.worker_id), worker.worker_id).toBe(true);
      if (worker.status !== "active") expect(out.get(worker.worker_id)).toMatch(/^fill\.(status|dnr)$/);
    }
    for (const id of listed) expect(byId.get(id)?.status).toBe("active");
  }, 240_000);

  test("what an order does not say is named, and nobody is proposed before it is corrected", async () => {
    const opened = await open({
      order_text: "need a forklift operator",
      order: { client_id: "acme" },
      now: NOW,
    });
    expect(opened.missing).toEqual(["city", "state", "start_at", "end_at"]);
    expect(opened.unchecked.length).toBeGreaterThan(0);
    const refused = await post(opened.fill_id, "propose", { version: 1, auto: true });
    expect([refused.status, await codeOf(refused)]).toEqual([422, "rejected"]);
    const corrected = await house.ask(`/v1/fills/${opened.fill_id}`, {
      method: "PATCH",
      body: JSON.stringify({
        version: 1,
        order: {
          city: "Springfield",
          state: "IL",
          start_at: "2026-12-05T12:00:00Z",
          end_at: "2026-12-05T20:00:00Z",
          pay_rate: 30,
        },
      }),
    });
    expect(await corrected.json()).toMatchObject({
      version: 2,
      missing: [],
      order: { timezone: "America/Chicago", lat: expect.any(Number) },
    });
  }, 240_000);

  test("an order that names no pay is filled as another, and its messages say what is to be corrected", async () => {
    const { fill_id, shortlist } = await open({
      order_text: "Need 2 forklift operators in Springfield, IL Friday 10p-6a",
      now: NOW,
    });
    const ids = shortlist.map(({ worker_id }) => worker_id).slice(0, 3);
    expect(ids).toHaveLength(3);
    const many = (await (await post(fill_id, "propose", { version: 1, worker_ids: ids })).json()) as Fill;
    expect(many.status).toBe("proposed");
    expect(many.proposal?.findings.map(({ code }) => code)).toContain("fill.headcount_over");
    const two = await post(fill_id, "propose", { version: 2, worker_ids: ids.slice(0, 2) });
    expect(await two.json()).toMatchObject({ status: "validated", proposal: { ok: true, findings: [] } });
    const draft = async (body: object): Promise<Response> =>
      post(fill_id, "messages", { worker_ids: ids.slice(0, 1), purpose: "offer", ...body });
    const lack = {
      code: "email.required_parts",
      severity: "error",
      path: "order.pay_rate",
      hint: "Correct the order: name its pay_rate.",
    };
    for (const body of [
      { channel: "sms" },
      { channel: "email" },
      { channel: "email", language: "es" },
      { channel: "email", template: "{role} in {city}\nHello {first_name}, {agency}: it pays $31 an hour" },
    ]) {
      const { messages } = (await (await draft(body)).json()) as { messages: Message[] };
      expect(messages[0]?.ok).toBe(false);
      expect(messages[0]?.findings).toContainEqual(expect.objectContaining(lack));
      expect(JSON.stringify(messages)).not.toMatch(/\$0\b/);
    }
    for (const channel of ["sms", "email"]) {
      const cancelled = await draft({ channel, purpose: "cancel" });
      expect(await cancelled.json()).toMatchObject({ messages: [{ ok: true }] });
    }
    const byModel = await draft({ channel: "sms", model: "scripted/echo" });
    expect([byModel.status, await codeOf(byModel)]).toEqual([422, "rejected"]);
    const { version } = await get(fill_id);
    await house.ask(`/v1/fills/${fill_id}`, {
      method: "PATCH",
      body: JSON.stringify({ version, order: { pay_rate: 30 } }),
    });
    // Whatever ships passes its own checks.
    for (const purpose of PURPOSES)
      for (const channel of CHANNELS)
        for (const language of ["en", "es"]) {
          const { messages } = (await (await draft({ purpose, channel, language })).json()) as {
            messages: Message[];
          };
          expect(messages[0], `${purpose} ${channel} ${language}`).toMatchObject({ ok: true });
          if (purpose !== "cancel") expect(messages[0]?.body).toContain("$30.00");
        }
  }, 240_000);

  test("people without places are ranked and proposed, and it is said that no distance was looked at", async () => {
    const crew = ["worker_id,name,role,status", "c1,Ann Lee,Line Cook,active", "c2,Bo Ray,Line Cook,active"];
    const loaded = await house.ask("/v1/ingest?dataset=crew", { method: "POST", body: crew.join("\n") });
    expect(loaded.status, await loaded.text()).toBe(201);
    const corpus = { dataset: "crew", id: "worker_id", text: "{role}", fields: { role: "keyword" } };
    await house.ask("/v1/matrix/corpora/crew", { method: "PUT", body: JSON.stringify(corpus) });
    while ((await house.json<{ status: string }>("/v1/matrix/corpora/crew")).status !== "ready")
      await Bun.sleep(20);
    const order = { order_text: "fill 2 line cooks boise fri 6a-2p $20", corpus: "crew", now: NOW };
    const opened = await open(order);
    expect(opened.order).toMatchObject({ city: "Boise", state: "ID", headcount: 2 });
    expect(opened.shortlist.map(({ worker_id }) => worker_id).sort()).toEqual(["c1", "c2"]);
    expect(opened.unchecked.join(" ")).toContain("the corpus crew does not know where its people are");
    await house.ask("/v1/matrix/corpora/crew", { method: "DELETE" });
  }, 240_000);

  test("of two coordinators the second is told what the first changed", async () => {
    const { fill_id } = await open();
    const first = await post(fill_id, "close", { version: 1, result: "lost" });
    expect(first.status).toBe(200);
    const second = await post(fill_id, "propose", { version: 1, auto: true });
    expect(second.status).toBe(409);
    const { error } = (await second.json()) as { error: { message: string; details: { message: string }[] } };
    expect(error.message).toContain("version 2");
    // Both states are told: what the fill is, and what was seen.
    const [current, seen] = error.details.map(({ message }) => JSON.parse(message) as Fill);
    expect(current).toMatchObject({ version: 2, status: "lost" });
    expect(seen).toMatchObject({ version: 1, status: "open" });
  }, 240_000);

  test("nobody is booked twice, however many propose at once", async () => {
    const opened = await Promise.all(Array.from({ length: 25 }, () => open()));
    const [worker = ""] = opened[0]?.shortlist.map(({ worker_id }) => worker_id) ?? [];
    const replies = await Promise.all([
      ...opened.map(({ fill_id }) => post(fill_id, "propose", { version: 1, worker_ids: [worker] })),
      ...opened.map(({ fill_id }) => post(fill_id, "propose", { version: 1, auto: true })),
    ]);
    expect(replies.every(({ status }) => status === 200 || status === 409)).toBe(true);
    const fills = await Promise.all(opened.map(({ fill_id }) => get(fill_id)));
    const held = fills.flatMap(({ seats }) => seats).filter(({ status }) => status === "proposed");
    expect(held.length).toBeGreaterThan(0);
    expect(new Set(held.map(({ worker_id }) => worker_id)).size).toBe(held.length);
    // Who is held is told as kept out elsewhere.
    const late = await open();
    const outside = new Map(late.excluded.map(({ worker_id, code }) => [worker_id, code]));
    for (const { worker_id } of held) expect(outside.get(worker_id)).toBe("fill.double_booked");
    for (const fill of fills)
      await post(fill.fill_id, "close", { version: fill.version, result: "cancelled" });
  }, 240_000);

  test("proposal, messages, outcomes: the same order ranks otherwise afterwards, and says why", async () => {
    const opened = await open();
    const { fill_id } = opened;
    const proposed = await post(fill_id, "propose", { version: 1, auto: true });
    const fill = (await proposed.json()) as Fill;
    expect(fill).toMatchObject({ status: "validated", version: 2, proposal: { by: "auto", ok: true } });
    const [first = "", second = ""] = fill.seats.map(({ worker_id }) => worker_id);
    const drafts = await post(fill_id, "messages", {
      worker_ids: [first, second],
      channel: "sms",
      purpose: "offer",
    });
    const { messages } = (await drafts.json()) as { messages: Message[] };
    expect(messages).toHaveLength(2);
    for (const { body } of messages) expect(body).toContain("Friday");
    const results = [
      { worker_id: second, result: "confirmed" },
      { worker_id: second, result: "completed", rating: 5 },
      { worker_id: first, result: "confirmed" },
      { worker_id: first, result: "no_show", reason: "Did not answer" },
    ];
    for (const result of results) {
      const { version } = await get(fill_id);
      const recorded = await post(fill_id, "outcomes", { version, ...result });
      expect(recorded.status, await recorded.clone().text()).toBe(200);
    }
    const { version } = await get(fill_id);
    const backfilled = await post(fill_id, "backfill", { version });
    const list = (await backfilled.json()) as Opened;
    expect(list.short).toBe(1);
    const offered = list.shortlist.map(({ worker_id }) => worker_id);
    expect(offered).not.toContain(first);
    expect(offered).not.toContain(second);
    expect(list.excluded.find(({ worker_id }) => worker_id === first)?.code).toBe("fill.no_show");
    await house.json("/v1/fill-publish", {});
    // The same words a week later: on that day both are free.
    const again = await open({ ...ORDER, now: "2026-12-06T15:00:00Z" });
    const lifted = again.shortlist.find(({ worker_id }) => worker_id === second);
    const lowered = again.shortlist.find(({ worker_id }) => worker_id === first);
    expect(lifted?.boost?.factor).toBeLessThan(1);
    expect(lowered?.boost?.factor).toBeGreaterThan(1);
    expect(lifted?.rank).toBe(0);
    expect(lowered?.rank).toBeGreaterThan(lowered?.base_rank ?? 0);
    const events = await house.json<{ events: { type: string }[] }>(`/v1/fills/${fill_id}/events`);
    expect(events.events.filter(({ type }) => type === "fill.learnt")).toHaveLength(2);
  }, 240_000);

  test("a block keeps the person from that client's orders, and from no other's", async () => {
    const { fill_id, shortlist } = await open();
    const [worker = ""] = shortlist.map(({ worker_id }) => worker_id);
    await post(fill_id, "propose", { version: 1, worker_ids: [worker] });
    const blocked = await post(fill_id, "outcomes", {
      version: 2,
      worker_id: worker,
      result: "blocked",
      reason: "Client request after an incident",
    });
    expect(blocked.status, await blocked.clone().text()).toBe(200);
    const same = await open();
    expect(same.excluded.find(({ worker_id }) => worker_id === worker)?.code).toBe("fill.dnr");
    const other = await open({ ...ORDER, order: { client_id: "other" } });
    expect(other.shortlist.map(({ worker_id }) => worker_id)).toContain(worker);

    const { blocks } = await house.json<{
      blocks: { block_id: string; worker_id: string; fill_id: string }[];
    }>("/v1/fill-blocks");
    const block = blocks.find(({ worker_id }) => worker_id === worker);
    expect(block).toMatchObject({ fill_id, reason: "Client request after an incident" });
    const lift = { reason: "Withdrawn by the client" };
    expect(await house.json(`/v1/fill-blocks/${block?.block_id}/lift`, lift)).toMatchObject({ ...block });
    const again = await open();
    expect(again.shortlist.map(({ worker_id }) => worker_id)).toContain(worker);
    const state = await house.json<{ version: number; seats: { status: string }[] }>(`/v1/fills/${fill_id}`);
    expect([state.version, state.seats[0]?.status]).toEqual([4, "replaced"]);
    await post(fill_id, "propose", { version: 4, worker_ids: [worker] });
    const yes = await post(fill_id, "outcomes", { version: 5, worker_id: worker, result: "confirmed" });
    expect(yes.status, await yes.clone().text()).toBe(200);
  }, 240_000);

  test("a role that a person corrects is read so the next time", async () => {
    const text = { order_text: "need 2 zibblers in Springfield IL Friday 6a-2p", now: NOW };
    const first = await open(text);
    expect([first.order.role, first.missing]).toEqual([undefined, ["role"]]);
    const correct = (id: string): Promise<Response> =>
      house.ask(`/v1/fills/${id}`, {
        method: "PATCH",
        body: JSON.stringify({ version: 1, order: { role: "Forklift Operator" } }),
      });
    expect((await correct(first.fill_id)).status).toBe(200);
    await house.json("/v1/fill-publish", {});
    const titles = await house.json<{ titles: object[] }>("/v1/matrix/taxonomy/titles?source=corrections");
    expect(titles.titles).toMatchObject([{ title: "zibbler", count: 1 }]);
    const second = await open(text);
    expect(second.order.role).toBe("Forklift Operator");
    // Of an order without a text nothing is to be learnt, and a correction of something else teaches no role.
    const other = await open({ order: { ...first.order, role: "Cook" } });
    expect((await correct(other.fill_id)).status).toBe(200);
    await house.ask(`/v1/fills/${second.fill_id}`, {
      method: "PATCH",
      body: JSON.stringify({ version: 1, order: { headcount: 3 } }),
    });
    await house.json("/v1/fill-publish", {});
    expect(await house.json("/v1/matrix/taxonomy/titles?source=corrections")).toEqual(titles);
    const { events } = await house.json<{ events: { type: string; data: object }[] }>(
      `/v1/fills/${first.fill_id}/events`,
    );
    expect(events.find(({ type }) => type === "fill.role_learnt")?.data).toMatchObject({
      title: "zibblers",
    });
    await house.ask("/v1/matrix/taxonomy/sources/corrections", { method: "DELETE" });
  }, 240_000);

  test("an order that cannot be is refused with its field", async () => {
    const wrong: readonly (readonly [order: object, path: string])[] = [
      [{ timezone: "Mars/Phobos" }, "order.timezone"],
      [{ start_at: "2026-12-05T12:00:00Z", end_at: "2026-12-05T12:00:00Z" }, "order.end_at"],
      [{ headcount: 1001 }, "order.headcount"],
      [{ client_id: "a\u0000b" }, "order.client_id"],
    ];
    for (const [order, path] of wrong) {
      const reply = await house.ask("/v1/fills", {
        method: "POST",
        body: JSON.stringify({ ...ORDER, order }),
      });
      const { error } = (await reply.json()) as { error: { code: string; details?: { path: string }[] } };
      expect([reply.status, error.code, error.details?.[0]?.path]).toEqual([400, "invalid", path]);
    }
    const { fill_id } = await open();
    const corrected = await house.ask(`/v1/fills/${fill_id}`, {
      method: "PATCH",
      body: JSON.stringify({ version: 1, order: { headcont: 4 } }),
    });
    const said = "is not a known field. Did you mean headcount?";
    expect(await corrected.json()).toMatchObject({
      error: {
        code: "invalid",
        message: `order.headcont: ${said}`,
        details: [{ path: "order.headcont", message: said }],
      },
    });
    const many = { order_text: "need 5000 forklift operators in Springfield IL Friday 6a-2p", now: NOW };
    const read = await house.ask("/v1/fills", { method: "POST", body: JSON.stringify(many) });
    expect(read.status).toBeLessThan(500);
  }, 240_000);

  test("whoever failed an order has no other place on it, and nobody is one too many", async () => {
    // In a week when nobody is booked yet.
    const { fill_id, shortlist } = await open({ ...ORDER, now: "2026-12-13T15:00:00Z" });
    const [first = "", second = "", third = ""] = shortlist.map(({ worker_id }) => worker_id);
    const named = new Map(shortlist.map(({ worker_id, name }) => [worker_id, name]));
    const outcome = async (worker_id: string, result: string): Promise<Response> => {
      const { version } = await get(fill_id);
      return post(fill_id, "outcomes", { version, worker_id, result, reason: "as it went" });
    };
    await post(fill_id, "propose", { version: 1, worker_ids: [first, second], backup_ids: [third] });
    for (const { worker_id, name } of (await get(fill_id)).seats) expect(name).toBe(named.get(worker_id));
    for (const worker of [first, second]) expect((await outcome(worker, "confirmed")).status).toBe(200);
    const full = await outcome(third, "confirmed");
    expect([full.status, await codeOf(full)]).toEqual([422, "rejected"]);
    expect((await outcome(first, "no_show")).status).toBe(200);
    const { version } = await get(fill_id);
    const again = (await (await post(fill_id, "propose", { version, worker_ids: [first] })).json()) as Fill;
    expect(again.proposal).toMatchObject({
      ok: false,
      findings: [{ code: "fill.no_show", severity: "error" }],
    });
    expect(again.seats.find(({ worker_id }) => worker_id === first)?.status).toBe("no_show");
    const offer = { worker_ids: [first], channel: "sms", purpose: "offer" };
    expect((await post(fill_id, "messages", offer)).status).toBe(422);
    // A closed fill stays as it was closed.
    await post(fill_id, "close", { version: again.version, result: "cancelled" });
    const closed = await get(fill_id);
    expect(closed.seats.filter(({ status }) => status === "confirmed")).toEqual([]);
    const late: readonly (readonly [call: string, body: object])[] = [
      ["propose", { auto: true }],
      ["backfill", {}],
      ["close", { result: "lost" }],
      ["outcomes", { worker_id: second, result: "confirmed" }],
    ];
    for (const [call, body] of late)
      expect((await post(fill_id, call, { version: closed.version, ...body })).status, call).toBe(422);
    const correction = JSON.stringify({ version: closed.version, order: { headcount: 3 } });
    expect((await house.ask(`/v1/fills/${fill_id}`, { method: "PATCH", body: correction })).status).toBe(422);
  }, 240_000);

  test("a block behind the shift keeps what became of it: no place opens again", async () => {
    const { fill_id, shortlist } = await open({
      ...ORDER,
      order_text: "Need a forklift operator in Springfield, IL Dec 21 6a-2p $30",
      order: { client_id: "zenith" },
    });
    const [worker = ""] = shortlist.map(({ worker_id }) => worker_id);
    await post(fill_id, "propose", { version: 1, worker_ids: [worker] });
    for (const [at, result] of ["confirmed", "completed", "blocked"].entries())
      expect((await post(fill_id, "outcomes", { version: at + 2, worker_id: worker, result })).status).toBe(
        200,
      );
    const fill = await house.json<Fill>(`/v1/fills/${fill_id}`);
    expect(fill.seats.map(({ status }) => status)).toEqual(["completed"]);
    const { blocks } = await house.json<{ blocks: { block_id: string; worker_id: string }[] }>(
      "/v1/fill-blocks",
    );
    const own = blocks.find(({ worker_id }) => worker_id === worker);
    expect(own).toBeDefined();
    await house.json(`/v1/fill-blocks/${own?.block_id}/lift`, { reason: "Settled" });
    expect((await house.json<Fill>(`/v1/fills/${fill_id}`)).seats[0]?.status).toBe("completed");
  }, 240_000);

  test("a wish about who comes is in the order's notes, is refused, and ends when a person takes it out", async () => {
    const order_text = "Need a forklift operator in Springfield, IL Dec 22 6a-2p $30. Young men only.";
    const fill = await open({ ...ORDER, order_text });
    expect(fill.order.notes).toBe("Young men only.");
    expect(fill.order_findings.map(({ code, path }) => `${code} ${path}`)).toContain(
      "fill.protected_term order.notes",
    );
    const refused = await post(fill.fill_id, "propose", { version: 1, auto: true });
    const { proposal, version } = (await refused.json()) as Fill;
    expect([proposal?.ok, proposal?.findings.map(({ code }) => code)]).toEqual([
      false,
      expect.arrayContaining(["fill.protected_term"]),
    ]);
    const correction = { version, order: { notes: null }, reason: "The client withdrew it" };
    const patched = await house.ask(`/v1/fills/${fill.fill_id}`, {
      method: "PATCH",
      body: JSON.stringify(correction),
    });
    expect(patched.status).toBe(200);
    const filled = await post(fill.fill_id, "propose", { version: version + 1, auto: true });
    expect(((await filled.json()) as Fill).proposal?.ok).toBe(true);
  }, 240_000);

  test("somebody who is blocked after being proposed elsewhere cannot confirm there", async () => {
    const [one, two] = [await open(), await open()];
    const [worker = ""] = one.shortlist.map(({ worker_id }) => worker_id);
    await post(one.fill_id, "propose", { version: 1, worker_ids: [worker] });
    await post(one.fill_id, "outcomes", { version: 2, worker_id: worker, result: "declined" });
    await post(two.fill_id, "propose", { version: 1, worker_ids: [worker] });
    const block = { version: 3, worker_id: worker, result: "blocked", reason: "Left the site" };
    expect((await post(one.fill_id, "outcomes", block)).status).toBe(200);
    const late = await post(two.fill_id, "outcomes", { version: 2, worker_id: worker, result: "confirmed" });
    expect([late.status, await late.text()]).toEqual([422, expect.stringContaining("Left the site")]);
  }, 240_000);

  test("pages of the board have each fill once, and its datasets are written by the house alone", async () => {
    const all: string[] = [];
    let cursor = "";
    do {
      const page = await house.json<{ fills: Fill[]; next_cursor?: string }>(`/v1/fills?limit=7${cursor}`);
      all.push(...page.fills.map(({ fill_id }) => fill_id));
      cursor = page.next_cursor === undefined ? "" : `&cursor=${page.next_cursor}`;
    } while (cursor !== "");
    const { fills } = await house.json<{ fills: Fill[] }>("/v1/fills?limit=1000");
    expect(all).toEqual(fills.map(({ fill_id }) => fill_id));
    expect((await house.ask("/v1/fills?cursor=nothing")).status).toBe(400);
    for (const dataset of ["fills", "assignments", "CONTACTS"]) {
      const written = await house.ask(`/v1/ingest?dataset=${dataset}`, {
        method: "POST",
        body: "a,b\n1,2\n",
      });
      expect([written.status, await codeOf(written)]).toEqual([403, "forbidden"]);
    }
    await house.json("/v1/fill-publish", {});
    const drop = await house.ask("/v1/catalog/datasets/assignments", { method: "DELETE" });
    expect(drop.status, await drop.text()).toBeLessThan(300);
    const behind = await house.json<{ assignments: number }>("/v1/fill-publish");
    expect(behind.assignments).toBeGreaterThan(0);
    await house.json("/v1/fill-publish", {});
    expect(await house.json<object>("/v1/fill-publish")).toMatchObject({
      fills: 0,
      assignments: 0,
      contacts: 0,
    });
  }, 240_000);

  test("a fill's events are followed from where a reader stopped", async () => {
    const { fill_id } = await open();
    const { events } = await house.json<{ events: { seq: number }[] }>(`/v1/fills/${fill_id}/events`);
    const [first, second] = events.map(({ seq }) => seq);
    const reply = await house.ask(`/v1/fills/${fill_id}/events`, {
      headers: { accept: "text/event-stream", "last-event-id": String(first) },
    });
    const reader = reply.body?.getReader();
    let text = "";
    while (!/^id: ?\d+/m.test(text)) text += new TextDecoder().decode((await reader?.read())?.value);
    expect(/^id: ?(\d+)/m.exec(text)?.[1]).toBe(String(second));
    await reader?.cancel();
  }, 240_000);

  test("after a restart the fills are what they were, then and now, and SQL says the same", async () => {
    const before = await house.json<{ fills: Fill[] }>("/v1/fills?limit=1000");
    const changed = before.fills.find(({ version }) => version > 3);
    const then = await get(changed?.fill_id ?? "", `?as_of=${changed?.created_at}`);
    expect(then).toMatchObject({ version: 1, status: "open", seats: [] });
    house = await house.restart();
    expect(await house.json<{ fills: Fill[] }>("/v1/fills?limit=1000")).toEqual(before);
    expect(await get(changed?.fill_id ?? "", `?as_of=${changed?.created_at}`)).toEqual(then);
    await house.json("/v1/fill-publish", {});
    const rows = await sql("SELECT fill_id, version, status, short FROM fills ORDER BY fill_id");
    expect(rows).toEqual(
      before.fills
        .map(({ fill_id, version, status, short }) => ({ fill_id, version, status, short }))
        .sort((a, b) => (a.fill_id < b.fill_id ? -1 : 1)),
    );
    await house.json("/v1/journal/seal", {});
    const counts = await sql(
      "SELECT type, count(*) AS events FROM journal WHERE type IN ('shift.completed', 'no_show') GROUP BY type ORDER BY type",
    );
    const seats = await sql(
      "SELECT status, count(*) AS people FROM assignments WHERE status IN ('completed', 'no_show') GROUP BY status ORDER BY status",
    );
    expect(new Set(counts.map(({ events }) => events))).toEqual(new Set(seats.map(({ people }) => people)));
  }, 240_000);
});
