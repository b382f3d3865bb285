// The rosters that are in memory. One is loaded when it is first needed, and loaded again when its source has another
// version; until that is through, and when it fails, the one before serves. A source that is away or damaged is told by
// every call that needs it, and by the service's health.
//
// A call waits for a first load for as long as it may, and is told then how far that is: the load goes on without it. The
// house's own roster, where it is large, is loaded ahead of the first call.

import { ROSTER_LOADING, type RosterStatus } from "#contracts/validate";
import type { Clock } from "#lib/clock";
import { timeSlicer } from "#lib/event-loop";
import type { BackgroundFailures } from "#rpc/background-failures";
import { Fault, toFault } from "#rpc/fault";
import { readRosterRow } from "./read-row.ts";
import { Roster } from "./roster.ts";
import { ABSENT, type RosterSource } from "./sources.ts";

/** Each of half a million workers takes some 75 MB. */
const ROSTERS_MAX = 4;
/** How long a call waits for the newer version before it is answered from the one before. */
const NEWER_WAIT_MS = 250;
/** A source that failed is not read again by every call. */
const RETRY_MS = 5000;
/** What a call keeps of its time for its own work, once the roster is there, and for its reply. */
const OWN_WORK_MS = 3000;
/** Half a million rows take some seconds, of which a caller who comes back misses none. */
const LOADING_RETRY_MS = 1000;
/** A smaller roster is read while its first call waits, which nobody notices. */
export const LARGE_ROWS = 20_000;
/** As long as it takes to make what was ingested searchable, after which the first order comes. */
const AHEAD_MS = 10_000;
/** After a load ahead so many times as long passes as it took: a large roster that changes all the time costs a tenth of a core. */
const AHEAD_REST = 9;

export interface RostersDeps {
  /** The source of the house's own roster. */
  readonly own: { readonly name: string; readonly source: RosterSource };
  readonly sourceOf: (dataset: string) => RosterSource;
  readonly failures: BackgroundFailures;
  readonly clock: Clock;
  /** Rows from which the house's own roster is loaded ahead; `LARGE_ROWS` unless given. */
  readonly largeRows?: number | undefined;
}

interface Entry {
  readonly name: string;
  readonly source: RosterSource;
  roster: Roster | undefined;
  loading: Promise<Roster> | undefined;
  reading: { read: number; of: number | null } | undefined;
  loadedAt: number | undefined;
  loadMs: number | undefined;
  skipped: number;
  failed: { readonly fault: Fault; readonly version: string; readonly at: number } | undefined;
  usedAt: number;
}

