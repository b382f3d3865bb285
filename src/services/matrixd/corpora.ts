// The corpora: what each is made of, the generation that answers, the build that is under way. Definitions and
// generations lie on disk, so that a restart serves what was built; a build that a crash cut off starts again.

import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { saveSmallFile } from "#adapters/small-file";
import type { catalog } from "#contracts/catalog";
import type { Corpus } from "#contracts/matrix";
import { fieldKind } from "#contracts/vector";
import type { Clock } from "#lib/clock";
import { makeFolder, readIfThere } from "#lib/durable";
import type { Log } from "#lib/log";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault, toFault, traceOf } from "#rpc/fault";
import { type BuildDeps, buildGeneration, columnsNeeded, type Progress } from "./build.ts";
import { type Generation, loadGeneration, removeGeneration, saveGeneration } from "./generation.ts";
import { parseTemplate } from "./template.ts";

export interface CorporaDeps extends BuildDeps {
  readonly catalog: Service<typeof catalog>;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

const definition = z.object({
  name: z.string(),
  dataset: z.string(),
  id: z.string(),
  text: z.string(),
  fields: z.record(z.string(), fieldKind),
  model: z.string(),
  dimension: z.int(),
  engine: z.enum(["hnsw", "lance"]),
  refresh: z.enum(["on_snapshot", "manual"]),
  /** The index of the generation that answers, null before the first. */
  active: z.string().nullable(),
  updated_at: z.string(),
});
type Definition = z.infer<typeof definition>;

export type Wanted = Omit<Definition, "active" | "updated_at" | "dimension" | "model"> & {
  readonly model: string | undefined;
};

interface Entry {
  definition: Definition;
  generation: Generation | undefined;
  build: Progress | undefined;
  building: { readonly done: Promise<void>; readonly stop: AbortController } | undefined;
  readonly listeners: Set<() => void>;
}

/** How often datasets are looked at for new snapshots. */
const REFRESH_MS = 5000;
/** A build reads, embeds and indexes a whole dataset. */
const BUILD_MS_MAX = 6 * 3_600_000;

export class Corpora {
  readonly #deps: CorporaDeps;
  readonly #entries = new Map<string, Entry>();
  #timer: ReturnType<typeof setInterval> | undefined;

  private constructor(deps: CorporaDeps) {
    this.#deps = deps;
  }

  static async open(deps: CorporaDeps): Promise<Corpora> {
    const corpora = new Corpora(deps);
    await makeFolder(deps.folder);
    for (const file of await readdir(deps.folder)) {
      if (file.endsWith(".corpus.json")) await corpora.#load(join(deps.folder, file));
    }
    corpora.#timer = setInterval(() => void corpora.#refreshAll(), REFRESH_MS);
    return corpora;
  }

  async #load(path: string): Promise<void> {
    const read = definition.safeParse(parsed(await readIfThere(path)));
    if (!read.success) {
      // One corpus that must be defined again does not keep the others from being searched.
      const aside = `${path}.damaged-${this.#deps.clock.now()}`;
      await rename(path, aside);
      this.#deps.log.error("the definition of a corpus is damaged; define the corpus again", { path: aside });
      return;
    }
    const entry: Entry = {
      definition: read.data,
      generation: undefined,
      build: undefined,
      building: undefined,
      listeners: new Set(),
    };
    this.#entries.set(read.data.name, entry);
    const { active } = read.data;
    if (active === null) return;
    try {
      entry.generation = await loadGeneration(this.#deps.folder, active);
    } catch (error) {
      this.#deps.log.warn("a corpus must be built again", { corpus: read.data.name, ...traceOf(error) });
      entry.definition = { ...read.data, active: null };
    }
  }

