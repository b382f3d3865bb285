// A recording made again, in an open loop: each call goes out when its time has come, scaled by the rate, whether or not the
// ones before it are answered, and its latency counts from the moment it should have gone. Replies are compared with the
// recorded ones by the comparators of the shadow. What cannot or must not be made again is counted by its reason.

import { pause } from "#lib/abort";
import type { Difference } from "../diff/compare.ts";
import { createNoise, type Noise } from "../diff/noise.ts";
import { differencesOf, type Reply } from "../diff/replies.ts";
import type { Side } from "../side.ts";
import type { RecordedBody, RecordedCall, RecordedSurface } from "./recording.ts";
import { redactedBody, unreplayable } from "./redacted.ts";

/** Calls in flight; a further one waits, and its wait counts as latency. */
const AT_ONCE_MAX = 256;
/** Differing calls of a route that are made again, twice each, to learn what that side says differently by itself. */
const REPEATED_MAX = 5;
/** Fewer repetitions show nothing. */
const REPEATED_MIN = 3;
/** Ways in which calls of one route differ, that are told apart. */
const PATTERNS_MAX = 200;

export interface ReplayOptions {
  readonly calls: AsyncIterable<RecordedCall>;
  readonly side: Side;
  readonly against: "native" | "go" | "rust";
  /** 2 is twice as fast as it was. */
  readonly rate: number;
  readonly compare: boolean;
  readonly writes: boolean;
  /** Fires to end it early: what was sent is reported. */
  readonly signal: AbortSignal;
  readonly progress?: (sent: number, tMs: number) => void;
}

export interface RouteReplay {
  readonly route: string;
  sent: number;
  /** No reply came. */
  failed: number;
  same: number;
  different: number;
  explained: number;
  noisy: number;
  /** Replies that were recorded cut, or masked: of the first nothing is compared, of the second not what stood there. */
  cut: number;
  masked: number;
  readonly recordedMs: number[];
  readonly replayedMs: number[];
  readonly differences: Map<string, Difference & { count: number }>;
  readonly noise: Noise;
}

export interface Replayed {
  readonly routes: readonly RouteReplay[];
  /** By reason, of calls that were not made. */
  readonly skipped: ReadonlyMap<string, number>;
  readonly ended: "whole" | "interrupted";
  /** Most by which a call went out late. */
  readonly lateMsMax: number;
  readonly tookMs: number;
}

interface Held {
  readonly tally: RouteReplay;
  readonly patterns: Map<string, { differences: readonly Difference[]; count: number }>;
  readonly repeated: RecordedCall[];
}

export async function replay(options: ReplayOptions): Promise<Replayed> {
  const { calls, side, rate, signal } = options;
  const held = new Map<string, Held>();
  const skipped = new Map<string, number>();
  const flying = new Set<Promise<void>>();
  const started = performance.now();
  let lateMsMax = 0;
  let sent = 0;
  for await (const call of calls) {
    if (signal.aborted) break;
    const why = skipReason(call, options);
    if (why !== undefined) {
      skipped.set(why, (skipped.get(why) ?? 0) + 1);
      continue;
    }
    const due = started + call.t_ms / rate;
    const aheadMs = due - performance.now();
    if (aheadMs > 1) await pause(aheadMs, signal);
    if (signal.aborted) break;
    if (flying.size >= AT_ONCE_MAX) await Promise.race(flying);
    lateMsMax = Math.max(lateMsMax, performance.now() - due);
    const one = heldOf(held, call.route);
    const flight = sendOne(call, one, due, options).finally(() => flying.delete(flight));
    flying.add(flight);
    sent += 1;
    options.progress?.(sent, call.t_ms);
  }
  await Promise.all(flying);
  for (const one of held.values()) {
    if (options.compare && !signal.aborted) await learnNoise(one, side);
    settle(one);
  }
  return {
    routes: [...held.values()].map(({ tally }) => tally),
    skipped,
    ended: signal.aborted ? "interrupted" : "whole",
    lateMsMax,
    tookMs: performance.now() - started,
  };
}

function surfaceOf({ route }: Pick<RecordedCall, "route">): RecordedSurface {
  return route.slice(0, route.indexOf(":")) as RecordedSurface;
}

