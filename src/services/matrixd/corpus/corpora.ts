// The corpora: what each is made of, the generation that answers, the build that is under way. Definitions and
// generations lie on disk, so that a restart serves what was built. A build that was cut off goes on where it was when
// the dataset still has the same snapshot; what a crash left behind is named in the definition and removed.

import { type SnapshotId, snapshotId as snapshotIdShape } from "#contracts/shapes";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { onAbort } from "#lib/abort";
import type { catalog } from "#contracts/catalog";
import { type Corpus, meanings, type Meanings } from "#contracts/matrix";
import { weightsVersion, type Weights, type WeightsVersion } from "#contracts/tuning";
import { fieldKind } from "#contracts/vector";
import { QUALIFICATIONS_VERSION } from "#domain/qualifications";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import type { Log } from "#lib/log";
import { Turns } from "#lib/turns";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault, FAULTS, toFault, traceOf } from "#rpc/fault";
import { type BuildDeps, buildGeneration, buildMark, columnsNeeded, type Progress } from "./build.ts";
import {
  readDefinitions,
  removeDefinition,
  saveDefinition,
  type StoredDefinition,
} from "../definition-files.ts";
import { type Generation } from "./generation.ts";
import { loadGeneration, removeGeneration, saveGeneration } from "./generation-files.ts";
import { holdsOrders, meaningsOf } from "./meanings.ts";
import { SPOOL_SUFFIX } from "./row-spool.ts";
import { parseTemplate } from "./template.ts";

export interface CorporaDeps extends BuildDeps {
  readonly catalog: Service<typeof catalog>;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly failures: BackgroundFailures;
}

const definition = z.object({
  name: z.string(),
  dataset: z.string(),
  id: z.string(),
  text: z.string(),
  fields: z.record(z.string(), fieldKind),
  meanings: meanings.default({}),
  model: z.string(),
  dimension: z.int(),
  engine: z.enum(["hnsw", "lance"]),
  refresh: z.enum(["on_snapshot", "manual"]),
  holds: z.enum(["people", "orders"]).default("people"),
  /** The index of the generation that answers, null before the first. */
  active: z.string().nullable(),
  /** The `markOf` what that generation was made from: another one means that it must be rebuilt. */
  built: z.string().default(""),
  /** The index that a build is writing, and what it is made from. */
  unfinished: z
    .object({ index: z.string(), snapshot_id: snapshotIdShape, taxonomy: z.string() })
    .nullable()
    .default(null),
  /** Indexes that answer no longer and may still be there. */
  leftover: z.array(z.string()).default([]),
  /** Since when the generation answers; "" where a version before did not keep it. */
  active_since: z.string().default(""),
  /** What its ranking weighed, the newest last. */
  weights: z.array(weightsVersion).default([]),
  updated_at: z.string(),
});
type Definition = z.infer<typeof definition>;

export type Wanted = Omit<
  Definition,
  | "active"
  | "built"
  | "unfinished"
  | "leftover"
  | "active_since"
  | "weights"
  | "updated_at"
  | "dimension"
  | "model"
  | "holds"
> & {
  readonly model: string | undefined;
};

interface Entry {
  definition: Definition;
  generation: Generation | undefined;
  build: Progress | undefined;
  /** The last build, when it failed. */
  failed: { readonly snapshotId: SnapshotId; readonly retryable: boolean } | undefined;
  building: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  readonly listeners: Set<() => void>;
}

function newEntry(defined: Definition): Entry {
  return {
    definition: defined,
    generation: undefined,
    build: undefined,
    failed: undefined,
    building: undefined,
    listeners: new Set(),
  };
}

/** Versions of weights that are kept: a tuning a day for half a year. */
const VERSIONS_MAX = 200;
/** How often datasets are looked at for new snapshots. */
const REFRESH_MS = 5000;
/** A build reads, embeds and indexes a whole dataset. */
const BUILD_MS_MAX = 6 * 3_600_000;

