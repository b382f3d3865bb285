import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ROLES, roleNamed } from "#domain/roles";
import { areNeighbours, type Gate, personIsInjected, personMoves, recordActs, sureRole } from "./gate.ts";

const role = fc.option(fc.constantFrom(...ROLES.map(({ name }) => name)), { nil: null });
const distance = fc.oneof(
  fc.double({ min: 0, max: 0.06, noNaN: true }),
  fc.double({ min: 0, max: 2, noNaN: true }),
);
const gates = fc.constantFrom<Gate>("strict", "adjacent", "off");
const LONG = { numRuns: 20_000 };

describe("the gate", () => {
  test("moves nobody whose role is another than the query's, in any mode", () => {
    fc.assert(
      fc.property(gates, role, role, role, distance, (gate, query, record, person, near) => {
        const roles = { query, record, person };
        const moves = recordActs(gate, query, record, near) && personMoves(gate, roles, near);
        if (moves && query !== null && person !== null) expect(person).toBe(query);
        if (moves && personIsInjected(gate, roles, near)) expect(near).toBeLessThan(0.201);
      }),
      LONG,
    );
  });

  test("keeps records of other roles out, and without a role lets only the same query through", () => {
    fc.assert(
      fc.property(fc.constantFrom<Gate>("strict", "adjacent"), role, role, role, distance, (...drawn) => {
        const [gate, query, record, person, near] = drawn;
        if (!recordActs(gate, query, record, near)) return;
        if (query !== null && record !== null && query !== record) {
          expect(gate).toBe("adjacent");
          expect(areNeighbours(query, record)).toBe(true);
        }
        if (query === null || record === null) {
          expect(near).toBeLessThan(0.0501);
          expect(personIsInjected(gate, { query, record, person }, near)).toBe(false);
        }
        // A record of one role never moves a person of another one, also where the query has none.
        if (query === null && record !== null && person !== null && record !== person)
          expect(personMoves(gate, { query, record, person }, near)).toBe(false);
      }),
      LONG,
    );
  });

  test("knows neighbours in both directions", () => {
    const first = ROLES.find(({ adjacent }) => adjacent.length > 0);
    const other = first?.adjacent[0] ?? "";
    expect(areNeighbours(first?.name ?? "", other)).toBe(true);
    expect(areNeighbours(other, first?.name ?? "")).toBe(true);
    expect(roleNamed(other)).toBeDefined();
  });

  test("takes a role that is only guessed for none", () => {
    const read = { role: "Welder", soc: "51-4121", source: "dictionary", confidence: 1 } as const;
    expect(sureRole(read)).toBe("Welder");
    expect(sureRole({ ...read, confidence: 0.7 })).toBeNull();
    expect(sureRole({ ...read, source: "nearest" })).toBeNull();
  });
});
