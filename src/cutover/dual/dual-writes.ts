// Writes that go to both sides. The caller's answer is the first side's and nothing else; the second side gets the same write behind
// it, from a queue on disk, in the order of each key, again and again until it took it or refused it, always under one
// idempotency key. What is not queued is counted by its reason, and so is a write of which nobody knows whether its first side made it.

import type { Clock } from "#lib/clock";
import { deadline } from "#lib/coarse-timer";
import type { Log } from "#lib/log";
import { BACKEND_HEADER, type BackedRoute, type ForeignCall } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { Fault, traceOf } from "#rpc/fault";
import { type Difference } from "../diff/compare.ts";
import { differencesOf } from "../diff/replies.ts";
import type { DialectName, Upstream } from "../ledger/ledger.ts";
import { passThrough } from "../pass-through.ts";
import { holdReply, holdRequest } from "../record/held-call.ts";
import type { Intent, Written } from "./dual-write.ts";
import type { Due, WriteQueue } from "./write-queue.ts";

/** Writes that wait for the second side; more are lost, and told. */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Of one write: larger bodies are not held. */
const BODY_BYTES_MAX = 1024 * 1024;
/** Of a reply that is compared. */
const REPLY_BYTES_MAX = 16 * 1024;
/** At once, each for keys of its own, so that the writes of one key stay in order. */
const LANES = 4;
const TIMEOUT_MS = 30_000;
/** Between tries: doubled up to the longest; together about half an hour. */
const RETRY_MS = 250;
const RETRY_MS_MAX = 30_000;
const TRIES_MAX = 60;
/** What a reply waits for its intent at most: the disk's write is nearly always quicker than the call. */
const INTENT_MS_MAX = 10;
/** From here on the side that answers has failed, and may or may not have written. */
const FAILED = 500;

/** Kept of a request; the credential that let its caller in is not. */
const KEPT_HEADERS = [
  "content-type",
  "content-encoding",
  "idempotency-key",
  "if-match",
  "if-none-match",
] as const;

export type LostReason = "full" | "large" | "no second side" | "disk";

export interface DualStatus {
  readonly waiting: number;
  readonly waiting_bytes: number;
  readonly oldest_at: string | null;
  readonly written: Readonly<Record<Written["state"], number>>;
  /** Lines that a crash tore before they were acknowledged. */
  readonly unreadable: number;
  /** Of this process, by reason. */
  readonly lost: Readonly<Record<LostReason, number>>;
  /** The newest failure of the second side. */
  readonly problem: string | null;
}

export interface DualDeps {
  /** Opened when a write needs it, or when an earlier process left one. */
  readonly open: () => Promise<WriteQueue>;
  readonly isThere: () => Promise<boolean>;
  readonly isDual: (route: string) => boolean;
  readonly upstream: (dialect: DialectName) => Upstream | undefined;
  readonly prefixOf: (dialect: DialectName) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly retryMs?: number;
  readonly waitingMax?: number;
}

