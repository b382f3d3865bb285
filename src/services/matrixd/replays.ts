// Replays with and without: each recorded outcome is a test of the playbooks that were there before it. The query is ranked
// as it would have been just before, once with all playbooks and once without each one that acted; by how much the
// answer with the known outcome rose or fell is that playbook's lift or harm. In the background, one outcome at a
// time; what nobody waits for must not slow those who wait.

import type { vector as vectorContract } from "#contracts/vector";
import { yieldToEventLoop } from "#lib/event-loop";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { Corpora } from "./corpus/corpora.ts";
import { effectOf } from "./playbooks/effect.ts";
import type { Playbook, Version } from "./playbooks/playbook.ts";
import { NO_MATCHES } from "./playbooks/matching.ts";
import type { Found, Playbooks } from "./playbooks/playbooks.ts";
import type { Understanding } from "./query/understand.ts";
import { ranked } from "./rank/merge.ts";
import { type Request, retrieve } from "./rank/retrieve.ts";

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

/** Outcomes that wait; each is some milliseconds of work. */
const WAITING_MAX = 10_000;
/** Hits that count: the depth of DCG@10. */
const DEPTH = 10;
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
      try {
        await replay(next);
      } catch (error) {
        // A corpus that is gone or being built has nothing to be judged by.
        const { code } = toFault(error);
        if (code !== "not_found" && code !== "unavailable") failures.note("replay of an outcome", error);
      }
      await yieldToEventLoop();
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
    let all: Found | undefined;
    const base: Omit<Request, "playbooks"> = {
      understood,
      text,
      role,
      k: DEPTH,
      mode: "hybrid",
      filter: undefined,
      near: undefined,
      explain: false,
      now: before,
    };
    const rankWith = async (matching: (found: Found) => Found): Promise<number> => {
      const use = {
        gate: "strict",
        topK: TOP_K,
        distanceMax: DISTANCE_MAX,
        at: before,
        matching: async (...[search, call]: Parameters<Playbooks["matching"]>) =>
          matching((all ??= await playbooks.matching(search, call))),
      } as const;
      const found = await retrieve(generation, { ...base, playbooks: use }, vector, {});
      return ranked([found], DEPTH).findIndex(({ id }) => id === answerId);
    };
    const withAll = await rankWith((found) => found);
    const { lifts, pushes, degraded } = all ?? { ...NO_MATCHES, degraded: undefined };
    if (degraded !== undefined) return;
    const gain = effectOf(version) === "lift" ? version.score : -(1 - version.score);
    for (const { playbook: one, version: acted } of [...lifts.slice(0, TOP_K), ...pushes.slice(0, TOP_K)]) {
      const without = await rankWith((found) => ({
        ...found,
        lifts: found.lifts.filter((other) => other.playbook.id !== one.id),
        pushes: found.pushes.filter((other) => other.playbook.id !== one.id),
      }));
      const effect = gain * (discount(withAll) - discount(without));
      const outcome = `${playbook.id}.${version.version}`;
      await playbooks.judged(one.id, outcome, { version: acted.version, at: version.recordedAt, effect });
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

/** What a place is worth in DCG@10 (Jarvelin and Kekalainen, TOIS 2002); nothing behind the tenth. */
function discount(rank: number): number {
  return rank < 0 || rank >= DEPTH ? 0 : 1 / Math.log2(rank + 2);
}
