// The tables of truth.sqlite. Claims stand in the order in which they are read: all of an entity together. Whether a claim
// is known is decided by their primary key, whose last part is a hash of what the rest of it does not say.
//
// `contested` names every attribute about which something different was ever claimed. It does not depend on rules, so a new
// rule changes what is in conflict without anything being written; conflicts are looked for among these alone.
//
// Every row carries a checksum of its own content: SQLite verifies the shape of its pages and not what is in them.

import type { State } from "#adapters/state";

const TABLES = [
  `create table if not exists claims (
    entity text not null, attribute text not null, source text not null, observed_ms integer not null, id text not null,
    value text not null, confidence text not null, evidence text, recorded_us integer not null, sum integer not null,
    primary key (entity, attribute, source, observed_ms, id)
  ) without rowid`,
  `create table if not exists contested (
    attribute text not null, entity text not null, primary key (attribute, entity)
  ) without rowid`,
  `create table if not exists rules (
    attribute text not null, recorded_us integer not null, rule text not null, sum integer not null,
    primary key (attribute, recorded_us)
  ) without rowid`,
  `create table if not exists decisions (
    entity text not null, recorded_us integer not null, decision_id text not null, attribute text not null,
    decision text not null, sum integer not null, primary key (entity, recorded_us)
  ) without rowid`,
  "create index if not exists decisions_by_time on decisions (recorded_us)",
  `create table if not exists imports (
    key text not null, result text not null, sum integer not null, primary key (key)
  ) without rowid`,
  // The time of the last recording: later ones are later, whatever the machine's clock says.
  "create table if not exists last_recording (one integer not null, recorded_us integer not null, primary key (one))",
] as const;

export async function createTables(state: State): Promise<void> {
  for (const sql of TABLES) await state.run(sql);
}
