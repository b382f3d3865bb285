// Budgets: nothing is spent that was not reserved, nothing reserved stays so, and a crash gives nothing back.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteState, type State } from "#adapters/state";
import type { ChatInput } from "#contracts/chat";
import { Fault } from "#rpc/fault";
import { type Lake, openLake } from "../../../../test/lake/lake.ts";
import { type FakeProviders, startFakeProviders } from "../../../../test/providers/start.ts";
import { BackgroundFailures } from "#rpc/background-failures";
import { CallState } from "#rpc/call";
import { scriptedProvider } from "#adapters/chat/scripted";
import { sourceLog } from "#adapters/source-log";
import { beginCall } from "../calls.ts";
import { startChatd, type TestChatd, TOPOLOGIES } from "../chatd.testing.ts";
import { openBudgetStore } from "./budget-store.ts";
import { openBudgets } from "./budgets.ts";
import { costOf, readPrices } from "./prices.ts";

const folder = mkdtempSync(join(tmpdir(), "budgets-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const DAY_MS = 86_400_000;
const clock = { now: () => DAY_MS * 20_000 + 1000 };

let files = 0;
const newFile = (): string => join(folder, `${(files += 1)}.sqlite`);

test("a call that fails while its budget cannot be written is counted, and ends nobody", async () => {
  const budgets = await openBudgetStore(newFile(), clock, undefined);
  const failures = new BackgroundFailures(undefined);
  const scripted = scriptedProvider(undefined);
  const open = await beginCall(
    {
      providers: new Map([[scripted.name, scripted]]),
      defaultModel: "scripted/any",
      budgets,
      prices: readPrices(undefined),
      usage: { add: () => undefined, counts: { written: 0, waiting: 0, lost: 0 }, close: async () => {} },
      clock,
      elapsed: () => performance.now(),
      counts: { ended: () => undefined },
      failures,
      captured: sourceLog({ path: "", mode: "off" }),
    },
    { model: "scripted/any", messages: [{ role: "user", content: "x" }] },
    new CallState({}, clock.now() + DAY_MS),
    true,
  );
  await budgets.close();
  open.end({
    target: open.targets[0],
    written: { content: "", reasoning: "", tool_calls: [] },
    counted: { input_tokens: 1e9, output_tokens: 1e9 },
    finishReason: undefined,
    fault: new Fault("upstream", "It broke off."),
    firstTokenMs: undefined,
  });
  const settled = await Promise.resolve(open.settled()).then(
    () => "written",
    () => "refused",
  );
  expect(settled).toBe("refused");
  expect(failures.counts).toEqual({ "settling of a budget": 1 });
});

describe("the ledger", () => {
  const amounts = fc.record({ tokens: fc.nat(5000), usd: fc.double({ min: 0, max: 0.01, noNaN: true }) });
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant("reserve" as const), amount: amounts }),
      fc.record({
        kind: fc.constant("settle" as const),
        at: fc.nat(10),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
      fc.record({ kind: fc.constant("crash" as const) }),
    ),
    { maxLength: 40 },
  );

  test("whatever is reserved, settled and cut off by crashes, the limit holds and no spending is forgotten", async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const limit = { tokens: 20_000, usd: 0.05 };
        // Opened again without an end before, it is what a crash leaves.
        const state = sqliteState(":memory:");
        let budgets = await openBudgets(state, clock);
        await budgets.set("k", limit);
        let open: { amount: { tokens: number; usd: number }; settle: (share: number) => Promise<void> }[] =
          [];
        let spent = 0;
        for (const step of all) {
          if (step.kind === "reserve") {
            const before = budgets.budgetOf("k");
            const left = limit.tokens - before.used_tokens - before.reserved_tokens;
            try {
              const reservation = await budgets.reserve("k", step.amount);
              expect(step.amount.tokens).toBeLessThanOrEqual(left + 1);
              open.push({
                amount: step.amount,
                settle: async (share) => {
                  spent += step.amount.tokens * share;
                  const given = { tokens: step.amount.tokens * share, usd: step.amount.usd * share };
                  await reservation.settle(given);
                  // Once, however often it is called.
                  await reservation.settle(given);
                },
              });
            } catch (error) {
              expect((error as Fault).code).toBe("rate_limited");
            }
          } else if (step.kind === "settle") {
            const [one] = open.splice(step.at % Math.max(1, open.length), 1);
            await one?.settle(step.share);
          } else {
            budgets = await openBudgets(state, clock);
            open = [];
            expect(budgets.budgetOf("k").used_tokens).toBeGreaterThanOrEqual(Math.floor(spent));
          }
          const { used_tokens, reserved_tokens } = budgets.budgetOf("k");
          // A step above what was spent and reserved is the most that a crash costs.
          expect(used_tokens + reserved_tokens).toBeLessThanOrEqual(limit.tokens * (1 + 1 / 64) + 2);
        }
        for (const one of open) await one.settle(0.5);
        expect(budgets.budgetOf("k").reserved_tokens).toBe(0);
        await budgets.close();
      }),
      { numRuns: 100 },
    );
  });

  test("a clean end leaves the exact numbers", async () => {
    const file = newFile();
    const first = await openBudgets(sqliteState(file), clock);
    await first.set("k", { tokens: 1000, usd: 1 });
    await (await first.reserve("k", { tokens: 500, usd: 0.5 })).settle({ tokens: 123, usd: 0.1 });
    const before = first.budgetOf("k");
    await first.close();
    const second = await openBudgets(sqliteState(file), clock);
    expect(second.budgetOf("k")).toEqual(before);
    expect(before).toMatchObject({ used_tokens: 123, used_usd: 0.1 });
    await second.close();
  });

  test("a crash adds nothing that could not have been spent", async () => {
    const file = newFile();
    const first = await openBudgets(sqliteState(file), clock);
    await first.set("k", { tokens: 6400, usd: null });
    await (await first.reserve("k", { tokens: 100, usd: 0 })).settle({ tokens: 10, usd: 0 });
    await (await first.reserve("free", { tokens: 100, usd: 0.01 })).settle({ tokens: 10, usd: 0.01 });
    // Opened again without an end before, it is what a crash leaves.
    const second = await openBudgets(sqliteState(file), clock);
    expect(second.budgetOf("k").used_usd).toBe(0);
    expect(second.budgetOf("k").used_tokens).toBeLessThanOrEqual(200);
    // A limit that comes later is not used up by it.
    await second.set("free", { tokens: 100_000, usd: 5 });
    await (await second.reserve("free", { tokens: 50_000, usd: 4 })).settle({ tokens: 1, usd: 0 });
    await second.close();
  });

  test("a key that spends fast writes about once a second, and a crash adds what it spends in one", async () => {
    const time = { now: clock.now() };
    const state = sqliteState(":memory:");
    let writes = 0;
    const counting: State = {
      ...state,
      run: (sql, values) => {
        writes += 1;
        return state.run(sql, values);
      },
    };
    const budgets = await openBudgets(counting, { now: () => time.now });
    const before = writes;
    const [calls, perMs, tokens] = [20_000, 4, 120];
    for (let call = 0; call < calls; call += 1) {
      if (call % perMs === 0) time.now += 1;
      await (await budgets.reserve("k", { tokens: 4200, usd: 0.01 })).settle({ tokens, usd: 0.0001 });
    }
    expect(budgets.budgetOf("k").used_tokens).toBe(calls * tokens);
    expect(writes - before).toBeLessThan(20);
    // Opened again without an end before, it is what a crash leaves.
    const { used_tokens: marked, used_usd: usd } = (await openBudgets(state, clock)).budgetOf("k");
    expect(marked).toBeGreaterThanOrEqual(calls * tokens);
    expect(marked).toBeLessThan(calls * tokens + 2 * 1000 * perMs * tokens);
    expect(usd).toBeLessThan(calls * 0.0001 + 2 * 1000 * perMs * 0.0001);
    await state.close();
  });

  test("a new day starts at nothing, and a call over midnight counts for the day that it began on", async () => {
    const time = { now: clock.now() };
    const budgets = await openBudgets(sqliteState(":memory:"), { now: () => time.now });
    await budgets.set("*", { tokens: 100, usd: null });
    const reservation = await budgets.reserve("k", { tokens: 100, usd: 0 });
    expect(() => budgets.reserve("k", { tokens: 1, usd: 0 })).toThrow(/has 0 tokens left today/);
    time.now += DAY_MS;
    await budgets.reserve("k", { tokens: 60, usd: 0 });
    await reservation.settle({ tokens: 100, usd: 0 });
    expect(budgets.budgetOf("k")).toMatchObject({ used_tokens: 0, reserved_tokens: 60 });
    await budgets.close();
  });

  test("a clock that is set back over midnight and forth again gives nothing back, with a start in between or without", async () => {
    const file = newFile();
    let now = DAY_MS * 20_000 - 1000;
    const moving = { now: () => now };
    let budgets = await openBudgets(sqliteState(file), moving);
    await budgets.set("k", { tokens: 100, usd: null });
    const spend = async (tokens: number): Promise<void> => {
      await (await budgets.reserve("k", { tokens, usd: 0 })).settle({ tokens, usd: 0 });
    };
    await spend(60);
    now += 2000;
    await spend(70);
    for (const isRestarted of [false, true]) {
      now -= 2000;
      if (isRestarted) {
        await budgets.close();
        budgets = await openBudgets(sqliteState(file), moving);
      }
      expect(budgets.budgetOf("k").used_tokens).toBe(60);
      now += 2000;
      expect(budgets.budgetOf("k").used_tokens).toBe(70);
      expect(budgets.list().map(({ key, used_tokens }) => [key, used_tokens])).toEqual([["k", 70]]);
    }
    await budgets.close();
  });

  test("the budget of * holds for each key without one of its own", async () => {
    const budgets = await openBudgets(sqliteState(":memory:"), clock);
    await budgets.set("*", { tokens: 10, usd: null });
    await budgets.set("vip", { tokens: null, usd: null });
    expect(() => budgets.reserve("a", { tokens: 11, usd: 0 })).toThrow(Fault);
    await budgets.reserve("vip", { tokens: 1_000_000, usd: 0 });
    expect(await budgets.drop("vip")).toBe(true);
    expect(await budgets.drop("vip")).toBe(false);
    expect(() => budgets.reserve("vip", { tokens: 11, usd: 0 })).toThrow(Fault);
    await budgets.close();
  });
});

