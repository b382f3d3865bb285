// What an order asks for besides role and place: status, certificates, languages, exclusions, further roles, a person.
// Both topologies answer the same hits.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Corpus, MatrixHit, Searched } from "#contracts/matrix";
import { startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const TRADES = ["Forklift Operator", "Line Cook", "Welder", "Housekeeper"];
const STATUSES = ["active", "Do Not Hire", "on_assignment", "Terminated", "active", "DNR"];
const CERTIFICATES = [
  "[]",
  '[{"name":"OSHA Forklift (PIT)","expires":"2027-10-17"}]',
  '[{"name":"OSHA Forklift (PIT)","expires":"2026-12-01"}]',
  '[{"name":"ServSafe Food Handler","expires":"2027-10-17"},{"name":"OSHA Forklift (PIT)","expires":"2028-01-01"}]',
  '[{"name":"OSHA 10","expires":"2027-10-17"}]',
];
const FIRST = ["Maria", "John", "Linda", "Robert", "Patricia", "James", "Susan"];
const LAST = ["Garcia", "Smith", "Nguyen", "Johnson", "Kowalski"];

const roster = Array.from({ length: 600 }, (_, at) => ({
  worker_id: `w-${at}`,
  first_name: at === 20 ? "Ottoline" : (FIRST[at % FIRST.length] ?? ""),
  last_name: at === 17 ? "Featherstone" : at === 20 ? "Quillfeather" : (LAST[at % LAST.length] ?? ""),
  role: TRADES[(at >> 1) % TRADES.length] ?? "",
  city: at % 3 === 0 ? "Chicago" : "Denver",
  state: at % 3 === 0 ? "IL" : "CO",
  status: STATUSES[at % STATUSES.length] ?? "",
  certifications: CERTIFICATES[at % CERTIFICATES.length] ?? "",
  language: at % 7 === 0 ? "es" : "en",
}));
const byId = new Map(roster.map((one) => [one.worker_id, one]));
const of = ({ id }: MatrixHit) => byId.get(id) as (typeof roster)[number];
const HIDDEN = new Set(["Do Not Hire", "Terminated", "DNR"]);
const NOW = "2026-11-30T08:00:00-06:00";

const ORDERS = [
  "need 3 forklift operators in Chicago, IL",
  "welders Denver CO",
  "line cook",
  "housekeeper who speaks Spanish in Denver",
  "forklift certified forklift operators in Denver, CO",
  "cook but not welder",
  "anybody in Chicago, IL",
  "welder and housekeeper",
];

const answers = new Map<string, unknown>();

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
      text: "{role} in {city}, {state}",
      fields: { status: "keyword" },
    };
    await house.ask("/v1/matrix/corpora/staff", { method: "PUT", body: JSON.stringify(plan) });
    const events = await house.ask("/v1/matrix/corpora/staff", { headers: { accept: "text/event-stream" } });
    expect(await events.text()).toContain("event: done");
  }, 240_000);
  afterAll(() => house.close(), 30_000);

  const search = (query_text: string, more: object = {}): Promise<Searched> =>
    house.json<Searched>("/v1/matrix/search", { query_text, now: NOW, ...more });

  test("rank 1 is never do_not_hire, nor is any other rank, in any mode", async () => {
    const found: unknown[] = [];
    for (const mode of ["hybrid", "dense", "lexical"])
      for (const text of ORDERS) {
        const { hits, further } = await search(text, { mode, k: 30 });
        const all = [...hits, ...further.flatMap((one) => one.hits)];
        if (mode !== "lexical") expect(all.length, `${mode} ${text}`).toBeGreaterThan(0);
        expect(
          all.filter((hit) => HIDDEN.has(of(hit).status)),
          `${mode} ${text}`,
        ).toEqual([]);
        found.push(all.map(({ id, score }) => [id, score]));
      }
    answers.set(topology, found);
  });

  test("people of a status are shown when the text or the filter asks for it, and say so", async () => {
    const byText = await search("do not hire welders in Denver");
    expect(byText.query.slots.status).toBe("do_not_hire");
    const byFilter = await search("welders", { filter: { status: { in: ["Terminated", "active"] } }, k: 50 });
    expect(byText.hits.length).toBeGreaterThan(0);
    for (const hit of byText.hits) expect(hit.status).toBe("do_not_hire");
    const statuses = new Set(byFilter.hits.map((hit) => of(hit).status));
    expect([...statuses].sort()).toEqual(["Terminated", "active"]);
    const ruledOut = await search("welders", { filter: { status: { ne: "Terminated" } }, k: 50 });
    expect(ruledOut.hits.filter((hit) => HIDDEN.has(of(hit).status))).toEqual([]);
  });

  test("nobody without a certificate stands above anybody with it; one that expires before the shift is none", async () => {
    const holds = (hit: MatrixHit, day: string): boolean =>
      [...of(hit).certifications.matchAll(/PIT\)","expires":"([\d-]+)"/g)].some(
        ([, until = ""]) => until >= day,
      );
    for (const [text, day] of [
      ["forklift operators with forklift certification in Denver, CO on 12/01/2026", "2026-12-01"],
      ["forklift operators with forklift certification in Denver, CO on 12/02/2026", "2026-12-02"],
    ] as const) {
      const { hits, query } = await search(text, { k: 100 });
      expect(query.slots.start).toStartWith(day);
      expect(query.not_applied).toEqual([]);
      const with_ = hits.map((hit) => holds(hit, day));
      expect(with_).toContain(true);
      expect(with_).toContain(false);
      expect(with_.indexOf(false)).toBeGreaterThan(with_.lastIndexOf(true));
      for (const hit of hits) expect(hit.missing).toEqual(holds(hit, day) ? undefined : ["Forklift"]);
      for (const hit of hits) expect(of(hit).role).toBe("Forklift Operator");
    }
  });

  test("who speaks the language comes first", async () => {
    const { hits, query } = await search("housekeepers who speak Spanish", { k: 60 });
    expect(query.not_applied).toEqual([]);
    const spanish = hits.map((hit) => of(hit).language === "es");
    expect(spanish).toContain(true);
    expect(spanish.indexOf(false)).toBeGreaterThan(spanish.lastIndexOf(true));
  });

  test("an excluded role is never shown", async () => {
    const { query, hits } = await search("anyone in Denver, CO but not a welder", { k: 200 });
    expect(query.exclude?.roles).toEqual(["Welder"]);
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.filter((hit) => of(hit).role === "Welder")).toEqual([]);
  });

  test("a person is found first by name, by a name turned round, and by id", async () => {
    for (const text of [
      "Robert Featherstone",
      "robert featherstone",
      "Featherstone, Robert",
      "w-17",
      "find worker w-17",
    ]) {
      const { hits, no_match, query } = await search(text);
      expect([text, hits[0]?.id, no_match]).toEqual([text, "w-17", undefined]);
      // What was understood as a person is not also a word that nobody understood.
      const unread = query.unread.filter((word) => word !== "worker");
      expect([text, query.person !== undefined, unread]).toEqual([text, true, []]);
    }
    const nobody = await search("John Featherstone");
    expect([nobody.hits, nobody.no_match]).toEqual([[], "Nobody in staff is John Featherstone."]);
  });

  test("a person who is not wanted is never shown, by id or by name", async () => {
    const welder = roster.find(
      ({ role, status, city }) => role === "Welder" && status === "active" && city === "Denver",
    );
    const id = welder?.worker_id ?? "";
    const asked = await search("welders in Denver, CO", { k: 200 });
    expect(asked.hits.map((hit) => hit.id)).toContain(id);
    for (const text of [`welders in Denver, CO, not ${id}`, `welders in Denver, CO but not ${id}`]) {
      const { hits, query } = await search(text, { k: 200 });
      expect([text, query.exclude?.persons]).toEqual([text, [{ id }]]);
      expect(hits.map((hit) => hit.id)).not.toContain(id);
      expect(hits.length).toBeGreaterThan(0);
    }
    const named = await search("anyone in Denver, CO but not Robert Featherstone", { k: 200 });
    expect(named.query.exclude?.persons).toEqual([{ name: "Robert Featherstone" }]);
    expect(named.hits.map((hit) => hit.id)).not.toContain("w-17");
    // A first name alone may be anybody's.
    const first = await search("welders in Denver, CO, not Robert");
    expect(first.query.not_applied).toEqual(["exclude"]);
  });

  test("whole names are known by the corpus alone, wanted or not, and told", async () => {
    const asked = await search("send Ottoline Quillfeather to Denver", { k: 5 });
    expect([asked.hits.map((hit) => hit.id), asked.query.person]).toEqual([
      ["w-20"],
      { name: "Ottoline Quillfeather" },
    ]);
    expect([asked.query.slots.city, asked.query.unread.includes("Quillfeather")]).toEqual(["Denver", false]);
    for (const mode of ["hybrid", "dense", "lexical"]) {
      const wanted = await search(`${of({ id: "w-20" } as MatrixHit).role} Ottoline Quillfeather`, { mode });
      expect(wanted.hits[0]?.id).toBe("w-20");
      const text = `${of({ id: "w-20" } as MatrixHit).role} but not Ottoline Quillfeather`;
      const denied = await search(text, { mode, k: 200, explain: { id: "w-20" } });
      expect(denied.hits.map((hit) => hit.id)).not.toContain("w-20");
      expect([denied.why_not?.reason, denied.why_not?.failed]).toEqual(["filtered", ["exclude"]]);
      expect(denied.query.exclude?.persons).toEqual([{ name: "Ottoline Quillfeather" }]);
    }
    const first = await search("welders in Denver, CO but not Ottoline");
    expect(first.query.not_applied).toEqual(["exclude"]);
  });

  test("a row's place among equal scores is the one that it has among the hits", async () => {
    for (const mode of ["hybrid", "dense", "lexical"]) {
      const { hits } = await search("line cook", { mode, k: 20 });
      for (const { id, rank } of hits.slice(8, 14)) {
        const { why_not } = await search("line cook", { mode, k: 10, explain: { id } });
        expect([mode, why_not?.reason, why_not?.rank]).toEqual([
          mode,
          rank < 10 ? "is_hit" : "below_cut",
          rank,
        ]);
      }
    }
  });

  test("columns of their own say who must not be sent and when certificates end; an id is denied in any form", async () => {
    const rows = Array.from({ length: 12 }, (_, at) => ({
      worker_id: `f${at}`,
      role: "Forklift Operator",
      is_active: at % 4 !== 1,
      do_not_hire: at % 4 === 2 ? "no call no show" : null,
      certifications: "Forklift certification",
      certification_expiry: at % 4 === 0 ? "12/01/26" : "2027-06-30",
    }));
    const body = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
    await house.ask("/v1/ingest?dataset=flagged&format=ndjson", { method: "POST", body });
    const plan = { dataset: "flagged", id: "worker_id", text: "{role}" };
    await house.ask("/v1/matrix/corpora/flagged", { method: "PUT", body: JSON.stringify(plan) });
    const events = await house.ask("/v1/matrix/corpora/flagged", {
      headers: { accept: "text/event-stream" },
    });
    expect(await events.text()).toContain("event: done");
    const asked = "forklift operators with forklift certification on 12/02/2026";
    const { hits } = await search(asked, { corpora: ["flagged"] });
    expect(hits.map(({ id, missing = [] }) => [id, missing])).toEqual([
      ...["f11", "f3", "f7"].map((id) => [id, []]),
      ...["f0", "f4", "f8"].map((id) => [id, ["Forklift"]]),
    ]);
    const others = await search(`${asked}, not f7`, { corpora: ["flagged"] });
    expect(others.hits.map(({ id }) => id)).not.toContain("f7");
    const hidden = await search("do not hire forklift operators", { corpora: ["flagged"] });
    expect(hidden.hits.map(({ id, status }) => `${id} ${status}`).sort()).toEqual(
      ["f10", "f2", "f6"].map((id) => `${id} do_not_hire`),
    );
    await house.ask("/v1/matrix/corpora/flagged", { method: "DELETE" });
  });

  test("a part of a name finds its people, an id also without its mark", async () => {
    const { hits, query } = await search("featherstone");
    expect([hits.map((hit) => hit.id), query.unread]).toEqual([["w-17"], []]);
    expect((await search("W17")).hits[0]?.id).toBe("w-17");
  });

  test("each request of an order has hits of its own", async () => {
    const { hits, further, query } = await search("2 welders and 3 housekeepers in Denver, CO", { k: 5 });
    expect(query.not_applied).toEqual([]);
    expect(further.map(({ role, headcount }) => [role, headcount])).toEqual([["Housekeeper", 3]]);
    expect(hits.map((hit) => of(hit).role)).toEqual(Array<string>(5).fill("Welder"));
    expect(further[0]?.hits.map((hit) => [of(hit).role, hit.rank])).toEqual(
      [0, 1, 2, 3, 4].map((rank) => ["Housekeeper", rank]),
    );
  });

  test("where nothing fits, the answer says so and shows no strangers", async () => {
    const nurse = await search("registered nurse in Denver, CO");
    expect(nurse.no_match).toContain("is a Registered Nurse");
    const surgeon = await search("brain surgeon in Denver, CO");
    expect([surgeon.hits, surgeon.no_match]).toEqual([[], expect.stringContaining("Nothing in staff")]);
    const nonsense = await search("qwxyz vbnmk plorf");
    expect(nonsense.no_match).toBeDefined();
    expect(nonsense.hits).toEqual([]);
    const twic = await search("people with TWIC");
    expect([twic.hits, twic.no_match]).toEqual([[], "Nobody in staff has what the text asks for."]);
    expect((await search("welder in Denver, CO")).no_match).toBeUndefined();
  });

  test("the hits of a smaller k are the first of a larger one", async () => {
    for (const mode of ["hybrid", "dense", "lexical"])
      for (const text of ORDERS) {
        const [ten, twenty, hundred] = await Promise.all(
          [10, 20, 100].map(async (k) => (await search(text, { k, mode })).hits.map(({ id }) => id)),
        );
        expect(ten, `${mode} ${text}`).toEqual(twenty?.slice(0, 10) as string[]);
        expect(twenty, `${mode} ${text}`).toEqual(hundred?.slice(0, 20) as string[]);
      }
  });

  test("in lexical mode filters act before the cut", async () => {
    // 400 people match the word; those who pass the filter stand anywhere among them.
    const { hits } = await search("Denver", { mode: "lexical", filter: { status: "on_assignment" }, k: 100 });
    const expected = roster.filter(
      ({ city, status }) => city === "Denver" && status === "on_assignment",
    ).length;
    expect(expected).toBeGreaterThan(50);
    expect(hits).toHaveLength(Math.min(100, expected));
  });

  test("a corpus that was defined and built before conditions acted is built once more, with its meanings", async () => {
    const folder = join(house.settings.data, "corpora");
    const definition = join(folder, "staff.corpus.json");
    house = await house.restart(() => {
      const kept = JSON.parse(readFileSync(definition, "utf8")) as { active: string; meanings: object };
      const { role, city, state } = kept.meanings as Record<string, string>;
      writeFileSync(
        definition,
        JSON.stringify({ ...kept, meanings: { role, city, state }, built: "earlier" }),
      );
      const header = join(folder, `${kept.active}.json`);
      const built = JSON.parse(readFileSync(header, "utf8")) as object;
      writeFileSync(header, JSON.stringify({ ...built, form: 2 }));
    });
    const giveUpAt = Date.now() + 200_000;
    let now = await house.json<Corpus>("/v1/matrix/corpora/staff");
    while (now.status !== "ready" && Date.now() < giveUpAt) {
      await Bun.sleep(20);
      now = await house.json<Corpus>("/v1/matrix/corpora/staff");
    }
    expect(now.meanings).toMatchObject({
      status: "status",
      certifications: "certifications",
      languages: "language",
    });
    const { hits } = await search("welders Denver CO", { k: 30 });
    expect(hits.length).toBeGreaterThan(0);
    expect(hits.filter((hit) => HIDDEN.has(of(hit).status))).toEqual([]);
  }, 240_000);
});

test("both topologies give the same hits in the same order", () => {
  expect(answers.size).toBe(2);
  expect(answers.get("apart")).toEqual(answers.get("together"));
});