export interface DualWrites {
  wants(route: string, call: ForeignCall): boolean;
  /** Answers by `first`, and writes the same to the other side afterwards. */
  answer(call: ForeignCall, first: (call: ForeignCall) => Promise<Response>): Promise<Response>;
  /** The routes whose `native` is this house's side; delivery begins. */
  attach(routes: readonly BackedRoute[]): void;
  status(): Promise<DualStatus>;
  written(): Promise<readonly Written[]>;
  /** Those that still wait, as they will be written. */
  waiting(): Promise<readonly Pick<Intent, "id" | "at" | "route" | "method" | "path">[]>;
  /** Resolves when nothing waits that could be written now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export function createDualWrites(deps: DualDeps): DualWrites {
  const { isDual, upstream, prefixOf, clock, log, retryMs = RETRY_MS, waitingMax = WAITING_MAX } = deps;
  const lost: Record<LostReason, number> = { full: 0, large: 0, "no second side": 0, disk: 0 };
  const natives = new Map<string, BackedRoute["native"]>();
  const lanes: { ids: string[]; running: boolean }[] = Array.from({ length: LANES }, () => ({
    ids: [],
    running: false,
  }));
  const closing = new AbortController();
  let bytes = 0;
  let problem: string | null = null;
  let whenIdle: (() => void)[] = [];
  let ready: WriteQueue | undefined;
  let opening: Promise<WriteQueue | undefined> | undefined;
  const opened = (): Promise<WriteQueue | undefined> => {
    opening ??= deps.open().then(
      (queue) => {
        ready = queue;
        return queue;
      },
      (error: unknown) => {
        log.error("the queue of dual writes cannot be opened", traceOf(error));
        // The next write tries again.
        opening = undefined;
        return undefined;
      },
    );
    return opening;
  };

  const lose = async (write: Intent, why: LostReason): Promise<void> => {
    if (lost[why] === 0) log.warn("writes go to one side alone", { route: write.route, why });
    lost[why] += 1;
    const { id, at, route, method, path } = write;
    const line = { id, at, route, method, path, state: "lost" as const, why };
    await ready?.append({ k: "written", write: line }).catch((error: unknown) => {
      log.error("a lost write could not be noted", { route, ...traceOf(error) });
    });
  };

  const laneOf = (path: string): number => Bun.hash.xxHash32(path.split("?")[0] ?? "") % LANES;

  const enqueue = (id: string, path: string, size: number): void => {
    bytes += size;
    const lane = lanes[laneOf(path)];
    lane?.ids.push(id);
    if (lane !== undefined && !lane.running && natives.size > 0) void work(lane);
  };

  const work = async (lane: (typeof lanes)[number]): Promise<void> => {
    lane.running = true;
    while (lane.ids.length > 0 && !closing.signal.aborted) {
      const [id = ""] = lane.ids;
      const due = ready?.due.get(id);
      if (due !== undefined) {
        const made = await deliver(due);
        if (made === undefined) break;
        bytes -= sizeOf(due.write);
        await ready?.append({ k: "written", write: made }).catch((error: unknown) => {
          // It stays due in the file: after a start it is written again, under the same idempotency key.
          log.error("a dual write could not be noted", { route: made.route, ...traceOf(error) });
        });
      }
      lane.ids.shift();
    }
    lane.running = false;
    if (lanes.some(({ running }) => running)) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };

  /** Until the second side took or refused it; undefined when the house stops first. */
  const deliver = async ({ write, second, firstStatus, reply }: Due): Promise<Written | undefined> => {
    const { id, at, route, method, path } = write;
    const about = { id, at, route, method, path, second, first_status: firstStatus };
    for (let attempts = 1; ; attempts += 1) {
      let why: string;
      try {
        const { status, body } = await send(write, second);
        if (status < 400) {
          const differences =
            reply === undefined || body === undefined ? undefined : repliesDiffer(reply, body);
          problem = null;
          return {
            ...about,
            state: "done",
            second_status: status,
            attempts,
            ...(differences === undefined ? {} : { differences }),
          };
        }
        why = `the second side answers ${status}.`;
        const again = status >= FAILED || status === 429 || status === 408;
        if (!again) return { ...about, state: "failed", second_status: status, attempts, why };
      } catch (thrown) {
        why = thrown instanceof Fault ? thrown.message : "the second side does not answer.";
      }
      if (problem === null) log.warn("a write cannot be made on the second side yet", { route, why });
      problem = why;
      if (attempts >= TRIES_MAX) return { ...about, state: "failed", attempts, why };
      await pause(Math.min(RETRY_MS_MAX, retryMs * 2 ** Math.min(attempts - 1, 20)), closing.signal);
      if (closing.signal.aborted) return undefined;
    }
  };

