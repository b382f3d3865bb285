// Shadow comparison: behind a reply that the upstream has given, the same call is made of this house and the two replies
// are compared; behind one of this house as the primary, where it is wanted, the upstream is asked. The caller's reply is never touched, waited for or slowed: with it only a reference is put aside. Its request is
// looked at in a later turn, one a turn, and while the queue is full no more than some hundred a second are; comparisons, one at a
// time and in small steps, keep a pace and take no more than a share of the time. What is not compared is counted by its reason.
// Only calls that read are made twice.

import { untilAbort } from "#lib/abort";
import type { Clock } from "#lib/clock";
import { deadline } from "#lib/coarse-timer";
import { yieldToEventLoop } from "#lib/event-loop";
import type { Random } from "#lib/random";
import type { ForeignCall } from "#rpc/backend";
import type { Exchange } from "#rpc/exchange";
import { differencesInSteps, jsonOf, type Reply } from "../diff/replies.ts";
import type { Entry } from "../ledger/ledger.ts";
import type { Passed } from "../pass-through.ts";
import { shapeOf } from "./shape.ts";
import { type DropReason, newTally, noteOutcome, noteShape, type Tally } from "./tally.ts";

/** Some seconds of a busy route. */
const QUEUE_MAX = 256;
const QUEUE_BYTES_MAX = 16 * 1024 * 1024;
/** Calls whose shape is not known yet; each turn of the event loop looks at one. */
const UNSEEN_MAX = 64;
/** With those of the queue. */
const UNSEEN_BYTES_MAX = QUEUE_BYTES_MAX + 4 * 1024 * 1024;
/** While the queue is full, a call is only looked at for a rare shape, and this far apart: looking costs what a reply costs. */
const LOOK_EVERY_MS = 2;
/**
 * Of the time, at most: after a comparison the next one waits so long that callers, whose replies wait for whatever the process
 * does, notice nothing.
 */
const TIME_SHARE = 0.05;
/** Between two comparisons, at least. Some thousand decide a gate, and a hundred a second are there in a minute. */
const PACE_MS = 10;
/** A comparison that takes longer than 2 ms mostly waits, for a daemon or a side that hangs, which takes nothing from callers. */
const REST_MS_MAX = 40;
/** Of a call behind, all of it. */
const DEADLINE_MS = 5000;
/** A turn of the event loop that takes longer says that the house lags; then nothing is compared. */
const LAG_MS_MAX = 50;
/** Larger replies are not compared. */
const COMPARED_BYTES_MAX = 256 * 1024;
/** The first of each shape are always compared, so that rare ones are. */
const FIRST_OF_SHAPE = 20;
/** The first calls of a route are repeated to learn its noise, then this share. */
const FIRST_REPEATED = 5;
const REPEATED_SHARE = 0.02;

export interface ShadowOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Of calls, from 0 to 1, beyond the first of each shape. */
  readonly share?: () => number;
  /** Of the time, that comparisons take at most. */
  readonly timeShare?: number;
  /** Milliseconds between two comparisons, at least. */
  readonly paceMs?: number;
  readonly queueMax?: number;
  readonly deadlineMs?: number;
}

/** Makes the call of the upstream once more. */
export type Again = (request: Request, exchange: Exchange) => Promise<Passed>;

/** A reply of this house that is to be compared. */
export interface Answered {
  /** As it was sent; both bodies are read in a later turn. */
  readonly request: Request;
  readonly response: Response;
  readonly ms: number;
}

export interface Shadow {
  /** By `entry` of the ledger: another one that says shadow begins the comparison again. Never waits, never throws. */
  offer(route: string, entry: Entry, call: ForeignCall, passed: Passed, again: Again): void;
  /** The same of a reply of this house, which the upstream is compared with. `answered` is called where there is room. */
  offerOwn(route: string, entry: Entry, call: ForeignCall, answered: () => Answered, upstream: Again): void;
  tallies(): readonly Tally[];
  /** Resolves when nothing is queued. */
  idle(): Promise<void>;
}

/** As it was offered; nothing of it is copied. */
interface Unseen {
  readonly tally: Tally;
  readonly call: ForeignCall;
  readonly sent: ArrayBuffer | null;
  readonly reply: Reply;
  readonly bytes: number;
  /** The side that gave the reply, once more. */
  readonly again: Ask;
  readonly other: Ask;
  /** Which side that is: replies are compared from there to here. */
  readonly isOwn: boolean;
}

/** A call behind a reply; undefined when its reply is too large to compare. */
type Ask = (request: Request, exchange: Exchange) => Promise<Reply | undefined>;

interface Held extends Unseen {
  /** One of the first of its shape. */
  readonly rare: boolean;
  readonly shape: string;
  readonly headers: Headers;
}

