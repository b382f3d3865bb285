// All indexes by name: opened at start, created, dropped, replaced and repaired. An index that cannot be opened
// because of damage stays so: every call for it gets the same fault, the list and the statistics name it, the log has
// it once, and nothing opens it without the damaged part until it is repaired, restored or dropped. A disk that
// cannot be read just now is no damage: the next call opens the index again.

import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import type { Log } from "#lib/log";
import { Semaphore } from "#lib/semaphore";
import type { DaemonStats } from "#rpc/daemon";
import { Fault, toFault, traceOf } from "#rpc/fault";
import type { EngineIndex, IndexStats, Repaired } from "./engine.ts";
import { drop, droppedIn, incomingIn, namesIn, removeUnfinished, replace } from "./folders.ts";
import { adoptFolder, createFolder, type LanceOptions, openIndex, readShape } from "./index-folder.ts";
import { hasList, type IndexList, readList, writeList } from "./index-list.ts";
import { type LanceBucket, LOCAL_TABLE } from "./lance/open.ts";
import { LancePool } from "./lance/pool.ts";
import { readState, STATE_FILE } from "./lance/state.ts";
import { repairTo } from "./repair.ts";
import { type IndexShape, parseShape, sameShape, shapeText } from "./rows/shape.ts";

/** Each takes files and memory of its own; more indexes than this are a sign of one index per row. */
const INDEXES_MAX = 10_000;
/** Each reads and verifies its files: more at once only share the disk. */
const OPENINGS_AT_ONCE = 8;
/** As long as 10,000 large indexes may take to open. */
const OPENING_WAIT_MS_MAX = 3_600_000;

interface Entry {
  opening: Promise<EngineIndex>;
  index: EngineIndex | null;
  /** As index-list.ts keeps it. */
  shape: string | null;
  /** Why it does not open, when that is damage. */
  damage: Fault | null;
  /** The last opening failed for a reason that may pass. */
  retry: boolean;
}

export interface IndexesStats extends DaemonStats {
  /** Background work that failed since the start, by its name. */
  readonly failures: Readonly<Record<string, number>>;
  /** Names of indexes that do not open because of damage. */
  readonly damaged: readonly string[];
  /** The process that holds tables; null while none is needed. */
  readonly lance_pid: number | null;
}

export interface RepairReport extends Repaired {
  readonly index: EngineIndex;
  /** The folder beside the index's that has the damaged files; undefined when nothing was damaged. */
  readonly keptAs?: string;
}

interface IndexesDeps {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly bucket?: LanceBucket | undefined;
  /** What named snapshots know of indexes whose own files are lost. */
  readonly archived: ArchivedIndexes;
}

export interface ArchivedIndexes {
  /** Names of indexes that have snapshots. */
  names(): Promise<string[]>;
  /** The shape in the newest snapshot of an index; null when there is none. */
  shapeOf(name: string): Promise<string | null>;
}

export class Indexes {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lance: LanceOptions;
  readonly #archived: ArchivedIndexes;
  readonly #entries = new Map<string, Entry>();
  /** Indexes whose folder or snapshots are being worked on. */
  readonly #busy = new Set<string>();
  /** What changes folders or the list of them, and is waited for by `close`. */
  readonly #changes = new Set<Promise<unknown>>();
  #isClosed = false;
  #saving: Promise<void> = Promise.resolve();
  /** Names that need no look at the snapshots, as long as those could not be listed; undefined once they were. */
  #unlisted: ReadonlySet<string> | undefined;

  private constructor({ folder, clock, log, bucket, archived }: IndexesDeps) {
    this.#archived = archived;
    this.#lance = { pool: new LancePool(), bucket };
    this.#folder = folder;
    this.#clock = clock;
    this.#log = log;
  }

