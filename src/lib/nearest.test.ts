import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { didYouMean, editsBetween, nearest } from "./nearest.ts";

const WORDS = ["ingest", "search", "datasets", "status", "version", "sql", "down", "doctor", "corpus", "up"];

describe("nearest", () => {
  test.each([
    ["igest", "ingest"],
    ["serach", "search"],
    ["data", "datasets"],
    ["dataset", "datasets"],
    ["stauts", "status"],
    ["verison", "version"],
    ["SQL", "sql"],
    ["dwon", "down"],
    ["corpse", "corpus"],
  ])("%s means %s", (typed, meant) => {
    expect(nearest(typed, WORDS)[0]).toBe(meant);
    expect(didYouMean(typed, WORDS)).toBe(` Did you mean ${meant}?`);
  });

  test.each(["kubernetes", "xyz", "q", "forklift"])("%s is near nothing", (typed) => {
    expect(nearest(typed, WORDS)).toEqual([]);
    expect(didYouMean(typed, WORDS)).toBe("");
  });

  test("several are offered, the nearest first and of equals the first", () => {
    const known = ["workers", "work_orders", "worker_pay", "invoices", "sites"];
    expect(nearest("worker", known)).toEqual(["workers", "worker_pay"]);
    expect(nearest("WORKRES", known)).toEqual(["workers"]);
    expect(nearest("customers", known)).toEqual([]);
    expect(nearest("x", [])).toEqual([]);
  });

  test("one edit away is always found, and a name finds itself", () => {
    fc.assert(
      fc.property(fc.constantFrom(...WORDS), fc.nat(), (name, at) => {
        const cutAt = at % name.length;
        const typed = name.slice(0, cutAt) + name.slice(cutAt + 1);
        expect(editsBetween(typed, name)).toBe(1);
        expect(nearest(name, WORDS)[0]).toBe(name);
      }),
    );
  });

  test("edits are a distance: none to itself, the same both ways, never more than the longer word", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const edits = editsBetween(a, b);
        expect(edits === 0).toBe(a === b);
        expect(editsBetween(b, a)).toBe(edits);
        expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(edits).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });

  test("neighbours that changed places are one edit", () => {
    expect(editsBetween("serach", "search")).toBe(1);
  });
});
