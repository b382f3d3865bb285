// The filter language: unknown JSON in, a tree out, and what the tree means for one row's metadata. The index
// over fields (payload.ts) must select exactly the rows for which `matches` is true; that is its whole contract.
//
// What a field's value is: a string, number or boolean stands for itself; a list stands for each string, number
// or boolean in it; anything else (absent, null, an object) has no values.
//   eq, in           true when any value is equal to one of the operands; types never mix: 3 is not "3"
//   ne, nin          the complement of eq and in, so that rows without the field match
//   gt gte lt lte    any value of the operand's type that compares so; strings by UTF-16 code unit, so that
//                    dates in ISO 8601 order as dates. Two bounds on a list may be met by two of its values.
//   prefix           any string that starts with it, case and all
//   exists           true: the field is there and not null; false: the complement
//   near             the field is {lat, lon} in degrees, within that many miles along a great circle
//   not              the complement of its part, over all rows
// A name is a top-level key of the metadata. `and`, `or`, `not` and `near` are words of the language, not fields.

import { milesBetween, type Point } from "#domain/places";
import type { FaultDetail } from "#rpc/fault";
import { Fault } from "#rpc/fault";
import { invalid, type Metadata } from "./shape.ts";

export type Scalar = string | number | boolean;

export type Test =
  | { readonly op: "in"; readonly values: ReadonlySet<Scalar> }
  | { readonly op: "gt" | "gte" | "lt" | "lte"; readonly value: string | number }
  | { readonly op: "prefix"; readonly value: string }
  | { readonly op: "exists" };

export type Filter =
  | { readonly kind: "and"; readonly parts: readonly Filter[] }
  | { readonly kind: "or"; readonly parts: readonly Filter[] }
  | { readonly kind: "not"; readonly part: Filter }
  | { readonly kind: "field"; readonly field: string; readonly test: Test }
  | { readonly kind: "near"; readonly field: string; readonly place: Point; readonly miles: number };

/** Deep enough for any query written by hand or by a model, shallow enough for recursion. */
const DEPTH_MAX = 16;
/** Each node may scan all rows once. */
const NODES_MAX = 256;
/** A list of ids or postcodes; longer ones belong in a join. */
const VALUES_MAX = 4_096;

interface Budget {
  nodes: number;
}

/** Parses a filter. Throws Fault `invalid` with the place in the filter that is wrong; `path` is where the filter itself stands. */
export function parseFilter(input: unknown, path = "filter"): Filter {
  return parse(input, path, 1, { nodes: 0 });
}

/** A filter as `parseFilter` reads it, for another process. */
export function writtenFilter(filter: Filter): Record<string, unknown> {
  if (filter.kind === "and" || filter.kind === "or")
    return { [filter.kind]: filter.parts.map(writtenFilter) };
  if (filter.kind === "not") return { not: writtenFilter(filter.part) };
  if (filter.kind === "near") return { near: { field: filter.field, ...filter.place, miles: filter.miles } };
  const { field, test } = filter;
  if (test.op === "in") return { [field]: { in: [...test.values] } };
  return { [field]: { [test.op]: test.op === "exists" ? true : test.value } };
}

/** Both of two filters; undefined when there is none. */
export function bothOf(one: Filter | undefined, other: Filter | undefined): Filter | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return { kind: "and", parts: [one, other] };
}

/** Whether the filter asks nothing of a row. */
export function selectsAll(filter: Filter): boolean {
  return filter.kind === "and" && filter.parts.every(selectsAll);
}

/** What a delete may name: ids or a filter, one of them, and not every row. Throws `invalid`. */
export function checkDelete({ ids, filter }: Deletion): void {
  if ((ids === undefined) === (filter === undefined))
    throw invalid("ids", "or filter must be given, one of them");
  if (filter !== undefined && selectsAll(filter))
    throw invalid("filter", "selects every row; delete the index instead");
}

export interface Deletion {
  readonly ids?: readonly string[];
  readonly filter?: Filter;
}

function wrong(path: string, message: string): Fault {
  const details: FaultDetail[] = [{ path, message }];
  return new Fault("invalid", `The filter is wrong at ${path}: ${message}.`, { details });
}

function asObject(input: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw wrong(path, `${what} must be an object`);
  return input as Record<string, unknown>;
}

function spend(budget: Budget, path: string): void {
  if (++budget.nodes > NODES_MAX) throw wrong(path, `a filter has at most ${NODES_MAX} conditions`);
}

function parse(input: unknown, path: string, depth: number, budget: Budget): Filter {
  if (depth > DEPTH_MAX) throw wrong(path, `a filter is at most ${DEPTH_MAX} levels deep`);
  spend(budget, path);
  const parts = Object.entries(asObject(input, path, "a filter")).map(([key, value]) => {
    const place = `${path}.${key}`;
    if (key === "and" || key === "or") return parseList(key, value, place, depth, budget);
    if (key === "not") return { kind: "not", part: parse(value, place, depth + 1, budget) } as const;
    if (key === "near") return parseNear(value, place, budget);
    return parseField(key, value, place, budget);
  });
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "and", parts };
}

function parseList(kind: "and" | "or", value: unknown, path: string, depth: number, budget: Budget): Filter {
  if (!Array.isArray(value)) throw wrong(path, `\`${kind}\` takes a list of filters`);
  if (value.length > NODES_MAX) throw wrong(path, `a filter has at most ${NODES_MAX} conditions`);
  const parts = value.map((part, i) => parse(part, `${path}.${i}`, depth + 1, budget));
  return kind === "and" ? { kind, parts } : { kind, parts };
}

