// Writes that go to both sides. The caller's answer is the first side's and nothing else; the second side gets the same write behind
// it, from a queue on disk, in the order of each key, again and again until it took it or refused it, always under one
// idempotency key. What is not queued is counted by its reason, and so is a write of which nobody knows whether its first side made it.

import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BACKEND_HEADER, type BackedRoute, type ForeignCall } from "#rpc/backend";
import type { DialectName, Upstream } from "../ledger/ledger.ts";
import { traceOf } from "#rpc/fault";
import { holdReply, holdRequest } from "../record/held-call.ts";
import { comparable, createDelivery } from "./delivery.ts";
import type { Intent, Written } from "./dual-write.ts";
import type { WriteQueue } from "./write-queue.ts";

/** Writes that wait for the second side; more are lost, and told. */
const WAITING_MAX = 10_000;
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Of one write: larger bodies are not held. */
const BODY_BYTES_MAX = 1024 * 1024;
/** At once, each for keys of its own, so that the writes of one key stay in order; few, for callers go first. */
const LANES = 2;
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
  /** Lines of the queue that were damaged on the disk, until somebody takes note: each may be a write that is on one side alone. */
  readonly damaged: number;
  /** Of this process, by reason. */
  readonly lost: Readonly<Record<LostReason, number>>;
  /** The newest failure of the second side. */
  readonly problem: string | null;
  /** Why a power cut may take what waits; null while the disk has it. */
  readonly unflushed: string | null;
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
  /** Damage that was found so far is no longer told. */
  noteDamage(): Promise<void>;
  written(): Promise<readonly Written[]>;
  /** Those that still wait, as they will be written. */
  waiting(): Promise<readonly Pick<Intent, "id" | "at" | "route" | "method" | "path">[]>;
  /** Resolves when nothing waits that could be written now. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export function createDualWrites(deps: DualDeps): DualWrites {
  const { isDual, upstream, prefixOf, clock, log, waitingMax = WAITING_MAX } = deps;
  const lost: Record<LostReason, number> = { full: 0, large: 0, "no second side": 0, disk: 0 };
  const natives = new Map<string, BackedRoute["native"]>();
  const lanes: { ids: string[]; running: boolean }[] = Array.from({ length: LANES }, () => ({
    ids: [],
    running: false,
  }));
  const closing = new AbortController();
  const delivery = createDelivery({
    natives,
    upstream,
    prefixOf,
    log,
    closing: closing.signal,
    retryMs: deps.retryMs,
  });
  let bytes = 0;
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
        const made = await delivery.deliver(due);
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
      const text = body instanceof ArrayBuffer ? comparable(body) : undefined;
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
        damaged: queue?.damaged ?? 0,
        lost: { ...lost },
        problem: delivery.problem(),
        unflushed: queue?.unflushed ?? null,
      };
    },
    noteDamage: async () => {
      const queue = (await deps.isThere()) ? await opened() : undefined;
      if (queue === undefined || queue.damaged === 0) return;
      log.info("damaged lines of the queue of dual writes were noted", { lines: queue.damaged });
      await queue.noteDamage();
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

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
