// The rosters that are in memory. One is loaded when it is first needed, and loaded again when its source has another
// version; until that is through, and when it fails, the one before serves. A source that is away or damaged is told by
// every call that needs it, and by the service's health.

import type { RosterStatus } from "#contracts/validate";
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

export interface RostersDeps {
  /** The source of the house's own roster. */
  readonly own: { readonly name: string; readonly source: RosterSource };
  readonly sourceOf: (dataset: string) => RosterSource;
  readonly failures: BackgroundFailures;
  readonly clock: Clock;
}

interface Entry {
  readonly name: string;
  readonly source: RosterSource;
  roster: Roster | undefined;
  loading: Promise<Roster> | undefined;
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

  constructor(deps: RostersDeps) {
    this.#deps = deps;
  }

  /** The dataset of the house's own roster, or `default` for a file. */
  get ownName(): string {
    return this.#deps.own.name;
  }

  /** The roster to look workers up in. Throws `unavailable` when there is none. */
  async use(name: string | undefined): Promise<Roster> {
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
    if (roster === undefined) return loading;
    return Promise.race([loading.catch(() => roster), after(NEWER_WAIT_MS, roster)]);
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
      const pause = timeSlicer();
      for await (const { rows, columns } of entry.source.rows()) {
        for (const row of rows) {
          if (!roster.add(readRosterRow(row, columns))) skipped += 1;
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

  #statusOf({ name, source, roster, loading, loadedAt, loadMs, skipped, failed }: Entry): RosterStatus {
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
      ...(failed === undefined ? {} : { error: failed.fault.message }),
    };
  }
}

/** How the house's own roster is named in a path, where it is a file. */
const OWN = "default";

async function after<T>(ms: number, value: T): Promise<T> {
  await Bun.sleep(ms);
  return value;
}