export function createShadow(options: ShadowOptions): Shadow {
  const { clock, random, share = () => 1, timeShare = TIME_SHARE } = options;
  const { queueMax = QUEUE_MAX, deadlineMs = DEADLINE_MS, paceMs = PACE_MS } = options;
  const tallies = new Map<string, { entry: string; tally: Tally }>();
  const unseen: Unseen[] = [];
  const queue: Held[] = [];
  /** Of both. */
  let heldBytes = 0;
  let looking = false;
  /** Replies of this house whose bytes are being read. */
  let reading = 0;
  let lookedAt = -Infinity;
  let running = false;
  let whenIdle: (() => void)[] = [];

  const tallyOf = (route: string, { id, state, tenant = "" }: Entry): Tally => {
    const key = `${route} ${tenant}`;
    const known = tallies.get(key);
    // What a canary leaves to the upstream goes on being compared with what was before.
    if (known !== undefined && (state === "canary" || known.entry === id)) return known.tally;
    const tally = newTally(route, tenant, clock.now());
    tallies.set(key, { entry: id, tally });
    return tally;
  };

  const work = async (): Promise<void> => {
    for (let held = queue.shift(); held !== undefined; held = queue.shift()) {
      heldBytes -= held.bytes;
      const lagging = await lags();
      const started = performance.now();
      const drop = lagging ? "lagging" : await compareOne(held, { clock, random, deadlineMs });
      if (drop !== undefined) held.tally.dropped[drop] += 1;
      const owedMs = Math.min((performance.now() - started) * (1 / timeShare - 1), REST_MS_MAX);
      const restMs = Math.max(owedMs, paceMs);
      if (restMs > 0) await rest(restMs);
    }
    running = false;
    settle();
  };

  const settle = (): void => {
    if (running || looking || reading > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  };

  const isFull = (): boolean => queue.length >= queueMax || heldBytes >= QUEUE_BYTES_MAX;

  /** Whether there is room, if need be in the place of a call whose shape is compared often. */
  const hasRoom = (rare: boolean, bytes: number): boolean => {
    const fits = (): boolean => queue.length < queueMax && heldBytes + bytes <= QUEUE_BYTES_MAX;
    if (fits()) return true;
    const at = rare ? queue.findLastIndex((held) => !held.rare) : -1;
    const [common] = at === -1 ? [] : queue.splice(at, 1);
    if (common === undefined) return false;
    heldBytes -= common.bytes;
    common.tally.dropped.full += 1;
    return fits();
  };

  /** In later turns, one call a turn: the callers' replies go out first. */
  const look = async (): Promise<void> => {
    await yieldToEventLoop();
    for (let one = unseen.shift(); one !== undefined; one = unseen.shift()) {
      heldBytes -= one.bytes;
      enqueue(one);
      await yieldToEventLoop();
    }
    looking = false;
    settle();
  };

  const enqueue = (one: Unseen): void => {
    const { tally, call, sent, bytes } = one;
    const shape = shapeOf(call.request.url, jsonOf(sent));
    const known = noteShape(tally, shape);
    const rare = (known?.seen ?? Infinity) <= FIRST_OF_SHAPE;
    if (!rare && random.next() >= share()) return;
    if (!hasRoom(rare, bytes)) {
      tally.dropped.full += 1;
      return;
    }
    queue.push({ ...one, rare, shape, headers: new Headers(call.request.headers) });
    heldBytes += bytes;
    if (running) return;
    running = true;
    void work();
  };

  /** Whether it is left unseen: there are too many, or only a rare shape would find room and one was looked for just now. */
  const isTooMany = (bytes: number): boolean => {
    if (unseen.length >= UNSEEN_MAX || heldBytes + bytes > UNSEEN_BYTES_MAX) return true;
    if (!isFull()) return false;
    const now = performance.now();
    if (now - lookedAt < LOOK_EVERY_MS) return true;
    lookedAt = now;
    return false;
  };

  const keep = (one: Unseen): void => {
    unseen.push(one);
    heldBytes += one.bytes;
    if (looking) return;
    looking = true;
    void look();
  };

  return {
    offer: (route, entry, call, passed, again) => {
      if (!call.reads) return;
      const tally = tallyOf(route, entry);
      const { sent, received } = passed;
      if (sent === undefined || received === undefined || (received?.byteLength ?? 0) > COMPARED_BYTES_MAX) {
        tally.dropped.large += 1;
        return;
      }
      const bytes = (sent?.byteLength ?? 0) + (received?.byteLength ?? 0);
      if (isTooMany(bytes)) {
        tally.dropped.full += 1;
        return;
      }
      const reply = replyOf(passed.response, received ?? new ArrayBuffer(0), passed.ms);
      keep({ tally, call, sent, reply, bytes, again: ofUpstream(again), other: ofHouse(call), isOwn: false });
    },
    offerOwn: (route, entry, call, answered, upstream) => {
      if (!call.reads) return;
      const tally = tallyOf(route, entry);
      if (reading >= UNSEEN_MAX || isTooMany(0)) {
        tally.dropped.full += 1;
        return;
      }
      const { request, response, ms } = answered();
      const read = async (): Promise<void> => {
        const sent = request.body === null ? null : await request.arrayBuffer();
        const received = await bounded(response);
        if (received === undefined) {
          tally.dropped.large += 1;
          return;
        }
        const reply = replyOf(response, received, ms);
        const bytes = (sent?.byteLength ?? 0) + received.byteLength;
        keep({
          tally,
          call,
          sent,
          reply,
          bytes,
          again: ofHouse(call),
          other: ofUpstream(upstream),
          isOwn: true,
        });
      };
      reading += 1;
      read()
        .catch(() => {
          tally.dropped.failed += 1;
        })
        .finally(() => {
          reading -= 1;
          settle();
        });
    },
    tallies: () => [...tallies.values()].map(({ tally }) => tally),
    idle: () =>
      !running && !looking && reading === 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            whenIdle.push(resolve);
          }),
  };
}

