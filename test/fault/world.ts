// The world of a simulation: one thread, no clock, no disk. Whatever the code under test awaits outside of
// itself stops in a queue, and a seeded scheduler decides which goes on next, so that a seed is a history and
// the same seed is the same history. An instance that crashes never gets an answer again: what it had sent and
// was not applied yet never will be, as with a process that is gone.
//
// The store and the database keep the contracts of the real ones and add what networks do: a call may fail
// before it is applied, or after it, with the caller told the same.

import type { State } from "#adapters/state";
import { bytesOf, conditionFailed, notFound, readAll } from "#adapters/objects/objects";
import type { storage } from "#contracts/storage";
import type { Random } from "#lib/random";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** A history that takes more steps than this does not end: a livelock is a finding too. */
const STEPS_MAX = 20_000;

export interface Faults {
  /** How often, of a hundred calls, one fails; half of them after it was applied. */
  readonly failPercent: number;
  /** How often, of a thousand steps, an instance crashes. */
  readonly crashPermille: number;
}

/** What a history showed. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** Writes that were acknowledged. */
  readonly acknowledged: number;
  readonly crashes: number;
}

interface Parked {
  readonly owner: Instance | undefined;
  readonly resume: () => void;
}

/** One run of the program under test: alive until it crashes. */
export interface Instance {
  readonly number: number;
  readonly alive: boolean;
  /** Rejects when the instance crashes; its clients see a connection that broke. */
  readonly crashed: Promise<never>;
  crash(): void;
}

export class World {
  readonly random: Random;
  readonly faults: Faults;
  readonly objects = new Map<string, Uint8Array>();
  /** What happened, one word a step, for the comparison of two runs and for a person. */
  readonly trace: string[] = [];
  readonly #parked: Parked[] = [];
  #instances = 0;
  /** Off while a finished history is looked at. */
  calm = false;

  constructor(random: Random, faults: Faults) {
    this.random = random;
    this.faults = faults;
  }

  instance(): Instance {
    this.#instances += 1;
    let alive = true;
    let fail: (fault: Fault) => void = () => undefined;
    const crashed = new Promise<never>((_, reject) => (fail = reject));
    crashed.catch(() => undefined);
    return {
      number: this.#instances,
      get alive() {
        return alive;
      },
      crashed,
      crash: () => {
        alive = false;
        fail(new Fault("unavailable", "The connection broke."));
      },
    };
  }

  /** Waits until the scheduler says so. */
  turn(owner?: Instance): Promise<void> {
    if (this.calm) return Promise.resolve();
    return new Promise((resolve) => this.#parked.push({ owner, resume: resolve }));
  }

  /** Runs until `done`, one waiting call after the other in the order of the seed. */
  async run(done: Promise<unknown>, onStep: () => void): Promise<void> {
    let ended = false;
    const noting = done.finally(() => (ended = true));
    noting.catch(() => undefined);
    for (let steps = 0; ; steps += 1) {
      await idle();
      if (ended) return void (await noting);
      if (steps > STEPS_MAX) throw new Error(`no end after ${STEPS_MAX} steps`);
      onStep();
      for (let i = this.#parked.length - 1; i >= 0; i -= 1) {
        if (this.#parked[i]?.owner?.alive === false) this.#parked.splice(i, 1);
      }
      if (this.#parked.length === 0) {
        // Whoever waited for a crashed instance has been told in this step and goes on in the next.
        await idle();
        if (this.#parked.length === 0 && !ended) throw new Error("everybody waits and nobody can go on");
        continue;
      }
      const [next] = this.#parked.splice(this.random.below(this.#parked.length), 1);
      next?.resume();
    }
  }

  /** Whether the call at hand fails, and if so before or after it did its work. */
  failing(): "no" | "early" | "late" {
    const lot = this.random.below(1000);
    if (lot >= this.faults.failPercent * 10) return "no";
    return lot % 2 === 0 ? "early" : "late";
  }

  /** A call over a network that may fail: before it is applied, or after. */
  async call<T>(owner: Instance, word: string, apply: () => Promise<T>): Promise<T> {
    await this.turn(owner);
    const failing = this.calm ? "no" : this.failing();
    if (!this.calm) this.trace.push(`${owner.number}:${word}${MARKS[failing]}`);
    if (failing === "early") throw lost();
    const answer = await apply();
    await this.turn(owner);
    if (failing === "late") throw lost();
    return answer;
  }
}

const MARKS = { no: "", early: "!", late: "?" } as const;

function lost(): Fault {
  return new Fault("timeout", "No answer came in time.");
}

/** Every microtask runs before this goes on: nothing here waits for anything but a turn. */
function idle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The database as an instance sees it; statements are atomic, as in SQLite and Postgres. */
export function stateOf(world: World, owner: Instance, database: State): State {
  const word = (sql: string): string => sql.slice(0, sql.indexOf(" "));
  return {
    all: (sql, values) => world.call(owner, word(sql), () => database.all(sql, values)),
    run: (sql, values) => world.call(owner, word(sql), () => database.run(sql, values)),
    transact: (statements) => world.call(owner, "transact", () => database.transact(statements)),
    close: () => Promise.resolve(),
  };
}

/** The object store as an instance sees it: atomic puts, put-if-absent, no order among them. */
export function storageOf(world: World, owner: Instance): Service<typeof storage> {
  const { objects } = world;
  const etag = (bytes: Uint8Array): string => Bun.hash(bytes).toString(36);
  const needed = (key: string): Uint8Array => {
    const bytes = objects.get(key);
    if (bytes === undefined) throw notFound(key);
    return bytes;
  };
  const store = {
    put: async ({
      key,
      body,
      if_none_match,
    }: {
      key: string;
      body: ReadableStream;
      if_none_match?: string;
    }) => {
      const bytes = await readAll(body);
      return world.call(owner, "put", () => {
        if (if_none_match === "*" && objects.has(key)) return Promise.reject(conditionFailed(key));
        objects.set(key, bytes);
        return Promise.resolve({ key, size: bytes.length, etag: etag(bytes) });
      });
    },
    get: ({ key }: { key: string }) =>
      world.call(owner, "get", async () => ({ status: 200, headers: {}, body: bytesOf(needed(key)) })),
    remove: ({ key }: { key: string }) =>
      world.call(owner, "remove", () => {
        objects.delete(key);
        return Promise.resolve(null);
      }),
    list: ({
      prefix = "",
      delimiter,
      limit = 1000,
    }: {
      prefix?: string;
      delimiter?: string;
      limit?: number;
    }) =>
      world.call(owner, "list", () => {
        const all = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
        const folderOf = (key: string): string | undefined => {
          const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
          return end < 0 ? undefined : key.slice(0, end + 1);
        };
        const prefixes = [...new Set(all.map(folderOf).filter((folder) => folder !== undefined))];
        const keys = all.filter((key) => folderOf(key) === undefined);
        const listed = keys.slice(0, limit).map((key) => ({
          key,
          size: needed(key).length,
          etag: etag(needed(key)),
          modified_at: new Date(0).toISOString(),
        }));
        return Promise.resolve({ objects: listed, prefixes });
      }),
    probe: () =>
      Promise.resolve({
        backend: "memory",
        base_uri: "memory://store/",
        status: "ok",
        if_none_match: true,
        if_match: true,
        suffix_ranges: true,
      }),
  };
  // What catalogd asks of a store; it would fail loudly on asking for more.
  return store as unknown as Service<typeof storage>;
}
