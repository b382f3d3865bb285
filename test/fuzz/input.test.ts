// Bad input on every route, generated from the contracts: one place of a right input changed, every place by
// everything strange, and inputs that are nearly right at random. Whatever comes, the answer is a fault that says what
// to do or a success, and never an error of ours.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { AnyOp } from "#rpc/contract";
import { FAULTS, type FaultBody } from "#rpc/fault";
import { startHouse, type TestHouse } from "../house/house.ts";
import {
  type FuzzCall,
  asked,
  type Fields,
  furnish,
  nearlyRight,
  neighbours,
  right,
  ROUTED,
  schemaOf,
} from "./inputs.ts";

/** Inputs a route gets; a different choice at every run, and the seed is printed when one fails. */
const RUNS = 6;
/** A call that takes longer was given up by us; what it would have answered does not matter here. */
const REPLY_MS_MAX = 3000;
/** What Zod says by itself of an input, which helps nobody who does not know Zod. */
const LIBRARY_WORDS =
  /Invalid (input|option|string|key)|Too (small|big)|Unrecognized key|expected \w+, received/;
/** Neighbours that are asked about at once. */
const AT_ONCE = 8;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse("together");
}, 240_000);
beforeEach(() => furnish(house));
afterAll(() => house.close(), 240_000);

/** The status; 0 when we gave it up. Throws unless the answer is one that may be given. */
async function checked({ method }: AnyOp, { path, headers, body, refused }: FuzzCall): Promise<number> {
  const signal = AbortSignal.timeout(REPLY_MS_MAX);
  let reply: Response;
  let text: string;
  try {
    const sent = body === undefined ? {} : { body };
    reply = await house.ask(path.slice(0, 12_000), { method, headers, signal, ...sent });
    // A stream may have no end.
    if (reply.headers.get("content-type") === "text/event-stream") {
      await reply.body?.cancel();
      return reply.status;
    }
    text = await reply.text();
  } catch (error) {
    if (signal.aborted) return 0;
    throw error;
  }
  const { status } = reply;
  const place = `${method} ${path} ${body?.slice(0, 2000) ?? ""} -> ${status} ${text.slice(0, 500)}`;
  if (status === 500) throw new Error(place);
  // Dots lead the path to another route, or to none.
  if (refused && status !== 400 && new URL(path, house.url).pathname === path)
    throw new Error(`${place}, which the contract refuses`);
  if (status < 400 || method === "HEAD") return status;
  const { error } = JSON.parse(text) as FaultBody;
  const ours = error.message.length >= 10 && !LIBRARY_WORDS.test(error.message);
  if (FAULTS[error.code].status !== status || !ours) throw new Error(place);
  return status;
}

describe("a route given what is right but for one place", () => {
  test.each(ROUTED)(
    "%s",
    async (_name, operation) => {
      const schema = schemaOf(operation);
      const waiting = [...neighbours(right(schema), schema)];
      const worker = async (): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
          await checked(operation, asked(operation, next));
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    },
    60_000,
  );
});

describe("a route given what is nearly right", () => {
  test.each(ROUTED)(
    "%s",
    async (_name, operation) => {
      await fc.assert(
        fc.asyncProperty(nearlyRight(schemaOf(operation)), async (fields) => {
          await checked(operation, asked(operation, fields as Fields));
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
    60_000,
  );
});

const lists = ROUTED.filter(([, operation]) => schemaOf(operation).properties?.["cursor"] !== undefined);
/** A name, a number, bytes, and what another list gives. */
const FOREIGN_CURSORS = ["people", "1", "AAAA", Buffer.from('["other.list","people"]').toString("base64url")];

test.each(lists)("%s refuses a cursor that it never gave", async (name, operation) => {
  const schema = schemaOf(operation);
  const fields = right(schema);
  const needed = Object.fromEntries((schema.required ?? []).map((field) => [field, fields[field]]));
  for (const cursor of FOREIGN_CURSORS) {
    const { path, headers, body } = asked(operation, { ...needed, cursor });
    const reply = await house.ask(path, {
      method: operation.method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    const { error } = (await reply.json()) as FaultBody;
    expect([name, error.code, error.details?.[0]?.path]).toEqual([name, "invalid", "cursor"]);
  }
});

test("the right inputs are right, so that what is near them comes past the first check", async () => {
  const refused: string[] = [];
  for (const [name, operation] of ROUTED) {
    await furnish(house);
    const status = await checked(operation, asked(operation, right(schemaOf(operation))));
    if (status === 400) refused.push(name);
  }
  expect(refused.length).toBeLessThan(ROUTED.length / 4);
});

test("afterwards the house is well", async () => {
  expect(await house.json("/v1/health")).toMatchObject({ status: "ok" });
  expect(house.logged.filter((line) => line.includes(" error "))).toEqual([]);
});
