// Facts of a house that must outlive the files that say them: rows in a database whose loss is noticed (state.ts), because
// its commits are counted beside it and what it describes is compared with it. Its owner need not run, and may.

import { existsSync } from "node:fs";
import { readState, sqliteState } from "./state.ts";

/** Whether the fact was ever kept; not so where there is no database yet. Throws `internal` when it cannot be read. */
export async function isFactKept(database: string, fact: string): Promise<boolean> {
  if (!existsSync(database)) return false;
  const state = readState(database);
  try {
    const tables = await state.all("select 1 as found from sqlite_schema where name = 'kept_facts'");
    if (tables.length === 0) return false;
    return (await state.all("select 1 as found from kept_facts where fact = $1", [fact])).length > 0;
  } finally {
    await state.close();
  }
}

/** Durable when it resolves. Nothing is kept where there is no database yet: it is its owner's to create. */
export async function keepFact(database: string, fact: string): Promise<void> {
  if (!existsSync(database) || (await isFactKept(database, fact))) return;
  const state = sqliteState(database);
  try {
    await state.run("create table if not exists kept_facts (fact text primary key)");
    await state.run("insert into kept_facts (fact) values ($1) on conflict do nothing", [fact]);
  } finally {
    await state.close();
  }
}
