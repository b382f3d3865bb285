// Bad input on every route, generated from the contracts: fields of the wrong type, missing, unknown, huge and strange,
// bodies that are no JSON, and inputs that are nearly right. Whatever comes, the answer is a fault that says what to do
// or a success, and never an error of ours.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { z } from "zod";
import { house as contracts } from "#contracts/house";
import type { AnyOp, Contract } from "#rpc/contract";
import { servedOps } from "#rpc/contract";
import { FAULTS, type FaultBody } from "#rpc/fault";
import { startHouse, type TestHouse } from "../house/house.ts";

/** Inputs a route gets; a different choice at every run, and the seed is printed when one fails. */
const RUNS = 40;
/** A call that takes longer was given up by us; what it would have answered does not matter here. */
const PATIENCE_MS = 3000;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse("together");
  await house.ask("/v1/ingest?dataset=people", {
    method: "POST",
    body: "id,name,city\n1,Ann,Austin\n2,Bo,Dallas\n",
  });
  const shape = { dimension: 4, metric: "cosine", engine: "hnsw", fields: { city: "keyword" } };
  await house.ask("/v1/vectors/shapes", { method: "PUT", body: JSON.stringify(shape) });
  await house.json("/v1/vectors/shapes/upsert", { items: [{ id: "a", vector: [1, 0, 0, 0] }] });
  const corpus = { dataset: "people", id: "id", text: "{name} in {city}" };
  await house.ask("/v1/matrix/corpora/people", { method: "PUT", body: JSON.stringify(corpus) });
}, 30_000);
afterAll(() => house.close(), 30_000);

const routed = (Object.entries(contracts) as [string, Contract][]).flatMap(([service, contract]) =>
  servedOps(contract)
    .filter(([, operation]) => operation.internal !== true)
    .map(([name, operation]): [string, AnyOp] => [`${service}.${name}`, operation]),
);

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

const NAMES = ["people", "shapes", "nobody", "id", "city"];

const STRANGE: readonly unknown[] = [
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
  "a".repeat(5000),
  "../../etc/passwd",
  "'; DROP TABLE people; --",
  "{city",
  "{nothing}",
  "SELECT",
  "🚚\u202e",
  [],
  [[]],
  {},
  { and: [] },
  { or: [{}] },
  { not: {} },
  { near: {} },
  { city: { in: [] } },
  { city: { gt: {} } },
];

const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(...STRANGE),
  fc.string({ unit: "grapheme", maxLength: 30 }),
);

/** What a schema asks for, often; something else, sometimes. */
function nearly(schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
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
  if (schema.type === "object") return objectOf(schema, depth);
  return strange;
}

function objectOf({ properties = {}, required = [] }: JsonSchema, depth: number): fc.Arbitrary<object> {
  const fields = Object.fromEntries(
    Object.entries(properties).map(([name, field]) => [
      name,
      fc.option(nearly(field, depth + 1), { freq: required.includes(name) ? 20 : 1, nil: undefined }),
    ]),
  );
  return fc
    .record(fields)
    .chain((record) => fc.constantFrom(record, record, record, { ...record, stray: 1 }));
}

interface Asked {
  readonly path: string;
  readonly body: string | undefined;
}

/** As a client would send it: fields of the path and the query where they belong, the rest as JSON or as bytes. */
function asked(operation: AnyOp, fields: Readonly<Record<string, unknown>>): Asked {
  const left = { ...fields };
  const path = operation.path.replaceAll(/\{(\w+)\+?\}/g, (_all, name: string) => {
    const value = textOf(left[name] ?? "nobody");
    Reflect.deleteProperty(left, name);
    return encodeURIComponent(value).replaceAll("%2F", "/") || "nobody";
  });
  const bodiless = ["GET", "HEAD", "DELETE"].includes(operation.method);
  if (!bodiless && operation.body === "json") return { path, body: JSON.stringify(left) };
  const query = new URLSearchParams(
    Object.entries(left).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, textOf(value)] as [string, string]],
    ),
  );
  return { path: `${path}?${query}`, body: bodiless ? undefined : "id,name\n1,Ann\n" };
}

function textOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function checked(operation: AnyOp, { path, body }: Asked): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const { method } = operation;
  let reply: Response;
  let text: string;
  try {
    reply = await house.ask(path.slice(0, 12_000), {
      method,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    text = await reply.text();
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const place = `${method} ${path} ${body?.slice(0, 2000) ?? ""} -> ${reply.status} ${text.slice(0, 500)}`;
  if (reply.status < 400) return;
  if (reply.status === 500) throw new Error(place);
  if (method === "HEAD") return;
  const { error } = JSON.parse(text) as FaultBody;
  if (FAULTS[error.code].status !== reply.status || error.message.length < 10) throw new Error(place);
}

describe("a route given what is nearly right", () => {
  test.each(routed)(
    "%s",
    async (_name, operation) => {
      const schema = z.toJSONSchema(operation.input as z.core.$ZodType, {
        io: "input",
        unrepresentable: "any",
      });
      await fc.assert(
        fc.asyncProperty(objectOf(schema as JsonSchema, 0), (fields) =>
          checked(operation, asked(operation, fields as Record<string, unknown>)),
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
    60_000,
  );
});

const BODIES: readonly (readonly [name: string, body: string | Uint8Array<ArrayBuffer>])[] = [
  ["nothing", ""],
  ["a blank", " "],
  ["no JSON", "hello"],
  ["half an object", '{"a":'],
  ["a list", "[]"],
  ["null", "null"],
  ["a text", '"x"'],
  ["a number", "1"],
  ["a key twice", '{"sql":"SELECT 1","sql":"SELECT 2"}'],
  ["__proto__", '{"__proto__":{"limit":1}}'],
  ["a thousand levels", `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`],
  ["what is no UTF-8", Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["UTF-16", Uint8Array.from(Buffer.from("{}", "utf16le"))],
  ["a form", "sql=SELECT+1"],
  ["two megabytes", JSON.stringify({ stray: "x".repeat(2_000_000) })],
];

describe.each(BODIES)("every JSON route given %s", (name, body) => {
  const taking = routed.filter(
    ([, { method, body: kind }]) => kind === "json" && ["POST", "PUT", "PATCH"].includes(method),
  );
  test("refuses it and says why", async () => {
    for (const [route, operation] of taking) {
      const path = operation.path.replaceAll(/\{\w+\+?\}/g, "nobody");
      const reply = await house.ask(path, { method: operation.method, body });
      // Where every field is optional, nothing is as good as {}.
      if (body.length === 0 && reply.ok) continue;
      const { error } = (await reply.json()) as FaultBody;
      const codes = body.length === 0 ? ["invalid", "not_found"] : ["invalid", "too_large"];
      if (!codes.includes(error.code)) throw new Error(`${route}, ${name}: ${JSON.stringify(error)}`);
      expect(error.message.length).toBeGreaterThan(10);
    }
  });
});

test("afterwards the house is well", async () => {
  expect(await house.json("/v1/health")).toMatchObject({ status: "ok" });
  expect(house.logged.filter((line) => line.includes(" error "))).toEqual([]);
});
