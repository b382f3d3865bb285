// What a load found, for programs as JSON and for people as Markdown: scenarios and their latencies by class, calls with their
// statuses and faults, the first failures in words, and whether the generator or the house was what lagged.

import type { LeftOut } from "../material/lacks.ts";
import type { LoadPhase } from "../run.ts";
import type { Latency } from "./latency.ts";
import { type CallFigures, type ClassFigures, type FailureSample, perSecond } from "./tally.ts";

interface GeneratorFigures {
  /** CPU time of the generator for each call, its checks included. */
  readonly cpu_us_per_call: number;
  /** Of one core. */
  readonly cpu_share: number;
  /** By how much clients began too late, where they were free in time. */
  readonly late_p99_ms: number;
  readonly late_max_ms: number;
  /** True when the generator itself was late or out of CPU: then the figures are of it and not of the house. */
  readonly lagged: boolean;
}

interface HouseFigures {
  readonly cpu_ms_per_scenario: number;
  /** Of the machine's processors, on average. */
  readonly processors_used: number;
}

interface MachineFigures {
  readonly processors: number;
  /** Of the minute before the load. */
  readonly load_average_before: number;
  /** Others were using the processors: figures are those of a busy machine. */
  readonly busy: boolean;
}

export interface LoadReport {
  readonly profile: string;
  readonly loop: "open" | "closed";
  readonly url: string;
  readonly topology?: string;
  readonly workers: number;
  readonly seed: number;
  readonly clients: number;
  readonly started_at: string;
  /** Before its time when it was interrupted, or when nothing at all succeeded while the peak was sought. */
  readonly ended: "in_time" | "interrupted" | "nothing_succeeded";
  readonly seconds: number;
  /** Due a second, of an open loop. */
  readonly rate: number | null;
  readonly done: number;
  readonly failed: number;
  readonly not_started: number;
  readonly cut_short: number;
  readonly per_second: number;
  /** Open loop: from the moment at which a scenario was due. */
  readonly latency: Latency;
  readonly classes: readonly ClassFigures[];
  readonly left_out: readonly LeftOut[];
  readonly calls: readonly CallFigures[];
  readonly failures: readonly FailureSample[];
  /** What a closed loop of the same clients reached before. */
  readonly peak: { readonly per_second: number; readonly failed: number; readonly seconds: number } | null;
  readonly generator: GeneratorFigures;
  /** What all processes of the house used; null where it runs elsewhere. */
  readonly house: HouseFigures | null;
  readonly machine: MachineFigures;
}

export type LoadHead = Pick<
  LoadReport,
  "profile" | "url" | "topology" | "workers" | "seed" | "clients" | "started_at" | "left_out"
>;

/** A timer of a machine that is not busy is on time to a few milliseconds. */
const LATE_P99_MS_MAX = 10;
/** Of one core, which is all that one process can use for this. */
const CPU_SHARE_MAX = 0.85;
/** Of the processors: below it a house's own upkeep is too large a part of its CPU time. */
const USED_ENOUGH = 0.5;
/** Runnable processes for each processor, before the load began. */
const BUSY_LOAD = 0.5;

export function reportOf(
  head: LoadHead,
  peak: LoadPhase | null,
  load: LoadPhase | null,
  machine: { readonly processors: number; readonly loadAverage: number; readonly interrupted: boolean },
): LoadReport | null {
  const shown = load ?? peak;
  if (shown === null) return null;
  const { tally, seconds, rate, notStarted, cutShort } = shown;
  return {
    ...head,
    loop: rate === null ? "closed" : "open",
    ended: machine.interrupted ? "interrupted" : load === null ? "nothing_succeeded" : "in_time",
    seconds: round(seconds),
    rate: rate === null ? null : round(rate),
    done: tally.done,
    failed: tally.failed,
    not_started: notStarted,
    cut_short: cutShort,
    per_second: perSecond(tally.done, seconds),
    latency: tally.latency(),
    classes: tally.classFigures(seconds),
    calls: tally.callFigures(),
    failures: [...(load === null || peak === null ? [] : peak.tally.samples), ...tally.samples],
    peak:
      peak === null || load === null
        ? null
        : {
            per_second: perSecond(peak.tally.done, peak.seconds),
            failed: peak.tally.failed,
            seconds: round(peak.seconds),
          },
    generator: generatorOf(shown),
    house: houseOf(shown),
    machine: {
      processors: machine.processors,
      load_average_before: round(machine.loadAverage),
      busy: machine.loadAverage > machine.processors * BUSY_LOAD,
    },
  };
}

function generatorOf({ tally, seconds, cpuUs }: LoadPhase): GeneratorFigures {
  const late = tally.lateness();
  const share = seconds === 0 ? 0 : cpuUs / (seconds * 1e6);
  return {
    cpu_us_per_call: tally.calls === 0 ? 0 : Math.round(cpuUs / tally.calls),
    cpu_share: round(share),
    late_p99_ms: late.p99_ms,
    late_max_ms: late.max_ms,
    lagged: late.p99_ms > LATE_P99_MS_MAX || share > CPU_SHARE_MAX,
  };
}

