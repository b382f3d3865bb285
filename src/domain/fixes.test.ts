import { expect, test } from "bun:test";
import { applyFixes } from "./fixes.ts";

test("fixes change their places and nothing else, and leave the artifact as it was", () => {
  const artifact = { order_id: "o", fills: [{ worker_id: " a" }, { worker_id: "b" }], notes: "x" };
  const fixed = applyFixes(artifact, [
    { fix: { path: "fills[0].worker_id", value: "a" } },
    { fix: { path: "fills[0].worker_id", value: "second" } },
    { fix: { path: "fills[9].worker_id", value: "z" } },
    { fix: { path: "missing.part", value: 1 } },
    {},
    { fix: { path: "order_id", value: "o-1" } },
  ]);
  expect(fixed).toEqual({ order_id: "o-1", fills: [{ worker_id: "a" }, { worker_id: "b" }], notes: "x" });
  expect(artifact.fills[0]?.worker_id).toBe(" a");
});

test("a fix reaches no prototype", () => {
  applyFixes({}, [
    { fix: { path: "__proto__.polluted", value: 1 } },
    { fix: { path: "constructor.x", value: 1 } },
  ]);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});
