// The wire is locked: a change of any operation's shape changes its contract's hash and fails here until the lock is
// rewritten on purpose, with: LOCK=write bun test src/contracts/house.lock.test.ts

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { jsonSchema } from "#rpc/openapi";
import { type AnyOp, type Contract, type Work, workOf } from "#rpc/contract";
import { house, wire } from "./house.ts";

const LOCK = join(import.meta.dir, "house.lock.json");

function shapeOf({ input, output, status: _status, replyHeaders: _replyHeaders, ...traits }: AnyOp): object {
  const { summary: _summary, description: _description, work: _work, ...wire } = traits;
  return { ...wire, input: jsonSchema(input, "input"), output: jsonSchema(output, "output") };
}

function hashOf(contract: Contract): string {
  const shapes = Object.entries(contract).map(([name, operation]) => [name, shapeOf(operation)]);
  return createHash("sha256")
    .update(JSON.stringify(shapes.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))))
    .digest("hex");
}

const hashes = Object.fromEntries(Object.entries(wire).map(([name, contract]) => [name, hashOf(contract)]));

test("no contract has changed unnoticed", async () => {
  // oxlint-disable-next-line node/no-process-env -- a switch of this test alone
  if (process.env["LOCK"] === "write") await Bun.write(LOCK, `${JSON.stringify(hashes, null, 2)}\n`);
  expect(hashes).toEqual((await Bun.file(LOCK).json()) as typeof hashes);
});

test("every operation has a path of the wire, a summary and its faults", () => {
  for (const [service, contract] of Object.entries(wire) as [string, Contract][]) {
    for (const [name, operation] of Object.entries(contract)) {
      const where = `${service}.${name}`;
      expect(operation.path, where).toMatch(/^(?:\/[\w.{}+-]+)+$/);
      expect(operation.summary.length, where).toBeGreaterThan(10);
      expect(new Set(operation.errors).size, where).toBe(operation.errors.length);
    }
  }
});

test("work follows from an operation's reply and time limit, and is declared for every raw body", () => {
  for (const [service, contract] of Object.entries(wire) as [string, Contract][]) {
    for (const [name, operation] of Object.entries(contract)) {
      if (operation.body === "raw") expect(operation.work, `${service}.${name}`).toBeDefined();
    }
  }
  const { queryd, ingestd, storaged, vectord, matrixd, embedd } = house;
  const expected: readonly (readonly [AnyOp, Work])[] = [
    [queryd.sql, "bulk"],
    [queryd.sqlStream, "bulk"],
    [ingestd.ingest, "upload"],
    [storaged.put, "upload"],
    [vectord.snapshot, "bulk"],
    [vectord.search, "quick"],
    [matrixd.search, "quick"],
    [matrixd.corpusEvents, "stream"],
    [embedd.embed, "quick"],
  ];
  for (const [operation, work] of expected) expect(workOf(operation), operation.path).toBe(work);
});

test("method, path and media type name one operation only", () => {
  const seen = new Map<string, string>();
  for (const [service, contract] of Object.entries(wire) as [string, Contract][]) {
    for (const [name, { method, path, accept }] of Object.entries(contract)) {
      const key = `${method} ${path.replaceAll(/\{\w+/g, "{")} ${accept?.join(",") ?? ""}`;
      expect(seen.get(key), `${service}.${name}`).toBeUndefined();
      seen.set(key, `${service}.${name}`);
    }
  }
});
