// The life of a corpus, as a client sees it: built, brought up to date, changed, cut off, damaged, dropped; and
// several of them asked at once.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Corpus, Searched } from "#contracts/matrix";
import { codeOf, startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

interface Person {
  readonly id: string;
  readonly title: string;
  readonly city: string;
  readonly state: string;
  readonly note: string;
}

const TRADES = ["Forklift Operator", "Line Cook", "Building Service Worker", "Welder", "Housekeeper"];
const TOWNS = [
  ["Denver", "CO"],
  ["Houston", "TX"],
  ["Chicago", "IL"],
  ["Quartz Hollow", "NV"],
] as const;

function people(count: number): Person[] {
  return Array.from({ length: count }, (_, at) => {
    const [city, state] = TOWNS[at % TOWNS.length] ?? TOWNS[0];
    return { id: `p${at}`, title: TRADES[at % TRADES.length] ?? "", city, state, note: `shift ${at % 7}` };
  });
}

const PLAN = {
  dataset: "people",
  id: "id",
  text: "{title} in {city}, {state}; {note}",
  fields: { title: "keyword" },
};
/** So many that a build is still under way when the next request comes. */
const MANY = 2500;
/** A corpus of these sizes is built in a second. */
const BUILD_MS_MAX = 200_000;

describe.each([...TOPOLOGIES])("a house %s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology);
    await load("people", people(400));
  }, 240_000);
  afterAll(() => house.close(), 240_000);

  const load = async (dataset: string, rows: readonly object[], mode = "replace"): Promise<void> => {
    const body = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    const reply = await house.ask(`/v1/ingest?dataset=${dataset}&mode=${mode}&format=ndjson`, {
      method: "POST",
      body,
    });
    expect(reply.status, await reply.text()).toBeLessThan(300);
  };
  const put = (name: string, plan: object = PLAN): Promise<Response> =>
    house.ask(`/v1/matrix/corpora/${name}`, { method: "PUT", body: JSON.stringify(plan) });
  const drop = async (name: string): Promise<number> =>
    (await house.ask(`/v1/matrix/corpora/${name}`, { method: "DELETE" })).status;
  const corpus = (name: string): Promise<Corpus> => house.json<Corpus>(`/v1/matrix/corpora/${name}`);
  const until = async (name: string, fits: (now: Corpus) => boolean): Promise<Corpus> => {
    const giveUpAt = Date.now() + BUILD_MS_MAX;
    for (;;) {
      const now = await corpus(name);
      if (fits(now)) return now;
      if (Date.now() > giveUpAt) throw new Error(`${name} stays ${JSON.stringify(now)}`);
      await Bun.sleep(20);
    }
  };
  const built = (name: string): Promise<Corpus> =>
    until(name, ({ status, build }) => {
      if (build?.error !== undefined) throw new Error(build.error);
      return status === "ready" && build === undefined;
    });
  const search = (query_text: string, more: object = {}): Promise<Searched> =>
    house.json<Searched>("/v1/matrix/search", { query_text, ...more });
  const titles = ({ hits }: Searched): unknown[] => hits.map(({ metadata }) => metadata["title"]);
  const indexes = async (name: string): Promise<string[]> => {
    const { indexes: all } = await house.json<{ indexes: { name: string }[] }>("/v1/vectors?limit=1000");
    return all.map((one) => one.name).filter((one) => one.startsWith(`corpus.${name}.`));
  };

  test("a corpus that chooses the lance engine answers like any other, and says where its rows are", async () => {
    await put("deep", { ...PLAN, engine: "lance" });
    expect(await built("deep")).toMatchObject({ engine: "lance" });
    await put("flat", PLAN);
    await built("flat");
    const found = async (name: string): Promise<string[]> => {
      const body = { query_text: "Welder in Houston, TX", corpora: [name], k: 5 };
      const { hits } = await house.json<Searched>("/v1/matrix/search", body);
      return hits.map(({ id }) => id);
    };
    expect(await found("deep")).toEqual(await found("flat"));
    const { indexes } = await house.json<{ indexes: { name: string; engine: string }[] }>("/v1/vectors");
    expect(indexes.filter(({ engine }) => engine === "lance")).toHaveLength(1);
    expect([await drop("deep"), await drop("flat")]).toEqual([204, 204]);
  }, 120_000);

  test("builds, reports progress, and finds people by what it knows of its columns", async () => {
    expect((await put("people")).status).toBe(202);
    const events = await house.ask("/v1/matrix/corpora/people", { headers: { accept: "text/event-stream" } });
    expect(await events.text()).toMatch(/event: progress[\s\S]*event: done\ndata: .*"rows":400/);
    const now = await corpus("people");
    expect(now.meanings).toEqual({ role: "title", city: "city", state: "state" });
    const found = await search("need 3 building service workers in Houston, TX", {
      corpora: ["people"],
      explain: true,
    });
    expect(titles(found)).toEqual(Array<string>(10).fill("Building Service Worker"));
    for (const { explain } of found.hits.slice(0, 5)) expect(explain?.place).toBeCloseTo(1, 3);
    expect(found.hits[0]?.explain).toMatchObject({ role: 1 });
    expect(found.hits[0]?.metadata).toEqual({ title: "Building Service Worker" });
    expect(found.hits[0]?.explain?.why).toContain("less than a mile from Houston");
  });

  test("the same plan again is nothing to do; the next snapshot is taken in by itself", async () => {
    const before = await indexes("people");
    expect(before).toHaveLength(1);
    expect(((await (await put("people")).json()) as Corpus).build).toBeUndefined();
    expect(await indexes("people")).toEqual(before);
    const { snapshot_id: old } = await corpus("people");
    const changed = people(400).map((one) => (one.id === "p1" ? { ...one, note: "speaks Ukrainian" } : one));
    await load("people", changed.slice(0, 399));
    const now = await until("people", ({ snapshot_id, build }) => snapshot_id !== old && build === undefined);
    expect(now.rows).toBe(399);
    const [best] = (await search("speaks Ukrainian", { mode: "lexical", explain: true })).hits;
    expect([best?.id, best?.cite]).toEqual(["p1", `people@${now.snapshot_id}#p1`]);
    expect(best?.explain?.matched_terms).toEqual(["speaks", "Ukrainian"]);
    expect(await indexes("people")).not.toEqual(before);
  }, 240_000);

  test("a status column that is renamed hides people by its new name, and a build without one says which is gone", async () => {
    const staff = (column: string, rows: number): object[] =>
      people(rows).map(({ id, title }, at) => ({ id, title, [column]: at % 2 === 0 ? "active" : "DNR" }));
    const load = async (body: object[]): Promise<void> => {
      const text = body.map((row) => `${JSON.stringify(row)}\n`).join("");
      const path = "/v1/ingest?dataset=standing&format=ndjson&mode=replace";
      expect((await house.ask(path, { method: "POST", body: text })).status).toBe(201);
    };
    const rename = (from: string, to: string): Promise<Response> =>
      house.ask("/v1/catalog/datasets/standing/schema", {
        method: "PATCH",
        body: JSON.stringify({ rename: { [from]: to } }),
      });
    await load(staff("status", 20));
    await put("standing", { dataset: "standing", id: "id", text: "{title}" });
    expect((await built("standing")).meanings.status).toBe("status");
    expect((await rename("status", "worker_status")).status).toBe(200);
    await load(staff("worker_status", 30));
    const now = await until("standing", ({ rows, build }) => rows === 30 || build?.error !== undefined);
    expect([now.rows, now.meanings.status]).toEqual([30, "worker_status"]);
    const { hits } = await search("welder", { corpora: ["standing"], mode: "dense", k: 30 });
    expect([hits.length, hits.some(({ status }) => status !== undefined)]).toEqual([15, false]);
    expect((await rename("worker_status", "standing")).status).toBe(200);
    await load(staff("standing", 31));
    const stuck = await until("standing", ({ build }) => build?.error !== undefined);
    expect([stuck.rows, stuck.build?.error]).toEqual([
      30,
      expect.stringContaining("standing has no column worker_status."),
    ]);
    expect(await drop("standing")).toBe(204);
  }, 240_000);

  test("a column that was renamed or added since the last snapshot is there for a corpus", async () => {
    await load("renamed", people(50));
    const change = { rename: { title: "job" }, add: [{ name: "zone", type: "VARCHAR" }] };
    const patched = await house.ask("/v1/catalog/datasets/renamed/schema", {
      method: "PATCH",
      body: JSON.stringify(change),
    });
    expect(patched.status).toBe(200);
    const plan = { dataset: "renamed", id: "id", text: "{job} {zone} in {city}", fields: { job: "keyword" } };
    expect((await put("renamed", plan)).status).toBe(202);
    expect((await built("renamed")).rows).toBe(50);
    const { hits } = await search("line cook", { corpora: ["renamed"] });
    expect(hits[0]?.metadata).toEqual({ job: "Line Cook" });
    expect(await drop("renamed")).toBe(204);
  });

  test("a search that names no corpus leaves orders out, and a filter names fields that there are", async () => {
    await load(
      "jobs",
      people(20).map((one, at) => ({ ...one, headcount: 1 + (at % 4) })),
    );
    expect((await put("jobs", { ...PLAN, dataset: "jobs" })).status).toBe(202);
    expect((await built("jobs")).holds).toBe("orders");
    expect((await corpus("people")).holds).toBe("people");
    const found = await search("line cook in Chicago, IL", { k: 50 });
    expect(Object.keys(found.per_corpus)).not.toContain("jobs");
    expect((await search("line cook", { corpora: ["jobs"] })).hits.length).toBeGreaterThan(0);
    for (const filter of [{ titel: "Welder" }, { or: [{ title: "Welder" }, { not: { titel: "Welder" } }] }]) {
      const reply = await house.ask("/v1/matrix/search", {
        method: "POST",
        body: JSON.stringify({ query_text: "welder", corpora: ["people"], filter }),
      });
      expect(reply.status).toBe(400);
      expect(await reply.text()).toContain("There is no field titel in people. Did you mean title?");
    }
    expect(await drop("jobs")).toBe(204);
  });

  test("while a changed plan is being built, the old one is searched; then the new one, as a whole", async () => {
    await load("many", people(MANY));
    const plan = { ...PLAN, dataset: "many" };
    await put("many", plan);
    await built("many");
    const changed = (await (await put("many", { ...plan, text: "{note}; {title}" })).json()) as Corpus;
    expect([changed.status, changed.text]).toEqual(["building", "{note}; {title}"]);
    const during = await search("line cook Denver CO", { corpora: ["many"] });
    expect(during.hits).toHaveLength(10);
    const after = await built("many");
    expect(after.rows).toBe(MANY);
    await onlyIndex("many");
    const again = await search("line cook Denver CO", { corpora: ["many"] });
    expect(again.hits[0]?.distance).not.toBe(during.hits[0]?.distance as number);
  }, 240_000);

  /** Waits until one index is left, and gives its name: those that answer no longer are removed in the background. */
  const onlyIndex = async (name: string): Promise<string> => {
    const giveUpAt = Date.now() + BUILD_MS_MAX;
    for (;;) {
      const [first, ...others] = await indexes(name);
      if (first !== undefined && others.length === 0) return first;
      if (Date.now() > giveUpAt) throw new Error(`${name} has ${others.length + 1} indexes`);
      await Bun.sleep(20);
    }
  };

  test("a build that is cut off goes on where it was", async () => {
    const plan = { ...PLAN, dataset: "many", text: "{title}, {city} {state}, {note}" };
    await put("many", plan);
    await until("many", ({ build }) => (build?.done ?? 0) > 0);
    let unfinished = "";
    house = await house.restart(() => {
      const kept = readFileSync(join(house.settings.data, "corpora", "many.corpus.json"), "utf8");
      unfinished = (JSON.parse(kept) as { unfinished: { index: string } | null }).unfinished?.index ?? "none";
    });
    const now = await until("many", ({ build, rows, status }) => {
      expect(status).not.toBe("failed");
      return build === undefined && rows === MANY && status === "ready";
    });
    expect(now.text).toBe(plan.text);
    expect(await onlyIndex("many")).toBe(unfinished);
    const { hits } = await search("welder Quartz Hollow NV", { corpora: ["many"] });
    expect(hits).toHaveLength(10);
  }, 240_000);

  test("dropping a corpus ends its build and leaves nothing", async () => {
    await put("gone", { ...PLAN, dataset: "many" });
    expect(await drop("gone")).toBe(204);
    expect([await indexes("gone"), await drop("gone")]).toEqual([[], 404]);
    expect(await codeOf(await house.ask("/v1/matrix/corpora/gone"))).toBe("not_found");
    expect(readdirSync(join(house.settings.data, "corpora")).filter((name) => name.includes("gone"))).toEqual(
      [],
    );
  });

  test("one that is defined while the former of its name is dropped is there, on the disk too", async () => {
    const file = join(house.settings.data, "corpora", "both.corpus.json");
    for (let round = 0; round < 3; round += 1) {
      await put("both");
      await built("both");
      const [dropped, defined] = await Promise.all([drop("both"), put("both")]);
      expect([dropped, defined.status]).toEqual([204, 202]);
      const known = (await house.ask("/v1/matrix/corpora/both")).status === 200;
      expect(existsSync(file)).toBe(known);
    }
    await drop("both");
  }, 240_000);

  test("what cannot be built says why, and what was built before stays searchable", async () => {
    const refused = async (plan: object): Promise<string> => {
      const reply = await put("bad", { ...PLAN, ...plan });
      const { error } = (await reply.json()) as { error: { code: string; message: string } };
      return `${error.code}: ${error.message}`;
    };
    expect(await refused({ dataset: "nobody" })).toStartWith("not_found");
    expect(await refused({ id: "nr" })).toContain("has no column nr");
    expect(await refused({ text: "{role} x" })).toContain("has no column role");
    expect(await refused({ fields: { at: "geo" } })).toContain("has no column lat, lon");
    expect(await refused({ meanings: { role: "trade" } })).toContain("There is no column trade");
    await load("twins", [...people(3), ...people(2)]);
    await put("twins", { ...PLAN, dataset: "twins" });
    const failed = await until("twins", ({ status }) => status === "failed");
    expect(failed.build?.error).toContain("twins has rows with the same id");
    const asked = await house.ask("/v1/matrix/search", {
      method: "POST",
      body: JSON.stringify({ query_text: "cook", corpora: ["twins"] }),
    });
    expect([asked.status, await asked.text()]).toEqual([
      503,
      expect.stringContaining("rows with the same id"),
    ]);
    await load("twins", people(5));
    await put("twins", { ...PLAN, dataset: "twins" });
    await until("twins", ({ status, rows }) => status === "ready" && rows === 5);
    await load("twins", [...people(3), ...people(2)]);
    await put("twins", { ...PLAN, dataset: "twins" });
    const still = await until("twins", ({ build }) => build?.error !== undefined);
    expect([still.status, still.rows]).toEqual(["ready", 5]);
    expect((await search("cook", { corpora: ["twins"] })).hits).toHaveLength(5);
    const health = await house.json<{ services: Record<string, { detail?: string }> }>("/v1/health");
    expect(health.services["matrixd"]?.detail).toMatch(/corpus build \(\d+\)/);
    expect(await drop("twins")).toBe(204);
  }, 240_000);

  test("a dataset that is gone leaves its corpus as it was", async () => {
    await load("passing", people(20));
    await put("passing", { ...PLAN, dataset: "passing" });
    await built("passing");
    expect((await house.ask("/v1/catalog/datasets/passing", { method: "DELETE" })).status).toBe(204);
    expect((await search("cook", { corpora: ["passing"], k: 3 })).hits).toHaveLength(3);
    expect(await codeOf(await put("passing", { ...PLAN, dataset: "passing" }))).toBe("not_found");
    expect(await drop("passing")).toBe(204);
  });

  test("a definition that is damaged is made good from its copy; of both it is told, until it is defined again", async () => {
    await built("people");
    const files = ["corpora", "witnesses/corpora"].map((folder) =>
      join(house.settings.data, folder, "people.corpus.json"),
    );
    for (const file of files) {
      house = await house.restart(() => writeFileSync(file, "damage"));
      expect(await corpus("people")).toMatchObject({ status: "ready", text: PLAN.text });
      expect(readFileSync(file, "utf8")).toContain(PLAN.text);
    }
    house = await house.restart(() => files.forEach((file) => writeFileSync(file, "damage")));
    expect(await codeOf(await house.ask("/v1/matrix/corpora/people"))).toBe("internal");
    expect(await house.json<object>("/v1/matrix/corpora")).toMatchObject({ damaged: ["people"] });
    const health = await house.json<{ status: string; services: object }>("/v1/health");
    expect(health.status).toBe("degraded");
    expect(JSON.stringify(health.services)).toContain("people");
    const { per_corpus, degraded } = await search("cook");
    expect([degraded, per_corpus["people"]?.degraded]).toEqual([true, expect.stringContaining("definition")]);
    await put("people");
    await built("people");
    expect(await house.json<object>("/v1/matrix/corpora")).not.toHaveProperty("damaged");
  }, 240_000);

  test("an index that is damaged is built again on request, and damaged generation files by themselves", async () => {
    const [[index = ""], [other = ""]] = [await indexes("people"), await indexes("many")];
    const folder = join(house.settings.data, "vectors", index);
    house = await house.restart(() => {
      for (const name of readdirSync(folder)) writeFileSync(join(folder, name), "damage");
      writeFileSync(join(house.settings.data, "corpora", `${other}.numbers`), "damage");
    });
    await put("people");
    const now = await built("people");
    expect([now.rows, (await onlyIndex("people")) === index]).toEqual([399, false]);
    const { hits, degraded } = await search("welder in Chicago, IL", { corpora: ["people"] });
    expect([hits.length, degraded]).toEqual([10, false]);
    expect((await built("many")).rows).toBe(MANY);
    expect(await onlyIndex("many")).not.toBe(other);
  }, 240_000);

  test("several corpora give one response, which names one that is late or missing", async () => {
    const both = await search("need 2 welders in Chicago, IL", {
      corpora: ["people", "many"],
      per_corpus_k: 4,
      k: 6,
    });
    expect(both.hits.map(({ rank }) => rank)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(Object.values(both.per_corpus).map(({ count }) => count)).toEqual([4, 4]);
    const scores = both.hits.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const [index = ""] = await indexes("many");
    expect((await house.ask(`/v1/vectors/${index}`, { method: "DELETE" })).status).toBe(204);
    const degraded = await search("need 2 welders in Chicago, IL", { corpora: ["people", "many"], k: 6 });
    expect([degraded.degraded, degraded.hits.length]).toEqual([true, 6]);
    expect(degraded.per_corpus["many"]?.degraded).toContain("it is being built again");
    await until("many", ({ build }) => build !== undefined);
    await built("many");
    expect((await search("welder", { corpora: ["many"] })).hits).toHaveLength(10);
  }, 240_000);

  test("of several corpora the one that answers the text comes first, whatever else shares words with it", async () => {
    const rules = [
      "Visitors park behind the loading dock and sign in at the gate.",
      "A shift that is cancelled late is paid for two hours.",
      "Everybody in the kitchen wears shoes with closed toes.",
    ].map((rule, at) => ({ id: `r${at}`, rule }));
    await load("rules", rules);
    await put("rules", { dataset: "rules", id: "id", text: "{rule}" });
    await built("rules");
    const corpora = ["people", "rules"];
    const firstOf = async (text: string, mode: string): Promise<string | undefined> =>
      (await search(text, { corpora, mode })).hits[0]?.corpus;
    for (const mode of ["hybrid", "lexical"]) {
      expect(await firstOf("where do visitors park", mode), mode).toBe("rules");
      expect(await firstOf("is a shift paid that is cancelled late", mode), mode).toBe("rules");
      expect(await firstOf("need 2 line cooks in Houston, TX, shift 3", mode), mode).toBe("people");
    }
    const { hits } = await search("need 2 line cooks in Houston, TX", { corpora, k: 10 });
    expect(new Set(hits.map(({ corpus }) => corpus))).toEqual(new Set(["people"]));
    expect(await drop("rules")).toBe(204);
  }, 240_000);

  test("every mode returns what it promises", async () => {
    const text = "need 2 welders in Chicago, IL";
    for (const mode of ["hybrid", "dense", "lexical"]) {
      const { hits, per_corpus } = await search(text, { corpora: ["people"], mode, explain: true, k: 20 });
      expect(hits).toHaveLength(20);
      for (const { score, distance, explain } of hits) {
        expect(score >= 0 && score <= 1).toBe(true);
        expect(explain?.dense).toBeCloseTo(Math.max(0, 1 - distance), 9);
        if (mode === "dense") expect(score).toBeCloseTo(1 - distance, 9);
        if (mode === "lexical") expect(score).toBe(explain?.lexical as number);
      }
      expect(per_corpus["people"]?.plan).toContain(mode === "dense" ? "exact" : "bm25");
    }
    const { hits } = await search(text, { corpora: ["people"], k: 100 });
    const welders = hits.map(({ metadata }) => metadata["title"] === "Welder");
    expect([welders.indexOf(false), welders.lastIndexOf(true)]).toEqual([80, 79]);
  });

  test("people near a place are found by their cities alone", async () => {
    const near = { city: "Denver", state: "CO", miles: 30 };
    const { hits } = await search("anybody", { corpora: ["people"], near, k: 5 });
    expect(hits.map(({ miles }) => miles)).toEqual([0, 0, 0, 0, 0]);
  });
});
