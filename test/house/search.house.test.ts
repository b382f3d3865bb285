// The main job end to end: a roster in, a corpus built, orders searched as coordinators type them. What one topology
// returns the other must return too, hit for hit.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Corpus, Searched } from "#contracts/matrix";
import { DEMO_PLACES } from "#cli/demo/sample/draws";
import { generateWorkers, toCsv, type Worker } from "#cli/demo/sample/sample";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES, type Topology } from "./house.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";

const roster = [...generateWorkers({ seed: 11, count: 1500, today: "2026-11-21" })];
const byId = new Map<string, Worker>(roster.map((worker) => [worker.worker_id, worker]));

const CORPUS = { ...PEOPLE_CORPUS, fields: { ...PEOPLE_CORPUS.fields, pay_floor: "number" } };

const queries = DEMO_PLACES.map(
  ({ role, city }) => `Need 3 ${role.name}s in ${city.city}, ${city.state} Monday 6am`,
);

const answers = new Map<Topology, Searched[]>();

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
    const loaded = await house.ask("/v1/ingest?dataset=workers", {
      method: "POST",
      body: [...toCsv(roster)].join(""),
    });
    expect(loaded.status, await loaded.text()).toBe(201);
    await build(house);
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const search = (query_text: string, more: object = {}): Promise<Searched> =>
    house.json<Searched>("/v1/matrix/search", { query_text, ...more });

  test("knows what it built, and does not build it twice", async () => {
    const built = await house.json<Corpus>("/v1/matrix/corpora/workers");
    expect([built.status, built.rows, built.model]).toEqual(["ready", 1500, "hashed-v1"]);
    const again = await put(house);
    expect([again.status, again.build]).toEqual(["ready", undefined]);
  });

  test("people of the role come first, and from the state where there are any", async () => {
    const found: Searched[] = [];
    for (const [at, text] of queries.entries()) {
      const asked = DEMO_PLACES[at];
      const answer = await search(text, { k: 5, filter: { status: "active" }, explain: true });
      found.push(answer);
      expect(answer.query.role.role, text).toBe(asked?.role.name ?? "");
      expect(answer.query.slots, text).toMatchObject({
        headcount: 3,
        city: asked?.city.city,
        state: asked?.city.state,
      });
      expect(answer.hits, text).toHaveLength(5);
      const states = answer.hits
        .map(({ id }) => byId.get(id))
        .map((worker) => `${worker?.role}|${worker?.state}`);
      // The sample places at least three active people of the role in the state.
      expect(states.slice(0, 3), text).toEqual(
        Array<string>(3).fill(`${asked?.role.name}|${asked?.city.state}`),
      );
      for (const hit of answer.hits) {
        expect(hit.cite).toMatch(new RegExp(`^workers@\\d+#${hit.id}$`));
        expect(hit.explain?.why.length ?? 0).toBeGreaterThan(5);
        expect(hit.metadata["status"]).toBe("active");
      }
    }
    answers.set(topology, found);
  });

  test("conditions hold for every hit", async () => {
    const near = await search("anybody", { k: 50, near: { city: "Chicago", state: "IL", miles: 50 } });
    expect(near.hits.length).toBeGreaterThan(0);
    const both = await search("cook", {
      k: 20,
      filter: { state: { in: ["TX", "CA"] }, pay_floor: { lt: 20 } },
    });
    expect(both.hits.length).toBeGreaterThan(0);
    for (const { metadata } of both.hits) {
      expect(["TX", "CA"]).toContain(String(metadata["state"]));
      expect(Number(metadata["pay_floor"])).toBeLessThan(20);
    }
  });

  test("a radius in the text holds for every hit, and what does not act is said", async () => {
    const { query, hits } = await search("active cooks within 50 miles of Chicago, IL who speak Spanish", {
      k: 20,
    });
    expect(query.slots).toMatchObject({ city: "Chicago", miles: 50, languages: ["es"], status: "active" });
    expect(query.not_applied).toEqual(["languages"]);
    expect(hits.length).toBeGreaterThan(0);
    for (const { miles } of hits) expect(miles).toBeLessThanOrEqual(50);
  });

  test("every mode orders by its score", async () => {
    for (const mode of ["hybrid", "dense", "lexical"]) {
      const { hits } = await search("forklift operator Springfield IL", { mode });
      expect(hits.length).toBeGreaterThan(0);
      const scores = hits.map(({ score }) => score);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      if (mode === "dense")
        for (const { score, distance } of hits) expect(score).toBeCloseTo(1 - distance, 6);
    }
  });

  test("reads a role from a text", async () => {
    const read = await house.json("/v1/matrix/role", { text: "short 2 CNAs in Phoenix AZ tonight" });
    expect(read).toMatchObject({
      role: "Certified Nursing Assistant",
      slots: { headcount: 2, city: "Phoenix", state: "AZ" },
    });
  });

  test("places of one's own are read by their names, listed, kept and forgotten", async () => {
    const read = async (text: string): Promise<Record<string, unknown>> =>
      (await house.json<{ slots: Record<string, unknown> }>("/v1/matrix/role", { text })).slots;
    const text = "3 welders at Plant 7 tomorrow 6am";
    expect((await read(text))["site"]).toBeUndefined();
    const given = [
      { name: "Plant #7", aliases: ["the old mill"], city: "Reno", state: "Nevada" },
      { name: "Lakeside", postal_code: "60601-1234" },
      { name: "Yard 3", lat: 41.5, lon: -90.5 },
      { name: "Nowhere", city: "Zzyzxville", state: "CA" },
    ];
    const done = await house.json("/v1/matrix/places", { source: "sites", places: given });
    expect(done).toMatchObject({ source: "sites", places: 3, left_out: 1 });
    expect(JSON.stringify(done["reasons"])).toContain("where Nowhere is");
    expect(await read(text)).toMatchObject({ headcount: 3, site: "Plant #7", city: "Reno", state: "NV" });
    expect(await read("welders for the old mill")).toMatchObject({ site: "Plant #7" });
    expect(await read("cook, Lakeside, Friday")).toMatchObject({ site: "Lakeside", state: "IL" });
    expect(await read("Yard 3 needs 2 cooks")).toMatchObject({ headcount: 2, lat: 41.5, lon: -90.5 });
    // People are ranked by how far it is to the place.
    const [[there], [same]] = [
      (await search("forklift operator at Lakeside")).hits,
      (await search("forklift operator 60601")).hits,
    ];
    expect([there?.id, there?.miles]).toEqual([same?.id, same?.miles]);
    const listed = await house.json<{ places: { name: string }[]; next_cursor?: string }>(
      "/v1/matrix/places?limit=2",
    );
    expect(listed.places.map(({ name }) => name)).toEqual(["Lakeside", "Plant #7"]);
    const rest = await house.json<{ places: { name: string }[] }>(
      `/v1/matrix/places?limit=2&cursor=${encodeURIComponent(listed.next_cursor ?? "")}`,
    );
    expect(rest.places.map(({ name }) => name)).toEqual(["Yard 3"]);
    const forgotten = await house.ask("/v1/matrix/places/sources/sites", { method: "DELETE" });
    expect(forgotten.status).toBe(204);
    expect((await read(text))["site"]).toBeUndefined();
    // No model is set to order hits.
    const body = JSON.stringify({ query_text: text, rerank: true });
    expect(await codeOf(await house.ask("/v1/matrix/search", { method: "POST", body }))).toBe("invalid");
  });

  test("what a ranking depends on changes the next answer to the same question", async () => {
    const text = "zorbist in Chicago, IL";
    const rankedAs = async (more: object = {}): Promise<readonly unknown[]> => {
      const { query, hits } = await search(text, more);
      return [query.role.role, hits.map(({ id, score }) => [id, score])];
    };
    const change = (path: string, method: string, body?: object): Promise<Response> =>
      house.ask(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const before = await rankedAs();
    expect([await rankedAs(), before[0]]).toEqual([before, null]);

    // A title that is learnt, and forgotten.
    const titles = [{ title: "zorbist", soc: "51-4121" }];
    expect((await change("/v1/matrix/taxonomy/learn", "POST", { source: "zorb", titles })).status).toBe(200);
    const learnt = await search(text, { k: 3 });
    expect([learnt.query.role.role, ...learnt.hits.map(({ metadata }) => metadata["role"])]).toEqual(
      Array<string>(4).fill("Welder"),
    );
    const asWelder = await rankedAs();

    // What the parts of the ranking weigh.
    const path = "/v1/matrix/corpora/workers/weights";
    const { weights } = await house.json<{ weights: object }>(path);
    expect((await change(path, "PUT", { weights: { ...weights, elsewhere: 0.5, state: 0.6 } })).status).toBe(
      200,
    );
    expect(await rankedAs()).not.toEqual(asWelder);
    expect((await change(path, "PUT", { weights })).status).toBe(200);
    expect(await rankedAs()).toEqual(asWelder);

    expect((await change("/v1/matrix/taxonomy/sources/zorb", "DELETE")).ok).toBe(true);
    expect(await rankedAs()).toEqual(before);

    // Another condition is another question; what one was shown, another one is shown as well.
    const active = { filter: { status: "active" } };
    expect(await rankedAs(active)).not.toEqual(await rankedAs({ filter: { status: "on_assignment" } }));
    const [explained, plain] = [await search("welder", { explain: true }), await search("welder")];
    expect(plain.hits.map(({ id }) => id)).toEqual(explained.hits.map(({ id }) => id));
    expect(explained.hits[0]?.explain).toBeDefined();
    expect(plain.hits[0]?.explain).toBeUndefined();
  });

  test("bad questions are refused by name", async () => {
    const ask = async (body: object): Promise<string> =>
      codeOf(await house.ask("/v1/matrix/search", { method: "POST", body: JSON.stringify(body) }));
    expect(await ask({ query_text: "" })).toBe("invalid");
    expect(await ask({ query_text: "x", corpora: ["nobody"] })).toBe("not_found");
    expect(await ask({ query_text: "x", filter: { a: { wrong: 1 } } })).toBe("invalid");
    expect(await ask({ query_text: "x", query_role: "wizard of nothing" })).toBe("invalid");
  });

  test("several corpora are searched at once, and one that is not there is said", async () => {
    const second = await house.ask("/v1/matrix/corpora/again", {
      method: "PUT",
      body: JSON.stringify({ ...CORPUS, refresh: "manual" }),
    });
    expect(second.status).toBe(202);
    await house
      .ask("/v1/matrix/corpora/again", { headers: { accept: "text/event-stream" } })
      .then((reply) => reply.text());
    const answer = await search("line cook Denver CO", { corpora: ["workers", "again"], k: 6 });
    expect(Object.keys(answer.per_corpus).sort()).toEqual(["again", "workers"]);
    expect([answer.degraded, answer.hits.length]).toEqual([false, 6]);
    expect((await house.ask("/v1/matrix/corpora/again", { method: "DELETE" })).status).toBe(204);
    expect(await codeOf(await house.ask("/v1/matrix/corpora/again"))).toBe("not_found");
  });

  test("returns the same after a restart", async () => {
    const before = await search(queries[0] ?? "", { k: 5 });
    house = await house.restart();
    const after = await search(queries[0] ?? "", { k: 5 });
    expect(after.hits.map(({ id, score }) => [id, score])).toEqual(
      before.hits.map(({ id, score }) => [id, score]),
    );
  }, 240_000);
});

test("both topologies give the same hits in the same order", () => {
  const shape = (found: Searched[] | undefined) =>
    found?.map(({ hits, query }) => ({
      query: { ...query, slots: { ...query.slots, start: "" } },
      hits: hits.map(({ id, score, distance, explain }) => ({ id, score, distance, explain })),
    }));
  expect(answers.size).toBe(2);
  expect(shape(answers.get("apart"))).toEqual(shape(answers.get("together")));
});

async function put(house: TestHouse): Promise<Corpus> {
  const reply = await house.ask("/v1/matrix/corpora/workers", {
    method: "PUT",
    body: JSON.stringify(CORPUS),
  });
  expect(reply.status).toBe(202);
  return (await reply.json()) as Corpus;
}

async function build(house: TestHouse): Promise<void> {
  const started = await put(house);
  expect(started.status).toBe("building");
  const events = await house.ask("/v1/matrix/corpora/workers", { headers: { accept: "text/event-stream" } });
  expect(await events.text()).toMatch(/event: progress[\s\S]*event: done/);
}
