import { afterEach, describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Fault } from "#rpc/fault";
import { START, testMemory, type TestMemory, type Topology, trace } from "./pathwayd.testing.ts";

const open: TestMemory[] = [];
afterEach(async () => {
  for (const memory of open.splice(0)) await memory.close();
});

async function memoryOf(...given: Parameters<typeof testMemory>): Promise<TestMemory> {
  const memory = await testMemory(...given);
  open.push(memory);
  return memory;
}

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (error instanceof Fault ? error.code : String(error)),
  );

const DAY_MS = 86_400_000;
const CALLED = "The two people who worked there last were called first, and both came within the hour.";

describe.each<Topology>(["local", "remote"])("a memory of traces, %s", (topology) => {
  test("keeps every version, and tells each as of any moment", async () => {
    const { service, clock, restart } = await memoryOf(topology);
    const first = await service.add(
      trace(CALLED, { steps: ["Call", { ask: "both" }], metadata: { shift: "night" } }),
    );
    expect(first).toMatchObject({ version: 1, action: "add", replayed: false });
    const { trace_id } = first;
    clock.time += DAY_MS;
    await service.revise({ trace_id, content: "They were texted, and nobody came.", actor: "ann" });
    clock.time += DAY_MS;
    await service.feedback({ trace_id, result: "no_show", score: 0 });
    await service.retire({ trace_id, reason: "Texting does not work." });
    await restart();

    const now = await service.trace({ trace_id });
    expect(now).toMatchObject({
      version: 2,
      content: "They were texted, and nobody came.",
      steps: ["Call", { ask: "both" }],
      metadata: { shift: "night" },
      actor: "ann",
      use_count: 1,
      success_rate: 0,
      retired: { reason: "Texting does not work." },
    });
    const before = await service.trace({ trace_id, as_of: new Date(START).toISOString() });
    expect(before).toMatchObject({ version: 1, content: CALLED, use_count: 0, success_rate: null });
    expect(before.retired).toBeUndefined();
    expect(before.superseded_at).toBeUndefined();
    expect(await service.trace({ trace_id, version: 1 })).toMatchObject({ superseded_at: now.recorded_at });
    expect(await codeOf(service.trace({ trace_id, version: 3 }))).toBe("not_found");
    expect(await codeOf(service.trace({ trace_id, as_of: "2026-01-01T00:00:00Z" }))).toBe("not_found");
    expect(await codeOf(service.trace({ trace_id: "none" }))).toBe("not_found");
    expect(await codeOf(service.trace({ trace_id, as_of: "2026-02-31T00:00:00Z" }))).toBe("invalid");

    const all = await service.history({ trace_id });
    expect(all.events.map(({ event, version }) => `${event} ${version}`)).toEqual([
      "add 1",
      "update 2",
      "feedback 2",
      "retire 2",
    ]);
    const page = await service.history({ trace_id, limit: 3 });
    const rest = await service.history({ trace_id, cursor: page.next_cursor });
    expect([...page.events, ...rest.events]).toEqual(all.events);
    expect(await codeOf(service.history({ trace_id, cursor: "x" }))).toBe("invalid");
  });

  test("what holds in the world is told apart from when it was recorded", async () => {
    const { service } = await memoryOf(topology);
    const { trace_id } = await service.add(trace(CALLED, { valid_from: "2026-06-01T00:00:00Z" }));
    await service.revise({
      trace_id,
      content: "In spring they were texted.",
      valid_from: "2026-03-01T00:00:00Z",
    });
    await service.revise({
      trace_id,
      content: "In autumn they were mailed.",
      valid_from: "2026-09-01T00:00:00Z",
    });
    const at = async (valid_at: string): Promise<number> =>
      (await service.trace({ trace_id, valid_at })).version;
    // The second was recorded later than the first, and says what held from March on.
    expect(await at("2026-04-01T00:00:00Z")).toBe(2);
    expect(await at("2026-07-01T00:00:00Z")).toBe(2);
    expect(await at("2026-10-01T00:00:00Z")).toBe(3);
    expect(await codeOf(at("2026-01-01T00:00:00Z"))).toBe("not_found");
    expect(await codeOf(service.add(trace("Later.", { valid_from: "2027-01-01T00:00:00Z" })))).toBe(
      "invalid",
    );
  });

  test("near-duplicates are merged or versioned, and other facts are not", async () => {
    const { service } = await memoryOf(topology);
    const { trace_id } = await service.add(trace(CALLED));
    expect(await service.add(trace(CALLED))).toMatchObject({ trace_id, version: 1, action: "noop" });
    expect(await service.add(trace(`  ${CALLED.toUpperCase()}  `))).toMatchObject({
      trace_id,
      action: "noop",
    });
    const outcome = { result: "filled", score: 1 };
    expect(await service.add(trace(CALLED, { outcome }))).toMatchObject({
      trace_id,
      version: 1,
      action: "merge",
    });
    const changed = CALLED.replace("within the hour", "within two hours");
    const updated = await service.add(trace(changed));
    expect(updated).toMatchObject({ trace_id, version: 2, action: "update" });
    expect(updated.similar?.[0]?.similarity).toBeGreaterThan(0.6);
    // An hour is no identifier, however it is written.
    const early = await service.add(trace("Two welders for Monday 6am, both said yes.", { task: "welders" }));
    expect(
      await service.add(trace("Two welders for Monday, 6 AM: both said yes", { task: "welders" })),
    ).toMatchObject({ trace_id: early.trace_id, action: "noop" });
    for (const other of [
      trace(CALLED, { subject: "Other Foods" }),
      trace(CALLED, { kind: "note" }),
      trace("Order 10012: three packers on Monday, filled by the list of last week."),
      trace("Order 10013: three packers on Monday, filled by the list of last week."),
      trace("Nobody was asked."),
    ])
      expect(await service.add(other)).toMatchObject({ action: "add", version: 1 });
    expect(await service.trace({ trace_id })).toMatchObject({ merged: 1, use_count: 1, success_rate: 1 });
    const { traces, versions } = await service.stats({});
    expect({ traces, versions }).toEqual({ traces: 7, versions: 8 });
  });

  test("a request with the same key counts once, and another one with it is refused", async () => {
    const { service, restart } = await memoryOf(topology);
    const idempotency_key = "night-1";
    const sent = { ...trace(CALLED), idempotency_key };
    const replies = await Promise.all(Array.from({ length: 8 }, () => service.add(sent)));
    expect(new Set(replies.map(({ trace_id }) => trace_id)).size).toBe(1);
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const { trace_id } = replies[0] ?? { trace_id: "" };
    await restart();
    expect(await service.add(sent)).toMatchObject({ trace_id, action: "add", replayed: true });
    expect(await codeOf(service.add({ ...sent, content: "Another." }))).toBe("conflict");
    const feedback = { trace_id, result: "filled", score: 1, idempotency_key: "f" };
    await Promise.all([service.feedback(feedback), service.feedback(feedback), service.feedback(feedback)]);
    expect(await service.feedback(feedback)).toMatchObject({ use_count: 1, replayed: true });
    const retire = { trace_id, reason: "Old.", idempotency_key: "r" };
    const first = await service.retire(retire);
    expect(await service.retire(retire)).toEqual({ ...first, replayed: true });
    expect(await codeOf(service.retire({ trace_id, reason: "Old." }))).toBe("conflict");
    expect(await codeOf(service.revise({ trace_id, content: "New." }))).toBe("conflict");
    // What is retired is no near-duplicate of what comes after.
    expect(await service.add(trace(CALLED))).toMatchObject({ action: "add" });
  });

  test("of revisions at once over the same version one wins", async () => {
    const { service } = await memoryOf(topology);
    const { trace_id } = await service.add(trace(CALLED));
    const texts = Array.from({ length: 10 }, (_, n) => `Text number ${n}.`);
    const codes = await Promise.all(
      texts.map((content) => codeOf(service.revise({ trace_id, content, if_version: 1 }))),
    );
    expect(codes.sort()).toEqual([...Array.from({ length: 9 }, () => "conflict"), "none"]);
    await Promise.all(texts.map((content) => service.revise({ trace_id, content: `${content} Again.` })));
    const { events } = await service.history({ trace_id });
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
  });

  test("searches find by words, show what worked first, and say why", async () => {
    const { service, clock } = await memoryOf(topology);
    const call = await service.add(
      trace("Call the people of the night shift before you text them.", { task: "a" }),
    );
    const text = await service.add(
      trace("Text the people of the night shift before you call them.", { task: "b" }),
    );
    await service.add(trace("Lunch menus are printed on Thursday.", { subject: "Canteen" }));
    for (let i = 0; i < 3; i += 1) {
      await service.feedback({ trace_id: call.trace_id, result: "no_show", score: 0 });
      await service.feedback({ trace_id: text.trace_id, result: "filled", score: 1 });
    }
    clock.time += 3 * DAY_MS + 1000;
    const { hits, as_of } = await service.search({ query: "how to reach people of a night shift" });
    expect(hits.slice(0, 2).map(({ trace_id }) => trace_id)).toEqual([text.trace_id, call.trace_id]);
    expect(hits[0]?.why).toContain("worked in 3 of 3 uses, the last 3 days ago");
    expect(hits[0]?.why).toContain("“night”");
    expect((await service.search({ query: "night shift", k: 1 })).hits).toHaveLength(1);
    expect(
      (await service.search({ query: "menus", subject: "Harbor Foods" })).hits.map((hit) => hit.subject),
    ).not.toContain("Canteen");
    expect((await service.search({ query: "menus", kind: "none" })).hits).toEqual([]);

    await service.retire({ trace_id: text.trace_id, reason: "Numbers changed." });
    const after = await service.search({ query: "how to reach people of a night shift" });
    expect(after.hits.map(({ trace_id }) => trace_id)).not.toContain(text.trace_id);
    const withRetired = await service.search({
      query: "how to reach people of a night shift",
      include_retired: true,
    });
    expect(withRetired.hits[0]).toMatchObject({
      trace_id: text.trace_id,
      retired: { reason: "Numbers changed." },
    });
    const then = await service.search({ query: "how to reach people of a night shift", as_of });
    expect(then.hits).toEqual(hits);
  });

  test("lists traces by kind and subject, the newest first, in pages", async () => {
    const { service } = await memoryOf(topology);
    const ids: string[] = [];
    for (const word of ["alpha", "beta", "gamma", "delta", "epsilon"])
      ids.push(
        (await service.add(trace(`About ${word} alone.`, { kind: word === "beta" ? "note" : "order" })))
          .trace_id,
      );
    await service.retire({ trace_id: ids[3] ?? "", reason: "Gone." });
    const listed = await service.traces({ kind: "order", limit: 2 });
    expect(listed.traces.map(({ trace_id }) => trace_id)).toEqual([ids[4], ids[2]] as string[]);
    const rest = await service.traces({ kind: "order", limit: 2, cursor: listed.next_cursor });
    expect(rest.traces.map(({ trace_id }) => trace_id)).toEqual([ids[0]] as string[]);
    expect(rest.next_cursor).toBeUndefined();
    expect((await service.traces({ include_retired: true })).traces).toHaveLength(5);
    expect((await service.traces({ subject: "nobody" })).traces).toEqual([]);
  });
});

