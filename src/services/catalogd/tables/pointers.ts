// The catalog's database, which says what is current: for each table its folder, the version, and that version's metadata
// as text; for each name that was dropped how often. Every change of a row is a compare-and-swap, so that of two writers,
// also in two processes, one wins.

import type { State } from "#adapters/state";
import { rowChecksum, splitChecksum, withChecksum } from "./checksum.ts";
import { type Long, parseLong } from "../iceberg/types/long.ts";
import type { Place } from "./place.ts";

const SCHEMA = [
  `create table if not exists tables (
    name text primary key,
    prefix text not null,
    version integer not null,
    metadata text not null
  )`,
  // How often a name was dropped: its next table starts in a folder of its own, whatever the old one left.
  `create table if not exists generations (
    name text primary key,
    generation integer not null
  )`,
  // The commits of snapshots that are not in the metadata any more.
  `create table if not exists past_commits (
    prefix text not null,
    commit_id text not null,
    snapshot_id text not null,
    primary key (prefix, commit_id)
  )`,
];

export interface PastCommit {
  readonly commitId: string;
  readonly snapshotId: Long;
}

/** Which metadata of a table is current. */
export interface Pointer {
  readonly name: string;
  readonly prefix: string;
  readonly version: number;
}

export interface Row extends Pointer {
  /** The metadata's text. */
  readonly text: string;
  /** Whether the row's checksum holds; a row from before there were checksums has none and is taken as it is. */
  readonly whole: boolean;
  /** True when `other` is the text that the row's checksum was made of. */
  vouchesFor(other: string): boolean;
}

export class Pointers {
  readonly #state: State;

  private constructor(state: State) {
    this.#state = state;
  }

  static async open(state: State): Promise<Pointers> {
    for (const statement of SCHEMA) await state.run(statement);
    return new Pointers(state);
  }

  async pointer(name: string): Promise<Pointer | undefined> {
    const [row] = await this.#state.all("select name, prefix, version from tables where name = $1", [name]);
    return row as Pointer | undefined;
  }

  /** Tables by name after `after`, at most `limit`. */
  async list(after: string, limit: number): Promise<Pointer[]> {
    const rows = await this.#state.all(
      "select name, prefix, version from tables where name > $1 order by name limit $2",
      [after, limit],
    );
    return rows as unknown as Pointer[];
  }

  /** Which metadata of each table is current, by folder. */
  async byPrefix(): Promise<Map<string, Pointer>> {
    const rows = await this.#state.all("select name, prefix, version from tables");
    return new Map((rows as unknown as Pointer[]).map((pointer) => [pointer.prefix, pointer]));
  }

  async row(name: string): Promise<Row | undefined> {
    const [found] = await this.#state.all("select prefix, version, metadata from tables where name = $1", [
      name,
    ]);
    if (found === undefined) return undefined;
    const prefix = String(found["prefix"]);
    const version = Number(found["version"]);
    const { text, checksum } = splitChecksum(String(found["metadata"]));
    const vouchesFor = (other: string): boolean => rowChecksum(name, prefix, version, other) === checksum;
    return { name, prefix, version, text, whole: checksum === undefined || vouchesFor(text), vouchesFor };
  }

  /** How often each name was dropped. */
  async generations(): Promise<Map<string, number>> {
    const rows = await this.#state.all("select name, generation from generations");
    return new Map(rows.map((row) => [String(row["name"]), Number(row["generation"])]));
  }

  async generation(name: string): Promise<number> {
    const [row] = await this.#state.all("select generation from generations where name = $1", [name]);
    return Number(row?.["generation"] ?? 0);
  }

  /** Makes metadata current where `before` was; false when another writer was first. */
  async swap(
    name: string,
    { prefix, generation }: Place,
    before: Pointer | undefined,
    version: number,
    text: string,
  ): Promise<boolean> {
    const stored = withChecksum(text, rowChecksum(name, prefix, version, text));
    // A name that was taken and dropped meanwhile has another folder now: the old one may be being emptied.
    const changed =
      before === undefined
        ? await this.#state.run(
            `insert into tables (name, prefix, version, metadata) select $1, $2, $3, $4
              where coalesce((select generation from generations where name = $1), 0) = $5
              on conflict (name) do nothing`,
            [name, prefix, version, stored, generation],
          )
        : await this.#state.run(
            "update tables set version = $3, metadata = $4 where name = $1 and prefix = $2 and version = $5",
            [name, prefix, version, stored, before.version],
          );
    return changed === 1;
  }

  /** Remembers which snapshots past commits made. Saying it twice does nothing. */
  async rememberCommits(prefix: string, commits: readonly PastCommit[]): Promise<void> {
    if (commits.length === 0) return;
    const rows = commits.map((_, n) => `($1, $${2 * n + 2}, $${2 * n + 3})`).join(", ");
    const values = commits.flatMap(({ commitId, snapshotId }) => [commitId, String(snapshotId)]);
    await this.#state.run(
      `insert into past_commits (prefix, commit_id, snapshot_id) values ${rows} on conflict (prefix, commit_id) do nothing`,
      [prefix, ...values],
    );
  }

  async forgetCommits(prefix: string, snapshotIds: readonly Long[]): Promise<void> {
    for (const id of snapshotIds) {
      await this.#state.run("delete from past_commits where prefix = $1 and snapshot_id = $2", [
        prefix,
        String(id),
      ]);
    }
  }

  async pastCommit(prefix: string, commitId: string): Promise<Long | undefined> {
    const [row] = await this.#state.all(
      "select snapshot_id from past_commits where prefix = $1 and commit_id = $2",
      [prefix, commitId],
    );
    return row === undefined ? undefined : parseLong(String(row["snapshot_id"]));
  }

  /** Writes a table's row where no other writer is: when the database is made again. */
  async restore(table: Pointer & { readonly text: string; readonly generation: number }): Promise<void> {
    const { name, prefix, version, text, generation } = table;
    await this.#state.run("insert into tables (name, prefix, version, metadata) values ($1, $2, $3, $4)", [
      name,
      prefix,
      version,
      withChecksum(text, rowChecksum(name, prefix, version, text)),
    ]);
    if (generation > 0) await this.restoreGeneration(name, generation);
  }

  async restoreGeneration(name: string, generation: number): Promise<void> {
    await this.#state.run("insert into generations (name, generation) values ($1, $2)", [name, generation]);
  }

  /** Takes a table's row away; its name starts in another folder from then on. */
  async drop({ name, prefix }: Pointer): Promise<void> {
    await this.#state.run(
      "insert into generations (name, generation) values ($1, 1) on conflict (name) do update set generation = generations.generation + 1",
      [name],
    );
    await this.#state.run("delete from tables where name = $1 and prefix = $2", [name, prefix]);
    await this.#state.run("delete from past_commits where prefix = $1", [prefix]);
  }
}
