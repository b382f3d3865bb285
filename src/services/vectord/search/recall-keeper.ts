// Keeps an index's recall where it should be. How many candidates a graph must give for the true neighbours to be
// among them depends on the data: a graph leads well through clusters and badly through noise, and under the dot
// product, which is no distance, worse than elsewhere. So effort, a factor on the candidates, is measured and not
// assumed:
//
//   calibration  when a graph is searched that was built since the last one, stored rows and the last live queries are
//                searched for with growing effort and exactly; the least effort that finds enough is used, or that beyond
//                which a scan is cheaper anyway (search.ts compares costs); few neighbours and many need different efforts
//   observation  one in a hundred live searches by graph is done once more, exactly, after it was answered; when
//                recall is surely below its target, effort doubles, and at its end the graph is built from nothing
//
// Until a graph was calibrated at about its size, searches spend what finds enough in any graph that was seen: on a busy
// machine that may take a minute, and a slower reply is better than a wrong one. Both share the event loop with searches and
// take a small part of it.

import { seeded } from "#lib/random";
import type { Rows } from "../rows/rows.ts";
import { countNear, exactDistances } from "./recall.ts";
import { type Graphs, runSearch, scanIsCheaper, type Search } from "./search.ts";

export interface ObservedRecall {
  /** The share of the true nearest that live searches by graph found, 0 to 1. */
  readonly recall: number;
  /** Wilson's interval around it at 95 %. */
  readonly low: number;
  readonly high: number;
  /** Searches that were done again exactly, since effort last changed. */
  readonly searches: number;
}

const EFFORT_MAX = 64;
/** People need 2 to 4 of a hundred thousand, clusters 1, noise more. */
const UNCALIBRATED: Efforts = { narrow: 16, wide: 16 };
/**
 * Where rows need more than the least, queries unlike any row need more still: over people, who are found as they should be at
 * 2, those who are near a role and a city to 97 % at 2, and to 99 % at 4.
 */
const HARD_MARGIN = 2;
/** A graph that has grown by more is another one. */
const GROWTH_MAX = 1.5;
/** Up to so many neighbours a search is a narrow one. */
const NARROW_MAX = 32;
/** Live queries that are kept for the next calibration: they may be unlike any row. */
const QUERIES_KEPT = 32;
/** Rows that are searched for in a calibration, with a narrow and a wide search each. */
const CALIBRATION_ROWS = 32;
const CALIBRATION_KS = { narrow: 11, wide: 100 } as const;
const CALIBRATION_RECALL = 0.992;
/** Live searches are held to less: their queries may be unlike any row. */
export const OBSERVED_RECALL = 0.97;
/** The event loop is free for so many times as long as a calibration step took; on a busy machine, most of which others took. */
const CALIBRATION_REST = 4;
const CALIBRATION_REST_MS_MAX = 400;
/** A graph that is poor after a build from nothing stays so with these rows. */
export const REBUILD_MS_MIN = 3_600_000;
/** A normal deviate's 97.5 % quantile. */
const Z = 1.96;

export interface ObservationLimits {
  /** Of the searches by graph, so many are done again exactly. */
  readonly share: number;
  /** The next one waits so many times as long as the last one took. */
  readonly rest: number;
  /** True neighbours looked for before a judgement. */
  readonly possibleMin: number;
}

/** At most one in a hundred searches and a hundredth of the time; a judgement takes about twenty searches for ten. */
export const OBSERVATION: ObservationLimits = { share: 1 / 100, rest: 99, possibleMin: 200 };
/** The longest rest: an observation takes some 20 ms of a large index, and the rest of its time is of a busy machine. */
const OBSERVATION_REST_MS_MAX = 3_000;

/** Factors on the candidates of a search, by how many neighbours it wants. */
export interface Efforts {
  readonly narrow: number;
  readonly wide: number;
}

