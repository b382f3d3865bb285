// Keeps an index's recall where it should be. How many candidates a graph must give for the true neighbours to be
// among them depends on the data: a graph leads well through clusters and badly through noise, and under the dot
// product, which is no distance, worse than elsewhere. So effort, a factor on the candidates, is measured and not
// assumed:
//
//   calibration  after each build, stored rows are searched for with growing effort and exactly; the least effort
//                that finds enough is used, or that beyond which a scan is cheaper anyway (search.ts compares costs)
//   observation  one in a hundred live searches by graph is done once more, exactly, after it was answered; when
//                recall is surely below its target, effort doubles, and at its end the graph is built from nothing
//
// Both share the event loop with searches and take a small part of it.

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
/** Rows that are searched for in a calibration, with a narrow and a wide search each: either may be the harder one. */
const CALIBRATION_ROWS = 64;
const CALIBRATION_KS = [11, 100] as const;
const CALIBRATION_RECALL = 0.992;
/** Live searches are held to less: their queries may be unlike any row. */
export const OBSERVED_RECALL = 0.97;
/** The event loop is free for so many times as long as a calibration step took. */
const CALIBRATION_REST = 4;
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

/** At most one in a hundred searches and a hundredth of the time; a judgement takes about fifty searches for ten. */
export const OBSERVATION: ObservationLimits = { share: 1 / 100, rest: 99, possibleMin: 500 };

export class RecallKeeper {
  readonly #rows: Rows;
  readonly #graphs: Graphs;
  readonly #rebuild: () => Promise<void>;
  readonly #limits: ObservationLimits;
  #effort: number;
  #calibrating: Promise<void> | null = null;
  #searches = 0;
  #observing = false;
  #observed = { found: 0, possible: 0, searches: 0 };
  #rebuiltAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  /** `rebuild` builds the graphs from nothing. */
  constructor(
    rows: Rows,
    graphs: Graphs,
    rebuild: () => Promise<void>,
    limits: ObservationLimits = OBSERVATION,
  ) {
    this.#limits = limits;
    this.#rows = rows;
    this.#graphs = graphs;
    this.#rebuild = rebuild;
    // Until the first calibration is done.
    this.#effort = rows.shape.metric === "dot" ? 8 : 1;
  }

  get effort(): number {
    return this.#effort;
  }

  /** Null before the first search by graph was done again. */
  get observed(): ObservedRecall | null {
    const { found, possible, searches } = this.#observed;
    return possible === 0 ? null : { recall: found / possible, ...wilson(found, possible), searches };
  }

  /** Measures what effort the graph needs; a call while one is under way joins it. */
  calibrate(): Promise<void> {
    this.#calibrating ??= this.#calibrate().finally(() => {
      this.#calibrating = null;
    });
    return this.#calibrating;
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
    void this.#observe(search).finally(() => {
      this.#observing = false;
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #calibrate(): Promise<void> {
    const all = this.#rows.live.toRows();
    const widest = Math.max(...CALIBRATION_KS);
    if (!this.#graphs.whole.ready || all.length <= 2 * widest) return;
    const random = seeded(all.length);
    const probes: Probe[] = [];
    const pause = async (started: number): Promise<boolean> => {
      await rest((performance.now() - started) * CALIBRATION_REST);
      return !this.#closed;
    };
    for (let i = 0; i < CALIBRATION_ROWS; i++) {
      const started = performance.now();
      const row = all[random.below(all.length)] as number;
      if (!this.#rows.isLive(row)) continue;
      const vector = this.#rows.vector(row).slice();
      const nearest = await exactDistances(this.#rows, this.#graphs, { vector, k: widest });
      probes.push({ vector, nearest });
      if (!(await pause(started))) return;
    }
    let effort = 1;
    for (const k of CALIBRATION_KS) {
      for (; effort < EFFORT_MAX && !scanIsCheaper(this.#rows, k, effort); effort *= 2) {
        let [found, possible] = [0, 0];
        for (const { vector, nearest } of probes) {
          const started = performance.now();
          const search = { vector, k, effort, graphOnly: true };
          const { hits } = await runSearch(this.#rows, this.#graphs, search);
          found += countNear(hits, nearest.slice(0, k));
          possible += Math.min(k, nearest.length);
          if (!(await pause(started))) return;
        }
        if (found >= CALIBRATION_RECALL * possible) break;
      }
    }
    this.#use(effort);
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
    await rest((performance.now() - started) * this.#limits.rest);
  }

  #judge(): void {
    const { found, possible } = this.#observed;
    if (possible < this.#limits.possibleMin || wilson(found, possible).high >= OBSERVED_RECALL) return;
    if (this.#effort < EFFORT_MAX) return this.#use(this.#effort * 2);
    if (performance.now() - this.#rebuiltAt < REBUILD_MS_MIN) return;
    this.#rebuiltAt = performance.now();
    // A build that fails is reported by GraphEvents, and tried again in its own time.
    void this.#rebuild().catch(() => undefined);
  }

  #use(effort: number): void {
    this.#effort = effort;
    this.#observed = { found: 0, possible: 0, searches: 0 };
  }
}

interface Probe {
  readonly vector: Float32Array;
  /** Distances of its true nearest, nearest first. */
  readonly nearest: readonly number[];
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