export class Rosters {
  readonly #deps: RostersDeps;
  readonly #entries = new Map<string, Entry>();
  /** Two loads at once would take twice the memory and no less time. */
  #turn: Promise<unknown> = Promise.resolve();
  #ahead: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(deps: RostersDeps) {
    this.#deps = deps;
  }

  /** From now on the house's own roster, where it is large, is loaded as soon as there is a newer one. */
  loadAhead(): void {
    void this.#loadIfLarge().finally(() => {
      if (this.#isClosed) return;
      const restMs = AHEAD_REST * (this.#entry(undefined).loadMs ?? 0);
      this.#ahead = setTimeout(() => this.loadAhead(), Math.max(AHEAD_MS, restMs));
      this.#ahead.unref();
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#ahead);
  }

  async #loadIfLarge(): Promise<void> {
    const entry = this.#entry(undefined);
    try {
      const { version, rows } = await entry.source.version();
      const isKnown = entry.roster?.version === version || entry.failed?.version === version;
      if (!isKnown && rows >= (this.#deps.largeRows ?? LARGE_ROWS)) await this.#load(entry);
    } catch {
      // There is none yet, or it failed and is noted: the call that needs it is told.
    }
  }

  /** The dataset of the house's own roster, or `default` for a file. */
  get ownName(): string {
    return this.#deps.own.name;
  }

  /**
   * The roster to look workers up in. Throws `unavailable` when there is none, and where it is still being read when the call
   * must end, `deadline` being in milliseconds since the epoch.
   */
  async use(name: string | undefined, deadline = Infinity): Promise<Roster> {
    const entry = this.#entry(name);
    entry.usedAt = this.#deps.clock.now();
    const { roster } = entry;
    let version: string;
    try {
      ({ version } = await entry.source.version());
    } catch (thrown) {
      if (roster === undefined) throw thrown;
      this.#noteFailure(entry, "", thrown);
      return roster;
    }
    if (roster?.version === version) {
      entry.failed = undefined;
      return roster;
    }
    const { failed } = entry;
    const recently = failed?.version === version && this.#deps.clock.now() - failed.at < RETRY_MS;
    if (recently && failed !== undefined) {
      if (roster === undefined) throw failed.fault;
      return roster;
    }
    const loading = this.#load(entry);
    if (roster === undefined) return this.#first(entry, loading, deadline);
    return Promise.race([loading.catch(() => roster), after(NEWER_WAIT_MS, roster)]);
  }

  async #first(entry: Entry, loading: Promise<Roster>, deadline: number): Promise<Roster> {
    if (deadline === Infinity) return loading;
    const waitMs = Math.max(0, deadline - Date.now() - OWN_WORK_MS);
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => late.resolve(undefined), waitMs);
    try {
      const loaded = await Promise.race([loading, late.promise]);
      if (loaded !== undefined) return loaded;
    } finally {
      clearTimeout(timer);
    }
    throw new Fault("unavailable", `${readingWords(entry)} Try again in a moment; it goes on by itself.`, {
      reason: ROSTER_LOADING,
      retryAfterMs: LOADING_RETRY_MS,
    });
  }

  /** Loads a roster whether it has changed or not, and waits for it. */
  async load(name: string): Promise<RosterStatus> {
    const entry = this.#entry(name);
    try {
      await entry.source.version();
    } catch (thrown) {
      const { reason, message } = toFault(thrown);
      if (entry.roster === undefined) this.#entries.delete(entry.name);
      throw reason === ABSENT ? new Fault("not_found", message, { cause: thrown }) : thrown;
    }
    await this.#load(entry, true);
    return this.#statusOf(entry);
  }

  list(): RosterStatus[] {
    this.#entry(undefined);
    return [...this.#entries.values()].map((entry) => this.#statusOf(entry));
  }

  /** Names of rosters whose last load failed. */
  damaged(): string[] {
    return [...this.#entries.values()]
      .filter(({ failed, roster }) => failed !== undefined && roster !== undefined)
      .map(({ name }) => `roster ${name}`);
  }

  #entry(name: string | undefined): Entry {
    const { own, sourceOf } = this.#deps;
    const isOwn = name === undefined || name === OWN || name === own.name;
    const key = isOwn ? own.name : name;
    const before = this.#entries.get(key);
    if (before !== undefined) return before;
    const entry: Entry = {
      name: key,
      source: isOwn ? own.source : sourceOf(key),
      roster: undefined,
      loading: undefined,
      reading: undefined,
      loadedAt: undefined,
      loadMs: undefined,
      skipped: 0,
      failed: undefined,
      usedAt: this.#deps.clock.now(),
    };
    this.#makeRoom();
    this.#entries.set(key, entry);
    return entry;
  }

  /** The roster that was not used for longest goes, but never the house's own. */
  #makeRoom(): void {
    const others = [...this.#entries.values()].filter(({ name }) => name !== this.#deps.own.name);
    if (others.length < ROSTERS_MAX - 1) return;
    const [oldest] = others.sort((a, b) => a.usedAt - b.usedAt);
    if (oldest !== undefined) this.#entries.delete(oldest.name);
  }

  #load(entry: Entry, again = false): Promise<Roster> {
    if (entry.loading !== undefined && !again) return entry.loading;
    const work = this.#turn.then(() => this.#read(entry));
    this.#turn = work.catch(() => undefined);
    const loading = work.finally(() => {
      entry.reading = undefined;
      if (entry.loading === loading) entry.loading = undefined;
    });
    entry.loading = loading;
    // Whoever waits gets the fault; when nobody does, it is in the status and the health.
    loading.catch(() => undefined);
    return loading;
  }

  async #read(entry: Entry): Promise<Roster> {
    const { clock } = this.#deps;
    const started = performance.now();
    let version = "";
    try {
      const newest = await entry.source.version();
      ({ version } = newest);
      const roster = new Roster(version, newest.rows);
      let skipped = 0;
      const reading = { read: 0, of: newest.rows === 0 ? null : newest.rows };
      entry.reading = reading;
      const pause = timeSlicer();
      for await (const { rows, columns } of entry.source.rows()) {
        for (const row of rows) {
          if (!roster.add(readRosterRow(row, columns))) skipped += 1;
          reading.read += 1;
          const turn = pause();
          if (turn !== null) await turn;
        }
      }
      roster.finish();
      Object.assign(entry, { roster, skipped, failed: undefined, loadedAt: clock.now() });
      entry.loadMs = performance.now() - started;
      return roster;
    } catch (thrown) {
      this.#noteFailure(entry, version, thrown);
      const { message, code } = toFault(thrown);
      if (code === "unavailable") throw thrown;
      throw new Fault("unavailable", `The roster ${entry.name} could not be loaded: ${message}`, {
        cause: thrown,
      });
    }
  }

  #noteFailure(entry: Entry, version: string, thrown: unknown): void {
    const fault = toFault(thrown);
    if (entry.failed?.version !== version || entry.failed.fault.message !== fault.message)
      this.#deps.failures.note("roster load", thrown, { roster: entry.name });
    entry.failed = { fault, version, at: this.#deps.clock.now() };
  }

  #statusOf(entry: Entry): RosterStatus {
    const { name, source, roster, loading, reading, loadedAt, loadMs, skipped, failed } = entry;
    const status =
      roster !== undefined ? "ready" : loading !== undefined ? "loading" : failed ? "failed" : "absent";
    return {
      roster: name,
      source: source.kind,
      status,
      version: roster?.version ?? null,
      workers: roster?.size ?? 0,
      bytes: roster?.bytes ?? 0,
      loaded_at: loadedAt === undefined ? null : new Date(loadedAt).toISOString(),
      load_ms: loadMs ?? null,
      skipped,
      ...(reading === undefined ? {} : { reading: { ...reading } }),
      ...(failed === undefined ? {} : { error: failed.fault.message }),
    };
  }
}

function readingWords({ name, reading }: Entry): string {
  if (reading === undefined) return `The roster ${name} is about to be read.`;
  const { read, of } = reading;
  const whole = (count: number): string => count.toLocaleString("en-US");
  const far = of === null ? `${whole(read)} people so far` : `${whole(read)} of ${whole(of)} people`;
  return `The roster ${name} is being read: ${far}.`;
}

/** How the house's own roster is named in a path, where it is a file. */
const OWN = "default";

async function after<T>(ms: number, value: T): Promise<T> {
  await Bun.sleep(ms);
  return value;
}