function skipReason(call: RecordedCall, { against, writes }: ReplayOptions): string | undefined {
  const surface = surfaceOf(call);
  if (against !== "native" && surface !== against) return `of another surface than ${against}`;
  if (!call.reads && !writes) return "not declared to read: needs --writes";
  return unreplayable(call);
}

function heldOf(all: Map<string, Held>, route: string): Held {
  const known = all.get(route);
  if (known !== undefined) return known;
  const tally: RouteReplay = {
    route,
    sent: 0,
    failed: 0,
    same: 0,
    different: 0,
    explained: 0,
    noisy: 0,
    cut: 0,
    masked: 0,
    recordedMs: [],
    replayedMs: [],
    differences: new Map(),
    noise: createNoise(),
  };
  const made: Held = { tally, patterns: new Map(), repeated: [] };
  all.set(route, made);
  return made;
}

async function sendOne(
  call: RecordedCall,
  held: Held,
  dueMs: number,
  { side, compare }: ReplayOptions,
): Promise<void> {
  const { tally, patterns, repeated } = held;
  tally.sent += 1;
  let reply: Reply;
  try {
    reply = await side.send(requestOf(call), surfaceOf(call));
  } catch {
    tally.failed += 1;
    return;
  }
  tally.recordedMs.push(call.reply.ms);
  tally.replayedMs.push(performance.now() - dueMs);
  if (!compare) return;
  const recorded = call.reply.body;
  if (recorded !== null && "cut" in recorded) tally.cut += 1;
  if (recorded !== null && "text" in recorded && recorded.redacted !== undefined) tally.masked += 1;
  const differences = replayDifferences(call, reply);
  if (differences.length === 0) {
    tally.same += 1;
    return;
  }
  if (call.reads && repeated.length < REPEATED_MAX) repeated.push(call);
  const pattern = differences.map(({ path, kind }) => `${path} ${kind}`).join("\n");
  const known = patterns.get(pattern);
  if (known !== undefined) known.count += 1;
  else if (patterns.size < PATTERNS_MAX) patterns.set(pattern, { differences, count: 1 });
  // Beyond what is told apart a difference is real.
  else tally.different += 1;
}

function requestOf({ request }: RecordedCall): Parameters<Side["send"]>[0] {
  const { method, target, headers, body } = request;
  const text = body !== null && "text" in body ? body.text : null;
  return { method, target, headers, body: text };
}

/** Of a recorded reply and one that came now, with the same taken out of both. */
export function replayDifferences({ reply }: Pick<RecordedCall, "reply">, now: Reply): Difference[] {
  const here = redactedBody(now.body);
  const cut = reply.body !== null && "cut" in reply.body;
  return differencesOf(asReply(reply, reply.body), asReply(now, cut ? reply.body : here));
}

function asReply({ status, type, ms }: Omit<Reply, "body">, body: RecordedBody): Reply {
  const text = body === null ? "" : "text" in body ? body.text : "sha256" in body ? body.sha256 : "cut";
  return { status, type, ms, body: new TextEncoder().encode(text).buffer };
}

/** The same call twice to the same side: what differs then says nothing of the other one. */
async function learnNoise({ tally, repeated }: Held, side: Side): Promise<void> {
  for (let at = 0; at < Math.max(REPEATED_MIN, repeated.length) && repeated.length > 0; at += 1) {
    const call = repeated[at % repeated.length] as RecordedCall;
    try {
      const first = await side.send(requestOf(call), surfaceOf(call));
      const second = await side.send(requestOf(call), surfaceOf(call));
      tally.noise.learn(
        differencesOf(first, second).map(({ path }) => path),
        0,
      );
    } catch {
      // A side that went away teaches nothing: its differences count.
      return;
    }
  }
}

function settle({ tally, patterns }: Held): void {
  for (const { differences, count } of patterns.values()) {
    const real = differences.filter(({ path }) => !tally.noise.isNoise(path, 0));
    const kind =
      real.length === 0 ? "noisy" : real.every(({ explained }) => explained) ? "explained" : "different";
    tally[kind] += count;
    for (const difference of differences) {
      const key = `${difference.path} ${difference.kind}`;
      const before = tally.differences.get(key)?.count ?? 0;
      tally.differences.set(key, { ...difference, count: before + count });
    }
  }
}
