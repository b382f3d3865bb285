// What is wrong with an input, in words that say what to send instead. A schema's own message goes before these; a value
// is never shown, because it may be a secret.

import { z } from "zod";
import { didYouMean } from "#lib/nearest";
import { Fault } from "../fault.ts";

/** A caller corrects the first few and sends again; a longer list does not help. */
const DETAILS_MAX = 20;

/** The parsed input; throws Fault `invalid`, with one detail for each place that does not match the schema. */
export function parseInput(schema: z.core.$ZodType, input: unknown): unknown {
  const usual = z.core.safeParse(schema, input);
  if (usual.success) return usual.data;
  // Messages are made only for input that is wrong.
  const outcome = z.core.safeParse(schema, input, { error: wordsOf });
  if (outcome.success) return outcome.data;
  const known = schema instanceof z.core.$ZodObject ? Object.keys(schema._zod.def.shape) : [];
  const details = outcome.error.issues
    .slice(0, DETAILS_MAX)
    .flatMap((issue) => detailsOf(issue, issue.path.length === 0 ? known : []))
    .slice(0, DETAILS_MAX);
  const first = details[0];
  const message =
    first === undefined ? "The input is not valid." : `${first.path || "input"}: ${first.message}`;
  throw new Fault("invalid", message, { details });
}

function detailsOf(issue: z.core.$ZodIssue, known: readonly string[]): { path: string; message: string }[] {
  if (issue.code !== "unrecognized_keys") return [{ path: issue.path.join("."), message: issue.message }];
  return issue.keys.slice(0, DETAILS_MAX).map((key) => {
    const guess = didYouMean(key, known);
    return {
      path: [...issue.path, key].join("."),
      message: guess === "" ? "is not a known field" : `is not a known field.${guess}`,
    };
  });
}

function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return mustBe([typeName(issue.expected)], issue.input);
    case "invalid_value":
      return mustBe(issue.values.map(literal), issue.input);
    case "invalid_union":
      return within(issue.errors) ?? mustBe([...new Set(issue.errors.flatMap(alternatives))], issue.input);
    case "too_small":
      return issue.origin === "string" && issue.minimum === 1
        ? "must not be empty"
        : bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return (
        FORMATS[issue.format] ??
        (issue.pattern === undefined ? `must be a ${issue.format}` : `must match ${issue.pattern}`)
      );
    case "invalid_key":
      return `has a key that ${issue.issues[0]?.message ?? "is not accepted"}`;
    case "invalid_element":
      return `has a value that ${issue.issues[0]?.message ?? "is not accepted"}`;
    case "unrecognized_keys":
    case "custom":
      // Their messages come from `detailsOf` and from the schema.
      return undefined;
    default:
      return issue satisfies never;
  }
}

function mustBe(wanted: readonly string[], given: unknown): string | undefined {
  if (wanted.length === 0) return undefined;
  const either = wanted.length === 1 ? wanted[0] : `${wanted.slice(0, -1).join(", ")} or ${wanted.at(-1)}`;
  if (given === undefined) return `is missing; it must be ${either}`;
  // A value of the right type that is not among the allowed ones needs no type named.
  const found = nameOf(given);
  return wanted.includes(found) || wanted.some((each) => each.startsWith('"'))
    ? `must be ${either}`
    : `must be ${either}, not ${found}`;
}

/** What one branch of a union accepts. */
function alternatives(branch: readonly z.core.$ZodIssue[]): string[] {
  return branch.flatMap((issue) => {
    if (issue.code === "invalid_type") return [typeName(issue.expected)];
    return issue.code === "invalid_value" ? issue.values.map(literal) : [];
  });
}

/** The issues of the branch that accepts values of this type. */
function within(branches: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const [first] = branches.find((branch) => branch.every(({ path }) => path.length > 0)) ?? [];
  return first === undefined ? undefined : `${first.path.join(".")} ${first.message}`;
}

function bound(origin: string, comparison: string, limit: number | bigint): string {
  if (origin === "string") return `must have ${comparison} ${counted(limit, "character")}`;
  if (origin === "array" || origin === "set") return `must have ${comparison} ${counted(limit, "item")}`;
  return `must be ${comparison} ${limit}`;
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? "" : "s"}`;
}

/** What formats are whose patterns are unreadable. */
const FORMATS: Readonly<Record<string, string>> = {
  datetime: "must be a time with its offset (RFC 3339), such as 2026-12-07T06:00:00Z",
};

const literal = (value: unknown): string => (typeof value === "string" ? `"${value}"` : String(value));

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
  null: "null",
};

function typeName(type: string): string {
  return TYPE_NAMES[type] ?? `a ${type}`;
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeName(Array.isArray(value) ? "array" : typeof value);
}