export class RecallKeeper {
  readonly #rows: Rows;
  readonly #graphs: Graphs;
  readonly #rebuild: () => Promise<void>;
  readonly #limits: ObservationLimits;
  #efforts: Efforts;
  /** Rows in the graph that they were measured on; 0 when they were not. */
  #measuredAt = 0;
  #calibrating: Promise<void> | null = null;
  #due: boolean;
  /** The graph was asked, or would have been with less effort. */
  #asked = false;
  /** The graph is another one since the calibration under way began. */
  #again = false;
  readonly #queries: Float32Array[] = [];
  #searches = 0;
  #observing = false;
  #observed = { found: 0, possible: 0, searches: 0 };
  #rebuiltAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** `rebuild` builds the graphs from nothing; `known` is what the graph that serves was found to need. */
  constructor(
    rows: Rows,
    graphs: Graphs,
    rebuild: () => Promise<void>,
    limits: ObservationLimits = OBSERVATION,
    known?: Efforts,
  ) {
    this.#limits = limits;
    this.#rows = rows;
    this.#graphs = graphs;
    this.#rebuild = rebuild;
    this.#efforts = known ?? UNCALIBRATED;
    if (known !== undefined) this.#measuredAt = graphs.whole.size;
    this.#due = known === undefined;
  }

  /** For a search of k neighbours. */
  effortFor(k: number): number {
    return k <= NARROW_MAX ? this.#efforts.narrow : this.#efforts.wide;
  }

  /** What the graph was found to need; undefined until it was measured. */
  get measured(): Efforts | undefined {
    return this.#measuredAt === 0 ? undefined : this.#efforts;
  }

  /** Null before the first search by graph was done again. */
  get observed(): ObservedRecall | null {
    const { found, possible, searches } = this.#observed;
    return possible === 0 ? null : { recall: found / possible, ...wilson(found, possible), searches };
  }

  /** The graph that serves was not measured, and somebody searches it. */
  get due(): boolean {
    return this.#due && this.#asked;
  }

  /** Somebody searches, and leaves it to the index how. */
  asked(): void {
    this.#asked = true;
  }

  /** The graph is another one. What is measured of the one before is not used, and is measured once more. */
  changed(): void {
    const { size } = this.#graphs.whole;
    if (size > this.#measuredAt * GROWTH_MAX) {
      this.#use(greater(this.#efforts, UNCALIBRATED));
      this.#measuredAt = 0;
    }
    if (this.#calibrating !== null) {
      this.#again = true;
      return;
    }
    this.#due = true;
    this.#asked = false;
  }