function houseOf({ tally, seconds, houseCpuUs }: LoadPhase): HouseFigures | null {
  const ended = tally.done + tally.failed;
  if (houseCpuUs === null || ended === 0 || seconds === 0) return null;
  return {
    cpu_ms_per_scenario: round(houseCpuUs / 1000 / ended),
    processors_used: round(houseCpuUs / (seconds * 1e6)),
  };
}

/** Failures of any kind: what makes the command fail. */
export function failuresOf({ failed, not_started, peak }: LoadReport): number {
  return failed + not_started + (peak?.failed ?? 0);
}

/** Sentences for a person, of what the tables do not say. */
export function remarksOf(report: LoadReport): string[] {
  const { generator, house, machine, left_out, not_started, rate, peak, ended, cut_short, url } = report;
  const lines: string[] = [];
  if (ended === "interrupted")
    lines.push(`Interrupted; ${cut_short} scenarios were cut short and are not counted.`);
  if (ended === "nothing_succeeded")
    lines.push("Nothing succeeded while the peak was sought, so the load itself was not run.");
  if (peak !== null)
    lines.push(
      `A closed loop reached ${peak.per_second}/s within ${peak.seconds} s${peak.failed === 0 ? "" : ` with ${peak.failed} failures`}; the open loop ran at ${rate}/s.`,
    );
  if (not_started > 0)
    lines.push(
      `${not_started} scenarios were due and never started: ${url} does not bear ${rate}/s. Lower --rate, or raise --clients.`,
    );
  if (house !== null) lines.push(houseLine(report, house));
  for (const { class: name, why } of left_out) lines.push(`${name} was left out: ${why}.`);
  if (generator.lagged)
    lines.push(
      `The generator lagged (late by ${generator.late_p99_ms} ms at p99, ${Math.round(generator.cpu_share * 100)} % of a core): latencies hold its own delay. Give it a machine of its own, or a lower --rate.`,
    );
  if (machine.busy)
    lines.push(
      `The machine was busy before the load (load average ${machine.load_average_before} on ${machine.processors} processors): these are figures of a busy machine.`,
    );
  return lines;
}

/** With the most that its processors could serve, where they were used enough for what runs beside not to count. */
function houseLine({ machine }: LoadReport, { cpu_ms_per_scenario, processors_used }: HouseFigures): string {
  const used = `The house used ${cpu_ms_per_scenario} ms of CPU a scenario, ${processors_used} of ${machine.processors} processors`;
  if (processors_used < machine.processors * USED_ENOUGH || cpu_ms_per_scenario === 0) return `${used}.`;
  return `${used}: its CPU alone bounds it at ${round((1000 * machine.processors) / cpu_ms_per_scenario)}/s on this machine.`;
}

export function asMarkdown(report: LoadReport): string {
  const { profile, loop, url, topology, workers, seed, clients, started_at, seconds, rate } = report;
  const { done, per_second, latency, generator } = report;
  const over = workers === 0 ? "" : `, ${workers} workers of seed ${seed}`;
  return [
    `# Load: ${profile}\n`,
    `${started_at}, ${url}${topology === undefined ? "" : ` (${topology})`}${over}\n`,
    `${loop} loop${rate === null ? "" : ` at ${rate}/s`}, ${clients} clients, ${seconds} s: **${done} scenarios, ${per_second}/s, ${failuresOf(report)} failures**\n`,
    ...remarksOf(report).map((line) => `- ${line}`),
    "",
    "| class | done | failed | /s | p50 ms | p95 | p99 | p99.9 | max |",
    "|---|---|---|---|---|---|---|---|---|",
    ...report.classes.map(
      ({ class: name, done: ended, failed, per_second: each, latency: of }) =>
        `| ${name} | ${ended} | ${failed} | ${each} | ${columns(of)} |`,
    ),
    `| all | ${done} | ${report.failed} | ${per_second} | ${columns(latency)} |`,
    "",
    "| call | sent | statuses | faults | p50 ms | p95 | p99 | p99.9 | max |",
    "|---|---|---|---|---|---|---|---|---|",
    ...report.calls.map(
      ({ call, sent, statuses, faults, latency: of }) =>
        `| ${call} | ${sent} | ${pairs(statuses)} | ${pairs(faults)} | ${columns(of)} |`,
    ),
    "",
    `Generator: ${generator.cpu_us_per_call} us of CPU a call, ${Math.round(generator.cpu_share * 100)} % of a core, late by ${generator.late_p99_ms} ms at p99.`,
    ...failureLines(report),
    "",
  ].join("\n");
}

function failureLines({ failures, classes }: LoadReport): string[] {
  const kinds = classes.flatMap(({ class: name, failures: of }) =>
    Object.entries(of).map(([check, count]) => `- ${name}: ${count} x ${check}`),
  );
  if (kinds.length === 0 && failures.length === 0) return [];
  return [
    "\n## Failures\n",
    ...kinds,
    "",
    ...failures.map(
      ({ class: name, check, found }) => `- ${name}, ${check}: \`${found.replaceAll("`", "'")}\``,
    ),
  ];
}

function columns({ p50_ms, p95_ms, p99_ms, p999_ms, max_ms }: Latency): string {
  return [p50_ms, p95_ms, p99_ms, p999_ms, max_ms].map((ms) => ms.toFixed(1)).join(" | ");
}

function pairs(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(", ");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
