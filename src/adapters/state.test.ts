import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "#rpc/fault";
import { sqliteState } from "./state.ts";

const folder = mkdtempSync(join(tmpdir(), "state-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("rows are kept, counted and found by numbered values in any order", async () => {
  const file = join(folder, "a.sqlite");
  const first = sqliteState(file);
  await first.run("create table things (name text primary key, n integer, flag integer)");
  expect(await first.run("insert into things values ($2, $1, $3)", [7, "seven", true])).toBe(1);
  expect(
    await first.run("insert into things values ($1, $2, $3) on conflict (name) do nothing", [
      "seven",
      8,
      false,
    ]),
  ).toBe(0);
  await first.close();
  const again = sqliteState(file);
  expect(await again.all("select * from things where n = $1 or name = $2", [7, "seven"])).toEqual([
    { name: "seven", n: 7, flag: 1 },
  ]);
  expect(await again.run("update things set n = $1 where name = $2 and n = $3", [9, "seven", 8])).toBe(0);
  await again.close();
});

test("two that open one file see each other's rows, and only one wins a race", async () => {
  const file = join(folder, "b.sqlite");
  const [a, b] = [sqliteState(file), sqliteState(file)];
  await a.run("create table things (name text primary key)");
  const outcomes = await Promise.all(
    [a, b, a, b].map((state) =>
      state.run("insert into things values ($1) on conflict (name) do nothing", ["one"]),
    ),
  );
  expect(outcomes.reduce((sum, changed) => sum + changed, 0)).toBe(1);
  expect(await b.all("select name from things")).toEqual([{ name: "one" }]);
  await a.close();
  await b.close();
});

test("a damaged file is named", () => {
  const file = join(folder, "c.sqlite");
  writeFileSync(file, "this is no database, and longer than a header would be ".repeat(10));
  expect(() => sqliteState(file)).toThrow(Fault);
  expect(() => sqliteState(file)).toThrow("c.sqlite");
});