const FIVE = "provider\tmodel\tinput_usd\tcached_usd\toutput_usd\n";
const SEVEN = "provider\tmodel\tinput_usd\tcached_usd\toutput_usd\tabove_tokens\tcache_write_usd\n";
const SIX = "provider\tmodel\tinput_usd\tcached_usd\toutput_usd\tabove_tokens\n";

test("prices: the longest name that fits, cached tokens at their own price", () => {
  const prices = readPrices(`${FIVE}x\tm*\t1\t0.1\t2\nx\tmini-*\t0.5\t0.1\t1\nx\tmini-2\t9\t9\t9\n`);
  const inputOf = (model: string): number | undefined => prices.find("x", model)?.price[0]?.input;
  expect(["m7", "mini-1", "mini-2"].map(inputOf)).toEqual([1, 0.5, 9]);
  expect(prices.find("y", "m7")).toBeUndefined();
  const usage = { input_tokens: 1_000_000, cached_tokens: 500_000, output_tokens: 1_000_000 };
  const band = { input: 1, cached: 0.1, cacheWrite: 1.25, output: 2, above: 0 };
  expect(costOf([band], usage)).toBeCloseTo(0.5 + 0.05 + 2, 9);
  expect(costOf([band], { ...usage, cache_write_tokens: 200_000 })).toBeCloseTo(0.3 + 0.05 + 0.25 + 2, 9);
  // Never more than there was: a provider's counts are its own.
  expect(costOf([band], { ...usage, cache_write_tokens: 9_000_000 })).toBeCloseTo(0.05 + 0.625 + 2, 9);
  expect(() => readPrices("nonsense")).toThrow(/LAKEHOUSE_CHAT_PRICES/);
  expect(() => readPrices(`${FIVE}x\tm\t1\t1\t1\nx\tm\t2\t2\t2\n`)).toThrow(/LAKEHOUSE_CHAT_PRICES/);
});

