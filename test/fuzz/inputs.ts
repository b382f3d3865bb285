// Inputs for a route, made from its contract: right ones, right ones with a single place changed, and ones that are
// nearly right at random. Names of things that are there lead past the first check; what an operation calls them is
// the only thing known about it.

import fc from "fast-check";
import { z } from "zod";
import { wire as contracts } from "#contracts/house";
import type { AnyOp, Contract } from "#rpc/contract";
import { servedOps } from "#rpc/contract";
import type { TestHouse } from "../house/house.ts";

export const ROUTED = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
  servedOps(contract)
    .filter(([, operation]) => operation.internal !== true)
    .map(([name, operation]): [string, AnyOp] => [`${service}.${name}`, operation]),
);

/** What the inputs below name: a table, an index, a corpus, an object. The same again changes nothing. */
export async function furnish(house: TestHouse): Promise<void> {
  const put = (path: string, body: unknown): Promise<Response> =>
    house.ask(path, { method: "PUT", body: typeof body === "string" ? body : JSON.stringify(body) });
  if (!(await hasPeople(house))) {
    const people = "id,name,city\n1,Ann,Austin\n2,Bo,Dallas\n";
    await house.ask("/v1/ingest?dataset=people", { method: "POST", body: people });
  }
  await put("/v1/vectors/shapes", { dimension: 4, metric: "cosine", fields: { city: "keyword" } });
  await house.json("/v1/vectors/shapes/upsert", { items: [{ id: "a", vector: [1, 0, 0, 0] }] });
  await put("/v1/matrix/corpora/people", {
    dataset: "people",
    id: "id",
    text: "{name} in {city}",
    fields: { city: "keyword" },
  });
  await put("/v1/storage/people", "some bytes");
}

/** Asking is cheaper than loading, and most inputs leave them as they are. */
async function hasPeople(house: TestHouse): Promise<boolean> {
  const reply = await house.ask("/v1/catalog/datasets/people");
  const { columns = [] } = (await reply.json()) as { columns?: { name: string }[] };
  return reply.ok && ["id", "name", "city"].every((name) => columns.some((column) => column.name === name));
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

const schemas = new Map<AnyOp, JsonSchema>();

export function schemaOf(operation: AnyOp): JsonSchema {
  const known = schemas.get(operation);
  if (known !== undefined) return known;
  const input = operation.input as z.core.$ZodType;
  const made = z.toJSONSchema(input, { io: "input", unrepresentable: "any" }) as JsonSchema;
  schemas.set(operation, made);
  return made;
}

/** What fields of these names hold where all is well. */
const SOUND: Readonly<Record<string, unknown>> = {
  index: "shapes",
  dataset: "people",
  corpus: "people",
  corpora: ["people"],
  key: "people",
  id: "id",
  ids: ["a"],
  vector: [1, 0, 0, 0],
  filter: { city: "Austin" },
  near: { lat: 30, lon: -97, miles: 10 },
  fields: { city: "keyword" },
  metadata: { city: "Austin" },
  dimension: 4,
  text: "{name} in {city}",
  query_text: "2 welders in Austin, TX",
  texts: ["welder"],
  sql: "SELECT name, count(*) FROM people WHERE id > 0 GROUP BY ALL",
  range: "bytes=0-3",
  if_none_match: '"x"',
  if_match: "*",
  accept: "application/x-ndjson",
  root: "distill",
  evidence_id: "0".repeat(64),
  file: "exports/sft/name/sft.jsonl",
  holdout_after: "2026-11-29T10:00:00Z",
  replay: {},
};

/** Left out of a right input: each makes another question of it, or names what is not there. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  "cursor model at idempotency_key params types near if_none_match".split(" "),
);
/** Where an input has the first, the second is another way to say it. */
const EXCLUSIVE: readonly (readonly [string, string])[] = [
  ["vector", "text"],
  ["ids", "filter"],
];

export type Fields = Readonly<Record<string, unknown>>;

/** An input that is taken, as far as names and types tell. */
export function right(schema: JsonSchema): Fields {
  return sound("", schema) as Fields;
}

function sound(name: string, schema: JsonSchema): unknown {
  if (name !== "" && Object.hasOwn(SOUND, name)) return SOUND[name];
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf?.[0] !== undefined) return sound(name, schema.anyOf[0]);
  if (schema.type === "string") return "name";
  if (schema.type === "boolean") return false;
  if (schema.type === "integer" || schema.type === "number") return Math.max(1, schema.minimum ?? 1);
  if (schema.type === "array") return [sound("", schema.items ?? {})];
  const { properties = {} } = schema;
  const said = (field: string): boolean =>
    !EXCLUSIVE.some(([first, second]) => second === field && Object.hasOwn(properties, first));
  const fields = Object.entries(properties).filter(([field]) => !LEFT_OUT.has(field) && said(field));
  return Object.fromEntries(fields.map(([field, below]) => [field, sound(field, below)]));
}