  const send = async (
    write: Intent,
    second: Due["second"],
  ): Promise<{ status: number; body: string | undefined }> => {
    const dialect = write.route.slice(0, write.route.indexOf(":")) as DialectName;
    const late = new AbortController();
    const end = deadline(Date.now() + TIMEOUT_MS, () => late.abort());
    try {
      const exchange: Exchange = {
        requestId: `${write.id}.dual`,
        ...(write.caller === undefined ? {} : { caller: write.caller }),
        timeoutMs: TIMEOUT_MS,
        seal: () => undefined,
      };
      const body = write.body === null ? null : Buffer.from(write.body, "base64");
      const headers = {
        ...write.headers,
        ...(body === null ? {} : { "content-length": String(body.byteLength) }),
      };
      const request = new Request(`http://localhost${write.path}`, {
        method: write.method,
        headers,
        signal: AbortSignal.any([late.signal, closing.signal]),
        ...(body === null ? {} : { body }),
      });
      if (second === "upstream") {
        const to = upstream(dialect);
        if (to === undefined)
          throw new Fault("unavailable", `There is no upstream of the ${dialect} dialect.`);
        const { response } = await passThrough(to, prefixOf(dialect), request, exchange);
        return { status: response.status, body: await smallText(response) };
      }
      const native = natives.get(`${write.method} ${write.route}`);
      if (native === undefined) throw new Fault("not_found", `There is no ${write.route} here.`);
      const response = await native(request, exchange);
      return { status: response.status, body: await smallText(response) };
    } finally {
      end.clear();
    }
  };

  const answer: DualWrites["answer"] = async (call, first) => {
    const held = await holdRequest(call.request, BODY_BYTES_MAX);
    const { request } = held;
    const id = `dual-${crypto.randomUUID()}`;
    const write: Intent = {
      id,
      at: new Date(clock.now()).toISOString(),
      route: call.route,
      method: request.method,
      path: request.url.slice(request.url.indexOf("/", request.url.indexOf("://") + 3)),
      headers: headersOf(request.headers, id),
      body: held.body instanceof ArrayBuffer ? Buffer.from(held.body).toString("base64") : null,
      ...(call.exchange.caller === undefined
        ? {}
        : { caller: { id: call.exchange.caller.id, scopes: [...call.exchange.caller.scopes] } }),
    };
    const why = unqueueable(held.body !== null && !(held.body instanceof ArrayBuffer), sizeOf(write));
    const queue = ready ?? (await opened());
    if (why !== undefined || queue === undefined) {
      const response = await first({ ...call, request });
      if (response.status < 400) void lose(write, why ?? "disk");
      return response;
    }
    const noted = queue.append({ k: "intent", write }).then(
      () => true,
      () => false,
    );
    let response: Response;
    try {
      response = await first({ ...call, request });
    } catch (thrown) {
      await unclear(queue, write, undefined);
      throw thrown;
    }
    await within(noted, INTENT_MS_MAX);
    if (response.status >= FAILED) {
      await unclear(queue, write, response.status);
      return response;
    }
    if (response.status >= 400) {
      void queue.append({ k: "void", id }).catch((error: unknown) => warn(error, write.route));
      return response;
    }
    const isHere = (response.headers.get(BACKEND_HEADER) ?? "native") === "native";
    const second = isHere ? "upstream" : "native";
    if (second === "upstream" && upstream(write.route.split(":")[0] as DialectName) === undefined) {
      void lose(write, "no second side");
      return response;
    }
    // A write's own reply is small JSON; one that is not is passed on unread.
    return holdReply(response, isHere, (body) => {
      const text =
        body instanceof ArrayBuffer && body.byteLength <= REPLY_BYTES_MAX ? textOf(body) : undefined;
      void noted
        .then(async (kept) => {
          if (!kept) return lose(write, "disk");
          const { status } = response;
          await queue.append({
            k: "due",
            id,
            second,
            first_status: status,
            ...(text === undefined ? {} : { reply: text }),
          });
          enqueue(id, write.path, sizeOf(write));
        })
        .catch(() => lose(write, "disk"));
    });
  };

  const unqueueable = (isUnheld: boolean, size: number): LostReason | undefined => {
    if (isUnheld) return "large";
    const waiting = ready?.due.size ?? 0;
    return waiting >= waitingMax || bytes + size > WAITING_BYTES_MAX ? "full" : undefined;
  };