/** Keeps no process from ending. */
function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

async function lags(): Promise<boolean> {
  const before = performance.now();
  await yieldToEventLoop();
  return performance.now() - before > LAG_MS_MAX;
}

type Setup = Required<Pick<ShadowOptions, "clock" | "random" | "deadlineMs">>;

/** Undefined when it was compared, else why not. */
async function compareOne(held: Held, { clock, random, deadlineMs }: Setup): Promise<DropReason | undefined> {
  const { tally, call, reply, shape, isOwn } = held;
  const late = new AbortController();
  const end = deadline(Date.now() + deadlineMs, () => late.abort());
  try {
    const { exchange } = call;
    const behind: Exchange = {
      requestId: `${exchange.requestId}.shadow`,
      ...(exchange.caller === undefined ? {} : { caller: exchange.caller }),
      timeoutMs: deadlineMs,
      seal: () => undefined,
    };
    const request = (): Request =>
      new Request(call.request.url, {
        method: call.request.method,
        headers: held.headers,
        signal: late.signal,
        ...(held.sent === null ? {} : { body: held.sent }),
      });
    if (tally.compared < FIRST_REPEATED || random.next() < REPEATED_SHARE) {
      const repeated = await untilAbort(held.again(request(), behind), late.signal);
      if (repeated !== undefined) {
        const differences = await differencesInSteps(reply, repeated);
        tally.noise.learn(
          differences.map(({ path }) => path),
          clock.now(),
        );
      }
    }
    const other = await untilAbort(held.other(request(), behind), late.signal);
    if (other === undefined) return "large";
    const [there, here] = isOwn ? [other, reply] : [reply, other];
    noteOutcome(
      tally,
      { shape, differences: await differencesInSteps(there, here), there, here },
      clock.now(),
    );
    return undefined;
  } catch {
    // Whatever failed behind a reply is no caller's: it is counted.
    return late.signal.aborted ? "deadline" : "failed";
  } finally {
    end.clear();
  }
}

function ofUpstream(again: Again): Ask {
  return async (request, exchange) => {
    const { response, received, ms } = await again(request, exchange);
    if (received === undefined || (received?.byteLength ?? 0) > COMPARED_BYTES_MAX) return undefined;
    return replyOf(response, received ?? new ArrayBuffer(0), ms);
  };
}

function ofHouse(call: ForeignCall): Ask {
  return async (request, exchange) => {
    const started = performance.now();
    const response = await call.native(request, exchange);
    const ms = performance.now() - started;
    const body = await bounded(response);
    return body === undefined ? undefined : replyOf(response, body, ms);
  };
}

function replyOf(response: Response, body: ArrayBuffer, ms: number): Reply {
  return { status: response.status, type: response.headers.get("content-type") ?? "", body, ms };
}

/** Undefined when it is larger than what is compared; then the rest is not read. */
async function bounded({ body }: Response): Promise<ArrayBuffer | undefined> {
  if (body === null) return new ArrayBuffer(0);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Uint8Array).byteLength;
    if (bytes > COMPARED_BYTES_MAX) return undefined;
    chunks.push(chunk as Uint8Array);
  }
  const whole = Buffer.concat(chunks);
  return whole.buffer.slice(whole.byteOffset, whole.byteOffset + whole.byteLength);
}