test("prices: the file of an operator goes before the whole built-in table, by a pattern too", () => {
  expect(readPrices(`${FIVE}kimi\t*\t7\t7\t7\n`).find("kimi", "kimi-k2.6")).toMatchObject({
    own: true,
    price: [{ input: 7 }],
  });
  expect(readPrices(`${FIVE}x\t*\t7\t7\t7\n`).find("kimi", "kimi-k2.6")).toMatchObject({ own: false });
});

test("prices: what is written to a cache has a price of its own, or that of input", () => {
  const writes = (text: string): unknown => readPrices(text).find("x", "m")?.price[0]?.cacheWrite;
  expect([writes(`${SEVEN}x\tm\t4\t1\t8\t0\t5\n`), writes(`${SIX}x\tm\t4\t1\t8\t0\n`)]).toEqual([5, 4]);
  expect(readPrices().find("opencode", "claude-sonnet-4-6")?.price[0]).toMatchObject({
    input: 3,
    cacheWrite: 3.75,
  });
});

test("prices: a call pays by the band that its input exceeds", () => {
  const price = readPrices(`${SIX}x\tm\t4\t4\t4\t200\nx\tm\t1\t1\t1\t0\nx\tn\t3\t3\t3\t10\n`);
  const costs = (model: string, input: number): number =>
    costOf(price.find("x", model)?.price ?? [], { input_tokens: input, output_tokens: 0 }) * 1e6;
  expect([0, 1, 200, 201].map((input) => costs("m", input))).toEqual([0, 1, 200, 804]);
  expect(costs("n", 5)).toBe(15);
});

