// Two replies to one request, compared by what they mean. `there` is the upstream's, `here` this house's. A difference has
// the path where it is (list places as `[]`), and is either real or explained: one that is understood and changes
// no answer, such as a vector of another length in the same direction. Values are hashed: they may be personal data.

import { createHash } from "node:crypto";
import { canonicalJson } from "#lib/canonical-json";
import { cosine, isClose, kendall, norm, overlapAt } from "./measures.ts";
import { ruleFor } from "./rules.ts";

export type DifferenceKind =
  | "status"
  | "body"
  | "absent"
  | "type"
  | "value"
  | "length"
  | "vector"
  | "set"
  | "ranking";

export interface Difference {
  readonly path: string;
  readonly kind: DifferenceKind;
  readonly explained: boolean;
  /** In words, without a value that could be of a person. */
  readonly detail: string;
}

/** Shorter lists of numbers are no embeddings. */
const VECTOR_LENGTH_MIN = 8;
/** Below, two vectors point in other directions. */
const COSINE_MIN = 0.9999;
const NORM_EPSILON = 1e-3;
const RANKING_K = 10;
/** Deeper than the wire accepts. */
const DEPTH_MAX = 64;
/** A reply that differs everywhere says so with these. */
const DIFFERENCES_MAX = 200;
/** Of this process alone, so that a hash says nothing outside of its reports. */
const SALT = crypto.randomUUID();

export function hashOf(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return `#${createHash("sha256")
    .update(SALT)
    .update(text ?? "")
    .digest("hex")
    .slice(0, 8)}`;
}

export function compare(there: unknown, here: unknown): Difference[] {
  const found = new Map<string, Difference>();
  const add = (path: string, kind: DifferenceKind, detail: string, explained = false): void => {
    const key = `${path} ${kind}`;
    if (!found.has(key) && found.size < DIFFERENCES_MAX) found.set(key, { path, kind, explained, detail });
  };
  walk({ add, depth: 0 }, "", "", there, here);
  return [...found.values()];
}

interface Walk {
  readonly add: (path: string, kind: DifferenceKind, detail: string, explained?: boolean) => void;
  readonly depth: number;
}

function walk(at: Walk, path: string, name: string, there: unknown, here: unknown): void {
  if (at.depth > DEPTH_MAX) return;
  const rule = ruleFor(name);
  if (rule === "ignored") return;
  const deeper = { ...at, depth: at.depth + 1 };
  if (Array.isArray(there) && Array.isArray(here)) {
    if (rule === "set") return compareSets(at, path, there, here);
    if (rule === "ranking" && isRanking(there) && isRanking(here))
      return compareRankings(deeper, path, there, here);
    if (isVector(there) && isVector(here) && there.length === here.length) {
      return compareVectors(at, path, there, here);
    }
    if (there.length !== here.length) at.add(path, "length", `${there.length} there, ${here.length} here`);
    for (const [index, value] of there.slice(0, here.length).entries()) {
      walk(deeper, `${path}[]`, "", value, here[index]);
    }
    return;
  }
  if (isObject(there) && isObject(here)) return compareObjects(deeper, path, there, here);
  if (typeof there === "number" && typeof here === "number") {
    if (!isClose(there, here)) at.add(path, "value", `${hashOf(there)} there, ${hashOf(here)} here`);
    return;
  }
  if (there === here) return;
  const [a, b] = [typeOf(there), typeOf(here)];
  if (a === b) at.add(path, "value", `${hashOf(there)} there, ${hashOf(here)} here`);
  else at.add(path, "type", `${a} there, ${b} here`);
}

function compareObjects(at: Walk, path: string, there: Fields, here: Fields): void {
  for (const field of new Set([...Object.keys(there), ...Object.keys(here)])) {
    if (ruleFor(field) === "ignored") continue;
    const below = path === "" ? named(field) : `${path}.${named(field)}`;
    const inThere = Object.hasOwn(there, field);
    const inHere = Object.hasOwn(here, field);
    if (inThere && inHere) walk(at, below, field, there[field], here[field]);
    else if (inHere) at.add(below, "absent", `absent there, ${zeroOr(here[field])} here`);
    else at.add(below, "absent", `${zeroOr(there[field])} there, absent here`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** A name that is none of a field's (the id of a person as a key) is hashed. */
function named(field: string): string {
  return /^[A-Za-z_]\w{0,40}$/.test(field) ? field : hashOf(field);
}

/** What a program that leaves out zero values would not have written is named; other values are not. */
function zeroOr(value: unknown): string {
  if (value === 0 || value === "" || value === false || value === null) return JSON.stringify(value);
  if (Array.isArray(value) && value.length === 0) return "[]";
  return "a value";
}

function compareVectors(at: Walk, path: string, there: readonly number[], here: readonly number[]): void {
  const angle = cosine(there, here);
  const [a, b] = [norm(there), norm(here)];
  if (angle < COSINE_MIN && !(a === 0 && b === 0)) {
    at.add(path, "vector", `another direction: cosine ${angle.toFixed(4)}`);
  } else if (!isClose(a, b, NORM_EPSILON)) {
    const which = isClose(b, 1, NORM_EPSILON) ? "; there they are not normalised" : "";
    at.add(
      path,
      "vector",
      `same direction (cosine ${angle.toFixed(3)}), norm ${a.toFixed(2)} there, ${b.toFixed(2)} here${which}`,
      true,
    );
  }
}

function compareSets(at: Walk, path: string, there: readonly unknown[], here: readonly unknown[]): void {
  const keys = (list: readonly unknown[]): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const value of list) counts.set(canonicalJson(value), (counts.get(canonicalJson(value)) ?? 0) + 1);
    return counts;
  };
  const [a, b] = [keys(there), keys(here)];
  const missing = [...a].filter(([key, count]) => (b.get(key) ?? 0) < count).length;
  const added = [...b].filter(([key, count]) => (a.get(key) ?? 0) < count).length;
  if (missing + added > 0) at.add(path, "set", `${missing} only there, ${added} only here`);
}

interface Hit extends Fields {
  readonly id: string;
}

function compareRankings(at: Walk, path: string, there: readonly Hit[], here: readonly Hit[]): void {
  const overlap = overlapAt(there.map(idOf), here.map(idOf), RANKING_K);
  const order = kendall(scoresOf(there), scoresOf(here));
  if (overlap < 1 || order < 1 || there.length !== here.length) {
    at.add(
      path,
      "ranking",
      `overlap@${RANKING_K} ${overlap.toFixed(2)}, Kendall ${order.toFixed(2)}, ${there.length} there, ${here.length} here`,
    );
  }
  const byId = new Map(here.map((hit) => [hit.id, hit]));
  for (const hit of there) {
    const { rank: _, ...one } = hit;
    const { rank: __, ...other } = byId.get(hit.id) ?? hit;
    walk(at, `${path}[]`, "", one, other);
  }
}

function idOf({ id }: Hit): string {
  return id;
}

/** By distance where there is one, so that those which are equally near have no order. */
function scoresOf(hits: readonly Hit[]): Map<string, number> {
  return new Map(hits.map(({ id, distance }, at) => [id, typeof distance === "number" ? distance : at]));
}

function isRanking(list: readonly unknown[]): list is readonly Hit[] {
  return list.every((hit) => isObject(hit) && typeof hit["id"] === "string");
}

function isVector(list: readonly unknown[]): list is readonly number[] {
  return list.length >= VECTOR_LENGTH_MIN && list.every((value) => typeof value === "number");
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}