export const STRANGE: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  2 ** 53,
  "",
  " ",
  "NaN",
  "Infinity",
  "\u0000",
  "\ufeff",
  "\ud800",
  "a".repeat(5000),
  "../../etc/passwd",
  "'; DROP TABLE people; --",
  "{city",
  "{nothing}",
  "SELECT",
  "__proto__",
  "🚚\u202e",
  [],
  [[]],
  [null],
  {},
  { and: [] },
  { or: [{}] },
  { and: [null] },
  { and: {} },
  { not: {} },
  { not: null },
  { near: null },
  { near: {} },
  { near: { field: "city", lat: 1, lon: 1, miles: 1 } },
  { city: null },
  { city: { in: [] } },
  { city: { gt: {} } },
  { nothing: 1 },
];

/** The right input with one place of it changed: every place, by everything strange. */
export function* neighbours(input: Fields, schema: JsonSchema): Generator<Fields> {
  // Fields that a right input leaves out are places too.
  const whole = {
    ...Object.fromEntries(Object.keys(schema.properties ?? {}).map((name) => [name, undefined])),
    ...input,
  };
  for (const path of placesOf(whole))
    for (const value of STRANGE) yield changed(whole, path, value) as Fields;
}

type Path = readonly (string | number)[];

function* placesOf(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (typeof value !== "object" || value === null || path.length >= PLACE_DEPTH_MAX) return;
  for (const [name, below] of Object.entries(value).slice(0, PLACES_MAX))
    yield* placesOf(below, [...path, Array.isArray(value) ? Number(name) : name]);
}

/** Deep enough for `items.0.vector.0`. */
const PLACE_DEPTH_MAX = 4;
/** The first number of a vector stands for all. */
const PLACES_MAX = 20;

function changed(value: unknown, [first, ...rest]: Path, by: unknown): unknown {
  if (first === undefined) return by;
  if (Array.isArray(value))
    return value.map((one, at) => (at === first ? changed(one, rest, by) : (one as unknown)));
  const record = value as Fields;
  return { ...record, [first]: changed(record[first], rest, by) };
}

const NAMES = ["people", "shapes", "nobody", "id", "city"];

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(...STRANGE),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);

/** What a schema asks for, often; something else, sometimes. */
function nearly(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const fitting = depth > 4 ? strange : fits(schema, depth);
  return fc.oneof({ weight: 5, arbitrary: fitting }, { weight: 1, arbitrary: strange });
}

function fits(schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => nearly(one, depth + 1)));
  if (schema.type === "string") return fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 20 }));
  if (schema.type === "integer") return fc.integer({ min: -2, max: 2000 });
  if (schema.type === "number") return fc.double({ min: -200, max: 200, noNaN: true });
  if (schema.type === "boolean") return fc.boolean();
  if (schema.type === "array") return fc.array(nearly(schema.items ?? {}, depth + 1), { maxLength: 4 });
  if (schema.type === "object") return nearlyRight(schema, depth);
  return strange;
}

export function nearlyRight({ properties = {}, required = [] }: JsonSchema, depth = 0): fc.Arbitrary<object> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => {
      const known = fc.constant(SOUND[name]);
      const fitting = Object.hasOwn(SOUND, name)
        ? fc.oneof(known, nearly(field, depth + 1))
        : nearly(field, depth + 1);
      return [name, fc.option(fitting, { freq: required.includes(name) ? 20 : 1, nil: undefined })];
    }),
  );
  return fc
    .record(fields)
    .chain((record) => fc.constantFrom(record, record, record, { ...record, stray: 1 }));
}

export interface FuzzCall {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** True when the contract alone says that this cannot be taken. */
  readonly refused: boolean;
}

/** As a client would send it: fields of the path, the headers and the query where they belong, the rest as the body. */
export function asked(operation: AnyOp, fields: Fields): FuzzCall {
  const left: Record<string, unknown> = { ...fields };
  const inPath: Record<string, string> = {};
  const take = (name: string): unknown => {
    const value = left[name];
    Reflect.deleteProperty(left, name);
    return value;
  };
  const path = operation.path.replaceAll(/\{(\w+)\+?\}/g, (_all, name: string) => {
    const value = textOf(take(name) ?? "nobody").toWellFormed() || "nobody";
    inPath[name] = value;
    return encodeURIComponent(value).replaceAll("%2F", "/");
  });
  const headers: Record<string, string> = {};
  for (const [field, header] of Object.entries(operation.headers ?? {})) {
    const value = take(field);
    // What a header cannot carry, no client can send.
    if (value !== undefined)
      headers[header] = textOf(value)
        .replaceAll(/[^ -~]/g, "")
        .trim();
  }
  const [accept] = operation.accept ?? [];
  if (accept !== undefined && !("accept" in headers)) headers["accept"] = accept;
  const bodiless = ["GET", "HEAD", "DELETE"].includes(operation.method);
  if (!bodiless && operation.body === "json") {
    const body = JSON.stringify(left);
    const arriving = { ...(JSON.parse(body) as object), ...inPath };
    const { success } = z.safeParse(operation.input as z.ZodType, arriving);
    // A slash makes another path of it.
    const whole = Object.values(inPath).every((value) => !value.includes("/"));
    return { path, headers, body, refused: !success && whole && Object.keys(headers).length === 0 };
  }
  const query = new URLSearchParams(
    Object.entries(left).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, textOf(value)] as [string, string]],
    ),
  );
  // A query's texts are read as what the schema asks for, so that only the route can say.
  const body = bodiless ? undefined : "id,name\n1,Ann\n";
  return { path: `${path}?${query}`, headers, body, refused: false };
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
