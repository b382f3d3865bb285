// Writes what passes into the file of the recording that is under way. A call is looked at after its reply is known and written
// behind it: a queue with an end stands in between, and what does not fit is counted. The recording is what the ledger says it
// is, so a command of any process starts and stops it within a second, and one that a crash cut short goes on after the
// start, with a gap in its file that says for how long the house was not there.

import type { FileHandle } from "node:fs/promises";
import { open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "#lib/clock";
import { isThere, makeFolder, syncFolder, writeAll } from "#lib/durable";
import { yieldToEventLoop } from "#lib/event-loop";
import type { Log } from "#lib/log";
import { BACKEND_HEADER } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { toFault, traceOf } from "#rpc/fault";
import type { Route } from "#rpc/route";
import { isCanary } from "../ledger/ledger.ts";
import { countedIn } from "./earlier-file.ts";
import { holdReply, holdRequest } from "./held-call.ts";
import {
  type Ending,
  HEAD_SCHEMA,
  isRecorded,
  type Losses,
  NO_LOSSES,
  type Recording,
  type RecordingEnd,
  type RecordingLine,
  RECORDING_BYTES_MAX,
  RECORDING_LINES_MAX,
} from "./recording.ts";
import { type Offered, written } from "./offered.ts";
import type { HeldBody } from "./redacted.ts";

/** Calls that wait for the disk: some seconds of a busy house. */
const QUEUE_MAX = 2000;
const QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** Written at once. */
const BATCH_BYTES_MAX = 1024 * 1024;
/** The longest time a timer takes is about 24 days; a recording is shorter. */
const LATE_MS = 20;

export function recordingPath(data: string, id: string): string {
  return join(data, "cutover", `${id}.jsonl`);
}

export interface RecorderOptions {
  readonly data: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Writes the end into the ledger. */
  readonly ended: (id: string, end: RecordingEnd) => Promise<void>;
  readonly bytesMax?: number;
  readonly linesMax?: number;
  readonly queueMax?: number;
  /** Opens the file to append to it; the disk's unless given. */
  readonly openFile?: (path: string) => Promise<FileHandle>;
}

export interface Surface {
  /** As people write it: `go:matrix.search`. */
  readonly route: string;
  /** Before the target. */
  readonly prefix: string;
}

export interface Recorder {
  /** What of the ledger is under way; undefined for none. */
  follow(recording: Recording | undefined): void;
  /** Names of all that can be recorded. */
  readonly routes: ReadonlySet<string>;
  /** The route, with its calls written down while a recording wants them. */
  recorded<R extends Route>(route: R, surface: Surface): R;
  stats(): { readonly calls: number; readonly bytes: number; readonly lost: Losses } | undefined;
  /** Resolves when all that was offered is written. */
  idle(): Promise<void>;
  /** The house stops: what is queued is written, the recording stays open. */
  close(): Promise<void>;
}

type Counted = Pick<RecordingEnd, "bytes" | "calls" | "gaps" | "lost">;
const NOTHING = { bytes: 0, calls: 0, gaps: 0, lost: NO_LOSSES, torn: false } as const;

/** One recording with its open file. */
interface Under extends Counted {
  readonly recording: Recording;
  readonly file: FileHandle;
  lost: { -readonly [K in keyof Losses]: number };
  timer: ReturnType<typeof setTimeout>;
  ending: Ending | undefined;
}

export function createRecorder(options: RecorderOptions): Recorder {
  const { data, clock, log, ended } = options;
  const { bytesMax = RECORDING_BYTES_MAX, linesMax = RECORDING_LINES_MAX, queueMax = QUEUE_MAX } = options;
  const { openFile = (path) => open(path, "a+", 0o600) } = options;
  const routes = new Set<string>();
  let under: Under | undefined;
  /** Of `follow`: one change after the other. */
  let changes: Promise<void> = Promise.resolve();
  let followed: string | undefined;
  let stopped: string | undefined;
  let queue: Offered[] = [];
  let queuedBytes = 0;
  let writing: Promise<void> | undefined;

  const begin = async (recording: Recording): Promise<void> => {
    const path = recordingPath(data, recording.id);
    await makeFolder(dirname(path));
    const isNew = !(await isThere(path));
    const since = isNew ? undefined : (await stat(path)).mtime.toISOString();
    const counted = isNew ? NOTHING : await countedIn(path);
    const file = await openFile(path);
    const timer = setTimeout(
      () => end("time"),
      Math.max(0, Date.parse(recording.until) - clock.now()) + LATE_MS,
    );
    timer.unref();
    const made: Under = { recording, file, ...counted, lost: { ...counted.lost }, timer, ending: undefined };
    const { end: _, stop_asked: __, ...plain } = recording;
    try {
      if (isNew) await append(made, { head: HEAD_SCHEMA, recording: plain });
      if (isNew) await syncFolder(dirname(path));
      if (since !== undefined) {
        if (counted.torn) await writeText(made, "\n");
        made.gaps += 1;
        const until = new Date(Math.min(clock.now(), Date.parse(recording.until))).toISOString();
        await append(made, { gap: { since, until } });
      }
    } catch (error) {
      clearTimeout(timer);
      await file.close();
      throw error;
    }
    under = made;
    if (Date.parse(recording.until) <= clock.now()) end("time");
  };

  const end = (why: Ending): void => {
    if (under === undefined || under.ending !== undefined) return;
    under.ending = why;
    const over = under;
    changes = changes
      .then(() => finish(over, why))
      .catch((error: unknown) => failed(over, "a recording's end could not be noted", error));
  };

  const finish = async (over: Under, why: Ending): Promise<void> => {
    clearTimeout(over.timer);
    await drained();
    if (under === over) under = undefined;
    const made = endOf(over, why);
    let onDisk = why !== "disk";
    try {
      await over.file.sync();
      // A full disk has no room for the end either; the ledger has it.
      if (onDisk) await append(over, { end: made });
      await over.file.sync();
    } catch (error) {
      // A file without its end is whole for nobody who reads it, and the ledger says why.
      onDisk = false;
      failed(over, "a recording may not be on the disk whole", error);
    }
    await over.file.close().catch((error: unknown) => failed(over, "a recording's file", error));
    await ended(over.recording.id, onDisk ? made : { ...made, why: "disk" });
  };

  const endOf = ({ calls, bytes, gaps, lost }: Counted, why: Ending): RecordingEnd => ({
    at: new Date(clock.now()).toISOString(),
    why,
    calls,
    bytes,
    gaps,
    lost: { ...lost },
  });

  const failed = ({ recording }: Pick<Under, "recording">, what: string, error: unknown): void =>
    log.error(what, { id: recording.id, ...traceOf(error) });

  const drained = async (): Promise<void> => {
    for (let seen = writing; seen !== undefined; seen = writing) await seen;
  };

  const write = async (): Promise<void> => {
    // In a later turn: the caller's reply goes out first.
    await yieldToEventLoop();
    while (queue.length > 0) {
      const over = under;
      const batch: string[] = [];
      let bytes = 0;
      while (queue.length > 0 && bytes < BATCH_BYTES_MAX) {
        const offered = queue.shift() as Offered;
        queuedBytes -= offered.bytes;
        if (over === undefined) continue;
        const line = lineOf(offered, over);
        if (line === undefined) continue;
        if (over.calls + batch.length >= linesMax) {
          end("lines");
          continue;
        }
        if (over.bytes + bytes + Buffer.byteLength(line) > bytesMax) {
          end("bytes");
          continue;
        }
        batch.push(line);
        bytes += Buffer.byteLength(line);
        // Redaction of a large body takes milliseconds.
        await yieldToEventLoop();
      }
      if (over === undefined || batch.length === 0) continue;
      try {
        await writeText(over, batch.join(""));
        over.calls += batch.length;
      } catch (error) {
        over.lost.queue += batch.length;
        failed(over, "a recording cannot be written", error);
        end("disk");
      }
    }
    writing = undefined;
  };

  /** Undefined of a call that has no line: it is counted as lost. */
  const lineOf = (offered: Offered, over: Under): string | undefined => {
    try {
      return `${JSON.stringify(written(offered, over.lost))}\n`;
    } catch (error) {
      over.lost.queue += 1;
      failed(over, "a call cannot be recorded", error);
      return undefined;
    }
  };

  const offer = (offered: Offered): void => {
    if (under === undefined || under.ending !== undefined) return;
    if (queue.length >= queueMax || queuedBytes + offered.bytes > QUEUE_BYTES_MAX) {
      under.lost.queue += 1;
      return;
    }
    queue.push(offered);
    queuedBytes += offered.bytes;
    writing ??= write();
  };

  const wanted = (route: string, request: Request, exchange: Exchange): boolean =>
    under !== undefined &&
    under.ending === undefined &&
    isRecorded(under.recording, route) &&
    isCanary(under.recording.percent, `record ${exchange.requestId}`) &&
    // A replay is not recorded again.
    !request.headers.has(BACKEND_HEADER);

  const handle = async (
    route: Route,
    { route: name, prefix }: Surface,
    request: Request,
    exchange: Exchange,
  ): Promise<Response> => {
    const started = performance.now();
    const from = under === undefined ? 0 : Math.max(0, clock.now() - Date.parse(under.recording.at));
    try {
      const held = await holdRequest(request);
      const response = await route.handle(held.request, exchange);
      const { status, headers } = response;
      const ms = performance.now() - started;
      const isNative = (headers.get(BACKEND_HEADER) ?? "native") === "native";
      return await holdReply(response, route.reply === "json" && isNative, (received) => {
        const path = request.url.slice(request.url.indexOf("/", request.url.indexOf("://") + 3));
        const target = path.startsWith(prefix) ? path.slice(prefix.length) : path;
        offer({
          call: { t_ms: from, route: name, reads: route.reads === true },
          request: { method: request.method, target, headers: request.headers },
          sent: held.body,
          reply: { status, headers, ms },
          received,
          bytes: sizeOf(held.body) + sizeOf(received) + target.length,
        });
      });
    } catch (thrown) {
      return route.fault(toFault(thrown), exchange);
    }
  };

  /** What is written may end a recording, and a beginning may find it over already. */
  const idle = async (): Promise<void> => {
    for (let seen: unknown; seen !== changes;) {
      seen = changes;
      await changes;
      await drained();
    }
  };

  return {
    follow: (recording) => {
      const id = recording?.id;
      if (recording?.stop_asked === true) {
        stopped = id;
        end("stopped");
      }
      if (followed === id) return;
      followed = id;
      if (recording === undefined) return;
      changes = changes
        .then(() => begin(recording))
        .then(() => {
          // It may have been stopped while its file was opened.
          if (stopped === id) end("stopped");
        })
        .catch((error: unknown) => {
          failed({ recording }, "a recording could not be begun", error);
          // Whoever waits for it is told, and the next one can begin.
          return ended(recording.id, endOf(NOTHING, "disk"));
        })
        .catch((error: unknown) => failed({ recording }, "a recording's end could not be noted", error));
    },
    routes,
    recorded: (route, surface) => {
      routes.add(surface.route);
      return {
        ...route,
        handle: (request: Request, exchange: Exchange) =>
          wanted(surface.route, request, exchange)
            ? handle(route, surface, request, exchange)
            : route.handle(request, exchange),
      };
    },
    stats: () =>
      under === undefined ? undefined : { calls: under.calls, bytes: under.bytes, lost: { ...under.lost } },
    idle,
    close: async () => {
      await idle();
      const open = under;
      under = undefined;
      queue = [];
      if (open === undefined) return;
      clearTimeout(open.timer);
      await open.file.sync().catch((error: unknown) => failed(open, "a recording cannot be flushed", error));
      await open.file.close();
    },
  };
}

function sizeOf(body: HeldBody): number {
  return body instanceof ArrayBuffer ? body.byteLength : 0;
}

function append(under: Under, line: RecordingLine): Promise<void> {
  return writeText(under, `${JSON.stringify(line)}\n`);
}

async function writeText(under: Under, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await writeAll(under.file, bytes);
  under.bytes += bytes.byteLength;
}
