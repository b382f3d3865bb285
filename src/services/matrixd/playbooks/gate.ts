// The gate: which records may act on a query, and on which people. A record never crosses roles, and people of another
// role than the query's are never lifted, whatever the record says. What is not known for sure is treated as unknown,
// and the unknown acts only on what is practically the same query. Pure; every answer is no unless a rule says yes.

import type { ReadRole } from "#contracts/matrix";
import { roleNamed, ROLES } from "#domain/roles";
import { SURE_MIN } from "../query/title.ts";

export type Gate = "strict" | "adjacent" | "off";

/** A query this near is the same in other words; where a role is unknown, only this much acts. Cosine distance. */
const SAME_QUERY_MAX = 0.05;
/** An answer that the ranking did not find itself is brought in from queries this near. Cosine distance. */
const INJECTION_MAX = 0.2;
/** Distances of equal vectors that were computed in another order differ in the last digits. */
const ROUNDING = 1e-6;

/** A role as the gate compares it; null where none is known for sure. */
export type GateRole = string | null;

export function sureRole({ role, source, confidence }: ReadRole): GateRole {
  return source === "nearest" || source === "none" || confidence < SURE_MIN ? null : role;
}

/** Whether a record may act on a query at all. */
export function recordActs(gate: Gate, query: GateRole, record: GateRole, distance: number): boolean {
  if (gate === "off") return true;
  if (query === null || record === null) return distance <= SAME_QUERY_MAX + ROUNDING;
  return isSame(query, record) || (gate === "adjacent" && areNeighbours(query, record));
}

/** Whether a record that acts on the query may act on a person of this role. */
export function personMoves(
  gate: Gate,
  {
    query,
    record,
    person,
  }: { readonly query: GateRole; readonly record: GateRole; readonly person: GateRole },
  distance: number,
): boolean {
  if (person !== null && query !== null) return isSame(person, query);
  if (gate === "off") return true;
  if (person !== null && record !== null) return isSame(person, record);
  return distance <= SAME_QUERY_MAX + ROUNDING;
}

/** Whether a person who moves may be brought in from outside of the candidates. */
export function personIsInjected(
  gate: Gate,
  {
    query,
    record,
    person,
  }: { readonly query: GateRole; readonly record: GateRole; readonly person: GateRole },
  distance: number,
): boolean {
  if (distance > INJECTION_MAX + ROUNDING) return false;
  if (gate === "off") return true;
  return (
    query !== null && record !== null && person !== null && isSame(query, record) && isSame(query, person)
  );
}

/** How far a record may be that acts on a query of this role. */
export function reachOf(gate: Gate, query: GateRole): number {
  return gate === "off" || query !== null ? Number.POSITIVE_INFINITY : SAME_QUERY_MAX + ROUNDING;
}

/** Roles whose records may act on a query of this role, "" for the unknown one; undefined where all may. */
export function rolesActing(gate: Gate, query: GateRole): string[] | undefined {
  if (gate === "off" || query === null) return undefined;
  const others = gate === "strict" ? [] : ROLES.map(({ name }) => name);
  return [query, "", ...others.filter((name) => !isSame(name, query) && areNeighbours(query, name))];
}

/** The roles beside its own whose records act on a query of this role: neighbours in either direction. */
export function areNeighbours(left: string, right: string): boolean {
  return lists(left, right) || lists(right, left);
}

function lists(from: string, to: string): boolean {
  return roleNamed(from)?.adjacent.some((name) => isSame(name, to)) === true;
}

function isSame(left: string, right: string): boolean {
  return left === right || left.toLowerCase() === right.toLowerCase();
}
