// The playbooks of a house: what is recorded, what of it acts on a search, and how often it did. A record is acknowledged
// when its query can be found and its row is on disk, in this order: what is on disk can always be found. Records that
// arrive while others are written are written together. A store that is damaged is not emptied: until it is restored,
// recording and reading fail with the reason, and searches say that they ranked without playbooks.

import type { State } from "#adapters/state";
import type { Playbook as WirePlaybook, PlaybookRecord } from "#contracts/matrix";
import type { Clock } from "#lib/clock";
import type { CacheFigures } from "#lib/figures";
import type { Log } from "#lib/log";
import type { CallInit } from "#rpc/call";
import { Fault, toFault, traceOf } from "#rpc/fault";
import { describedPlaybook, evidenceOf, HARM_LIMIT } from "./describe.ts";
import { decayAt } from "./effect.ts";
import { type GateRole, reachOf, rolesActing } from "./gate.ts";
import { type Library, newLibrary, type RecordedQuery } from "./library.ts";
import { matchesAmong, type Matches, type MatchQuery, NO_MATCHES } from "./matching.ts";
import { NearQueries, type NearQueriesDeps } from "./near-queries.ts";
import { marksWanted, type OrderPlace, placeMarks } from "./order-place.ts";
import {
  type Change,
  type Playbook,
  playbookIdOf,
  type PlaybookKey,
  queryKeyOf,
  type Replay,
  standingAt,
  type Version,
} from "./playbook.ts";
import {
  changePart,
  type Exposures,
  exposuresPart,
  keyPart,
  loadPlaybooks,
  replayPart,
  saveParts,
  type StoredPart,
  versionPart,
} from "./store.ts";

export interface PlaybookSettings {
  readonly halfLifeDays: number;
  readonly perActorMax: number;
  /** Harm less lift, in DCG@10, from which a playbook switches itself off. */
  readonly harmMax: number;
}

export interface PlaybooksDeps extends Pick<NearQueriesDeps, "embed" | "vector" | "failures"> {
  /** Opens the store. Throws `internal` when it is damaged. */
  readonly openState: () => State;
  readonly settings: PlaybookSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears of each version once it is durable. Must not throw, and nobody waits for it. */
  readonly onRecorded?: ((playbook: WirePlaybook) => void) | undefined;
}

/** A record whose answer and role were looked up. */
export interface PreparedRecord {
  readonly record: PlaybookRecord;
  readonly role: GateRole;
  readonly place: OrderPlace;
  readonly model: string;
  /** The API key. */
  readonly by: string;
}

export interface Recording {
  readonly playbook: Playbook;
  /** False when it said nothing that was not recorded already. */
  readonly changed: boolean;
}

export interface Search extends MatchQuery {
  readonly corpus: string;
  readonly model: string;
  /** Base64. */
  readonly vector: string;
  /** Answers that are lifted at most. */
  readonly topK: number;
}

export interface Found extends Matches {
  /** Why some or all playbooks did not act. */
  readonly degraded: string | undefined;
}

const DAY_MS = 86_400_000;
/** About a kilobyte of memory each; what a year of a large house's orders brings. */
const PLAYBOOKS_MAX = 1_000_000;
/** What an answer's outcomes change in years; more is a program that repeats itself. */
const VERSIONS_MAX = 1000;
/** Records that are written together. */
const BATCH_RECORDS = 200;
/** Records that wait to be written: some seconds' worth. */
const WAITING_MAX = 5000;
/** Queries that are looked at whatever their role and place are: the same order elsewhere, and what the gate keeps out. */
const NEAREST = 32;
/** How many of those that may act are looked at, one after the other, until enough of them do. */
const ACTING_COUNTS = [32, 256, 1000] as const;
/** Counts of exposures that a crash may lose are of so many milliseconds. */
const FLUSH_MS = 2000;
/** Outcomes that a playbook keeps as its evidence; older ones go first. */
const REPLAYS_MAX = 200;

interface Waiting {
  readonly prepared: PreparedRecord;
  resolve(recording: Recording): void;
  reject(error: unknown): void;
}

export class Playbooks {
  readonly #deps: PlaybooksDeps;
  readonly #library: Library = newLibrary();
  readonly #near: NearQueries;
  readonly #waiting: Waiting[] = [];
  readonly #exposed = new Set<string>();
  #state: State | undefined;
  #damaged: Fault | undefined;
  #writing: Promise<unknown> = Promise.resolve();
  #draining = false;
  #flushTimer: ReturnType<typeof setTimeout> | undefined;

