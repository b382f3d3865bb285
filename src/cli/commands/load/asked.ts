// What was asked of `lakehouse load`: its profile, with what flags change of it.

import { type ClassName, CLASSES, type LoadProfile } from "#cutover/load/profiles";
import { WORKERS_MIN } from "#cutover/load/material/roster";
import type { LoadRun } from "#cutover/load/run";
import { wholeNumber } from "../../args.ts";
import { UsageProblem } from "../../failure.ts";

export const CLASS_NAMES = Object.keys(CLASSES) as readonly ClassName[];
/** More connections than one process drives honestly. */
const CLIENTS_MAX = 10_000;
const WORKERS_MAX = 1_000_000;
const SECONDS_MAX = 86_400;
const RATE_MAX = 100_000;

export type AskedLoad = Omit<LoadRun, "corpus" | "run">;

interface LoadFlags {
  readonly rate: string | undefined;
  readonly clients: string | undefined;
  readonly for: string | undefined;
  readonly seed: string | undefined;
  readonly workers: string | undefined;
  readonly path: string;
  readonly closed: boolean;
  readonly classes: readonly string[];
  /** Of a house that was started for the load there is nobody to search. */
  readonly ownHouse: boolean;
}

export function askedLoad(profile: LoadProfile, given: LoadFlags): AskedLoad {
  const unknown = given.classes.find((name) => !CLASS_NAMES.some((known) => known === name));
  if (unknown !== undefined)
    throw new UsageProblem(`--class is one of ${CLASS_NAMES.join(", ")}; not ${unknown}.`);
  const classes = CLASS_NAMES.filter((name) => given.classes.includes(name));
  const rate = given.rate === undefined ? undefined : Number(given.rate);
  if (rate !== undefined && !(rate > 0 && rate <= RATE_MAX))
    throw new UsageProblem(`--rate is a number above 0, up to ${RATE_MAX}, not ${given.rate}.`);
  if (rate !== undefined && given.closed)
    throw new UsageProblem("--rate is of an open loop: leave it or --closed out.");
  const chosen: readonly ClassName[] = classes.length === 0 ? profile.classes : classes;
  const workersMin = chosen.every((name) => name === "search") ? 1 : WORKERS_MIN;
  const workers = wholeNumber("--workers", given.workers, workersMin, WORKERS_MAX);
  const standard = given.ownHouse || workersMin > 1 ? WORKERS_MIN : 0;
  return {
    classes: chosen,
    clients: wholeNumber("--clients", given.clients, 1, CLIENTS_MAX) ?? profile.clients,
    seconds: given.for === undefined ? profile.seconds : secondsOf(given.for),
    closed: given.closed,
    path: given.path,
    rate,
    roster: {
      seed: wholeNumber("--seed", given.seed, 0, 2 ** 31 - 1) ?? 1,
      workers: workers ?? profile.workers ?? standard,
    },
  };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { "": 1, s: 1, m: 60, h: 3600 };

function secondsOf(text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([smh]?)$/.exec(text.trim()) ?? [];
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(seconds > 0 && seconds <= SECONDS_MAX))
    throw new UsageProblem(`--for is a time such as 30s, 5m or 1h, a day at most; not ${text}.`);
  return seconds;
}
