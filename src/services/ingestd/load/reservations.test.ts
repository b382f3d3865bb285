import { expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { Reservations } from "./reservations.ts";

const NEVER = new AbortController().signal;

test("loads that share a name never run at once, whatever their names and however they end", async () => {
  const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 4 });
  const loads = fc.array(fc.record({ names, fails: fc.boolean(), turns: fc.nat({ max: 3 }) }), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(loads, async (all) => {
      const reservations = new Reservations();
      const running = new Set<string>();
      const ended = await Promise.allSettled(
        all.map((load) =>
          reservations.within(load.names, NEVER, async () => {
            for (const name of load.names) {
              expect(running.has(name)).toBe(false);
              running.add(name);
            }
            for (let turn = 0; turn < load.turns; turn += 1) await Promise.resolve();
            for (const name of load.names) running.delete(name);
            if (load.fails) throw new Error("failed");
          }),
        ),
      );
      expect(ended.map(({ status }) => status === "rejected")).toEqual(all.map(({ fails }) => fails));
    }),
    { numRuns: 200 },
  );
});

test("a caller that has gone waits no more, and what it held is free", async () => {
  const reservations = new Reservations();
  const end = Promise.withResolvers<void>();
  const first = reservations.within(["b"], NEVER, () => end.promise);
  const controller = new AbortController();
  const gone = reservations.within(["a", "b"], controller.signal, async () => "ran");
  controller.abort(new Fault("cancelled", "The caller went away."));
  expect(await gone.catch((error: unknown) => error)).toMatchObject({ code: "cancelled" });
  expect(await reservations.within(["a"], NEVER, async () => "free")).toBe("free");
  end.resolve();
  await first;
  expect(await reservations.within(["a", "b"], NEVER, async () => "free")).toBe("free");
});

test("more than may wait are told to come back", async () => {
  const reservations = new Reservations();
  const end = Promise.withResolvers<void>();
  const all = Array.from({ length: 66 }, () => reservations.within(["a"], NEVER, () => end.promise));
  const last = await all.at(-1)?.catch((error: unknown) => error);
  expect(last).toMatchObject({ code: "unavailable", retryAfterMs: 5000 });
  end.resolve();
  await Promise.all(all.slice(0, -1));
});
