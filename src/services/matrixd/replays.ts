// Replays with and without: each recorded outcome is a test of the playbooks that were there before it. The query is ranked
// as it would have been just before, and once more with the answer of each playbook that acted where it would stand without
// one; by how much the answer with the known outcome rises or falls is that playbook's lift or harm. In the background, one
// outcome at a time and mostly idle: what nobody waits for must not slow those who wait.

import type { MatrixHit } from "#contracts/matrix";
import type { vector as vectorContract } from "#contracts/vector";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { Corpora } from "./corpus/corpora.ts";
import { effectOf } from "./playbooks/effect.ts";
import type { Playbook, Version } from "./playbooks/playbook.ts";
import type { Playbooks } from "./playbooks/playbooks.ts";
import type { Understanding } from "./query/understand.ts";
import type { PlaybookUse } from "./rank/lifting.ts";
import { orderable } from "./rank/merge.ts";
import { placed } from "./rank/order.ts";
import { type Request, retrieve } from "./rank/retrieve.ts";
import { STANDARD_WEIGHTS } from "./rank/score.ts";

export interface ReplaysDeps {
  readonly playbooks: Playbooks;
  readonly corpora: Corpora;
  readonly understanding: Understanding;
  readonly vector: Service<typeof vectorContract>;
  readonly failures: BackgroundFailures;
}

export interface Replays {
  /** Takes an outcome into the queue; one that finds no room is counted as a failure. */
  add(playbook: Playbook): void;
  readonly waiting: number;
  /** Resolves when the queue is empty, or the time is over. */
  settled(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Outcomes that wait; each is a search. */
const WAITING_MAX = 10_000;
/** Hits that count: the depth of DCG@10. */
const DEPTH = 10;
/** Enough that every place among the first ten is known, with and without. */
const HITS = 30;
/** Idle time for each time at work, and at most. */
const IDLE_SHARE = 3;
const PAUSE_MS_MAX = 50;
/** As a search has them unless it says otherwise. */
const TOP_K = 5;
const DISTANCE_MAX = 0.5;

interface Outcome {
  readonly playbook: Playbook;
  readonly version: Version;
}

export function createReplays({ playbooks, corpora, understanding, vector, failures }: ReplaysDeps): Replays {
  const queue: Outcome[] = [];
  let running: Promise<void> | undefined;
  let closed = false;

  const run = async (): Promise<void> => {
    // Closing empties the queue.
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const started = performance.now();
      try {
        await replay(next);
      } catch (error) {
        // A corpus that is gone or being built has nothing to be judged by.
        const { code } = toFault(error);
        if (code !== "not_found" && code !== "unavailable") failures.note("replay of an outcome", error);
      }
      await Bun.sleep(closed ? 0 : Math.min(PAUSE_MS_MAX, IDLE_SHARE * (performance.now() - started)));
    }
    running = undefined;
  };

  const replay = async ({ playbook, version }: Outcome): Promise<void> => {
    const { corpus, queryText: text, role: recorded, answerId } = playbook;
    const generation = corpora.generation(corpus);
    const role = recorded ?? undefined;
    const before = version.recordedAt - 1;
    const understood = await understanding.understand(
      { text, role, now: before, model: generation.model },
      {},
    );
    const use: PlaybookUse = {
      gate: "strict",
      topK: TOP_K,
      distanceMax: DISTANCE_MAX,
      at: before,
      matching: (search, call) => playbooks.matching(search, call),
    };
    const request: Request = {
      understood,
      text,
      role,
      k: HITS,
      mode: "hybrid",
      explain: false,
      now: before,
      weights: corpora.weightsAt(corpus, before) ?? STANDARD_WEIGHTS,
      playbooks: use,
      filter: undefined,
      near: undefined,
    };
    const found = await retrieve(generation, request, vector, {});
    if (found.playbook.degraded !== undefined) return;
    const gain = effectOf(version) === "lift" ? version.score : -(1 - version.score);
    const worthOf = (hits: readonly MatrixHit[]): number => discount(rankOf(hits, answerId));
    const withAll = worthOf(found.hits);
    for (const hit of found.hits) {
      if (hit.boost === undefined) continue;
      const { playbook_id: id, version: acted } = hit.boost;
      const effect = gain * (withAll - worthOf(withoutBoost(found.hits, hit)));
      await playbooks.judged(id, `${playbook.id}.${version.version}`, {
        version: acted,
        at: version.recordedAt,
        effect,
      });
    }
  };

  return {
    add: (playbook) => {
      const version = playbook.versions.at(-1);
      if (version === undefined || closed) return;
      if (queue.length >= WAITING_MAX) return failures.count("replay of an outcome");
      queue.push({ playbook, version });
      running ??= run();
    },
    get waiting() {
      return queue.length + (running === undefined ? 0 : 1);
    },
    settled: async (timeoutMs) => {
      if (running === undefined) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
      await Promise.race([running, late]).finally(() => clearTimeout(timer));
    },
    close: async () => {
      closed = true;
      queue.length = 0;
      await running;
    },
  };
}

/** The hits as they would be if nothing were recorded of one's row; it stays out where only a playbook brought it in. */
function withoutBoost(hits: readonly MatrixHit[], hit: MatrixHit): MatrixHit[] {
  const others = hits.filter((one) => one !== hit);
  if (hit.injected === true) return others;
  const { boost: _boost, score_raw: raw = hit.score, ...plain } = hit;
  return [...others, { ...plain, score: raw, distance: hit.distance_raw }];
}

function rankOf(hits: readonly MatrixHit[], id: string): number {
  return placed(hits.map(orderable), DEPTH).findIndex(({ one }) => one.id === id);
}

/** What a place is worth in DCG@10 (Jarvelin and Kekalainen, TOIS 2002); nothing behind the tenth. */
function discount(rank: number): number {
  return rank < 0 || rank >= DEPTH ? 0 : 1 / Math.log2(rank + 2);
}
