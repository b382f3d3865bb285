// Where a route stands: by route, tenant, dialect and time, in a ledger of any order; and what a change may be.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { flipped, withoutUpstream, withUpstream } from "./changes.ts";
import { compacted, EMPTY, type Entry, isCanary, type Ledger, standings, STATES } from "./ledger.ts";
import { upstreamUrl } from "../pass-through.ts";

const ROUTES = ["go:embed.embed", "go:matrix.search", "go:*"];
const entries = fc
  .array(
    fc.record({
      route: fc.constantFrom(...ROUTES),
      tenant: fc.constantFrom(undefined, "a", "b"),
      state: fc.constantFrom(...STATES),
      until: fc.constantFrom(undefined, undefined, 50, 150),
    }),
    { maxLength: 30 },
  )
  .map((list) =>
    list.map(({ tenant, until, ...one }, at): Entry => ({
      ...one,
      id: `e-${at}`,
      actor: "x",
      reason: "",
      at: new Date(at).toISOString(),
      ...(tenant === undefined ? {} : { tenant }),
      ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
    })),
  );

/** The rule as it is written: the newest that counts for exactly this, unless all of the dialect was set after it. */
function simply(ledger: Ledger, route: string, tenant: string, now: number): string {
  const live = ledger.entries.filter(({ until }) => until === undefined || Date.parse(until) > now);
  const last = (wanted: string, of?: string): number =>
    live.findLastIndex((one) => one.route === wanted && one.tenant === of);
  const whole = last("go:*");
  const own = [last(route, tenant), last(route), last("go:*", tenant)].find((at) => at !== -1 && at >= whole);
  return live[own ?? whole]?.state ?? "off";
}

test("standings follow the rule, for every ledger, and compaction changes none of them", () => {
  fc.assert(
    fc.property(entries, fc.nat(20), (list, most) => {
      const ledger = { upstreams: [], entries: list };
      const [of, after] = [standings(ledger), standings(compacted(ledger, most))];
      for (const route of ROUTES) {
        for (const tenant of ["a", "b", "c"]) {
          for (const now of [0, 100, 200]) {
            const expected = simply(ledger, route, tenant, now);
            expect(of(route, tenant, now).state as string).toBe(expected);
            expect(after(route, tenant, now).state as string).toBe(expected);
          }
        }
      }
    }),
  );
});

test("an upstream moves its dialect's routes to pass-through, and its name again replaces it", () => {
  const one = withUpstream(EMPTY, { name: "old", dialect: "go", url: "http://a:1/api" });
  expect(standings(one)("go:embed.embed", "a", 0).state).toBe("pass-through");
  expect(standings(one)("rust:embed.embed", "a", 0).state).toBe("off");
  expect(
    withUpstream(one, { name: "old", dialect: "go", url: "http://b" }).upstreams.map(({ url }) => url),
  ).toEqual(["http://b"]);
  expect(() => withUpstream(one, { name: "other", dialect: "go", url: "http://b" })).toThrow("already");
  expect(() => withUpstream(EMPTY, { name: "a", dialect: "go", url: "a:1" })).toThrow("http://");
  expect(withoutUpstream(one, "old").upstreams).toEqual([]);
  expect(() => withoutUpstream(one, "none")).toThrow("There is no upstream none.");
});

test("a long ledger keeps what counts", () => {
  let ledger: Ledger = EMPTY;
  const flip = { actor: "a", reason: "", to: "primary" } as const;
  ledger = flipped(ledger, { ...flip, route: "rust:*" }, { now: 0, id: "first" });
  for (let n = 0; n < 1100; n += 1)
    ledger = flipped(ledger, { ...flip, route: "go:*" }, { now: n, id: `e-${n}` });
  expect(ledger.entries.length).toBe(1000);
  expect(standings(ledger)("rust:embed.embed", "a", 0).state).toBe("primary");
});

test("a canary takes about its share, and the same request always", () => {
  const taken = Array.from({ length: 20_000 }, (_, n) => isCanary(5, `a ${n}`)).filter(Boolean).length;
  expect(taken / 20_000).toBeGreaterThan(0.04);
  expect(taken / 20_000).toBeLessThan(0.06);
  expect([isCanary(0, "a"), isCanary(100, "a")]).toEqual([false, true]);
});

test("the prefix is stripped and the upstream's sub-path stays", () => {
  const url = (base: string, request: string): string =>
    upstreamUrl({ url: base }, `http://h:1${request}`, "/_go");
  expect(url("http://a:2/api", "/_go/v1/x?q=%2F&r")).toBe("http://a:2/api/v1/x?q=%2F&r");
  expect(url("http://a:2/", "/_go/v1/x%20y")).toBe("http://a:2/v1/x%20y");
  expect(url("http://a:2", "/_go/")).toBe("http://a:2/");
});

test("the upstream is compared behind a primary alone, and needs to be there", () => {
  const flip = { route: "go:matrix.search", shadow: "upstream", actor: "a", reason: "" } as const;
  const context = { now: 0, id: "e" };
  const upstreams = [{ name: "go", dialect: "go", url: "http://127.0.0.1:1" }] as const;
  expect(() =>
    flipped({ ...EMPTY, upstreams: [...upstreams] }, { ...flip, to: "canary", percent: 1 }, context),
  ).toThrow("behind a primary alone");
  expect(() => flipped(EMPTY, { ...flip, to: "primary" }, context)).toThrow("needs an upstream");
  const { entries } = flipped({ ...EMPTY, upstreams: [...upstreams] }, { ...flip, to: "primary" }, context);
  expect(entries).toMatchObject([{ state: "primary", shadow: "upstream" }]);
});
