// One question's way: what does it read (guarded by an engine, remembered by its text), which files is that
// (pinned by the catalog), then an engine runs it. An engine that died says how, in the asker's terms; a file
// that went away in between is looked up once more.

import type { SnapshotId } from "#contracts/shapes";
import { LRUCache } from "lru-cache";
import type { CallInit } from "#rpc/call";
import type { OutputOf, ParsedOf, Raw, Service } from "#rpc/contract";
import type { query } from "#contracts/query";
import { deadline } from "#lib/coarse-timer";
import { Fault } from "#rpc/fault";
import type { engine as contract } from "./engine.ts";
import { memoryFault } from "./engine-fault.ts";
import type { Patience } from "./patience.ts";
import type { Lease, Pool } from "./pool.ts";
import type { Pinned, Snapshots } from "./snapshots.ts";

export type Asked = Pick<ParsedOf<typeof query.sql>, "sql" | "params" | "at">;
type Reading = OutputOf<typeof contract.inspect>;

/** What an engine is asked once its views are open. */
export interface Question {
  readonly turn: number;
  readonly key: string;
  readonly sql: string;
  readonly params: Asked["params"];
}

type Put = (engine: Service<typeof contract>, question: Question, init: CallInit) => Promise<Raw>;

export interface Answered {
  readonly raw: Raw;
  readonly lease: Lease;
  readonly queueMs: number;
  readonly snapshots: Readonly<Record<string, SnapshotId | null>>;
}

export interface Questions {
  /**
   * The engine's reply; the lease is the caller's to end once it has read it. `restartable`: nothing of a reply is
   * passed on before it is whole, so that the statement can be run again.
   */
  put(asked: Asked, patient: Patience, restartable: boolean, put: Put): Promise<Answered>;
  /** What a failure on an engine was, after giving the engine back. */
  failed(thrown: unknown, lease: Lease, patient: Patience): Promise<unknown>;
}

/** Statements whose reading is remembered: 8 MiB of text at most. */
const READINGS_MAX = 5000;
const READINGS_BYTES_MAX = 8 * 1024 * 1024;
/** From a closed connection to the news that its process is gone. */
const GONE_MS_MAX = 500;
const RETRY_AFTER_MS = 1000;
/** Who refuses so soon had not begun. */
const DEAD_MS_MAX = 50;
/** Dead engines that one question may come upon: what kills one may have killed them all. */
const DEAD_ENGINES_MAX = 8;