  /** Measures what effort the graph needs. A call while that is under way begins it once more, for the graph of now. */
  calibrate(): Promise<void> {
    this.#due = false;
    this.#again = true;
    this.#calibrating ??= this.#calibrations().finally(() => {
      this.#calibrating = null;
    });
    return this.#calibrating;
  }

  async #calibrations(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      await this.#calibrate();
    }
  }

  async settled(): Promise<void> {
    await this.#calibrating;
  }

  /** Called after a search by graph was answered; `search` is as it was run. */
  observe(search: Search): void {
    this.#searches += 1;
    if (this.#searches * this.#limits.share < 1 || this.#observing || this.#closed) return;
    this.#searches = 0;
    this.#observing = true;
    if (this.#queries.push(search.vector) > QUERIES_KEPT) this.#queries.shift();
    void this.#observe(search).finally(() => {
      this.#observing = false;
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #calibrate(): Promise<void> {
    const all = this.#rows.live.toRows();
    const widest = CALIBRATION_KS.wide;
    const { whole } = this.#graphs;
    if (!whole.ready || all.length <= 2 * widest) return;
    const { size } = whole;
    const random = seeded(all.length);
    const vectors = this.#queries.slice();
    for (let i = 0; i < CALIBRATION_ROWS; i++) {
      const row = all[random.below(all.length)] as number;
      if (this.#rows.isLive(row)) vectors.push(this.#rows.vector(row).slice());
    }
    const probes: Probe[] = [];
    for (const vector of vectors) {
      const started = performance.now();
      const nearest = await exactDistances(this.#rows, this.#graphs, { vector, k: widest });
      probes.push({ vector, nearest });
      if (!(await this.#pause(started))) return;
    }
    const wide = await this.#effortNeeded(probes, CALIBRATION_KS.wide, 1);
    if (wide === undefined) return;
    // A row's own vector leads to it and its nearest; how hard the others are to find shows in a wide search alone.
    const narrow = await this.#effortNeeded(probes, CALIBRATION_KS.narrow, wide);
    if (narrow === undefined) return;
    this.#measuredAt = size;
    this.#use({ narrow: withMargin(narrow), wide: withMargin(wide) });
  }

  /** The least from the given one on that finds enough of the k nearest; undefined when nobody needs to know any more. */
  async #effortNeeded(probes: readonly Probe[], k: number, from: number): Promise<number | undefined> {
    let effort = from;
    for (; effort < EFFORT_MAX && !scanIsCheaper(this.#rows, k, effort); effort *= 2) {
      let [found, possible] = [0, 0];
      for (const { vector, nearest } of probes) {
        const started = performance.now();
        const search = { vector, k, effort, graphOnly: true };
        const { hits } = await runSearch(this.#rows, this.#graphs, search);
        found += countNear(hits, nearest.slice(0, k));
        possible += Math.min(k, nearest.length);
        if (!(await this.#pause(started))) return undefined;
      }
      if (found >= CALIBRATION_RECALL * possible) break;
    }
    return effort;
  }

  /** False when what is being measured is not wanted any more. */
  async #pause(started: number): Promise<boolean> {
    await rest(Math.min(CALIBRATION_REST_MS_MAX, (performance.now() - started) * CALIBRATION_REST));
    return !this.#closed && !this.#again;
  }

  async #observe(search: Search): Promise<void> {
    await rest(0);
    if (this.#closed) return;
    const started = performance.now();
    const nearest = await exactDistances(this.#rows, this.#graphs, search);
    const { hits, plan } = await runSearch(this.#rows, this.#graphs, search);
    if (plan !== "exact") {
      this.#observed.found += countNear(hits, nearest);
      this.#observed.possible += nearest.length;
      this.#observed.searches += 1;
      this.#judge();
    }
    await rest(Math.min(OBSERVATION_REST_MS_MAX, (performance.now() - started) * this.#limits.rest));
  }

  #judge(): void {
    const { found, possible } = this.#observed;
    if (possible < this.#limits.possibleMin || wilson(found, possible).high >= OBSERVED_RECALL) return;
    const { narrow, wide } = this.#efforts;
    if (Math.min(narrow, wide) < EFFORT_MAX)
      return this.#use({ narrow: Math.min(EFFORT_MAX, 2 * narrow), wide: Math.min(EFFORT_MAX, 2 * wide) });
    if (performance.now() - this.#rebuiltAt < REBUILD_MS_MIN) return;
    this.#rebuiltAt = performance.now();
    // A build that fails is reported by GraphEvents, and tried again in its own time.
    void this.#rebuild().catch(() => undefined);
  }

  #use(efforts: Efforts): void {
    if (efforts.narrow === this.#efforts.narrow && efforts.wide === this.#efforts.wide) return;
    this.#efforts = efforts;
    this.#observed = { found: 0, possible: 0, searches: 0 };
  }
}

interface Probe {
  readonly vector: Float32Array;
  /** Distances of its true nearest, nearest first. */
  readonly nearest: readonly number[];
}

function withMargin(effort: number): number {
  return effort === 1 ? effort : Math.min(EFFORT_MAX, HARD_MARGIN * effort);
}

function greater(one: Efforts, other: Efforts): Efforts {
  return { narrow: Math.max(one.narrow, other.narrow), wide: Math.max(one.wide, other.wide) };
}

/** Wilson's score interval for a share of `possible` (Wilson 1927). */
export function wilson(found: number, possible: number): { low: number; high: number } {
  const share = found / possible;
  const scale = 1 + Z ** 2 / possible;
  const centre = share + Z ** 2 / (2 * possible);
  const width = Z * Math.sqrt((share * (1 - share)) / possible + Z ** 2 / (4 * possible ** 2));
  return { low: (centre - width) / scale, high: Math.min(1, (centre + width) / scale) };
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