  /** Compares the list with the folders, and begins to open every index. */
  static async open(deps: IndexesDeps): Promise<Indexes> {
    const { folder, log } = deps;
    await makeFolder(folder);
    await removeUnfinished(folder);
    const indexes = new Indexes(deps);
    const listed = readList(folder, log);
    const dropped = await droppedIn(folder);
    const present = await namesIn(folder);
    // Versions that kept no list kept no heads either. A list that is damaged was there.
    if (!hasList(folder)) for (const name of present) await adoptFolder(join(folder, name));
    // Without the list, an index whose folder is lost too would be as if it had never been. One that was dropped is
    // named with them, because nothing tells the two apart any more.
    indexes.#unlisted = listed === null ? new Set([...present, ...dropped.keys()]) : undefined;
    const missing =
      listed === null
        ? await indexes.#archivedNames().catch((error: unknown) => {
            log.warn("snapshots cannot be listed yet", traceOf(error));
            return [];
          })
        : [...listed.keys()].filter((name) => !present.includes(name) && !dropped.has(name));
    const openings = new Semaphore(OPENINGS_AT_ONCE, INDEXES_MAX);
    for (const name of [...present, ...missing]) {
      indexes.#add(name, listed?.get(name) ?? indexes.#shapeIn(name), async () => {
        const release = await openings.take(OPENING_WAIT_MS_MAX);
        try {
          return await indexes.#opened(name);
        } finally {
          release?.();
        }
      });
    }
    if (indexes.#unlisted === undefined && !isSameList(listed, indexes.#list())) await indexes.#save();
    for (const path of dropped.values()) await rm(path, { recursive: true, force: true });
    return indexes;
  }

  /** Names that snapshots prove and that have no folder. */
  async #archivedNames(): Promise<string[]> {
    const known = this.#unlisted ?? new Set();
    const names = await this.#archived.names();
    this.#unlisted = undefined;
    return names.filter((name) => !known.has(name));
  }

  /** Until the snapshots were listed, nobody knows that there is no such index. Throws what keeps them from being read. */
  async readArchive(): Promise<void> {
    if (this.#unlisted === undefined) return;
    for (const name of await this.#archivedNames()) {
      if (!this.has(name)) this.#add(name, this.#shapeIn(name), () => this.#opened(name));
    }
    await this.#save();
  }

  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Throws `not_found`, or the damage of the index. */
  async get(name: string): Promise<EngineIndex> {
    await this.readArchive();
    const entry = this.#entries.get(name);
    if (entry === undefined) throw notFound(name);
    if (entry.retry) this.#start(name, entry, () => this.#opened(name));
    return entry.opening;
  }

  /** Throws `conflict` when it is there with another shape. */
  async create(name: string, shape: IndexShape): Promise<{ index: EngineIndex; created: boolean }> {
    this.#refuseBusy(name);
    await this.readArchive();
    if (this.has(name)) {
      const index = await this.get(name);
      if (sameShape(index.shape, shape)) return { index, created: false };
      throw new Fault("conflict", `${name} exists with another shape. Drop it first or choose another name.`);
    }
    this.refuseMore();
    if (this.hasFolder(name)) {
      throw new Fault(
        "conflict",
        `There is a folder of an index ${name} that was not there at the start. Start the house again to have that index, or move the folder away.`,
      );
    }
    return this.#change(async () => {
      const entry = this.#add(name, shapeText(shape), async () => {
        await createFolder(this.#path(name), shape, { clock: this.#clock, lance: this.#lance });
        await this.#save();
        return this.#opened(name);
      });
      try {
        return { index: await entry.opening, created: true };
      } catch (error) {
        this.#entries.delete(name);
        if (this.hasFolder(name)) await this.#removeFolder(name);
        throw error;
      }
    });
  }

  /** Removes an index, damaged or not. */
  drop(name: string): Promise<void> {
    return this.#change(async () => {
      const entry = this.#entries.get(name);
      if (entry === undefined) throw notFound(name);
      // What is damaged can be dropped; its damage was logged when it was found.
      const index = await entry.opening.catch(() => null);
      this.#entries.delete(name);
      await index?.close();
      await this.#removeFolder(name);
    });
  }

  hasFolder(name: string): boolean {
    return existsSync(this.#path(name));
  }

  /** The table in a bucket that an index has, whether it opens or not. */
  bucketTableOf(name: string): string | undefined {
    const dir = this.#path(name);
    if (!existsSync(join(dir, STATE_FILE))) return undefined;
    try {
      const { table } = readState(dir);
      return table === LOCAL_TABLE ? undefined : table;
    } catch (error) {
      this.#log.warn("which table in the bucket an index has cannot be read: its objects stay there", {
        index: name,
        ...traceOf(error),
      });
      return undefined;
    }
  }

  incomingFolder(): string {
    return incomingIn(this.#folder);
  }

  /** Whether an index of this shape may take the place of the one that has the name. */
  mayBecome(name: string, shape: IndexShape): boolean {
    const known = this.#entries.get(name)?.shape ?? null;
    return known === null || known === shapeText(shape);
  }

  /** Lets a whole folder take the place of the index. Calls for the index wait meanwhile; on any failure it is as before. */
  replaceWith(name: string, incoming: string, keptAs?: string): Promise<EngineIndex> {
    return this.#change(() => this.#replaceWith(name, incoming, keptAs));
  }

  async #replaceWith(name: string, incoming: string, keptAs?: string): Promise<EngineIndex> {
    const former = this.#entries.get(name);
    const shape = readShape(incoming);
    const swap = async (before: Promise<EngineIndex | null>): Promise<EngineIndex> => {
      await (await before)?.close();
      return replace(this.#folder, name, incoming, () => this.#opened(name), keptAs);
    };
    const before = former === undefined ? Promise.resolve(null) : former.opening.catch(() => null);
    const opening = swap(before);
    const entry = former ?? { opening, index: null, shape: null, damage: null, retry: false };
    const { damage, opening: formerOpening } = entry;
    Object.assign(entry, { opening, index: null, retry: false });
    this.#entries.set(name, entry);
    try {
      Object.assign(entry, { index: await opening, shape: shapeText(shape), damage: null });
    } catch (error) {
      if (former === undefined) this.#entries.delete(name);
      else if (damage === null) this.#start(name, entry, () => this.#opened(name));
      else entry.opening = formerOpening;
      throw error;
    }
    await this.#save();
    return opening;
  }

  /** Makes a damaged index whole again from what verifies of it; one that opens is left as it is. */
  async repair(name: string): Promise<RepairReport> {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw notFound(name);
    const whole = await this.#whole(name, entry);
    if (whole !== null) return { index: whole, damage: [], lost: [], rowsLost: 0 };
    if (!this.hasFolder(name)) {
      throw new Fault(
        "conflict",
        `The folder of the index ${name} is missing, and it has no snapshot, so there is nothing to repair it from. Put the folder back from a backup, or drop the index.`,
      );
    }
    const incoming = this.incomingFolder();
    try {
      const text = entry.shape ?? (await this.#archived.shapeOf(name));
      const known = text === null ? null : parseShape(text);
      const repaired = await repairTo(incoming, this.#path(name), {
        known,
        clock: this.#clock,
        lance: this.#lance,
      });
      const keptAs = `.damaged-${name}-${this.#clock.now()}`;
      const index = await this.replaceWith(name, incoming, keptAs);
      this.#log.warn("index repaired", { index: name, kept_as: keptAs, ...repaired });
      return { index, ...repaired, keptAs };
    } finally {
      await rm(incoming, { recursive: true, force: true });
    }
  }

  /** The index when it opens, maybe because its files were put back by hand; null when it is damaged. */
  async #whole(name: string, entry: Entry): Promise<EngineIndex | null> {
    await entry.opening.catch(() => null);
    if (entry.damage !== null) this.#start(name, entry, () => this.#opened(name));
    try {
      return await this.get(name);
    } catch (error) {
      if (entry.damage === null) throw error;
      return null;
    }
  }

  /** Refuses `work` while other work on the index's folder or snapshots is under way. */
  async alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#refuseBusy(name);
    this.#busy.add(name);
    try {
      return await work();
    } catch (error) {
      // The next house may have removed what was received: its sender tries again there, and nothing is damaged.
      this.#refuseClosed();
      throw error;
    } finally {
      this.#busy.delete(name);
    }
  }

  refuseMore(): void {
    if (this.#entries.size >= INDEXES_MAX)
      throw new Fault("unavailable", `There are ${INDEXES_MAX} indexes already.`);
  }

  stats(): IndexesStats {
    const failures: Record<string, number> = {};
    for (const { index } of this.#entries.values())
      for (const [work, count] of index?.failures.counts ?? [])
        failures[work] = (failures[work] ?? 0) + count;
    const damaged = this.names.filter((name) => this.#entries.get(name)?.damage !== null);
    return { failures, damaged, lance_pid: this.#lance.pool.pid };
  }

  /** Of the indexes that are open. */
  opened(): Map<string, IndexStats> {
    const found = new Map<string, IndexStats>();
    for (const [name, { index }] of this.#entries) if (index !== null) found.set(name, index.stats());
    return found;
  }

  /** Whatever is under way of changes ends first: nothing may touch the folder once another house has it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#changes);
    await this.#saving;
    for (const [name, { opening }] of this.#entries) {
      const index = await opening.catch(() => null);
      await index?.close().catch((error: unknown) => {
        this.#log.warn("index not closed in order", { index: name, ...traceOf(error) });
      });
    }
    await this.#lance.pool.close();
  }

  #refuseClosed(): void {
    if (this.#isClosed) throw new Fault("unavailable", "The house is closing. Try again in a moment.");
  }

  async #change<T>(work: () => Promise<T>): Promise<T> {
    this.#refuseClosed();
    const changing = work();
    this.#changes.add(changing);
    try {
      return await changing;
    } finally {
      this.#changes.delete(changing);
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #add(name: string, shape: string | null, open: () => Promise<EngineIndex>): Entry {
    const entry: Entry = {
      opening: Promise.reject(notFound(name)),
      index: null,
      shape,
      damage: null,
      retry: false,
    };
    entry.opening.catch(() => undefined);
    this.#entries.set(name, entry);
    this.#start(name, entry, open);
    return entry;
  }

  #start(name: string, entry: Entry, open: () => Promise<EngineIndex>): void {
    Object.assign(entry, { index: null, damage: null, retry: false });
    entry.opening = open().then(
      (index) => (entry.index = index),
      (error: unknown) => {
        throw this.#failed(name, entry, error);
      },
    );
    // Every call for the index gets the failure; it is logged already if there is none.
    entry.opening.catch(() => undefined);
  }

  #failed(name: string, entry: Entry, error: unknown): Fault {
    const fault = toFault(error);
    if (fault.code !== "internal") {
      entry.retry = true;
      this.#log.warn("index not opened", { index: name, ...traceOf(fault) });
      return fault;
    }
    this.#log.error("index damaged", { index: name, ...traceOf(error) });
    entry.damage = new Fault(
      "internal",
      `The index ${name} cannot be opened. ${fault.message} Nothing of it is served until it is repaired ` +
        `(lakehouse vectors repair ${name}), put back to a snapshot, or dropped.`,
    );
    return entry.damage;
  }

  async #opened(name: string): Promise<EngineIndex> {
    this.#refuseClosed();
    const dir = this.#path(name);
    if (!existsSync(dir)) throw new Fault("internal", "Its folder is missing.");
    return openIndex({ dir, clock: this.#clock, log: this.#log.with({ index: name }), lance: this.#lance });
  }

  async #removeFolder(name: string): Promise<void> {
    const dropped = await drop(this.#folder, name);
    // Its place tells the next start that it was dropped, if the list cannot be written; its files are gone before,
    // so that a full disk has room for the list.
    for (const file of await readdir(dropped))
      await rm(join(dropped, file), { recursive: true, force: true });
    await this.#save();
    await rm(dropped, { recursive: true, force: true });
  }

  #shapeIn(name: string): string | null {
    try {
      return shapeText(readShape(this.#path(name)));
    } catch {
      // Opening it says what is wrong.
      return null;
    }
  }

  #list(): IndexList {
    return new Map([...this.#entries].map(([name, { shape }]) => [name, shape]));
  }

  /** One at a time, each with what is there when its turn comes. */
  #save(): Promise<void> {
    const saved = this.#saving.then(() => writeList(this.#folder, this.#list()));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  #refuseBusy(name: string): void {
    if (!this.#busy.has(name)) return;
    const message = `A snapshot, a restore or a repair of ${name} is under way. Try again when it is done.`;
    throw new Fault("conflict", message);
  }
}

function notFound(name: string): Fault {
  return new Fault("not_found", `There is no vector index ${name}. Create it with PUT /v1/vectors/${name}.`);
}

function isSameList(a: IndexList | null, b: IndexList): boolean {
  return (
    a !== null && a.size === b.size && [...b].every(([name, shape]) => a.get(name) === shape && a.has(name))
  );
}