test("prices: the built-in table says its day and sources, and no model in it costs nothing", () => {
  const { asOf, names } = readPrices();
  expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
  expect(new Set(names.map(({ provider }) => provider))).toEqual(new Set(["kimi", "opencode", "openrouter"]));
  // Above its list price nothing is charged: else a budget in dollars would leak.
  const odd = names.filter(({ price }) =>
    price.some(({ input, cached, output }) => input + output <= 0 || cached > input),
  );
  expect(odd.map(({ provider, model }) => `${provider}/${model}`)).toEqual([]);
});

describe.each(TOPOLOGIES)("every way to a model, %s", (topology) => {
  let fakes: FakeProviders;
  let lake: Lake;
  let chatd: TestChatd;
  beforeAll(async () => {
    [fakes, lake] = await Promise.all([startFakeProviders(), openLake()]);
    const prices = "provider\tmodel\tinput_usd\tcached_usd\toutput_usd\ncompat\t*\t100\t10\t1000\n";
    chatd = await startChatd(topology, fakes, lake, { prices });
  });
  afterAll(async () => {
    await chatd.close();
    fakes.stop();
    await lake.close();
  });

  const messages: ChatInput["messages"] = [{ role: "user", content: "Count the apples." }];
  const calls = fc.array(
    fc.record({
      provider: fc.constantFrom("compat", "ollama", "openrouter", "kimi"),
      quirk: fc.constantFrom(
        "ok",
        "torn",
        "down",
        "passes",
        "no-finish",
        "cut",
        "error-midway",
        "silent-midway",
        "bad-request",
      ),
      streamed: fc.boolean(),
      /** Events after which the reader stops; milliseconds after which the caller goes away. */
      stopsAfter: fc.option(fc.nat(4), { nil: undefined }),
      abortMs: fc.option(fc.nat(30), { nil: undefined }),
    }),
    { minLength: 1, maxLength: 8 },
  );

  test("reserves and settles: nothing stays reserved, however streams are cut", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(calls, async (all) => {
        run += 1;
        const caller = { id: `key-${topology}-${run}`, scopes: ["write"] as const };
        await Promise.all(
          all.map(async ({ provider, quirk, streamed, stopsAfter, abortMs }, at) => {
            const controller = new AbortController();
            const timer = abortMs === undefined ? undefined : setTimeout(() => controller.abort(), abortMs);
            const model = `${provider}/${quirk}.${run}x${at}`;
            const input = { model, messages, max_tokens: 50, deadline_ms: 400 };
            const init = { caller, signal: controller.signal };
            try {
              if (!streamed) await chatd.service.chat(input, init);
              else {
                let seen = 0;
                for await (const _ of chatd.service.chatEvents(input, init)) {
                  seen += 1;
                  if (stopsAfter !== undefined && seen > stopsAfter) break;
                }
              }
            } catch (error) {
              expect(error).toBeInstanceOf(Fault);
            } finally {
              clearTimeout(timer);
            }
          }),
        );
        const budget = async (): Promise<{ used: number; reserved: number; usd: number }> => {
          const found = (await chatd.service.budgets({})).budgets.find(({ key }) => key === caller.id);
          return {
            used: found?.used_tokens ?? 0,
            reserved: found?.reserved_tokens ?? 0,
            usd: found?.reserved_usd ?? 0,
          };
        };
        // Over a socket a caller who goes away is noticed a moment later.
        const until = Date.now() + 20_000;
        while ((await budget()).reserved > 0 && Date.now() < until) await Bun.sleep(5);
        expect(await budget()).toMatchObject({ reserved: 0, usd: 0 });
        // Each call that reached a model to its end was paid for.
        const whole = all.filter(
          ({ quirk, streamed, stopsAfter, abortMs }) =>
            quirk === "ok" && abortMs === undefined && (!streamed || stopsAfter === undefined),
        );
        expect((await budget()).used).toBeGreaterThanOrEqual(whole.length * 30);
      }),
      { numRuns: 12 },
    );
  });

  test("a key that has nothing left is refused on both routes, before anything is sent", async () => {
    const caller = { id: `poor-${topology}`, scopes: ["write"] as const };
    await chatd.service.setBudget({ key: caller.id, tokens_per_day: 40 });
    const model = `compat/ok.poor${topology}`;
    const input = { model, messages, max_tokens: 50 };
    const refusals = await Promise.all([
      chatd.service.chat(input, { caller }).catch((error: unknown) => error),
      (async () => {
        for await (const _ of chatd.service.chatEvents(input, { caller }));
      })().catch((error: unknown) => error),
    ]);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: "rate_limited", reason: "budget" });
    expect(await fakes.seen(model.slice("compat/".length))).toEqual([]);
    expect(await chatd.service.usage({}, { caller })).toMatchObject({
      key: caller.id,
      used_tokens: 0,
      tokens_per_day: 40,
    });
  });

  test("under a budget a call without max_tokens asks for what was reserved", async () => {
    const caller = { id: `capped-${topology}`, scopes: ["write"] as const };
    await chatd.service.setBudget({ key: caller.id, usd_per_day: 10 });
    const model = `ok.capped${topology}`;
    const reply = await chatd.service.chat({ model: `compat/${model}`, messages }, { caller });
    expect((await fakes.seen(model))[0]?.body).toMatchObject({ max_tokens: 4096 });
    // 13 tokens at 100, 8 of the cache at 10 and 9 written at 1,000 dollars a million.
    expect(reply.usage.cost_usd).toBeCloseTo((13 * 100 + 8 * 10 + 9 * 1000) / 1e6, 9);
    expect((await chatd.service.usage({}, { caller })).used_usd).toBeCloseTo(reply.usage.cost_usd ?? 0, 6);
    const unpriced = await chatd.service
      .chat({ model: "kimi/ok.unpriced", messages }, { caller })
      .catch((error: unknown) => error);
    expect(unpriced).toMatchObject({ code: "invalid" });
    // Nothing was sent. Without a limit in dollars it is called, and its cost is not known.
    expect(await fakes.seen("ok.unpriced")).toEqual([]);
    const unlimited = { id: `unlimited-${topology}`, scopes: ["write"] as const };
    const free = await chatd.service.chat({ model: "kimi/ok.unpriced", messages }, { caller: unlimited });
    expect(free.usage.cost_usd).toBeUndefined();
  });

  test("prices are listed with where they are from, and looked up by a model's name", async () => {
    const { as_of: asOf, prices, free } = await chatd.service.prices({});
    expect(asOf).toMatch(/^\d{4}-\d\d-\d\d$/);
    expect(free).toContain("ollama");
    expect(prices[0]).toEqual({
      provider: "compat",
      model: "*",
      source: "own",
      bands: [{ above_tokens: 0, input_usd: 100, cached_usd: 10, cache_write_usd: 100, output_usd: 1000 }],
    });
    expect(prices.length).toBeGreaterThan(300);
    const found = async (model: string): Promise<unknown> => (await chatd.service.prices({ model })).prices;
    expect(await found("compat/whatever")).toMatchObject([{ model: "*", source: "own" }]);
    expect(await found("opencode/gpt-5.4")).toMatchObject([
      { source: "built_in", bands: [{ above_tokens: 0 }, { above_tokens: 272_000 }] },
    ]);
    expect(await found("kimi/ok.unpriced")).toEqual([]);
    expect(await chatd.service.prices({ model: "nobody/x" }).catch((error: unknown) => error)).toMatchObject({
      code: "invalid",
    });
  });
});

test("a damaged database refuses calls with its name until it is repaired, and the service starts", async () => {
  const [fakes, lake] = await Promise.all([startFakeProviders(), openLake()]);
  const stateFile = newFile();
  const first = await startChatd("local", fakes, lake, { stateFile });
  await first.service.setBudget({ key: "k", tokens_per_day: 5 });
  await first.close();
  // What is in the log would be read instead.
  rmSync(`${stateFile}-wal`, { force: true });
  writeFileSync(stateFile, readFileSync(stateFile).fill(0x5a));
  const second = await startChatd("local", fakes, lake, { stateFile });
  const refusal = await second.service
    .chat({ model: "scripted/echo", messages: [{ role: "user", content: "x" }] })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "internal" });
  expect(second.stats()["damaged"]).toEqual(["chat.sqlite"]);
  expect((await second.service.providers({})).providers.length).toBeGreaterThan(5);
  await second.close();
  fakes.stop();
  await lake.close();
});
