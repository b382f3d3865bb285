// The titles that are known: those of the shipped roles, the imported and the learnt ones, with how often each was used
// for which occupation. What is learnt counts at once for texts that are written like it; the index of what is near is
// made beside and follows. Titles on disk that are damaged are told and stay so: readings go on with what ships, and
// say that they do.

import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { counterPath, wasEverThere } from "#adapters/commit-counter";
import { forget } from "#adapters/witness";
import { TITLES_MAX } from "#contracts/taxonomy";
import {
  titleIndex,
  titleIndexSteps,
  type TitleIndex,
  titleKey,
  type Uses,
} from "#domain/occupations/title-index";
import { type UseTable, useTable, type Vote, vote, type Voters } from "#domain/occupations/vote";
import { TITLE_TABLE } from "#domain/orders/tables/titles";
import { ROLES } from "#domain/roles";
import type { Clock } from "#lib/clock";
import { isThere, syncFolder } from "#lib/durable";
import type { Log } from "#lib/log";
import { listOf, readTable } from "#lib/tsv";
import type { BackgroundFailures } from "#rpc/background-failures";
import { Fault, toFault, traceOf } from "#rpc/fault";
import { type StoredSource, TITLE_FILE, type TitleList, TitleStore } from "./title-store.ts";

export interface KnownTitlesDeps {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly failures: BackgroundFailures;
}

export interface SourceInfo {
  readonly source: string;
  readonly titles: number;
  readonly occupations: number;
  readonly updatedAt: string;
}

export interface ListedTitle {
  readonly title: string;
  readonly soc: string;
  readonly count: number;
  readonly source: string;
}

/** A title that ships counts as one that a house has used a few times. */
const SHIPPED_USES = 4;
/** Steps of the index between two turns of others: about 5 ms. */
const STEPS_A_TURN = 5;

interface SourceRows {
  info: StoredSource;
  /** Counts by `title\tsoc`. */
  readonly titles: Map<string, number>;
  readonly occupations: Map<string, string>;
}

interface Indexed {
  readonly index: TitleIndex;
  /** What each title was used for when the index was made. */
  readonly uses: UseTable;
}