test("without embedd words alone are searched, and what was missed is embedded later", async () => {
  const { service, embedder, restart, stats } = await memoryOf();
  embedder.responds = false;
  await service.add(trace(CALLED));
  const { hits, degraded } = await service.search({ query: "who was called" });
  expect(hits).toHaveLength(1);
  expect(degraded).toContain("words alone");
  expect(await service.stats({})).toMatchObject({ unembedded: 1 });
  expect((stats()["failures"] as Record<string, number>)["embedding"]).toBeGreaterThan(0);
  embedder.responds = true;
  await restart();
  await service.search({ query: "who was called" });
  for (let tries = 0; tries < 500 && (await service.stats({})).unembedded > 0; tries += 1)
    await Bun.sleep(10);
  expect(await service.stats({})).toMatchObject({ unembedded: 0 });
});

test("an answer turn is found by the question before it, and by who said it", async () => {
  const { service } = await memoryOf();
  const turns = [
    ["Ann", "I painted all weekend!"],
    ["Ben", "What did you paint, Ann?"],
    ["Ann", "A sunset over the lake, with lots of pink."],
    ["Ben", "Lovely, Ann! I stayed in bed, Ann."],
    ["Ann", "Well deserved."],
  ];
  for (const [place, [actor = "", content = ""]] of turns.entries())
    await service.add({
      kind: "turn",
      subject: "conv-1",
      task: "talk",
      content,
      actor,
      valid_from: "2023-05-08T13:56:00Z",
      metadata: { turn: place },
    });
  const { hits } = await service.search({ query: "What did Ann paint?", subject: "conv-1", k: 3 });
  expect(hits.map(({ content }) => content)).toContain("A sunset over the lake, with lots of pink.");
  const may = await service.search({ query: "What was said on 8 May 2023?", subject: "conv-1" });
  expect(may.hits).toHaveLength(5);
});

