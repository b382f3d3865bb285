// Runs a load: scenarios of its classes in turn, each by a client, as they fall due. Open loop unless told otherwise: a
// scenario is due at a fixed moment and its latency counts from there, also while every client is waiting. Where no rate is
// given, a short closed loop first finds what the house can do, and the open loop runs at a share of it.
//
// Always holds: at most `clients` scenarios are under way; what was due is counted as done, failed or not started, or was cut
// short by the caller and is counted as such.

import { seeded } from "#lib/random";
import type { LoadCaller, WireCall } from "./caller.ts";
import { type Arrivals, closedLoop, openLoop } from "./clock/arrivals.ts";
import { drive, type DueWork } from "./clock/drive.ts";
import type { LoadClock } from "./clock/load-clock.ts";
import type { LoadRoster } from "./material/roster.ts";
import { CLASSES, type ClassName, classAt } from "./profiles.ts";
import { LoadTally, perSecond } from "./report/tally.ts";
import { WrongAnswer } from "./scenarios/scenario.ts";

export interface LoadRun {
  readonly classes: readonly ClassName[];
  readonly clients: number;
  readonly seconds: number;
  readonly closed: boolean;
  /** Scenarios a second, of an open loop; found by a closed one where it is not given. */
  readonly rate: number | undefined;
  readonly roster: LoadRoster;
  readonly corpus: string;
  readonly path: string;
  /** Of 32 bits, unlike that of any other run. */
  readonly run: number;
}

export interface LoadSurroundings {
  readonly clock: LoadClock;
  readonly call: LoadCaller;
  readonly signal: AbortSignal;
  /** CPU time of this process so far, in microseconds. */
  readonly cpuUs: () => number;
  /** That of the house's processes; null where they are not known. */
  readonly houseCpuUs: () => number | null;
  /** Called as scenarios end, for a progress line. */
  readonly progress: (phase: "peak" | "load", tally: LoadTally, part: number) => void;
}

/** One loop, run. */
export interface LoadPhase {
  readonly tally: LoadTally;
  readonly rate: number | null;
  readonly seconds: number;
  /** Due, and without a client until the end. */
  readonly notStarted: number;
  readonly cutShort: number;
  readonly cpuUs: number;
  readonly houseCpuUs: number | null;
}

/** The share of its time that a run first spends on finding the peak, and its limits in seconds. */
const PEAK_SHARE = 0.1;
const PEAK_SECONDS_MIN = 1;
const PEAK_SECONDS_MAX = 10;
/** Of the peak: busy, and not yet where queues grow without end. */
const RATE_SHARE = 0.7;
/** The share of a closed loop's time over which its clients begin, and its limit. */
const RAMP_SHARE = 0.1;
const RAMP_MS_MAX = 1000;
/** What is due when the time is up is still begun for so long. */
const GRACE_MS = 10_000;

export async function runPhases(
  run: LoadRun,
  around: LoadSurroundings,
): Promise<{ peak: LoadPhase | null; load: LoadPhase | null }> {
  const { clock, signal } = around;
  const endMs = run.seconds * 1000;
  if (run.closed) {
    const endAt = clock.now() + endMs;
    const arrivals = closedLoop(endAt, Infinity);
    return { peak: null, load: await phase("load", arrivals, endAt, null, run, around, 0) };
  }
  let peak: LoadPhase | null = null;
  if (run.rate === undefined) {
    const peakS = Math.min(PEAK_SECONDS_MAX, Math.max(PEAK_SECONDS_MIN, run.seconds * PEAK_SHARE));
    const endAt = clock.now() + peakS * 1000;
    peak = await phase("peak", closedLoop(endAt, Infinity), endAt, null, run, around, 0);
    if (signal.aborted || peak.tally.done === 0) return { peak, load: null };
  }
  const rate = run.rate ?? (peak === null ? 1 : perSecond(peak.tally.done, peak.seconds) * RATE_SHARE);
  const startAt = clock.now();
  const most = Math.max(1, Math.floor(run.seconds * rate));
  const arrivals = openLoop(startAt, rate, most);
  // Scenarios of the peak are not done again: what they left warm would be measured.
  const first = peak === null ? 0 : peak.tally.done + peak.tally.failed + run.clients;
  const giveUpAt = startAt + endMs + GRACE_MS;
  return { peak, load: await phase("load", arrivals, giveUpAt, rate, run, around, first) };
}

async function phase(
  name: "peak" | "load",
  arrivals: Arrivals,
  giveUpAt: number,
  rate: number | null,
  run: LoadRun,
  around: LoadSurroundings,
  first: number,
): Promise<LoadPhase> {
  const { clock, signal, cpuUs, houseCpuUs, progress } = around;
  const tally = new LoadTally(run.classes);
  const startAt = clock.now();
  const cpuBefore = cpuUs();
  const houseBefore = houseCpuUs();
  const lengthMs = rate === null ? giveUpAt - startAt : run.seconds * 1000;
  let cutShort = 0;
  const work = async (due: DueWork): Promise<void> => {
    tally.late(due.lateMs);
    const ended = await scenario({ ...due, turn: due.turn + first }, run, around, tally);
    if (!ended) cutShort += 1;
    progress(name, tally, (clock.now() - startAt) / lengthMs);
  };
  const { clients } = run;
  // What is due at fixed moments is spread by itself.
  const rampMs = rate === null ? Math.min(RAMP_MS_MAX, lengthMs * RAMP_SHARE) : 0;
  const notStarted = await drive({ arrivals, clients, rampMs, clock, giveUpAt, signal, work });
  const houseAfter = houseCpuUs();
  return {
    tally,
    rate,
    seconds: (clock.now() - startAt) / 1000,
    notStarted,
    cutShort,
    cpuUs: cpuUs() - cpuBefore,
    houseCpuUs: houseBefore === null || houseAfter === null ? null : houseAfter - houseBefore,
  };
}

/** False when the run was ended under it. */
async function scenario(
  { turn, client, dueAt }: DueWork,
  run: LoadRun,
  { clock, call, signal }: LoadSurroundings,
  tally: LoadTally,
): Promise<boolean> {
  const name = classAt(run.classes, turn);
  const { roster, corpus, path } = run;
  const ask = async (what: WireCall, expected = 200): Promise<unknown> => {
    const reply = await call(what, signal);
    if (reply.fault === "cut_short") throw new WrongAnswer("cut short", "");
    tally.call(what, reply);
    if (reply.status === expected) return reply.body;
    const label = what.label ?? `${what.method} ${what.path}`;
    const told = typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body);
    const got = `${reply.status === 0 ? "" : `${reply.status} `}${reply.fault ?? ""}`.trim();
    throw new WrongAnswer(`${label}: ${got} instead of ${expected}`, told);
  };
  // Its number within its class: classes that come in turn would else each see one remainder alone.
  const own = Math.floor(turn / run.classes.length);
  const random = seeded(Math.imul(run.run, 0x10001) ^ turn);
  try {
    await CLASSES[name].run({ turn: own, client, roster, corpus, path, run: run.run, random, ask });
    tally.passed(name, clock.now() - dueAt);
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    if (thrown instanceof WrongAnswer) tally.fail(name, thrown.check, thrown.message);
    // A reply of another form than its contract's.
    else tally.fail(name, "a reply of the right form", String(thrown));
    return true;
  }
}