export function questions(pool: Pool, datasets: Snapshots, processBytesMax: number): Questions {
  const readings = new LRUCache<string, Reading>({
    max: READINGS_MAX,
    maxSize: READINGS_BYTES_MAX,
    sizeCalculation: (_, sql) => sql.length + 200,
  });

  const failed: Questions["failed"] = async (thrown, lease, patient) => {
    if (patient.signal.aborted) {
      lease.abandon();
      return patient.signal.reason;
    }
    const fault = thrown instanceof Fault ? thrown : undefined;
    // A fault without a cause came from the engine itself; one with a cause says that it could not be reached.
    if (fault !== undefined && fault.cause === undefined) {
      if (fault.code === "internal") lease.discard();
      else lease.end();
      return fault;
    }
    const end = await Promise.race([lease.gone, Bun.sleep(GONE_MS_MAX)]);
    lease.discard();
    if (end === "out_of_memory") return memoryFault(processBytesMax);
    return new Fault(
      "unavailable",
      "The engine that ran the query ended; ask again, or ask for less at once.",
      {
        cause: thrown,
        retryAfterMs: RETRY_AFTER_MS,
      },
    );
  };

  /**
   * Work on an engine of its own. What met one that was dead already, which nobody could know yet, is tried
   * elsewhere; what a slice was too short for begins anew where it may run to its end.
   */
  const leased = async <T>(
    patient: Patience,
    restartable: boolean,
    work: (lease: Lease) => Promise<T>,
    deadMax = DEAD_ENGINES_MAX,
  ): Promise<[T, Lease]> => {
    const lease = await pool.lease(patient, restartable);
    const began = performance.now();
    try {
      const worked = work(lease);
      if (await patient.race(withinSlices(worked, lease))) return [await worked, lease];
    } catch (thrown) {
      const unreached =
        thrown instanceof Fault && thrown.code === "unavailable" && thrown.cause !== undefined;
      const deadAlready = unreached && performance.now() - began < DEAD_MS_MAX && !patient.signal.aborted;
      const fault = await failed(thrown, lease, patient);
      if (deadAlready && deadMax > 0) return leased(patient, restartable, work, deadMax - 1);
      throw fault;
    }
    lease.abandon();
    const lostMs = lease.waitedMs + performance.now() - began;
    const [done, next] = await leased(patient, false, work, deadMax);
    return [done, { ...next, waitedMs: lostMs + next.waitedMs }];
  };

  const read = async (sql: string, patient: Patience): Promise<Reading & { queueMs: number }> => {
    const known = readings.get(sql);
    if (known !== undefined) return { ...known, queueMs: 0 };
    const [reading, lease] = await leased(patient, true, ({ engine, turn }) =>
      engine.inspect({ turn, sql }, { signal: patient.signal }),
    );
    lease.end();
    readings.set(sql, reading);
    return { ...reading, queueMs: lease.waitedMs };
  };

  const run = (
    pinned: readonly Pinned[],
    asked: Asked,
    patient: Patience,
    restartable: boolean,
    put: Put,
  ): Promise<[Raw, Lease]> => {
    const key = pinned.map(({ id }) => id).join(" ");
    const init: CallInit = { signal: patient.signal };
    return leased(patient, restartable, async ({ engine, turn }) => {
      const question = { turn, key, sql: asked.sql, params: asked.params };
      try {
        return await put(engine, question, init);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
        await engine.open({ turn, key, views: pinned.map(toBeOpened) }, init);
        for (const each of pinned) each.verified = true;
        return put(engine, question, init);
      }
    });
  };

  return {
    put: async (asked, patient, restartable, put) => {
      const reading = await read(asked.sql, patient);
      const pin = (): Promise<Pinned[]> =>
        patient.race(datasets.pin(reading.tables, asked.at ?? {}, patient));
      let pinned = await pin();
      const question =
        reading.kind === "show_tables"
          ? { ...asked, sql: tablesStatement(await datasets.names(patient)) }
          : asked;
      const answered = await run(pinned, question, patient, restartable, put).catch(
        async (thrown: unknown) => {
          if (!isFileFault(thrown)) throw thrown;
          datasets.forget(pinned);
          pinned = await pin();
          return run(pinned, question, patient, restartable, put);
        },
      );
      const [raw, lease] = answered;
      return {
        raw,
        lease,
        queueMs: reading.queueMs + lease.waitedMs,
        snapshots: Object.fromEntries(pinned.map(({ name, snapshotId }) => [name, snapshotId])),
      };
    },
    failed,
  };
}

/** Resolves when the work is done, with true, or when its engine is wanted by others, with false. */
function withinSlices(work: Promise<unknown>, { sliceMs, mayGoOn }: Lease): Promise<boolean> {
  if (sliceMs === null) return work.then(() => true);
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (mayGoOn()) slice = deadline(Date.now() + sliceMs, look);
      else resolve(false);
    };
    let slice = deadline(Date.now() + sliceMs, look);
    work.then(() => resolve(true), reject).finally(() => slice.clear());
  });
}

/** An engine says `unavailable` of a file that it could not read, and of nothing else. */
function isFileFault(thrown: unknown): boolean {
  return (
    thrown instanceof Fault &&
    thrown.code === "unavailable" &&
    thrown.cause === undefined &&
    thrown.retryAfterMs === undefined
  );
}

/** What was compared once need not be compared again: objects never change. */
function toBeOpened({ view, verified }: Pinned): Pinned["view"] {
  if (!verified) return view;
  return { ...view, files: view.files.map(({ path, key }) => ({ path, key })) };
}

/** The catalog's answer to SHOW TABLES, put so that an engine gives it in any format. Names need no escaping. */
function tablesStatement(names: readonly string[]): string {
  const rows = names.map((name) => `('${name}')`).join(", ");
  return `SELECT name FROM (VALUES ${rows === "" ? "(NULL)" : rows}) AS t(name) WHERE name IS NOT NULL`;
}