  private constructor(deps: PlaybooksDeps) {
    this.#deps = deps;
    this.#near = new NearQueries({
      ...deps,
      queries: (corpus) => this.#library.queries(corpus),
      revision: (corpus) => this.#library.revision(corpus),
      exclusive: (work) => this.#exclusive(work),
    });
  }

  static async open(deps: PlaybooksDeps): Promise<Playbooks> {
    const playbooks = new Playbooks(deps);
    try {
      const state = deps.openState();
      playbooks.#state = state;
      for (const playbook of await loadPlaybooks(state)) playbooks.#library.put(playbook);
    } catch (error) {
      playbooks.#damaged = toFault(error);
      deps.log.error("playbooks cannot be used; searches rank without them", traceOf(error));
    }
    return playbooks;
  }

  /** Why no playbook can be used; undefined when all can. */
  get damaged(): string | undefined {
    return this.#damaged?.message;
  }

  /** Throws the fault of a damaged store. */
  get library(): Library {
    if (this.#damaged !== undefined) throw this.#damaged;
    return this.#library;
  }

  /** Whether a search of a corpus could meet any: false costs it nothing. */
  concerns(corpus: string): boolean {
    return this.#damaged !== undefined || this.#library.queries(corpus).size > 0;
  }

  /** Never throws: a search goes on without playbooks, and says so. */
  async matching(search: Search, call: CallInit): Promise<Found> {
    if (this.#damaged !== undefined) return { ...NO_MATCHES, degraded: this.#damaged.message };
    try {
      return await this.#matching(search, call);
    } catch (error) {
      const { code, message } = toFault(error);
      return { ...NO_MATCHES, degraded: `${code}: ${message}` };
    }
  }

  async #matching(search: Search, call: CallInit): Promise<Found> {
    const { corpus, text, model, vector, role, place, gate, distanceMax, topK } = search;
    const settings = {
      halfLifeMs: this.#deps.settings.halfLifeDays * DAY_MS,
      perActorMax: this.#deps.settings.perActorMax,
    };
    // The same text is found whatever an index knows.
    const exact = [role, null].flatMap((own) => {
      const recorded = this.#library.query(corpus, queryKeyOf({ corpus, queryText: text, role: own }));
      return recorded === undefined ? [] : [{ recorded, distance: 0 }];
    });
    const wanted = { corpus, model, vector, distanceMax };
    const any = await this.#near.near({ ...wanted, count: NEAREST, some: true }, call);
    // Those of roles and places that do not act must not keep others from being found.
    const mayAct = {
      ...wanted,
      distanceMax: Math.min(distanceMax, reachOf(gate, role)),
      roles: rolesActing(gate, role),
      places: marksWanted(place),
    };
    let found = NO_MATCHES;
    for (const count of ACTING_COUNTS) {
      const acting = any.isAll ? any : await this.#near.near({ ...mayAct, count }, call);
      const near = new Map([...acting.queries, ...any.queries, ...exact].map((one) => [one.recorded, one]));
      found = matchesAmong([...near.values()], this.#library, search, settings);
      if (any.isAll || acting.queries.length < count || found.lifts.length + found.pushes.length >= topK)
        break;
    }
    return { ...found, degraded: this.#near.unready(corpus, model) };
  }

  /** Of what is near an order. */
  get nearFigures(): CacheFigures {
    return this.#near.figures;
  }

  /** Records; resolves when it is durable and can be found. */
  record(prepared: PreparedRecord): Promise<Recording> {
    if (this.#damaged !== undefined) return Promise.reject(this.#damaged);
    if (this.#waiting.length >= WAITING_MAX) {
      return Promise.reject(
        new Fault("unavailable", "Too many records wait to be written.", { retryAfterMs: 1000 }),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Recording>();
    this.#waiting.push({ prepared, resolve, reject });
    if (!this.#draining) {
      this.#draining = true;
      void this.#exclusive(() => this.#drain());
    }
    return promise;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeBatch(this.#nextBatch());
    } finally {
      this.#draining = false;
    }
  }

  /** Of one model and corpus, and no playbook twice: its second version follows from its first. */
  #nextBatch(): Waiting[] {
    const [first] = this.#waiting;
    const batch: Waiting[] = [];
    const ids = new Set<string>();
    while (batch.length < BATCH_RECORDS) {
      const [next] = this.#waiting;
      if (next === undefined || next.prepared.model !== first?.prepared.model) break;
      if (next.prepared.record.answer_corpus !== first.prepared.record.answer_corpus) break;
      const id = playbookIdOf(keyOf(next.prepared));
      if (ids.has(id)) break;
      ids.add(id);
      this.#waiting.shift();
      batch.push(next);
    }
    return batch;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const at = this.#deps.clock.now();
    const parts: StoredPart[] = [];
    const queries = new Map<string, RecordedQuery>();
    const recorded: { waiting: Waiting; playbook: Playbook; changed: boolean }[] = [];
    for (const waiting of batch) {
      try {
        const { playbook, added } = this.#next(waiting.prepared, at);
        recorded.push({ waiting, playbook, changed: added.length > 0 });
        parts.push(...added);
        const key = queryKeyOf(playbook);
        const { corpus, role, queryText: text, place } = playbook;
        const known = this.#library.query(corpus, key);
        const places = new Set([
          ...(known?.places ?? []),
          ...(queries.get(key)?.places ?? []),
          ...placeMarks(place),
        ]);
        if (added.length > 0 && places.size > (known?.places.size ?? 0))
          queries.set(key, { key, corpus, role, text, ids: [], places });
      } catch (error) {
        waiting.reject(error);
      }
    }
    const [first] = recorded;
    if (first === undefined) return;
    try {
      const { model, record } = first.waiting.prepared;
      await this.#near.add(record.answer_corpus, model, [...queries.values()], {});
      if (parts.length > 0) await saveParts(this.#opened(), parts);
    } catch (error) {
      for (const { waiting } of recorded) waiting.reject(error);
      return;
    }
    for (const { waiting, playbook, changed } of recorded) {
      if (changed) {
        this.#library.put(playbook);
        this.#deps.onRecorded?.(describedPlaybook(playbook, this.#deps.clock.now()));
      }
      waiting.resolve({ playbook, changed });
    }
  }

  #next(prepared: PreparedRecord, at: number): { playbook: Playbook; added: StoredPart[] } {
    const { record, place, by } = prepared;
    const key = keyOf(prepared);
    const id = playbookIdOf(key);
    const before = this.#library.get(id);
    const said = {
      score: record.score,
      outcome: record.outcome,
      tags: record.tags,
      expiresAt: record.ttl_days === undefined ? undefined : at + record.ttl_days * DAY_MS,
      recordedBy: by,
    };
    const standing = before === undefined ? undefined : standingAt(before, at);
    const last = before?.versions.at(-1);
    const isRemoved = standing?.state === "removed" || standing?.state === "expired";
    if (before !== undefined && last !== undefined && !isRemoved && saysTheSame(last, record))
      return { playbook: before, added: [] };
    if (before === undefined && this.#library.size >= PLAYBOOKS_MAX) {
      throw new Fault("conflict", `There are ${PLAYBOOKS_MAX} playbooks, and no more are kept. Remove some.`);
    }
    if ((last?.version ?? 0) >= VERSIONS_MAX)
      throw new Fault("conflict", `This playbook has ${VERSIONS_MAX} versions, and no more are kept.`);
    // A clock that was put back would make the past say something else.
    const recordedAt = Math.max(at, (last?.recordedAt ?? 0) + 1, (before?.changes.at(-1)?.at ?? 0) + 1);
    const version: Version = { version: (last?.version ?? 0) + 1, ...said, recordedAt };
    const playbook: Playbook = {
      ...(before ?? {
        ...key,
        id,
        place,
        changes: [],
        replays: new Map(),
        exposures: 0,
        lastExposedAt: undefined,
      }),
      versions: [...(before?.versions ?? []), version],
    };
    const added = [
      ...(before === undefined ? [keyPart(id, { ...key, place })] : []),
      versionPart(id, version),
    ];
    return { playbook, added };
  }

  /** The playbook by its id; `not_found` when there is none or it was removed. */
  get(id: string): Playbook {
    const playbook = this.library.get(id);
    const state = playbook && standingAt(playbook, Infinity)?.state;
    if (playbook === undefined || state === "removed")
      throw new Fault("not_found", `There is no playbook ${id}. GET /v1/matrix/playbooks lists them.`);
    return playbook;
  }

  /** Resolves when it is durable. */
  change(id: string, change: Omit<Change, "at">): Promise<Playbook> {
    return this.#exclusive(async () => {
      const before = this.get(id);
      const state = standingAt(before, Infinity)?.disabled === undefined ? "enabled" : "disabled";
      if (state === change.to) return before;
      const at = Math.max(
        this.#deps.clock.now(),
        before.versions.at(-1)?.recordedAt ?? 0,
        (before.changes.at(-1)?.at ?? 0) + 1,
      );
      const made: Change = { ...change, at };
      await saveParts(this.#opened(), [changePart(id, before.changes.length + 1, made)]);
      // Counts may have changed meanwhile.
      const now = this.get(id);
      const playbook = { ...now, changes: [...now.changes, made] };
      this.#library.put(playbook);
      return playbook;
    });
  }

  /** Counts that a playbook acted on a hit of a response. */
  exposed(id: string): void {
    const playbook = this.#library.get(id);
    if (playbook === undefined) return;
    this.#library.put({
      ...playbook,
      exposures: playbook.exposures + 1,
      lastExposedAt: this.#deps.clock.now(),
    });
    this.#exposed.add(id);
    this.#flushTimer ??= setTimeout(() => void this.#flush(), FLUSH_MS);
  }

  async #flush(): Promise<void> {
    this.#flushTimer = undefined;
    const parts = [...this.#exposed].flatMap((id) => {
      const { exposures = 0, lastExposedAt = 0 } = this.#library.get(id) ?? {};
      const counted: Exposures = { count: exposures, lastAt: lastExposedAt };
      return [exposuresPart(id, counted)];
    });
    this.#exposed.clear();
    if (parts.length === 0) return;
    try {
      await this.#exclusive(() => saveParts(this.#opened(), parts));
    } catch (error) {
      for (const { id } of parts) this.#exposed.add(id);
      this.#deps.failures.note("counting of exposures", error);
    }
  }

  /** Keeps what an outcome says about a version, and switches the playbook off when its harm passes the limit. */
  async judged(id: string, outcome: string, replay: Replay): Promise<void> {
    const isHarmful = await this.#exclusive(async () => {
      const playbook = this.#library.get(id);
      if (playbook === undefined) return false;
      await saveParts(this.#opened(), [replayPart(id, outcome, replay)]);
      const replays = new Map([...playbook.replays, [outcome, replay] as const]);
      for (const [oldest] of replays) {
        if (replays.size <= REPLAYS_MAX) break;
        replays.delete(oldest);
      }
      const next = { ...(this.#library.get(id) ?? playbook), replays };
      this.#library.put(next);
      const { harm, lift } = evidenceOf(next);
      return harm - lift > this.#deps.settings.harmMax && standingAt(next, Infinity)?.state === "active";
    });
    if (!isHarmful) return;
    const reason = `Its harm passed ${this.#deps.settings.harmMax}: outcomes were worse with it than without.`;
    await this.change(id, { to: "disabled", by: HARM_LIMIT, reason });
  }

  /** What age has left of a playbook now, 0 to 1. */
  decay({ versions }: Playbook): number {
    const recordedAt = versions.at(-1)?.recordedAt ?? 0;
    return decayAt(this.#deps.clock.now() - recordedAt, this.#deps.settings.halfLifeDays * DAY_MS);
  }

  /** Settled when what is recorded is written and every query indexed. */
  async settled(): Promise<void> {
    await this.#writing;
    await this.#near.settled();
  }

  async close(): Promise<void> {
    clearTimeout(this.#flushTimer);
    await this.#flush();
    await this.#writing;
    await this.#near.close();
    await this.#state?.close();
  }

  #opened(): State {
    if (this.#damaged !== undefined || this.#state === undefined)
      throw this.#damaged ?? new Fault("unavailable", "Playbooks are not open.");
    return this.#state;
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

function keyOf({ record, role, by }: PreparedRecord): PlaybookKey {
  return {
    corpus: record.answer_corpus,
    queryText: record.query_text,
    role,
    answerId: record.answer_id,
    actor: record.actor ?? by,
  };
}

/** A record that is sent again says nothing new, whatever time has passed. */
function saysTheSame(last: Version, record: PlaybookRecord): boolean {
  const ttlDays =
    last.expiresAt === undefined ? undefined : Math.round((last.expiresAt - last.recordedAt) / DAY_MS);
  return (
    last.score === record.score &&
    ttlDays === record.ttl_days &&
    Bun.deepEquals(last.outcome ?? {}, record.outcome ?? {}) &&
    Bun.deepEquals(last.tags ?? [], record.tags ?? [])
  );
}