export class Corpora {
  readonly #deps: CorporaDeps;
  readonly #entries = new Map<string, Entry>();
  /** Names of corpora whose definitions cannot be read: reported until they are defined again or dropped. */
  readonly #damaged = new Set<string>();
  /** A corpus is defined when the former of its name is gone. */
  readonly #turns = new Turns();
  #timer: ReturnType<typeof setInterval> | undefined;
  #refreshing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(deps: CorporaDeps) {
    this.#deps = deps;
  }

  static async open(deps: CorporaDeps): Promise<Corpora> {
    const corpora = new Corpora(deps);
    await makeFolder(deps.folder);
    for (const stored of await readDefinitions(deps.folder)) await corpora.#load(stored);
    for (const file of await readdir(deps.folder)) {
      // Of a build that a crash cut off.
      if (file.endsWith(SPOOL_SUFFIX)) await rm(join(deps.folder, file), { force: true });
    }
    corpora.#timer = setInterval(() => void corpora.#refresh(), REFRESH_MS);
    void corpora.#settle();
    return corpora;
  }

  /** Work that no search waits for: makes the index of titles, and removes what a crash left behind. */
  async #settle(): Promise<void> {
    await this.#refresh();
    const entries = [...this.#entries.values()];
    const { understanding, failures } = this.#deps;
    if (entries.length > 0) {
      await understanding.warm().catch((error: unknown) => failures.note("taxonomy", error));
    }
    for (const entry of entries) if (!this.#isClosed) await this.#clear(entry);
  }

  async #load({ name, content, isWhole }: StoredDefinition): Promise<void> {
    const read = definition.safeParse(content);
    if (!read.success || read.data.name !== name) {
      // One corpus that must be defined again does not keep the others from being searched.
      this.#damaged.add(name);
      this.#deps.log.error("the definition of a corpus is damaged; define the corpus again", {
        corpus: name,
      });
      return;
    }
    if (!isWhole) {
      await saveDefinition(this.#deps.folder, name, read.data).then(
        () =>
          this.#deps.log.warn("the definition of a corpus was made whole from its copy", { corpus: name }),
        (error: unknown) =>
          this.#deps.log.error("the definition of a corpus cannot be written", {
            corpus: name,
            ...traceOf(error),
          }),
      );
    }
    const entry = newEntry(read.data);
    this.#entries.set(read.data.name, entry);
    const { active } = read.data;
    if (active === null) return;
    try {
      entry.generation = await loadGeneration(this.#deps.folder, active);
    } catch (error) {
      this.#deps.log.warn("a corpus must be built again", { corpus: read.data.name, ...traceOf(error) });
      entry.definition = { ...read.data, active: null, leftover: [...read.data.leftover, active] };
    }
  }

  names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** Names of corpora whose definitions are damaged. */
  damaged(): string[] {
    return [...this.#damaged].sort();
  }

  /** What a search covers that names no corpus: people, and orders only where there is nothing else. */
  usual(): string[] {
    const people = this.names().filter((name) => this.#entry(name).definition.holds === "people");
    return people.length > 0 ? people : this.names();
  }

  describe(name: string): Corpus {
    return described(this.#entry(name));
  }

  /** The generation that answers. Throws `unavailable` while the first one is still being built. */
  generation(name: string): Generation {
    const { generation, build } = this.#entry(name);
    if (generation !== undefined) return generation;
    const why = build?.error === undefined ? "is still being built" : `could not be built: ${build.error}`;
    throw new Fault("unavailable", `The corpus ${name} ${why}.`, { retryAfterMs: 1000 });
  }

  /**
   * The generation that answered at a moment, milliseconds since the epoch. Throws `not_found`, with the reason
   * `snapshot_gone`, when it was another one than now: of former ones nothing is kept.
   */
  generationAt(name: string, at: number): Generation {
    const { definition: defined } = this.#entry(name);
    const generation = this.generation(name);
    const since = defined.active_since === "" ? defined.updated_at : defined.active_since;
    if (at >= Date.parse(since)) return generation;
    throw new Fault(
      "not_found",
      `The ranking of ${new Date(at).toISOString()} cannot be replayed: ${name} has been searched at ${generation.dataset}@${generation.snapshotId} since ${since}, and the corpus before is gone.`,
      { reason: "snapshot_gone", details: [{ path: "at", message: `must not be before ${since}` }] },
    );
  }

  /** Why a row is not in a corpus although its dataset has it; undefined when the dataset has none either. */
  async missing(
    name: string,
    id: string,
    call: CallInit,
  ): Promise<{ reason: "not_embedded" | "other_model"; message: string } | undefined> {
    const { definition: defined, generation, build } = this.#entry(name);
    const column = `"${defined.id.replaceAll('"', '""')}"`;
    const sql = `SELECT 1 FROM "${defined.dataset}" WHERE CAST(${column} AS VARCHAR) = ? LIMIT 1`;
    const { rows } = await this.#deps.query.sql({ sql, params: [id] }, call);
    if (rows.length === 0) return undefined;
    const state =
      build === undefined
        ? ""
        : build.error === undefined
          ? ", and it is being built again"
          : `: ${build.error}`;
    if (generation !== undefined && generation.model !== defined.model) {
      const message = `${defined.dataset} has ${id}, but ${name} is still searched by ${generation.model} and not by ${defined.model}${state}.`;
      return { reason: "other_model", message };
    }
    const at = generation === undefined ? "nothing" : `${generation.dataset}@${generation.snapshotId}`;
    const message = `${defined.dataset} has ${id}, but ${name} was built from ${at}, without it${state}.`;
    return { reason: "not_embedded", message };
  }

  /** The versions of what a corpus's ranking weighs, the newest last. */
  weightVersions(name: string): readonly WeightsVersion[] {
    return this.#entry(name).definition.weights;
  }

  /** What a corpus's ranking weighs at a moment, milliseconds since the epoch; undefined before it learnt anything. */
  weightsAt(name: string, at: number): Weights | undefined {
    return this.#entry(name).definition.weights.findLast(({ since }) => Date.parse(since) <= at)?.weights;
  }

  /** Makes weights those that rank from now on. Durable when it resolves. */
  async setWeights(
    name: string,
    weights: Weights,
    learnt: Pick<WeightsVersion, "ndcg" | "queries"> = {},
  ): Promise<WeightsVersion> {
    const entry = this.#entry(name);
    const versions = entry.definition.weights;
    const version = { version: (versions.at(-1)?.version ?? 0) + 1, since: this.#now(), weights, ...learnt };
    const before = entry.definition;
    entry.definition = { ...before, weights: [...versions, version].slice(-VERSIONS_MAX) };
    try {
      await this.#save(entry);
    } catch (error) {
      entry.definition = { ...entry.definition, weights: versions };
      throw error;
    }
    return version;
  }

  /** Defines a corpus, or changes it, and brings it up to date in the background. */
  put(wanted: Wanted, call: CallInit): Promise<Corpus> {
    return this.#turns.take(wanted.name, () => this.#put(wanted, call));
  }

  async #put(wanted: Wanted, call: CallInit): Promise<Corpus> {
    const { model, dimension } = await this.#modelNamed(wanted.model, call);
    const dataset = await this.#deps.catalog.dataset({ dataset: wanted.dataset }, call);
    const columns = dataset.columns.map((column) => column.name);
    const meant = meaningsOf(wanted.meanings, columns);
    checkColumns({ ...wanted, meanings: meant }, columns);
    const before = this.#entries.get(wanted.name);
    const next: Definition = {
      active: null,
      built: "",
      active_since: "",
      unfinished: null,
      // A definition that was lost named its generations.
      weights: [],
      leftover: this.#damaged.has(wanted.name) ? await this.#generationsOf(wanted.name) : [],
      updated_at: this.#now(),
      ...before?.definition,
      ...wanted,
      holds: holdsOrders(wanted.id, columns) ? "orders" : "people",
      meanings: meant,
      model,
      dimension,
    };
    const entry = before ?? newEntry(next);
    if (before === undefined || !Bun.deepEquals(before.definition, next)) await this.#define(entry, next);
    const fresh =
      entry.definition.built === markOf(entry.definition) &&
      entry.generation?.snapshotId === dataset.snapshot_id &&
      // Occupations that come from titles are those of the taxonomy at the time.
      (entry.generation.coded || entry.generation.taxonomy === (await this.#deps.understanding.taxonomy())) &&
      !(await this.#isBroken(entry.generation.index, call));
    if (!fresh) this.#start(entry, dataset.snapshot_id, dataset.rows);
    return described(entry);
  }

  async #define(entry: Entry, next: Definition): Promise<void> {
    const known = this.#entries.has(next.name);
    const former = entry.definition;
    // Known at once, so that whoever defines it at the same time finds it.
    this.#entries.set(next.name, entry);
    try {
      await this.#stop(entry, "discard");
      const { active, built, leftover, active_since, weights } = entry.definition;
      entry.definition = { ...next, active, built, unfinished: null, leftover, active_since, weights };
      await this.#save(entry);
      entry.failed = undefined;
    } catch (error) {
      entry.definition = former;
      if (!known) this.#entries.delete(next.name);
      throw error;
    }
  }

  /** Whether an index is gone or damaged. When vectord cannot tell, nothing is known against it. */
  async #isBroken(index: string, call: CallInit): Promise<boolean> {
    try {
      await this.#deps.vector.index({ index }, call);
      return false;
    } catch (thrown) {
      const { code } = toFault(thrown);
      return code === "internal" || code === "not_found";
    }
  }

  drop(name: string): Promise<void> {
    return this.#turns.take(name, () => this.#drop(name));
  }

  async #drop(name: string): Promise<void> {
    if (this.#damaged.has(name)) {
      for (const index of await this.#generationsOf(name)) await this.#discard(index);
      await removeDefinition(this.#deps.folder, name);
      this.#damaged.delete(name);
      return;
    }
    const entry = this.#entry(name);
    this.#entries.delete(name);
    await this.#stop(entry, "discard");
    const { active, unfinished, leftover } = entry.definition;
    for (const index of [active, unfinished?.index ?? null, ...leftover])
      if (index !== null) await this.#discard(index);
    // Last: until its indexes are gone, the definition knows them.
    await removeDefinition(this.#deps.folder, name);
    notifyListeners(entry);
  }

  /** Resolves whenever something about the corpus's build has changed, or the signal fires. */
  changed(name: string, signal: AbortSignal): Promise<void> {
    const { listeners } = this.#entry(name);
    const { promise, resolve } = Promise.withResolvers<void>();
    listeners.add(resolve);
    const forget = onAbort(signal, () => resolve());
    return promise.finally(() => {
      listeners.delete(resolve);
      forget();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#refreshing;
    await Promise.all([...this.#entries.values()].map((entry) => this.#stop(entry, "keep")));
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
    if (this.#damaged.has(name)) throw definitionDamaged(name);
    const known = this.#entries.size === 0 ? "There is none yet." : `Known: ${this.names().join(", ")}.`;
    throw new Fault(
      "not_found",
      `There is no corpus ${name}. ${known} Define one with PUT /v1/matrix/corpora/${name}.`,
    );
  }

  async #modelNamed(name: string | undefined, call: CallInit): Promise<{ model: string; dimension: number }> {
    const { models } = await this.#deps.embed.models({}, call);
    const found = models.find((model) => (name === undefined ? model.default : model.name === name));
    if (found === undefined) throw new Fault("not_found", `There is no embedding model ${name}.`);
    if (found.dimension > 0) return { model: found.name, dimension: found.dimension };
    // A provider does not say how wide its vectors are before it was asked for one.
    const { dimension } = await this.#deps.embed.embed({ texts: ["width"], model: found.name }, call);
    return { model: found.name, dimension };
  }

  /** `columns`: of that snapshot, where they were not compared with the definition yet. */
  #start(entry: Entry, snapshotId: SnapshotId | null, rows: number, columns?: readonly string[]): void {
    if (entry.building !== undefined) return;
    if (snapshotId === null)
      throw new Fault("conflict", `${entry.definition.dataset} has no rows yet. Load some first.`);
    const stop = new AbortController();
    entry.build = { snapshot_id: snapshotId, phase: "read", done: 0, total: rows };
    const done = this.#run(entry, snapshotId, rows, stop.signal, columns).finally(() => {
      if (entry.building?.stop === stop) entry.building = undefined;
      notifyListeners(entry);
    });
    entry.building = { done, stop };
  }

  async #run(
    entry: Entry,
    snapshotId: SnapshotId,
    rowsTotal: number,
    signal: AbortSignal,
    columns: readonly string[] | undefined,
  ): Promise<void> {
    const { folder, log, failures } = this.#deps;
    const started = performance.now();
    const progress = (phase: Progress["phase"], done: number): void => {
      entry.build = { snapshot_id: snapshotId, phase, done, total: rowsTotal };
      notifyListeners(entry);
    };
    try {
      if (columns !== undefined) checkColumns(entry.definition, columns);
      const index = await this.#indexFor(entry, snapshotId);
      const { definition: wanted, generation } = entry;
      const usable = generation !== undefined && !(await this.#isBroken(generation.index, { signal }));
      const spool = join(folder, `${wanted.name}${SPOOL_SUFFIX}`);
      const plan = { ...wanted, corpus: wanted.name, snapshotId, rowsTotal, index, spool };
      const before = usable ? generation : undefined;
      const { generation: next, embedded } = await buildGeneration(plan, before, this.#deps, progress, {
        signal,
        timeoutMs: BUILD_MS_MAX,
      });
      await saveGeneration(folder, next);
      signal.throwIfAborted();
      const { active, leftover } = entry.definition;
      entry.definition = {
        ...entry.definition,
        active: index,
        built: markOf(wanted),
        unfinished: null,
        leftover: active === null ? leftover : [...leftover, active],
        active_since: this.#now(),
        updated_at: this.#now(),
      };
      await this.#save(entry);
      entry.generation = next;
      entry.build = undefined;
      entry.failed = undefined;
      await this.#clear(entry);
      log.info("corpus built", {
        corpus: wanted.name,
        rows: next.ids.length,
        embedded,
        took_ms: Math.round(performance.now() - started),
      });
    } catch (error) {
      // Whoever stopped the build says what becomes of what it wrote.
      if (signal.aborted) return;
      const fault = toFault(error);
      failures.note("corpus build", error, { corpus: entry.definition.name });
      await this.#abandon(entry);
      entry.failed = { snapshotId, retryable: FAULTS[fault.code].retryable };
      entry.build = {
        snapshot_id: snapshotId,
        phase: "read",
        done: 0,
        total: rowsTotal,
        error: fault.message,
      };
    }
  }

  /** The index to write: that of a build of the same snapshot which was cut off, or a new one. */
  async #indexFor(entry: Entry, snapshotId: SnapshotId): Promise<string> {
    const { unfinished, name } = entry.definition;
    const mark = await buildMark(this.#deps);
    if (unfinished?.snapshot_id === snapshotId && unfinished.taxonomy === mark) return unfinished.index;
    await this.#abandon(entry);
    const index = `corpus.${name}.${crypto.randomUUID().slice(0, 8)}`;
    // Known before it is there: a crash leaves nothing that nobody knows.
    entry.definition = {
      ...entry.definition,
      unfinished: { index, snapshot_id: snapshotId, taxonomy: mark },
    };
    await this.#save(entry);
    return index;
  }

  async #stop(entry: Entry, rest: "keep" | "discard"): Promise<void> {
    const { building } = entry;
    if (building === undefined) return;
    building.stop.abort(new Fault("cancelled", "The build was stopped."));
    await building.done;
    entry.building = undefined;
    entry.build = undefined;
    if (rest === "discard") await this.#abandon(entry);
  }

  /** Removes what an unfinished build has written. */
  async #abandon(entry: Entry): Promise<void> {
    const { unfinished } = entry.definition;
    if (unfinished === null) return;
    entry.definition = {
      ...entry.definition,
      unfinished: null,
      leftover: [...entry.definition.leftover, unfinished.index],
    };
    await this.#clear(entry);
  }

  /** Removes the indexes that answer no longer; those that cannot be removed now are tried again later. */
  async #clear(entry: Entry): Promise<void> {
    const { leftover } = entry.definition;
    if (leftover.length === 0) return;
    const gone: string[] = [];
    for (const index of leftover) if (await this.#discard(index)) gone.push(index);
    const left = entry.definition.leftover.filter((index) => !gone.includes(index));
    entry.definition = { ...entry.definition, leftover: left };
    if (this.#entries.get(entry.definition.name) === entry) await this.#save(entry);
  }

  async #discard(index: string): Promise<boolean> {
    await removeGeneration(this.#deps.folder, index);
    try {
      await this.#deps.vector.drop({ index });
      return true;
    } catch (error) {
      if (toFault(error).code === "not_found") return true;
      this.#deps.failures.note("removal of an old index", error, { index });
      return false;
    }
  }

  /** One look at a time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshAll().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  async #refreshAll(): Promise<void> {
    for (const entry of this.#entries.values()) if (!this.#isClosed) await this.#rebuildIfStale(entry);
  }

  /** Rebuilds what follows its dataset, what is gone or damaged, and what could not be built for the moment. */
  async #rebuildIfStale(entry: Entry): Promise<void> {
    if (entry.building !== undefined) return;
    const { refresh, dataset, name, built } = entry.definition;
    const { generation, failed } = entry;
    try {
      const broken =
        generation !== undefined &&
        (built !== markOf(entry.definition) || (await this.#isBroken(generation.index, {})));
      if (generation !== undefined && refresh === "manual" && !broken) return;
      const { snapshot_id, rows, columns } = await this.#deps.catalog.dataset({ dataset });
      // Who refreshes by hand keeps the snapshot that was chosen.
      const wanted = generation !== undefined && refresh === "manual" ? generation.snapshotId : snapshot_id;
      const stale = broken || wanted !== generation?.snapshotId;
      const hopeless = failed?.snapshotId === wanted && !failed.retryable;
      if (wanted === null || !stale || hopeless || !this.#isLive(entry)) return;
      const named = columns.map((column) => column.name);
      await this.#findMeanings(entry, named);
      // It may have been dropped while that was written. A snapshot of before may have had other columns.
      if (this.#isLive(entry)) this.#start(entry, wanted, rows, wanted === snapshot_id ? named : undefined);
    } catch (error) {
      // A dataset that was dropped is nothing that failed.
      if (toFault(error).code !== "not_found") this.#deps.failures.count("corpus check");
      this.#deps.log.debug("a corpus could not be checked for changes", { corpus: name, ...traceOf(error) });
    }
  }

  #isLive(entry: Entry): boolean {
    return !this.#isClosed && this.#entries.get(entry.definition.name) === entry;
  }

  /**
   * Columns that came since the corpus was defined, or whose meaning was not known then, are found too; and one in place of
   * a column that is gone, where it has a usual name. Without one the build fails: a status that nobody reads hides nobody.
   */
  async #findMeanings(entry: Entry, columns: readonly string[]): Promise<void> {
    const { meanings: meant } = entry.definition;
    const usual: Readonly<Record<string, string | undefined>> = meaningsOf({}, columns);
    const there = Object.entries(meant).filter(
      ([meaning, column = ""]) => columns.includes(column) || usual[meaning] === undefined,
    );
    const found: Meanings = { ...usual, ...Object.fromEntries(there) };
    if (Bun.deepEquals(found, meant)) return;
    entry.definition = { ...entry.definition, meanings: found };
    await this.#save(entry);
  }

  /** Has a corpus built again whose index does not answer; false when the index is as it should be. */
  async rebuildIfBroken(name: string, generation: Generation, call: CallInit): Promise<boolean> {
    if (!(await this.#isBroken(generation.index, call))) return false;
    const entry = this.#entries.get(name);
    if (entry !== undefined) void this.#rebuildIfStale(entry);
    return true;
  }

  async #save({ definition: saved }: Entry): Promise<void> {
    await saveDefinition(this.#deps.folder, saved.name, saved);
    this.#damaged.delete(saved.name);
  }

  /** Indexes of finished builds of a corpus, as their files say. */
  async #generationsOf(name: string): Promise<string[]> {
    const before = `corpus.${name}.`;
    const files = await readdir(this.#deps.folder);
    return files
      .filter((file) => file.startsWith(before) && /^[^.]+\.json$/.test(file.slice(before.length)))
      .map((file) => file.slice(0, -".json".length));
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString();
  }
}

export function definitionDamaged(name: string): Fault {
  return new Fault(
    "internal",
    `The definition of the corpus ${name} is damaged. Define it again with PUT /v1/matrix/corpora/${name}, or drop it.`,
  );
}

function notifyListeners({ listeners }: Entry): void {
  for (const listener of listeners) listener();
}

/** What a generation is made from, besides the snapshot: when this is the same, the build is the same. */
function markOf({ dataset, id, text, fields, meanings: meant, model, engine }: Definition): string {
  const readAs = QUALIFICATIONS_VERSION;
  return Bun.hash(JSON.stringify({ dataset, id, text, fields, meant, model, engine, readAs })).toString(36);
}

function checkColumns(wanted: Wanted & { readonly meanings: Meanings }, columns: readonly string[]): void {
  const { dataset, text } = wanted;
  const missing = columnsNeeded(wanted, parseTemplate(text).columns).filter(
    (name) => !columns.includes(name),
  );
  if (missing.length === 0) return;
  throw new Fault(
    "invalid",
    `${dataset} has no column ${missing.join(", ")}. It has: ${columns.join(", ")}.`,
    {
      details: missing.map((name) => ({ path: name, message: `is not a column of ${dataset}` })),
    },
  );
}

function described({ definition: defined, generation, build }: Entry): Corpus {
  const {
    active: _,
    built: _built,
    dimension: _dimension,
    unfinished: _unfinished,
    leftover: _leftover,
    active_since: _activeSince,
    weights: _weights,
    ...shown
  } = defined;
  const failed = build?.error !== undefined;
  const answers = generation !== undefined && (build === undefined || failed);
  return {
    ...shown,
    status: answers ? "ready" : failed ? "failed" : "building",
    snapshot_id: generation?.snapshotId ?? null,
    rows: generation?.ids.length ?? 0,
    ...(build === undefined ? {} : { build }),
  };
}
