// What an analyst types works, or is refused with a reason that says what to do instead.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { query } from "#contracts/query";
import type { Service } from "#rpc/contract";
import type { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { type Lake, openLake } from "../../../test/lake/lake.ts";
import { queryd, type Queryd } from "./service.ts";

const PEOPLE = `FROM (VALUES
  (1, 'Ada', 'Rome', 30.50::DECIMAL(8, 2), DATE '2026-01-05', ['forklift', 'first aid']),
  (2, 'Bo', 'Oslo', 22.00, DATE '2026-01-12', ['cook']),
  (3, 'Cy', 'Rome', 27.25, DATE '2026-02-02', []),
  (4, 'Di', 'Bonn', NULL, NULL, NULL)) t(id, name, city, pay, hired, skills)`;
const SHIFTS = `FROM (VALUES
  (1, TIMESTAMP '2026-03-02 06:00:00', 8.0, '{"note":"late","tags":["a","b"]}'),
  (1, TIMESTAMP '2026-03-03 06:00:00', 6.5, '{"note":null}'),
  (2, TIMESTAMP '2026-03-02 14:00:00', 4.0, '{}'),
  (9, TIMESTAMP '2026-03-04 06:00:00', 1.0, NULL)) t(person, starts, hours, doc)`;

let lake: Lake;
let daemon: Queryd;
let service: Service<typeof query>;

beforeAll(async () => {
  lake = await openLake();
  await lake.append("people", PEOPLE);
  await lake.append("shifts", SHIFTS);
  daemon = queryd({
    catalog: lake.catalog,
    storage: lake.storage,
    settings: { cacheDir: join(lake.folder, "cache"), workersMax: 1 },
  });
  service = local(implement(query, "queryd", daemon.handlers, { checkOutputs: true }));
});
afterAll(async () => {
  await daemon.close();
  await lake.close();
});

const STATEMENTS = readFileSync(join(import.meta.dir, "analyst-statements.txt"), "utf8")
  .split("\n\n")
  .map((block) => block.split("\n").filter((line) => line !== "" && !line.startsWith("#")))
  .filter((lines) => lines.length > 0)
  .map(([sql = "", expected = ""]) => [sql, expected.replace(/^=> /, "")] as const);

test("the table is whole", () => {
  expect(STATEMENTS.length).toBeGreaterThan(125);
  expect(STATEMENTS.filter(([sql, expected]) => sql === "" || expected === "")).toEqual([]);
});

// The statement is no format string.
test.each(STATEMENTS.map(([sql, expected]) => ({ sql, expected })))("$sql", async ({ sql, expected }) => {
  const came = await service.sql({ sql }).then(
    ({ rows }) => (expected === `${rows.length} rows` ? expected : rows),
    (fault: Fault) => `${fault.code}: ${fault.message.replaceAll("\n", "\\n")}`,
  );
  expect(came).toEqual(expected.startsWith("[") ? JSON.parse(expected) : expected);
});