type Step =
  | { readonly do: "add"; readonly n: number; readonly m: number }
  | { readonly do: "revise" | "retire" | "feedback"; readonly n: number; readonly m: number }
  | { readonly do: "wait" };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const), n: fc.nat(5), m: fc.nat(5) }),
  fc.record({
    do: fc.constantFrom("revise" as const, "retire" as const, "feedback" as const),
    n: fc.nat(9),
    m: fc.nat(9),
  }),
  fc.record({ do: fc.constant("wait" as const) }),
);
const WORDS = ["call", "text", "night", "forklift", "harbor", "list"];
const say = (n: number, m: number): string =>
  `${WORDS[n % 6] ?? ""} ${WORDS[m % 6] ?? ""} the ${WORDS[(n + m) % 6] ?? ""} people number ${n}`;

test("any past answer is given again as of its moment, whatever came after, also after a restart", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const memory = await testMemory();
      const { service, clock } = memory;
      const ids: string[] = [];
      const asked: (() => Promise<void>)[] = [];
      try {
        for (const { do: what, ...of } of steps) {
          const { n, m } = { n: 0, m: 0, ...of };
          const trace_id = ids[n % Math.max(1, ids.length)] ?? "";
          if (what === "wait") clock.time += n;
          else if (what === "add")
            ids.push((await service.add(trace(say(n, m), { task: `t${m}` }))).trace_id);
          else if (trace_id === "") continue;
          else if (what === "feedback") await service.feedback({ trace_id, result: "r", score: m / 9 });
          else if (what === "retire") await codeOf(service.retire({ trace_id, reason: "r" }));
          else await codeOf(service.revise({ trace_id, content: say(m, n) }));
          const query = `${WORDS[n % 6] ?? ""} people ${WORDS[m % 6] ?? ""}`;
          const include_retired = m % 2 === 0;
          const { hits, as_of } = await service.search({ query, include_retired });
          const known = await Promise.all(ids.map((id) => service.trace({ trace_id: id, as_of })));
          asked.push(async () => {
            const again = await service.search({ query, include_retired, as_of });
            expect(again.hits).toEqual(hits);
            expect(
              await Promise.all(
                known.map(({ trace_id: id }) => memory.service.trace({ trace_id: id, as_of })),
              ),
            ).toEqual(known);
          });
        }
        for (const ask of asked) await ask();
        await memory.restart();
        for (const ask of asked.slice(-3)) await ask();
      } finally {
        await memory.close();
      }
    }),
    { numRuns: 30 },
  );
}, 60_000);
