import { expect, test } from "bun:test";
import fc from "fast-check";
import { createBreaker, type Permit } from "./breaker.ts";

function opened(): { now: { ms: number }; breaker: ReturnType<typeof createBreaker> } {
  const now = { ms: 0 };
  const breaker = createBreaker(() => now.ms);
  for (let times = 0; times < 5; times += 1) breaker.permit()?.fail();
  return { now, breaker };
}

test("it opens after five failures in a row, and a success starts the row again", () => {
  const breaker = createBreaker(() => 0);
  for (let times = 0; times < 4; times += 1) breaker.permit()?.fail();
  breaker.permit()?.succeed();
  for (let times = 0; times < 4; times += 1) breaker.permit()?.fail();
  expect(breaker.state()).toBe("closed");
  breaker.permit()?.fail();
  expect(breaker.state()).toBe("open");
  expect(breaker.permit()).toBeUndefined();
});

test("its probe is one call, whose success closes it and whose failure opens it for longer", () => {
  const { now, breaker } = opened();
  const openMs = breaker.opensInMs();
  now.ms += openMs;
  expect(breaker.state()).toBe("half_open");
  const probe = breaker.permit();
  expect(probe).toBeDefined();
  expect(breaker.permit()).toBeUndefined();
  probe?.fail();
  expect(breaker.opensInMs()).toBe(openMs * 2);
  now.ms += openMs * 2;
  breaker.permit()?.succeed();
  expect(breaker.state()).toBe("closed");
});

test("a caller who goes away during the probe leaves it to the next one", () => {
  const { now, breaker } = opened();
  now.ms += breaker.opensInMs();
  breaker.permit()?.abandon();
  expect(breaker.state()).toBe("half_open");
  expect(breaker.permit()).toBeDefined();
});

test("callers who go away never open it", () => {
  const breaker = createBreaker(() => 0);
  for (let times = 0; times < 100; times += 1) breaker.permit()?.abandon();
  expect(breaker.state()).toBe("closed");
});

test("whatever happens, at most one call is under way while it is not closed, and it never stays open for ever", () => {
  const step = fc.record({
    kind: fc.constantFrom("call", "succeed", "fail", "abandon", "wait"),
    ms: fc.nat(200_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const now = { ms: 0 };
      const breaker = createBreaker(() => now.ms);
      const closed: Permit[] = [];
      let probe: Permit | undefined;
      for (const { kind, ms } of steps) {
        if (kind === "wait") now.ms += ms;
        else if (kind === "call") {
          const before = breaker.state();
          const permit = breaker.permit();
          if (before === "open") expect(permit).toBeUndefined();
          if (before === "half_open" && permit !== undefined) {
            expect(probe).toBeUndefined();
            probe = permit;
          } else if (permit !== undefined) closed.push(permit);
        } else {
          const one = probe ?? closed.pop();
          if (one === probe) probe = undefined;
          one?.[kind]();
        }
      }
      probe?.abandon();
      now.ms += 10_000_000;
      expect(breaker.permit()).toBeDefined();
    }),
  );
});
