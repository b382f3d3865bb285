// The way of one statement: what does it read (an engine guards it; the outcome is remembered by its text), which
// files is that (the catalog pins them), then an engine runs it. An engine that died says how, in the caller's
// terms; a file that went away in between is looked up once more.

import type { query } from "#contracts/query";
import type { SnapshotId } from "#contracts/shapes";
import { deadline } from "#lib/coarse-timer";
import { CountedCache } from "#lib/counted-cache";
import type { CacheFigures } from "#lib/figures";
import type { CallInit } from "#rpc/call";
import type { OutputOf, ParsedOf, Raw, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { CancellationScope } from "./cancellation-scope.ts";
import type { engine as contract, ListedDataset, Opening } from "./engine/contract.ts";
import { crashFault, memoryFault } from "./engine/end-fault.ts";
import type { LeaseKind, Lease, Pool } from "./engine/pool.ts";
import { poisonStatements } from "./poison-statements.ts";
import type { Pinned, Snapshots } from "./snapshots.ts";

export type SqlRequest = Pick<ParsedOf<typeof query.sql>, "sql" | "params" | "at" | "time_zone">;
type Inspection = OutputOf<typeof contract.inspect>;

/** What an engine is sent. */
export interface EngineStatement {
  readonly turn: number;
  readonly key: string;
  /** The views of `key`, where the engine may not have them. */
  readonly opening?: Opening;
  readonly sql: string;
  readonly params: SqlRequest["params"];
}

type Send = (engine: Service<typeof contract>, statement: EngineStatement, init: CallInit) => Promise<Raw>;

export interface Execution {
  readonly raw: Raw;
  readonly lease: Lease;
  readonly queueMs: number;
  readonly snapshots: Readonly<Record<string, SnapshotId | null>>;
  /** Text, parameters and data of the statement: what `failed` remembers it by. */
  readonly identity: string;
}

export interface Executor {
  /**
   * The engine's reply; the lease is the caller's to end once it has read it. A statement is `restartable` when nothing of
   * its reply is passed on before it is whole.
   */
  execute(request: SqlRequest, scope: CancellationScope, kind: LeaseKind, send: Send): Promise<Execution>;
  /** What a failure on an engine was, `ranMs` after the work on it began, after giving the engine back. */
  failed(
    thrown: unknown,
    lease: Lease,
    scope: CancellationScope,
    identity: string,
    ranMs?: number,
  ): Promise<unknown>;
  readonly figures: CacheFigures;
}

/** Statements whose inspection is remembered: 8 MiB of text at most. */
const INSPECTIONS_MAX = 5000;
const INSPECTIONS_BYTES_MAX = 8 * 1024 * 1024;
/** From a closed connection to the news that its process is gone: writing a core dump takes a while. */
const GONE_MS_MAX = 2000;
const RETRY_AFTER_MS = 1000;
/** An engine that refuses this soon had not begun. */
const DEAD_MS_MAX = 50;
/** Dead engines that one statement may come upon: what kills one may have killed them all. */
const DEAD_ENGINES_MAX = 8;
const TIME_ZONE_DEFAULT = "UTC";

export function executor(pool: Pool, datasets: Snapshots, processBytesMax: number): Executor {
  const poison = poisonStatements();
  const inspections = new CountedCache<string, Inspection>({
    max: INSPECTIONS_MAX,
    maxSize: INSPECTIONS_BYTES_MAX,
    sizeCalculation: (_, sql) => sql.length + 200,
  });

  const failed: Executor["failed"] = async (thrown, lease, scope, identity, ranMs = Infinity) => {
    if (scope.signal.aborted) {
      lease.abandon();
      return scope.signal.reason;
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
    const killedAgain = end === "exited" && ranMs >= DEAD_MS_MAX && poison.suspect(identity);
    if (end === "out_of_memory" || end === "crashed" || killedAgain) {
      const own = end === "out_of_memory" ? memoryFault(processBytesMax) : crashFault(killedAgain);
      poison.add(identity, own);
      return own;
    }
    return new Fault(
      "unavailable",
      "The engine that ran the query ended; try again, or ask for less at once.",
      { cause: thrown, retryAfterMs: RETRY_AFTER_MS },
    );
  };

  /**
   * Work on an engine of its own. What met one that was dead already, as could not be known yet, is tried
   * elsewhere; what a slice was too short for starts again where it may run to its end.
   */
  const leased = async <T>(
    scope: CancellationScope,
    kind: LeaseKind,
    identity: string,
    work: (lease: Lease) => Promise<T>,
    deadMax = DEAD_ENGINES_MAX,
  ): Promise<[T, Lease]> => {
    const lease = await pool.lease(scope, kind);
    const began = performance.now();
    try {
      const worked = work(lease);
      if (await scope.race(withinSlices(worked, lease))) return [await worked, lease];
    } catch (thrown) {
      const ranMs = performance.now() - began;
      const soon = ranMs < DEAD_MS_MAX && !scope.signal.aborted;
      const fault = await failed(thrown, lease, scope, identity, ranMs);
      const unreached = fault instanceof Fault && fault.code === "unavailable" && fault.cause !== undefined;
      if (soon && unreached && deadMax > 0) return leased(scope, kind, identity, work, deadMax - 1);
      throw fault;
    }
    lease.abandon();
    const lostMs = lease.waitedMs + performance.now() - began;
    const [done, next] = await leased(scope, "restarted", identity, work, deadMax);
    return [done, { ...next, waitedMs: lostMs + next.waitedMs }];
  };

  const inspected = async (
    sql: string,
    scope: CancellationScope,
  ): Promise<Inspection & { queueMs: number }> => {
    const known = inspections.get(sql);
    if (known !== undefined) return { ...known, queueMs: 0 };
    poison.check(sql);
    const [inspection, lease] = await leased(scope, "restartable", sql, ({ engine, turn }) =>
      engine.inspect({ turn, sql }, { signal: scope.signal }),
    );
    lease.end();
    inspections.set(sql, inspection);
    return { ...inspection, queueMs: lease.waitedMs };
  };

  const run = async (
    pinned: readonly Pinned[],
    listed: ListedDataset[] | undefined,
    request: SqlRequest,
    scope: CancellationScope,
    kind: LeaseKind,
    send: Send,
  ): Promise<Omit<Execution, "snapshots">> => {
    const timeZone = request.time_zone ?? TIME_ZONE_DEFAULT;
    const names = listed === undefined ? "" : ` listed:${Bun.hash(JSON.stringify(listed)).toString(36)}`;
    const key = `${timeZone} ${pinned.map(({ id }) => id).join(" ")}${names}`;
    const identity = [request.sql, JSON.stringify(request.params), key].join("\0");
    poison.check(identity);
    const init: CallInit = { signal: scope.signal };
    const [raw, lease] = await leased(scope, kind, identity, async ({ engine, turn }) => {
      const statement: EngineStatement = { turn, key, sql: request.sql, params: request.params };
      const sendOpening = async (): Promise<Raw> => {
        const opening = { views: pinned.map(toBeOpened), time_zone: timeZone, listed };
        let compared = false;
        try {
          const raw = await send(engine, { ...statement, opening }, init);
          compared = true;
          return raw;
        } catch (thrown) {
          compared = isOfStatement(thrown);
          throw thrown;
        } finally {
          if (compared) for (const { place } of pinned) place.verified = true;
        }
      };
      // Views over files that no engine has compared are open in none.
      if (pinned.some(({ place }) => !place.verified)) return sendOpening();
      try {
        return await send(engine, statement, init);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.code !== "not_found") throw thrown;
        return sendOpening();
      }
    });
    return { raw, lease, queueMs: lease.waitedMs, identity };
  };

  return {
    execute: async (request, scope, kind, send) => {
      const inspection = await inspected(request.sql, scope);
      const pin = (): Promise<Pinned[]> => scope.race(datasets.pin(inspection, request.at ?? {}, scope));
      let pinned = await pin();
      const listed = inspection.catalog ? await scope.race(datasets.listed(scope)) : undefined;
      const sent =
        inspection.kind === "show_tables"
          ? { ...request, sql: tablesStatement(await scope.race(datasets.names(scope))) }
          : request;
      const execution = await run(pinned, listed, sent, scope, kind, send).catch(async (thrown: unknown) => {
        if (!isFileFault(thrown)) throw thrown;
        datasets.forget(pinned);
        pinned = await pin();
        return run(pinned, listed, sent, scope, kind, send);
      });
      return {
        ...execution,
        queueMs: inspection.queueMs + execution.queueMs,
        snapshots: Object.fromEntries(pinned.map(({ label, place }) => [label, place.snapshotId])),
      };
    },
    failed,
    get figures() {
      return {
        ...inspections.figures,
        used: inspections.size,
        max: INSPECTIONS_MAX,
        unit: "entries" as const,
      };
    },
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

/** Faults of a statement, which an engine looks at once it has compared the files. */
function isOfStatement(thrown: unknown): boolean {
  return thrown instanceof Fault && (thrown.code === "invalid" || thrown.code === "rejected");
}

/** What was compared once need not be compared again: objects never change. */
function toBeOpened({ schema, place: { view, verified } }: Pinned): Pinned["place"]["view"] {
  const within = schema === undefined ? {} : { schema };
  if (!verified) return { ...view, ...within };
  return { ...view, ...within, files: view.files.map(({ path, key, bytes }) => ({ path, key, bytes })) };
}

/** The catalog's names for SHOW TABLES, put so that an engine gives it in any format. Names need no escaping. */
function tablesStatement(names: readonly string[]): string {
  const rows = names.map((name) => `('${name}')`).join(", ");
  return `SELECT name FROM (VALUES ${rows === "" ? "(NULL)" : rows}) AS t(name) WHERE name IS NOT NULL`;
}
