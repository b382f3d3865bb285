// ingestd: messy files in, honest tables out. The body goes to disk, a child process reads it and writes
// Parquet, and one commit makes it a snapshot. Every row that came in is loaded, quarantined or deduplicated,
// and the three numbers add up or nothing is committed.

import { join } from "node:path";
import type { catalog } from "#contracts/catalog";
import type { ingest, Ingested } from "#contracts/ingest";
import type { storage } from "#contracts/storage";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call } from "#rpc/call";
import type { ParsedOf, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { encodingLabel } from "./decode/encoding-label.ts";
import { load, type LoadDeps, type OnProgress, type ProgressNote, publishingQueue } from "./load/load.ts";
import { RejectsReplay } from "./load/rejects-replay.ts";
import { Reservations } from "./load/reservations.ts";
import { withFormOptions } from "./receive/form-options.ts";
import { fileIn } from "./receive/multipart.ts";
import { receive, Spool } from "./receive/spool.ts";
import { LoaderPool } from "./worker/pool.ts";
import { Progress } from "./worker/progress.ts";

export interface IngestdDeps {
  readonly catalog: Service<typeof catalog>;
  readonly storage: Service<typeof storage>;
  /** Years of two digits are read as near today. */
  readonly clock?: Clock;
  readonly log?: Log;
  readonly settings: {
    /** Where files lie while they are loaded; needs room for the file, its text and its Parquet. */
    readonly spoolDir: string;
    /** Bytes that one loader child may hold. */
    readonly memoryBytesMax?: number;
  };
}

const MEMORY_BYTES_MAX = 1024 * 1024 * 1024;

type Input = ParsedOf<typeof ingest.ingest>;

export async function ingestd({
  catalog,
  storage,
  clock = systemClock,
  log,
  settings,
}: IngestdDeps): Promise<Daemon<typeof ingest>> {
  const spool = await Spool.open(settings.spoolDir);
  const background = new BackgroundFailures(log);
  const pool = new LoaderPool({
    memoryBytesMax: settings.memoryBytesMax ?? MEMORY_BYTES_MAX,
    onFailure: (what, error) => background.note(what, error),
  });
  const neighbours = { catalog, storage, background };
  const publishing = publishingQueue();
  const deps: LoadDeps = { neighbours, pool, clock, reservations: new Reservations(), publishing };

  const run = (request: Input, call: Call, onProgress: OnProgress): Promise<Ingested> => {
    // The rest may still come in the form.
    refuseRejects(request.dataset);
    return spool.within(async (folder) => {
      const started = performance.now();
      pool.expect();
      const sent = await fileIn(request.body, request.content_type);
      const file = await receive(sent.body, join(folder, "body"), call.signal, (bytes) =>
        onProgress({ phase: "receive", rows: 0, bytes }),
      );
      const { body: _, ...options } = withFormOptions(request, sent.fields);
      refuseContradictions(options);
      const source = options.source ?? sent.name;
      const input = source === undefined ? options : { ...options, source };
      const answer = await load(deps, input, file, folder, call, onProgress);
      return { ...answer, took_ms: Math.round(performance.now() - started) };
    });
  };

  const rejectsReplay = new RejectsReplay(deps);

  return {
    handlers: {
      replay: (input, call) =>
        spool.within(async (folder) => {
          const started = performance.now();
          const answer = await rejectsReplay.run(input, folder, call);
          return { ...answer, took_ms: Math.round(performance.now() - started) };
        }),
      ingest: (input, call) => run(input, call, () => undefined),
      ingestEvents: async function* (input, call) {
        const progress = new Progress<ProgressNote>();
        const work = run(input, call, (note, always) => progress.note(note, always));
        for await (const step of progress.during(work)) {
          yield "note" in step
            ? { event: "progress" as const, ...step.note }
            : { event: "done" as const, ...step.result };
        }
      },
    },
    close: () => pool.close(),
    stats: () => ({
      failures: background.counts,
      queues: { "files to load": pool.figures, "files to publish": publishing.figures },
    }),
  };
}

/** Throws `invalid` for options that do not go together. */
function refuseContradictions(input: Omit<Input, "body">): void {
  const { mode, key = [], delimiter, quote, encoding } = input;
  if (encoding !== undefined) encodingLabel(encoding);
  if (quote !== undefined && quote !== "" && delimiter?.includes(quote) === true)
    throw new Fault("invalid", "quote: is a part of the delimiter; say another one.");
  if (mode === "upsert" && key.length === 0)
    throw new Fault("invalid", "mode=upsert needs the columns that name a row, as in key=id.");
  if (mode !== "upsert" && key.length > 0)
    throw new Fault("invalid", "key=COLUMNS is for mode=upsert, and the mode is another.");
  if (new Set(key.map((name) => name.toLowerCase())).size < key.length)
    throw new Fault("invalid", "key: a column is named twice.");
}

function refuseRejects(dataset: string): void {
  if (dataset.endsWith("$rejects"))
    throw new Fault("invalid", "A rejects table is filled by ingests alone: name the dataset itself.");
}
