import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** A database file that was replaced: the log stays beside it when it is closed. */
function put(file: string, content: Buffer): void {
  for (const suffix of ["-wal", "-shm"]) rmSync(`${file}${suffix}`, { force: true });
  writeFileSync(file, content);
}

test("a database that has lost commits is refused, and left as it was found", async () => {
  const file = join(folder, "lost.sqlite");
  const state = sqliteState(file);
  await state.run("create table things (name text primary key)");
  for (const name of ["one", "two", "three"]) await state.run("insert into things values ($1)", [name]);
  await state.close();
  const whole = readFileSync(file);
  const older = sqliteState(file);
  await older.run("insert into things values ('four')");
  await older.close();
  // An older copy, no database, an empty one.
  put(file, whole);
  expect(() => sqliteState(file)).toThrow("has lost the last 1 of its 4 acknowledged changes");
  expect(readFileSync(file).equals(whole)).toBe(true);
  rmSync(file);
  expect(() => sqliteState(file)).toThrow("is missing or empty, and 4 changes of it were acknowledged");
  writeFileSync(file, "");
  expect(() => sqliteState(file)).toThrow("is missing or empty");
  // The counter file only proves a loss: without it the database is accepted as it is.
  put(file, whole);
  rmSync(`${file}.commits`);
  const again = sqliteState(file);
  expect(await again.all("select count(*) n from things")).toEqual([{ n: 3 }]);
  await again.close();
});

test("a database that is gone with all files of its name is refused, and one that never acknowledged anything begins empty", async () => {
  const gone = join(folder, "gone.sqlite");
  const state = sqliteState(gone);
  await state.run("create table things (name text primary key)");
  await state.run("insert into things values ('one')");
  await state.close();
  for (const name of readdirSync(folder)) if (name.startsWith("gone.sqlite")) rmSync(join(folder, name));
  for (const empty of [false, true]) {
    if (empty) writeFileSync(gone, "");
    expect(() => sqliteState(gone)).toThrow("changes of it were acknowledged");
  }
  const unused = join(folder, "unused.sqlite");
  await sqliteState(unused).close();
  for (const name of readdirSync(folder)) if (name.startsWith("unused.sqlite")) rmSync(join(folder, name));
  await sqliteState(unused).close();
});

test("another database in the place of one is refused", async () => {
  const [mine, other] = [join(folder, "mine.sqlite"), join(folder, "other.sqlite")];
  for (const file of [mine, other]) {
    const state = sqliteState(file);
    await state.run("create table things (name text primary key)");
    for (let n = 0; n < 3; n += 1) await state.run("insert into things values ($1)", [String(n)]);
    await state.close();
  }
  put(mine, readFileSync(other));
  expect(() => sqliteState(mine)).toThrow("is not the database that was here before");
});

test("a statement that changes nothing costs no commit", async () => {
  const file = join(folder, "idle.sqlite");
  const state = sqliteState(file);
  await state.run("create table things (name text primary key)");
  const before = readFileSync(`${file}.commits`, "utf8");
  expect(await state.run("delete from things where name = 'none'")).toBe(0);
  expect(readFileSync(`${file}.commits`, "utf8")).toBe(before);
  await state.run("insert into things values ('one')");
  expect(readFileSync(`${file}.commits`, "utf8")).not.toBe(before);
  await state.close();
});

test("a damaged file is named", () => {
  const file = join(folder, "c.sqlite");
  writeFileSync(file, "this is no database, and longer than a header would be ".repeat(10));
  expect(() => sqliteState(file)).toThrow(Fault);
  expect(() => sqliteState(file)).toThrow("c.sqlite");
});

test("a database whose creation was killed is rolled back and opens", async () => {
  const folder = mkdtempSync(join(tmpdir(), "state-journal-"));
  const made = join(folder, "made.sqlite");
  const database = new Database(made, { create: true });
  database.run("PRAGMA journal_mode = DELETE");
  database.run("PRAGMA cache_size = 1");
  database.run("create table kept (n integer)");
  database.run("begin");
  for (let n = 0; n < 5000; n += 1) database.run("insert into kept values (?)", [n]);
  const left = join(folder, "left.sqlite");
  copyFileSync(made, left);
  copyFileSync(`${made}-journal`, `${left}-journal`);
  database.close();
  const state = sqliteState(left);
  expect(await state.all("select count(*) as n from kept")).toEqual([{ n: 0 }]);
  await state.close();
  rmSync(folder, { recursive: true });
});