  names(): string[] {
    return [...this.#entries.keys()].sort();
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

  /** Defines a corpus, or changes it, and brings it up to date in the background. */
  async put(wanted: Wanted, call: CallInit): Promise<Corpus> {
    if (wanted.engine === "lance") throw new Fault("invalid", "The lance engine is not there yet; use hnsw.");
    const { model, dimension } = await this.#modelNamed(wanted.model, call);
    const dataset = await this.#deps.catalog.dataset({ dataset: wanted.dataset }, call);
    checkColumns(
      wanted,
      dataset.columns.map((column) => column.name),
    );
    const before = this.#entries.get(wanted.name);
    const next: Definition = {
      ...wanted,
      model,
      dimension,
      active: before?.definition.active ?? null,
      updated_at: before?.definition.updated_at ?? this.#now(),
    };
    const same = before !== undefined && Bun.deepEquals(made(before.definition), made(next));
    const entry = before ?? {
      definition: next,
      generation: undefined,
      build: undefined,
      building: undefined,
      listeners: new Set<() => void>(),
    };
    entry.definition = next;
    if (!same) await this.#save(entry);
    this.#entries.set(wanted.name, entry);
    const fresh = same && entry.generation?.snapshotId === dataset.snapshot_id;
    if (!fresh) {
      if (!same) await this.#stop(entry);
      this.#start(entry, dataset.snapshot_id, dataset.rows);
    }
    return described(entry);
  }

  async drop(name: string): Promise<void> {
    const entry = this.#entry(name);
    this.#entries.delete(name);
    await this.#stop(entry);
    await rm(this.#path(name), { force: true });
    if (entry.definition.active !== null) await this.#discard(entry.definition.active);
  }

  /** Resolves whenever something about the corpus's build has changed, or the signal fires. */
  changed(name: string, signal: AbortSignal): Promise<void> {
    const { listeners } = this.#entry(name);
    return new Promise((resolve) => {
      const tell = (): void => {
        listeners.delete(tell);
        signal.removeEventListener("abort", tell);
        resolve();
      };
      listeners.add(tell);
      signal.addEventListener("abort", tell, { once: true });
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#entries.values()].map((entry) => this.#stop(entry)));
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return entry;
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

  #start(entry: Entry, snapshotId: number | null, rows: number): void {
    if (entry.building !== undefined) return;
    if (snapshotId === null)
      throw new Fault("conflict", `${entry.definition.dataset} has no rows yet. Load some first.`);
    const stop = new AbortController();
    entry.build = { snapshot_id: snapshotId, phase: "read", done: 0, total: rows };
    const done = this.#run(entry, snapshotId, rows, stop.signal).finally(() => {
      if (entry.building?.stop === stop) entry.building = undefined;
      tell(entry);
    });
    entry.building = { done, stop };
  }

  async #run(entry: Entry, snapshotId: number, rowsTotal: number, signal: AbortSignal): Promise<void> {
    const { definition: wanted } = entry;
    const { folder, log } = this.#deps;
    const index = `corpus.${wanted.name}.${crypto.randomUUID().slice(0, 8)}`;
    const started = performance.now();
    const progress = (phase: Progress["phase"], done: number): void => {
      entry.build = { snapshot_id: snapshotId, phase, done, total: rowsTotal };
      tell(entry);
    };
    try {
      const plan = { ...wanted, corpus: wanted.name, snapshotId, rowsTotal, index };
      const generation = await buildGeneration(plan, this.#deps, progress, {
        signal,
        timeoutMs: BUILD_MS_MAX,
      });
      await saveGeneration(folder, generation);
      const before = entry.definition.active;
      entry.definition = { ...entry.definition, active: index, updated_at: this.#now() };
      await this.#save(entry);
      entry.generation = generation;
      entry.build = undefined;
      if (before !== null) await this.#discard(before);
      log.info("corpus built", {
        corpus: wanted.name,
        rows: generation.ids.length,
        took_ms: Math.round(performance.now() - started),
      });
    } catch (error) {
      await this.#discard(index);
      if (signal.aborted) return;
      const fault = toFault(error);
      log.warn("corpus not built", { corpus: wanted.name, ...traceOf(error) });
      entry.build = {
        snapshot_id: snapshotId,
        phase: "read",
        done: 0,
        total: rowsTotal,
        error: fault.message,
      };
    }
  }

  async #stop(entry: Entry): Promise<void> {
    const { building } = entry;
    if (building === undefined) return;
    building.stop.abort(new Fault("cancelled", "The build was stopped."));
    await building.done;
    entry.building = undefined;
    entry.build = undefined;
  }

  async #discard(index: string): Promise<void> {
    await removeGeneration(this.#deps.folder, index);
    await this.#deps.vector.drop({ index }).catch((error: unknown) => {
      if (toFault(error).code !== "not_found")
        this.#deps.log.warn("an old index was left behind", { index, ...traceOf(error) });
    });
  }

  /** Builds anew what follows its dataset, and what a crash left unbuilt. */
  async #refreshAll(): Promise<void> {
    for (const entry of this.#entries.values()) {
      const { refresh, dataset } = entry.definition;
      const failed = entry.build?.error !== undefined;
      if (entry.building !== undefined || (entry.generation !== undefined && refresh === "manual")) continue;
      try {
        const { snapshot_id, rows } = await this.#deps.catalog.dataset({ dataset });
        const stale = snapshot_id !== entry.generation?.snapshotId;
        const triedThis = failed && entry.build?.snapshot_id === snapshot_id;
        if (stale && snapshot_id !== null && !triedThis) this.#start(entry, snapshot_id, rows);
      } catch (error) {
        this.#deps.log.debug("a corpus could not be looked after", {
          corpus: entry.definition.name,
          ...traceOf(error),
        });
      }
    }
  }

  async #save({ definition: saved }: Entry): Promise<void> {
    await saveSmallFile(this.#path(saved.name), JSON.stringify(saved));
  }

  #path(name: string): string {
    return join(this.#deps.folder, `${name}.corpus.json`);
  }

  #now(): string {
    return new Date(this.#deps.clock.now()).toISOString();
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function tell({ listeners }: Entry): void {
  for (const listener of listeners) listener();
}

/** What a generation is made from: when this is the same, the build is the same. */
function made({ dataset, id, text, fields, model, engine, refresh }: Definition): object {
  return { dataset, id, text, fields, model, engine, refresh };
}

function checkColumns({ id, text, fields, dataset }: Wanted, columns: readonly string[]): void {
  const missing = columnsNeeded(id, parseTemplate(text).columns, fields).filter(
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
  const { active: _, dimension: _dimension, ...shown } = defined;
  const failed = build?.error !== undefined;
  return {
    ...shown,
    status:
      build === undefined || (generation !== undefined && failed) ? "ready" : failed ? "failed" : "building",
    snapshot_id: generation?.snapshotId ?? null,
    rows: generation?.ids.length ?? 0,
    ...(build === undefined ? {} : { build }),
  };
}