export class KnownTitles {
  readonly #deps: KnownTitlesDeps;
  /** By key, codes and how often the title was used for each. */
  readonly #uses = new Map<string, Map<string, number>>();
  readonly #sources = new Map<string, SourceRows>();
  readonly #occupations = new Map<string, string>();
  readonly #roles: ReadonlyMap<string, readonly string[]>;
  readonly #loaded: Promise<void>;
  #store: TitleStore | undefined;
  #damage: Fault | undefined;
  #version = 0;
  #indexed: Indexed | undefined;
  #indexing: Promise<void> | undefined;
  #isIndexStale = true;
  /** One change after the other. */
  #changes: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(deps: KnownTitlesDeps) {
    this.#deps = deps;
    this.#roles = rolesBySoc();
    this.#loaded = this.#load();
  }

  /** Resolves when what is on disk is known, or known to be damaged. */
  loaded(): Promise<void> {
    return this.#loaded;
  }

  /** Why imported and learnt titles do not count; undefined when they do. */
  get damage(): Fault | undefined {
    return this.#damage;
  }

  get version(): number {
    return this.#version;
  }

  /** Pairs of a title and an occupation that were imported or learnt. */
  get size(): number {
    let size = 0;
    for (const { titles } of this.#sources.values()) size += titles.size;
    return size;
  }

  get occupations(): number {
    const codes = new Set(this.#roles.keys());
    for (const uses of this.#uses.values()) for (const soc of uses.keys()) codes.add(soc);
    return codes.size;
  }

  sources(): SourceInfo[] {
    return [...this.#sources.values()]
      .filter(({ info }) => !info.gone)
      .map(({ info, titles }) => ({
        source: info.source,
        titles: titles.size,
        occupations: new Set([...titles.keys()].map((key) => key.slice(key.lastIndexOf("\t") + 1))).size,
        updatedAt: info.updatedAt,
      }))
      .sort((a, b) => (a.source < b.source ? -1 : 1));
  }

  /** Titles of all sources in the order of their words. */
  *list(): Generator<ListedTitle> {
    const all = [...this.#sources].flatMap(([source, { titles }]) =>
      [...titles].map(([key, count]) => ({ key, count, source })),
    );
    all.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.source < b.source ? -1 : 1));
    for (const { key, count, source } of all) {
      const tab = key.lastIndexOf("\t");
      yield { title: key.slice(0, tab), soc: key.slice(tab + 1), count, source };
    }
  }

  /** What an occupation is called: the name of its role where there is one, else as it was imported. */
  nameOf(soc: string): string {
    return this.#roles.get(soc)?.[0] ?? this.#occupations.get(soc) ?? soc;
  }

  /** What a title was used for that is written like the text. */
  exact(text: string): Uses | undefined {
    const uses = this.#uses.get(titleKey(text));
    return uses === undefined ? undefined : [...uses];
  }

  /** How likely each occupation is what a text asks for. The first call makes the index of what ships: some 10 ms. */
  vote(text: string): Vote {
    if (this.#isIndexStale && !this.#isClosed) {
      this.#reindex().catch((error: unknown) => this.#deps.failures.note("index of titles", error));
    }
    return vote(this.#voters(), text);
  }

  /** Makes the index ready, so that no reading waits for it. */
  async warm(): Promise<void> {
    await this.#loaded;
    await this.#reindex();
  }

  /** Adds to a source or replaces it; durable when it resolves. */
  learn(source: string, list: TitleList, replace: boolean): Promise<{ learnt: number; titles: number }> {
    return this.#inTurn(async () => {
      const store = await this.#writable();
      const before = this.#sources.get(source);
      const titles = merged(list.titles);
      const learnt = titles.filter(
        ({ title, soc, count }) => before?.titles.get(`${title}\t${soc}`) !== count || before.info.gone,
      ).length;
      const kept = replace || before === undefined ? 0 : before.titles.size;
      const others = this.size - (before?.titles.size ?? 0);
      if (others + kept + (replace ? titles.length : learnt) > TITLES_MAX) {
        throw new Fault(
          "too_large",
          `The taxonomy holds at most ${TITLES_MAX.toLocaleString("en")} titles. Forget a source first: lakehouse taxonomy forget SOURCE`,
        );
      }
      const generation = (before?.info.generation ?? 0) + (replace || before?.info.gone === true ? 1 : 0);
      const info: StoredSource = {
        source,
        generation,
        version: this.#version + 1,
        updatedAt: new Date(this.#deps.clock.now()).toISOString(),
        gone: false,
      };
      const whole = { titles, occupations: list.occupations };
      if (replace) await store.replace(before?.info, info, whole);
      else await store.add(info, whole);
      this.#version = info.version;
      const next = replace || before === undefined ? newSource(info) : before;
      next.info = info;
      if (next !== before) this.#drop(before);
      this.#sources.set(source, next);
      this.#take(next, whole);
      this.#isIndexStale = true;
      // Of a list, what is near counts when the answer is there; a single title is found by its words until then.
      if (titles.length > 1) await this.#reindex();
      return { learnt, titles: next.titles.size };
    });
  }

  forget(source: string): Promise<void> {
    return this.#inTurn(async () => {
      const store = await this.#writable();
      const before = this.#sources.get(source);
      if (before === undefined || before.info.gone) {
        const known = this.sources().map((one) => one.source);
        throw new Fault(
          "not_found",
          `There is no source ${source}. ${known.length === 0 ? "No titles were imported or learnt yet." : `Known: ${known.join(", ")}.`}`,
        );
      }
      const info = {
        ...before.info,
        generation: before.info.generation + 1,
        version: this.#version + 1,
        updatedAt: new Date(this.#deps.clock.now()).toISOString(),
        gone: true,
      };
      await store.forget(before.info, info);
      this.#version = info.version;
      this.#drop(before);
      this.#sources.set(source, newSource(info));
      this.#isIndexStale = true;
      await this.#reindex();
    });
  }

  /** Puts a damaged database aside and starts without titles. Throws `conflict` when nothing is damaged. */
  reset(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#loaded;
      if (this.#damage === undefined)
        throw new Fault(
          "conflict",
          "The titles are not damaged. Forget a source: lakehouse taxonomy forget SOURCE",
        );
      const { folder } = this.#deps;
      const mark = new Date(this.#deps.clock.now()).toISOString().replaceAll(/[:.]/g, "-");
      const file = join(folder, TITLE_FILE);
      if (await isThere(file)) await rename(file, join(folder, `titles-damaged-${mark}.sqlite`));
      for (const suffix of ["-wal", "-shm"]) await rm(file + suffix, { force: true });
      await rm(counterPath(file), { force: true });
      await forget(folder);
      await syncFolder(folder);
      this.#store = await TitleStore.open(folder);
      this.#damage = undefined;
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#loaded;
    await this.#changes;
    await this.#indexing;
    await this.#store?.close();
  }

  /** A house that never learnt a title opens no database. */
  async #load(): Promise<void> {
    for (const { title, soc } of shippedTitles()) this.#count(title, soc, SHIPPED_USES);
    const { folder, log, failures } = this.#deps;
    const file = join(folder, TITLE_FILE);
    try {
      if (!wasEverThere(file, folder)) return;
      const store = await TitleStore.open(folder);
      this.#store = store;
      for (const info of await store.sources()) {
        this.#sources.set(info.source, newSource(info));
        this.#version = Math.max(this.#version, info.version);
      }
      for (const { source, ...title } of await store.titles()) {
        const rows = this.#sources.get(source);
        if (rows !== undefined) this.#take(rows, { titles: [title], occupations: [] });
      }
      for (const { source, ...occupation } of await store.occupations()) {
        const rows = this.#sources.get(source);
        if (rows !== undefined) this.#take(rows, { titles: [], occupations: [occupation] });
      }
    } catch (error) {
      this.#damage = damaged(error);
      failures.count("taxonomy");
      log.error("the learnt titles are damaged; restore them, or start without", traceOf(error));
    }
  }

  async #writable(): Promise<TitleStore> {
    await this.#loaded;
    if (this.#damage !== undefined) throw this.#damage;
    this.#store ??= await TitleStore.open(this.#deps.folder);
    return this.#store;
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change, change);
    // Its caller gets the failure; the next change does not.
    this.#changes = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  #take({ titles, occupations }: SourceRows, list: TitleList): void {
    for (const { title, soc, count } of list.titles) {
      const key = `${title}\t${soc}`;
      const before = titles.get(key) ?? 0;
      titles.set(key, count);
      this.#count(title, soc, count - before);
    }
    for (const { soc, title } of list.occupations) {
      occupations.set(soc, title);
      this.#occupations.set(soc, title);
    }
  }

  #drop(rows: SourceRows | undefined): void {
    if (rows === undefined) return;
    for (const [key, count] of rows.titles) {
      const tab = key.lastIndexOf("\t");
      this.#count(key.slice(0, tab), key.slice(tab + 1), -count);
    }
    this.#occupations.clear();
    for (const other of this.#sources.values())
      if (other !== rows) for (const [soc, title] of other.occupations) this.#occupations.set(soc, title);
  }

  #count(title: string, soc: string, more: number): void {
    const key = titleKey(title);
    if (key === "") return;
    const uses = this.#uses.get(key) ?? new Map<string, number>();
    const count = (uses.get(soc) ?? 0) + more;
    // Sums of counts that were added and taken away again.
    if (count > 1e-9) uses.set(soc, count);
    else uses.delete(soc);
    if (uses.size > 0) this.#uses.set(key, uses);
    else this.#uses.delete(key);
  }

  #voters(): Voters {
    this.#indexed ??= this.#indexShipped();
    return {
      ...this.#indexed,
      exact: (key) => {
        const own = this.#uses.get(key);
        return own === undefined ? undefined : [...own];
      },
    };
  }

  /** Before what is on disk is there. */
  #indexShipped(): Indexed {
    const keys = [...new Set(shippedTitles().map(({ title }) => titleKey(title)))];
    return this.#withUses(titleIndex(keys), keys);
  }

  #withUses(index: TitleIndex, keys: readonly string[]): Indexed {
    return { index, uses: useTable(keys.map((key) => ({ key, uses: [...(this.#uses.get(key) ?? [])] }))) };
  }

  /** Makes the index of all titles beside the one that serves; one at a time, and again when titles came meanwhile. */
  #reindex(): Promise<void> {
    this.#indexing ??= this.#buildIndex().finally(() => {
      this.#indexing = undefined;
    });
    return this.#indexing;
  }

  async #buildIndex(): Promise<void> {
    while (this.#isIndexStale && !this.#isClosed) {
      this.#isIndexStale = false;
      const keys = [...this.#uses.keys()];
      const steps = titleIndexSteps(keys);
      for (let step = 1; !this.#isClosed; step++) {
        const { done, value } = steps.next();
        if (done === true) {
          this.#indexed = this.#withUses(value, keys);
          break;
        }
        if (step % STEPS_A_TURN === 0) await setImmediate();
      }
    }
  }
}

function newSource(info: StoredSource): SourceRows {
  return { info, titles: new Map(), occupations: new Map() };
}

/** Titles as they are compared; of those that are one title for one occupation, the counts together. */
function merged(titles: TitleList["titles"]): TitleList["titles"] {
  const counts = new Map<string, { title: string; soc: string; count: number }>();
  for (const { title, soc, count } of titles) {
    const key = titleKey(title);
    if (key === "") continue;
    const before = counts.get(`${key}\t${soc}`);
    counts.set(`${key}\t${soc}`, { title: key, soc, count: count + (before?.count ?? 0) });
  }
  return [...counts.values()];
}

function rolesBySoc(): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const { soc, name } of ROLES) names.set(soc, [...(names.get(soc) ?? []), name]);
  return names;
}

let shipped: readonly { title: string; soc: string; role: string }[] | undefined;

/** Names, aliases and what else people write in either language; a title of a neighbouring occupation is none of it. */
export function shippedTitles(): readonly { title: string; soc: string; role: string }[] {
  if (shipped !== undefined) return shipped;
  const socs = new Map(ROLES.map(({ name, soc }) => [name, soc]));
  const written = readTable(TITLE_TABLE, ["role", "language", "strength", "titles"])
    .filter(({ role, strength }) => strength === "full" && socs.has(role))
    .flatMap(({ role, titles }) =>
      listOf(titles).map((title) => ({ title, soc: socs.get(role) ?? "", role })),
    );
  const named = ROLES.flatMap(({ name, soc, aliases }) =>
    [name, ...aliases].map((title) => ({ title, soc, role: name })),
  );
  shipped = [...named, ...written];
  return shipped;
}

function damaged(error: unknown): Fault {
  const { message } = toFault(error);
  return new Fault(
    "internal",
    `The imported and learnt titles are damaged: ${message} To start without them, and import again: lakehouse taxonomy reset`,
    { cause: error },
  );
}
