// Imported and learnt titles on disk: rows of a SQLite database that counts its commits, so that a file that is damaged
// or lost is found when it is opened. Each list of titles has a source and is replaced as a whole: its rows are
// written under the next generation, and one statement makes that the one that counts. What a crash left of another
// generation is removed at the next start.

import { join } from "node:path";
import { sqliteState, type State, type StateValue } from "#adapters/state";
import { makeFolder } from "#lib/durable";

export const TITLE_FILE = "titles.sqlite";

export interface StoredTitle {
  readonly source: string;
  readonly title: string;
  readonly soc: string;
  readonly count: number;
}

export interface StoredOccupation {
  readonly source: string;
  readonly soc: string;
  readonly title: string;
}

export interface StoredSource {
  readonly source: string;
  readonly generation: number;
  readonly version: number;
  readonly updatedAt: string;
  /** It was forgotten; its row keeps the version growing. */
  readonly gone: boolean;
}

/** SQLite takes 32,766 values in a statement; five for each title. */
const ROWS_A_STATEMENT = 5000;

const TABLES = [
  "create table if not exists sources (source text primary key, generation bigint not null, version bigint not null, updated_at text not null, gone integer not null)",
  "create table if not exists titles (source text not null, generation bigint not null, title text not null, soc text not null, uses double precision not null, primary key (source, generation, title, soc))",
  "create table if not exists occupations (source text not null, generation bigint not null, soc text not null, title text not null, primary key (source, generation, soc))",
] as const;

export interface TitleList {
  readonly titles: readonly Omit<StoredTitle, "source">[];
  readonly occupations: readonly Omit<StoredOccupation, "source">[];
}

export class TitleStore {
  readonly #state: State;

  private constructor(state: State) {
    this.#state = state;
  }

  /** Throws `internal` when the database is damaged, lost, or has lost changes. */
  static async open(folder: string): Promise<TitleStore> {
    await makeFolder(folder);
    const state = sqliteState(join(folder, TITLE_FILE), folder);
    try {
      for (const table of TABLES) await state.run(table);
      for (const table of ["titles", "occupations"]) {
        await state.run(
          `delete from ${table} where not exists (select 1 from sources s where s.source = ${table}.source and s.generation = ${table}.generation and s.gone = 0)`,
        );
      }
      return new TitleStore(state);
    } catch (error) {
      await state.close();
      throw error;
    }
  }

  async sources(): Promise<StoredSource[]> {
    const rows = await this.#state.all(
      "select source, generation, version, updated_at, gone from sources order by source",
    );
    return rows.map((row) => ({
      source: String(row["source"]),
      generation: Number(row["generation"]),
      version: Number(row["version"]),
      updatedAt: String(row["updated_at"]),
      gone: Number(row["gone"]) !== 0,
    }));
  }

  async titles(): Promise<StoredTitle[]> {
    const rows = await this.#state.all("select source, title, soc, uses from titles");
    return rows.map((row) => ({
      source: String(row["source"]),
      title: String(row["title"]),
      soc: String(row["soc"]),
      count: Number(row["uses"]),
    }));
  }

  async occupations(): Promise<StoredOccupation[]> {
    const rows = await this.#state.all("select source, soc, title from occupations order by source, soc");
    return rows.map((row) => ({
      source: String(row["source"]),
      soc: String(row["soc"]),
      title: String(row["title"]),
    }));
  }

  /** Adds to a source, or changes counts of what it has. Durable when it resolves. */
  async add({ source, generation, version, updatedAt }: StoredSource, list: TitleList): Promise<void> {
    // Before its rows: rows of a source that is not there are removed at the next start.
    await this.#putSource({ source, generation, version, updatedAt, gone: false });
    await this.#insert(source, generation, list);
  }

  /** Replaces a source's rows by these. */
  async replace(before: StoredSource | undefined, next: StoredSource, list: TitleList): Promise<void> {
    await this.#insert(next.source, next.generation, list);
    await this.#putSource(next);
    if (before !== undefined) await this.#clear(before);
  }

  async forget(before: StoredSource, next: StoredSource): Promise<void> {
    await this.#putSource({ ...next, gone: true });
    await this.#clear(before);
  }

  close(): Promise<void> {
    return this.#state.close();
  }

  async #putSource({ source, generation, version, updatedAt, gone }: StoredSource): Promise<void> {
    await this.#state.run(
      `insert into sources (source, generation, version, updated_at, gone) values ($1, $2, $3, $4, $5)
       on conflict (source) do update set generation = excluded.generation, version = excluded.version, updated_at = excluded.updated_at, gone = excluded.gone`,
      [source, generation, version, updatedAt, gone ? 1 : 0],
    );
  }

  async #insert(source: string, generation: number, { titles, occupations }: TitleList): Promise<void> {
    for (let at = 0; at < titles.length; at += ROWS_A_STATEMENT) {
      const rows = titles.slice(at, at + ROWS_A_STATEMENT);
      await this.#insertRows(
        "titles (source, generation, title, soc, uses)",
        rows.map(({ title, soc, count }) => [source, generation, title, soc, count]),
        "on conflict (source, generation, title, soc) do update set uses = excluded.uses",
      );
    }
    await this.#insertRows(
      "occupations (source, generation, soc, title)",
      occupations.map(({ soc, title }) => [source, generation, soc, title]),
      "on conflict (source, generation, soc) do update set title = excluded.title",
    );
  }

  async #insertRows(into: string, rows: readonly (readonly StateValue[])[], ending: string): Promise<void> {
    if (rows.length === 0) return;
    let number = 0;
    const places = rows.map((row) => `(${row.map(() => `$${++number}`).join(", ")})`);
    await this.#state.run(`insert into ${into} values ${places.join(", ")} ${ending}`, rows.flat());
  }

  async #clear({ source, generation }: StoredSource): Promise<void> {
    for (const table of ["titles", "occupations"])
      await this.#state.run(`delete from ${table} where source = $1 and generation = $2`, [
        source,
        generation,
      ]);
  }
}
