import { expect, test } from "bun:test";
import { onAbort, pause, untilAbort } from "./abort.ts";

const fired = (reason: unknown): AbortSignal => AbortSignal.abort(reason);

test("reacts once, with the reason, and at once to a signal that has fired", () => {
  const controller = new AbortController();
  const seen: unknown[] = [];
  onAbort(controller.signal, (reason) => seen.push(reason));
  controller.abort("late");
  controller.abort("again");
  onAbort(fired("before"), (reason) => seen.push(reason));
  onAbort(undefined, (reason) => seen.push(reason));
  expect(seen).toEqual(["late", "before"]);
});

test("a reaction that is forgotten does not come", () => {
  const controller = new AbortController();
  let reactions = 0;
  const forget = onAbort(controller.signal, () => (reactions += 1));
  forget();
  controller.abort();
  expect(reactions).toBe(0);
});

test("work is awaited until the signal fires, and what it does later is nobody's failure", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  expect(await untilAbort(Promise.resolve(1), signal)).toBe(1);
  expect(untilAbort(Promise.reject(new Error("its own")), signal)).rejects.toThrow("its own");
  const work = Promise.withResolvers<number>();
  const waiting = untilAbort(work.promise, signal);
  controller.abort(new Error("gone"));
  expect(waiting).rejects.toThrow("gone");
  work.reject(new Error("too late"));
  expect(untilAbort(Promise.resolve(1), signal)).rejects.toThrow("gone");
  await Bun.sleep(0);
});

test("a pause ends with its time, or with the signal, also one that has fired", async () => {
  const controller = new AbortController();
  const started = performance.now();
  await pause(5, controller.signal);
  expect(performance.now() - started).toBeGreaterThanOrEqual(4);
  const long = pause(3_600_000, controller.signal);
  controller.abort();
  await long;
  await pause(3_600_000, controller.signal);
});
