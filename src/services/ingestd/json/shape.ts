// The type that holds a set of JSON values. Objects become structs and arrays lists as long as every value
// agrees; where they do not, the column stays JSON text, which loses nothing.

import { quoteIdentifier } from "#lib/sql-text";
import { LongNumber } from "./exact.ts";

export type Shape =
  | "nothing"
  | "boolean"
  | "integer"
  /** Integers that a double does not hold, and a 64-bit one does. */
  | "long integer"
  | "number"
  /** Numbers of more digits than a double holds: kept as text. */
  | "long number"
  | "string"
  /** No one type holds it: kept as JSON text. */
  | "any"
  | { readonly list: Shape }
  | { readonly struct: ReadonlyMap<string, Shape> };

/** An object with more keys than this is a dictionary, whose keys are data. */
const STRUCT_KEYS_MAX = 200;
const DEPTH_MAX = 16;

export function shapeOf(value: unknown, depth = 0): Shape {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "string") return "string";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  if (value instanceof LongNumber) return value.isInteger ? "long integer" : "long number";
  if (depth >= DEPTH_MAX) return "any";
  if (Array.isArray(value)) {
    return {
      list: value.reduce<Shape>((shape, member) => mergeShapes(shape, shapeOf(member, depth + 1)), "nothing"),
    };
  }
  const members = new Map<string, Shape>();
  const lower = new Set<string>();
  for (const [name, member] of Object.entries(value)) {
    lower.add(name.toLowerCase());
    members.set(name, shapeOf(member, depth + 1));
  }
  return isStruct(members) && lower.size === members.size ? { struct: members } : "any";
}

function isStruct(members: ReadonlyMap<string, Shape>): boolean {
  return members.size > 0 && members.size <= STRUCT_KEYS_MAX && !members.has("");
}

/** Two shapes of number, and the one that loses no digit of either. */
const NUMBERS: readonly [Shape, Shape, Shape][] = [
  ["integer", "number", "number"],
  ["integer", "long integer", "long integer"],
  ["integer", "long number", "long number"],
  ["number", "long integer", "long number"],
  ["number", "long number", "long number"],
  ["long integer", "long number", "long number"],
];

export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a === b || b === "nothing") return a;
  if (a === "nothing") return b;
  const number = NUMBERS.find(([one, other]) => (a === one && b === other) || (a === other && b === one));
  if (number !== undefined) return number[2];
  if (typeof a === "object" && typeof b === "object") {
    if ("list" in a && "list" in b) return { list: mergeShapes(a.list, b.list) };
    if ("struct" in a && "struct" in b) return mergeStructs(a.struct, b.struct);
  }
  return "any";
}

function mergeStructs(a: ReadonlyMap<string, Shape>, b: ReadonlyMap<string, Shape>): Shape {
  const merged = new Map(a);
  const lower = new Set([...a.keys()].map((name) => name.toLowerCase()));
  for (const [name, shape] of b) {
    const known = merged.get(name);
    // SQL cannot tell two members apart that differ in capitals alone.
    if (known === undefined && lower.has(name.toLowerCase())) return "any";
    merged.set(name, known === undefined ? shape : mergeShapes(known, shape));
    lower.add(name.toLowerCase());
  }
  return isStruct(merged) ? { struct: merged } : "any";
}

/** Whether a column of the second shape takes values of the first one as they are. */
export function fitsShape(shape: Shape, held: Shape): boolean {
  // As text everything is taken.
  if (shape === "nothing" || held === "string") return true;
  if (typeof shape !== "object" || typeof held !== "object") {
    return (
      shape === held ||
      (shape === "integer" && held === "number") ||
      (shape === "long integer" && held === "integer")
    );
  }
  if ("list" in shape || "list" in held)
    return "list" in shape && "list" in held && fitsShape(shape.list, held.list);
  return [...shape.struct].every(([name, member]) => {
    const there = held.struct.get(name);
    return there !== undefined && fitsShape(member, there);
  });
}

/** The shape that `shapeType` gives a type for; undefined for types that no JSON value has by itself. */
export function shapeOfType(type: string): Shape | undefined {
  if (type.endsWith("[]")) {
    const list = shapeOfType(type.slice(0, -2));
    return list === undefined ? undefined : { list };
  }
  if (!type.startsWith("STRUCT(")) return SCALARS[type];
  const struct = new Map<string, Shape>();
  for (const member of membersOf(type.slice("STRUCT(".length, -1))) {
    const [whole, quoted, bare] = /^\s*(?:"((?:[^"]|"")*)"|([^\s"]+))\s+/.exec(member) ?? [];
    const shape = whole === undefined ? undefined : shapeOfType(member.slice(whole.length).trim());
    if (shape === undefined) return undefined;
    struct.set(quoted?.replaceAll('""', '"') ?? bare ?? "", shape);
  }
  return { struct };
}

const SCALARS: Readonly<Record<string, Shape>> = {
  BOOLEAN: "boolean",
  BIGINT: "integer",
  DOUBLE: "number",
  VARCHAR: "string",
};

/** Splits at commas outside of brackets and quotes; a doubled quote closes and opens again. */
function membersOf(text: string): string[] {
  const members: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (char === "(") depth += 1;
    else if (char === ")") depth -= 1;
    else if (char === "," && depth === 0) {
      members.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...members, text.slice(from)];
}

/** DuckDB's type. */
export function shapeType(shape: Shape): string {
  if (typeof shape === "object") {
    if ("list" in shape) return `${shapeType(shape.list)}[]`;
    return `STRUCT(${[...shape.struct].map(([name, member]) => `${quoteIdentifier(name)} ${shapeType(member)}`).join(", ")})`;
  }
  if (shape === "boolean") return "BOOLEAN";
  if (shape === "integer" || shape === "long integer") return "BIGINT";
  return shape === "number" ? "DOUBLE" : "VARCHAR";
}