function parseNear(value: unknown, path: string, budget: Budget): Filter {
  spend(budget, path);
  const { field, lat, lon, miles, ...rest } = asObject(value, path, "`near`");
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw wrong(`${path}.${extra}`, "`near` takes field, lat, lon and miles");
  if (typeof field !== "string" || field === "") throw wrong(`${path}.field`, "must name a field");
  if (typeof lat !== "number" || !(Math.abs(lat) <= 90))
    throw wrong(`${path}.lat`, "must be degrees from -90 to 90");
  if (typeof lon !== "number" || !(Math.abs(lon) <= 180))
    throw wrong(`${path}.lon`, "must be degrees from -180 to 180");
  if (typeof miles !== "number" || !(miles >= 0) || miles === Number.POSITIVE_INFINITY) {
    throw wrong(`${path}.miles`, "must be a number of miles, 0 or more");
  }
  return { kind: "near", field, place: { lat, lon }, miles };
}

function isScalar(value: unknown): value is Scalar {
  return (
    typeof value === "string" ||
    typeof value === "boolean" ||
    (typeof value === "number" && Number.isFinite(value))
  );
}

function parseField(field: string, value: unknown, path: string, budget: Budget): Filter {
  if (isScalar(value)) {
    spend(budget, path);
    return { kind: "field", field, test: { op: "in", values: new Set([value]) } };
  }
  if (Array.isArray(value)) throw wrong(path, 'a list is written {"in": [...]}');
  if (value === null) throw wrong(path, 'absence is written {"exists": false}');
  const parts = Object.entries(asObject(value, path, "a condition")).map(([op, operand]) => {
    spend(budget, path);
    return parseTest(field, op, operand, `${path}.${op}`);
  });
  const [only] = parts;
  if (only === undefined) throw wrong(path, "a condition needs an operator, such as eq");
  return parts.length === 1 ? only : { kind: "and", parts };
}

function parseTest(field: string, op: string, operand: unknown, path: string): Filter {
  const leaf = (test: Test): Filter => ({ kind: "field", field, test });
  const not = (part: Filter): Filter => ({ kind: "not", part });
  switch (op) {
    case "eq":
    case "ne": {
      if (!isScalar(operand)) throw wrong(path, "must be a string, a finite number or a boolean");
      const equal = leaf({ op: "in", values: new Set([operand]) });
      return op === "eq" ? equal : not(equal);
    }
    case "in":
    case "nin": {
      if (!Array.isArray(operand) || operand.length > VALUES_MAX) {
        throw wrong(path, `must be a list of at most ${VALUES_MAX} values`);
      }
      const odd = operand.findIndex((each) => !isScalar(each));
      if (odd >= 0) throw wrong(`${path}.${odd}`, "must be a string, a finite number or a boolean");
      const among = leaf({ op: "in", values: new Set(operand as Scalar[]) });
      return op === "in" ? among : not(among);
    }
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      if (typeof operand !== "string" && !(typeof operand === "number" && Number.isFinite(operand))) {
        throw wrong(path, "must be a finite number or a string");
      }
      return leaf({ op, value: operand });
    case "prefix":
      if (typeof operand !== "string") throw wrong(path, "must be a string");
      return leaf({ op, value: operand });
    case "exists":
      if (typeof operand !== "boolean") throw wrong(path, "must be true or false");
      return operand ? leaf({ op }) : not(leaf({ op }));
    default:
      throw wrong(path, `"${op}" is not one of eq, ne, in, nin, gt, gte, lt, lte, exists, prefix`);
  }
}

/** The field itself, own keys only: `constructor` is no field of an empty object. */
export function fieldOf(metadata: Metadata, field: string): unknown {
  return Object.hasOwn(metadata, field) ? metadata[field] : undefined;
}

/** The values a field stands for; see the top of this file. */
export function valuesOf(value: unknown): readonly Scalar[] {
  if (isScalar(value)) return [value];
  return Array.isArray(value) ? value.filter(isScalar) : [];
}

/** Whether one value passes; for every test but `exists`, a field passes when one of its values does. */
export function passes(test: Exclude<Test, { op: "exists" }>, value: Scalar): boolean {
  if (test.op === "in") return test.values.has(value);
  if (test.op === "prefix") return typeof value === "string" && value.startsWith(test.value);
  return typeof value === typeof test.value && COMPARE[test.op](value, test.value);
}

const COMPARE: Readonly<Record<"gt" | "gte" | "lt" | "lte", (a: Scalar, b: Scalar) => boolean>> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

/** What a filter means. */
export function matches(filter: Filter, metadata: Metadata): boolean {
  if (filter.kind === "and") return filter.parts.every((part) => matches(part, metadata));
  if (filter.kind === "or") return filter.parts.some((part) => matches(part, metadata));
  if (filter.kind === "not") return !matches(filter.part, metadata);
  const value = fieldOf(metadata, filter.field);
  if (filter.kind === "near") {
    const place = placeOf(value);
    return place !== null && milesBetween(place, filter.place) <= filter.miles;
  }
  const { test } = filter;
  if (test.op === "exists") return value !== undefined && value !== null;
  return valuesOf(value).some((each) => passes(test, each));
}

/** A {lat, lon} on the globe, or null. */
export function placeOf(value: unknown): Point | null {
  if (typeof value !== "object" || value === null) return null;
  const { lat, lon } = value as Partial<Record<keyof Point, unknown>>;
  if (typeof lat !== "number" || typeof lon !== "number") return null;
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lat, lon } : null;
}
