// Every call as a row of the dataset `chat_usage`. Calls do not wait for it: rows go into a queue with an end and are
// appended in batches, when enough have come together or the oldest has waited long enough, and when the service ends. A row
// that finds the queue full, or that the catalog has refused for too long, is lost and counted.

import type { catalog } from "#contracts/catalog";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import type { Service } from "#rpc/contract";
import { Fault, traceOf } from "#rpc/fault";

export const USAGE_DATASET = "chat_usage";

/** By column name: what a row holds and how it is stored. */
export const USAGE_COLUMNS = [
  { name: "at", type: "TIMESTAMP WITH TIME ZONE" },
  { name: "call_id", type: "VARCHAR" },
  { name: "request_id", type: "VARCHAR" },
  { name: "api_key", type: "VARCHAR" },
  { name: "provider", type: "VARCHAR" },
  { name: "model", type: "VARCHAR" },
  { name: "streamed", type: "BOOLEAN" },
  { name: "outcome", type: "VARCHAR" },
  { name: "finish_reason", type: "VARCHAR" },
  { name: "input_tokens", type: "BIGINT" },
  { name: "output_tokens", type: "BIGINT" },
  { name: "cached_tokens", type: "BIGINT" },
  { name: "cache_write_tokens", type: "BIGINT" },
  { name: "reasoning_tokens", type: "BIGINT" },
  { name: "estimated", type: "BOOLEAN" },
  { name: "cost_usd", type: "DOUBLE" },
  { name: "attempts", type: "BIGINT" },
  { name: "first_token_ms", type: "DOUBLE" },
  { name: "took_ms", type: "DOUBLE" },
  { name: "metadata", type: "VARCHAR" },
  { name: "trace_id", type: "VARCHAR" },
] as const;

export type UsageRow = Readonly<
  Record<(typeof USAGE_COLUMNS)[number]["name"], string | number | boolean | null>
>;

export interface UsageLogDeps {
  readonly catalog: Pick<Service<typeof catalog>, "append" | "prepare" | "commit">;
  readonly clock: Clock;
  readonly log: Log | undefined;
  /** Of one queue; tests take fewer. */
  readonly rowsMax?: number;
  readonly ageMsMax?: number;
}

export interface UsageLog {
  add(row: UsageRow): void;
  readonly counts: { readonly written: number; readonly waiting: number; readonly lost: number };
  /** Writes what waits; what cannot be written in time is lost. */
  close(): Promise<void>;
}

/** Some seconds of a house at its limit, about 20 MiB. */
const ROWS_MAX = 50_000;
/** Well below what an append takes, in rows and in bytes. */
const BATCH_ROWS_MAX = 4000;
const BATCH_BYTES_MAX = 2 * 1024 * 1024;
/** Until a row can be queried. Each append is a file, which the catalog merges later. */
const AGE_MS_MAX = 2000;
const PAUSE_MS_FIRST = 1000;
const PAUSE_MS_MAX = 30_000;
const CLOSE_MS_MAX = 5000;

export function createUsageLog(deps: UsageLogDeps): UsageLog {
  const { catalog, log, rowsMax = ROWS_MAX, ageMsMax = AGE_MS_MAX } = deps;
  const waiting: UsageRow[] = [];
  let [written, lost, failures] = [0, 0, 0];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flushing: Promise<void> | undefined;
  let closing = false;
  let closed = false;
  /** A batch keeps its key until it is written, so that one that was written and not answered is not written again. */
  let batch: Batch | undefined;

  const schedule = (ms: number): void => {
    if (closed || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      void flush();
    }, ms);
  };

  const flush = (): Promise<void> => {
    flushing ??= writeAll().finally(() => {
      flushing = undefined;
    });
    return flushing;
  };

  const writeAll = async (): Promise<void> => {
    while (batch !== undefined || waiting.length > 0) {
      const { rows, key } = (batch ??= nextBatch(waiting));
      try {
        await append(catalog, rows, key);
        written += rows.length;
        batch = undefined;
        failures = 0;
        // What came meanwhile gathers again, so that calls without a pause do not make a commit after the other.
        if (!closing && waiting.length < BATCH_ROWS_MAX) break;
      } catch (error) {
        failures += 1;
        if (failures === 1)
          log?.warn("usage rows could not be written", { rows: rows.length, ...traceOf(error) });
        if (isRefused(error)) {
          // The rows themselves: they would be refused each time, and hold up the rest.
          lost += rows.length;
          batch = undefined;
          continue;
        }
        schedule(Math.min(PAUSE_MS_MAX, PAUSE_MS_FIRST * 2 ** (failures - 1)));
        return;
      }
    }
    if (waiting.length > 0) schedule(ageMsMax);
  };

  return {
    add: (row) => {
      if (closed || waiting.length + (batch?.rows.length ?? 0) >= rowsMax) {
        if (lost === 0) log?.warn("usage rows are being lost: the queue is full", { rows: rowsMax });
        lost += 1;
        return;
      }
      waiting.push(row);
      if (failures === 0 && flushing === undefined) {
        if (waiting.length >= BATCH_ROWS_MAX) void flush();
        else schedule(ageMsMax);
      } else if (flushing === undefined) schedule(PAUSE_MS_FIRST);
    },
    get counts() {
      return { written, waiting: waiting.length + (batch?.rows.length ?? 0), lost };
    },
    close: async () => {
      closing = true;
      clearTimeout(timer);
      await Promise.race([(flushing ?? Promise.resolve()).then(() => flush()), Bun.sleep(CLOSE_MS_MAX)]);
      closed = true;
      clearTimeout(timer);
      const left = waiting.length + (batch?.rows.length ?? 0);
      if (left > 0) log?.warn("usage rows were lost at the end", { rows: left });
    },
  };
}

interface Batch {
  readonly rows: UsageRow[];
  readonly key: string;
}

function nextBatch(waiting: UsageRow[]): Batch {
  return { rows: waiting.splice(0, batchLength(waiting)), key: crypto.randomUUID() };
}

function batchLength(rows: readonly UsageRow[]): number {
  let bytes = 0;
  let count = 0;
  for (const row of rows) {
    bytes += ROW_BYTES + String(row.metadata ?? "").length * 4;
    if (count > 0 && (count >= BATCH_ROWS_MAX || bytes > BATCH_BYTES_MAX)) break;
    count += 1;
  }
  return count;
}

/** Of a row as JSON, its names included. */
const ROW_BYTES = 512;

async function append(catalog: UsageLogDeps["catalog"], rows: UsageRow[], key: string): Promise<void> {
  const input = { dataset: USAGE_DATASET, rows, idempotency_key: key };
  try {
    await catalog.append(input);
  } catch (error) {
    // A dataset of an earlier version lacks columns; what is refused for another reason is refused again.
    if (!(error instanceof Fault && (error.code === "not_found" || isRefused(error)))) throw error;
    await createOrWiden(catalog);
    await catalog.append(input);
  }
}

/** A commit without files makes an empty table, or gives the one that is there the columns it lacks. */
async function createOrWiden(catalog: UsageLogDeps["catalog"]): Promise<void> {
  const { columns } = await catalog.prepare({
    dataset: USAGE_DATASET,
    columns: [...USAGE_COLUMNS],
    mode: "append",
  });
  await catalog.commit({
    dataset: USAGE_DATASET,
    mode: "append",
    columns,
    files: [],
    commit_id: `create:${crypto.randomUUID()}`,
  });
}

/** The dataset has another shape by now, or somebody else's rows. */
function isRefused(error: unknown): boolean {
  return error instanceof Fault && (error.code === "rejected" || error.code === "invalid");
}