  const unclear = async (queue: WriteQueue, write: Intent, status: number | undefined): Promise<void> => {
    const { id, at, route, method, path } = write;
    const why = status === undefined ? "the first side did not answer" : `the first side answered ${status}`;
    const line: Written = {
      id,
      at,
      route,
      method,
      path,
      state: "unclear",
      why,
      ...(status === undefined ? {} : { first_status: status }),
    };
    await within(
      queue.append({ k: "written", write: line }).catch((error: unknown) => warn(error, route)),
      INTENT_MS_MAX,
    );
  };

  const warn = (error: unknown, route: string): void =>
    log.error("a dual write could not be noted", { route, ...traceOf(error) });

  return {
    wants: (route, call) => !call.reads && !call.route.endsWith(":*") && isDual(route),
    answer,
    attach: (routes) => {
      for (const { name, method, native } of routes) natives.set(`${method} ${name}`, native);
      const begin = async (): Promise<void> => {
        if (!(await deps.isThere())) return;
        for (const [id, { write }] of (await opened())?.due ?? []) enqueue(id, write.path, sizeOf(write));
      };
      begin().catch((error: unknown) =>
        log.error("the queue of dual writes cannot be opened", traceOf(error)),
      );
    },
    status: async () => {
      const queue = (await deps.isThere()) ? await opened() : undefined;
      const [oldest] = queue?.due.values() ?? [];
      return {
        waiting: queue?.due.size ?? 0,
        waiting_bytes: bytes,
        oldest_at: oldest?.write.at ?? null,
        written: queue?.counts() ?? { done: 0, failed: 0, unclear: 0, lost: 0 },
        unreadable: queue?.unreadable ?? 0,
        lost: { ...lost },
        problem,
      };
    },
    written: async () => ((await deps.isThere()) ? ((await opened())?.written ?? []) : []),
    waiting: async () =>
      (await deps.isThere())
        ? [...((await opened())?.due.values() ?? [])].map(({ write: { id, at, route, method, path } }) => ({
            id,
            at,
            route,
            method,
            path,
          }))
        : [],
    idle: () =>
      lanes.some(({ running }) => running)
        ? new Promise((resolve) => {
            whenIdle.push(resolve);
          })
        : Promise.resolve(),
    close: async () => {
      closing.abort();
      for (let lane = 0; lane < LANES; lane += 1) while (lanes[lane]?.running === true) await Bun.sleep(1);
      await (await opening)?.close();
    },
  };
}

function headersOf(headers: Headers, id: string): Record<string, string> {
  // Made here where the caller gave none, so that a second try does not write twice.
  const kept: Record<string, string> = { "idempotency-key": id };
  for (const name of KEPT_HEADERS) {
    const value = headers.get(name);
    if (value !== null) kept[name] = value;
  }
  return kept;
}

function sizeOf({ body, path }: Intent): number {
  return (body?.length ?? 0) + path.length;
}

/** Undefined of a large reply, which is not read. */
async function smallText(response: Response): Promise<string | undefined> {
  if (response.body === null) return "";
  const bytes = Number(response.headers.get("content-length") ?? 0);
  if (bytes > REPLY_BYTES_MAX) {
    await response.body.cancel();
    return undefined;
  }
  const held = await response.arrayBuffer();
  return held.byteLength > REPLY_BYTES_MAX ? undefined : textOf(held);
}

function textOf(bytes: ArrayBuffer): string {
  return new TextDecoder().decode(bytes);
}

/** Of fields that each side makes for itself. */
const OWN = /(^|[._])(id|etag|version|snapshot|key_id)$/;

function repliesDiffer(there: string, here: string): Difference[] {
  const reply = (text: string) => ({
    status: 200,
    type: "application/json",
    body: new TextEncoder().encode(text).buffer,
    ms: 0,
  });
  return differencesOf(reply(there), reply(here)).map((difference) =>
    difference.kind === "value" && OWN.test(difference.path)
      ? { ...difference, explained: true, detail: "each side makes its own" }
      : difference,
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
