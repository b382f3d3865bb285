// `lakehouse load`: drives a house, or any address that takes such requests, and tells how it bore it. Open loop by default:
// latencies count from the moment at which a request was due. Figures are printed, and written as Markdown and JSON.

import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { callerOf } from "#cutover/load/caller";
import { systemLoadClock } from "#cutover/load/clock/load-clock";
import { type LeftOut, lacks } from "#cutover/load/material/lacks";
import {
  makeMaterial,
  type MaterialCalls,
  materialName,
  removeMaterial,
} from "#cutover/load/material/material";
import { type LoadProfile, PROFILE_NAMES, PROFILES } from "#cutover/load/profiles";
import {
  asMarkdown,
  failuresOf,
  type LoadReport,
  remarksOf,
  reportOf,
} from "#cutover/load/report/load-report";
import type { ClassFigures, LoadTally } from "#cutover/load/report/tally";
import { type LoadRun, runPhases } from "#cutover/load/run";
import { SCRIPT_PATH } from "#cutover/load/scenarios/chat";
import { SEARCH_PATH } from "#cutover/load/scenarios/rotating";
import { makeFolder, writeDurably } from "#lib/durable";
import { Fault, toFault } from "#rpc/fault";
import { UNREACHABLE } from "#rpc/remote";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { reportsFolder } from "../reports-folder.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, type Format, formatOf, isForPeople } from "../terminal/output.ts";
import { count } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { say } from "../terminal/terminal.ts";
import { type AskedLoad, askedLoad, CLASS_NAMES } from "./load/asked.ts";
import { type OwnHouse, startOwnHouse } from "./load/own-house.ts";

const ms = (name: string, of: (row: ClassFigures) => number): Field<ClassFigures> => ({
  name,
  align: "right",
  value: of,
  show: (row) => of(row).toFixed(1),
});
const FIELDS: readonly Field<ClassFigures>[] = [
  { name: "class", value: (row) => row.class },
  { name: "done", align: "right", value: ({ done }) => done, show: ({ done }) => count(done) },
  { name: "failed", align: "right", value: ({ failed }) => failed },
  { name: "per_second", align: "right", value: ({ per_second }) => per_second },
  ms("p50_ms", ({ latency }) => latency.p50_ms),
  ms("p95_ms", ({ latency }) => latency.p95_ms),
  ms("p99_ms", ({ latency }) => latency.p99_ms),
  ms("p999_ms", ({ latency }) => latency.p999_ms),
  ms("max_ms", ({ latency }) => latency.max_ms),
];

export const load = command({
  name: "load",
  summary: "Load a house and measure how it bears it",
  details: [
    "baseline is one client for 10 s and sustained ten for 30 s: searches, by bodies of six roles in turn. multitier is 50 clients for 5 minutes over 100,000 made-up workers: six classes of whole jobs (cold_search, warm_search, surge_fill_validate, playbook_record_replay, ingest_and_query, chat_iterate), whose answers are checked and not only their statuses.",
    "An open loop: requests are due at fixed moments, and latency counts from those also while all clients wait. Without --rate it runs at 70 % of what a closed loop reaches just before. --closed sends the next request when the last is answered, which finds the most a house can do and hides what people would wait for.",
    "The workers of multitier are a dataset and a corpus of names beginning with lakehouse_load_, made where they are not there and removed at the end unless --keep. Other datasets are not touched; while it runs, searches that name no corpus see those workers too. Traces, chat usage and journal events of the scenarios stay. Classes that the house cannot serve (no script for the model, a key that may not write) are left out and named.",
    "Ends with 0 when nothing failed, 1 after failures, 130 when it was stopped.",
  ].join("\n\n"),
  args: {
    profile: {
      type: "enum",
      options: [...PROFILE_NAMES],
      valueHint: "NAME",
      description: `${PROFILE_NAMES.join(", ")}; baseline unless given`,
    },
    rate: { type: "string", valueHint: "N", description: "Requests, or whole jobs, a second" },
    closed: { type: "boolean", default: false, description: "A closed loop instead of an open one" },
    clients: {
      type: "string",
      valueHint: "N",
      description: "At once at most; that of the profile unless given",
    },
    for: { type: "string", valueHint: "TIME", description: "30s, 5m, 1h; that of the profile unless given" },
    workers: {
      type: "string",
      valueHint: "N",
      description: "Made-up workers to search; 100000 for multitier, 400 at least",
    },
    seed: { type: "string", valueHint: "N", description: "Of the made-up workers; 1 unless given" },
    class: {
      type: "string",
      valueHint: "NAME",
      description: `Only this one (may be repeated): ${CLASS_NAMES.join(", ")}`,
    },
    path: {
      type: "string",
      valueHint: "PATH",
      description: `Where searches are sent below the address; ${SEARCH_PATH} unless given`,
    },
    start: {
      type: "enum",
      options: ["together", "apart"],
      valueHint: "TOPOLOGY",
      description:
        "Start a house for this load alone, in one process or apart, in a temporary folder unless --data",
    },
    keep: { type: "boolean", default: false, description: "Leave the made-up workers for the next load" },
    reports: { type: "string", valueHint: "DIR", description: "Where reports are written; ./reports/load" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse load",
    "lakehouse load --profile sustained --rate 500 --url http://127.0.0.1:3110",
    "lakehouse load --profile multitier --start apart --workers 10000 --for 60s",
    "lakehouse load --profile multitier --closed --class cold_search -o json",
    "lakehouse load --url http://127.0.0.1:4110 --path /v1/matrix/search",
  ],
  run: async (args, given) => {
    const interrupt = watchInterrupt();
    const progress = createProgress();
    const profileName = args.profile ?? "baseline";
    const profile: LoadProfile = PROFILES[profileName];
    const asked = askedLoad(profile, {
      rate: args.rate,
      clients: args.clients,
      for: args.for,
      seed: args.seed,
      workers: args.workers,
      path: args.path ?? SEARCH_PATH,
      closed: args.closed === true,
      classes: given.all("class"),
      ownHouse: args.start !== undefined,
    });
    if (args.start !== undefined && args.url !== undefined)
      throw new UsageProblem(
        "--start is for a house of its own, and --url for one that runs: give one of them.",
      );
    if (args.start !== undefined && args.data === undefined && args.keep === true)
      throw new UsageProblem("--keep with --start needs --data: the folder of such a house goes away else.");
    const reports = await reportsFolder("--reports", args.reports ?? join("reports", "load"));
    const settings = settingsOf({ data: args.data, url: args.url });
    let own: OwnHouse | null = null;
    try {
      if (args.start !== undefined) {
        progress.show(`starting a house ${args.start}`);
        own = await startOwnHouse({ apart: args.start === "apart", data: args.data, script: SCRIPT_PATH });
      }
      const url = own?.url ?? (settings.url === "" ? (await connect(settings)).url : settings.url);
      const call = callerOf(url, own?.temporary === true ? "" : settings.key, systemLoadClock.now);
      const report = await loaded({
        head: {
          profile: profileName,
          url,
          ...(args.start === undefined ? {} : { topology: args.start }),
          started_at: new Date().toISOString(),
        },
        asked,
        calls: { call, clock: systemLoadClock, signal: interrupt.signal, progress: progress.show },
        keep: args.keep === true || own?.temporary === true,
        houseCpuUs: () => own?.cpuUs() ?? null,
      });
      progress.end();
      const files = await writeReports(report, reports);
      await tell(report, formatOf(args.output), files);
      if (failuresOf(report) > 0) return EXIT.failure;
      return report.ended === "interrupted" ? EXIT.interrupted : EXIT.ok;
    } finally {
      progress.end();
      await own?.stop();
      interrupt.stop();
    }
  },
});

interface Loading {
  readonly head: Pick<LoadReport, "profile" | "url" | "topology" | "started_at">;
  readonly asked: AskedLoad;
  readonly calls: MaterialCalls;
  readonly keep: boolean;
  readonly houseCpuUs: () => number | null;
}

/** Measures, and removes what was made for it, also after a failure; what cannot be removed loses no figures. */
async function loaded(loading: Loading): Promise<LoadReport> {
  const { asked, calls, keep } = loading;
  let cleaned = keep || asked.roster.workers === 0;
  const clean = async (): Promise<void> => {
    if (cleaned) return;
    cleaned = true;
    // Also after Ctrl-C: a second one ends at once.
    await removeMaterial(asked.roster, { ...calls, signal: new AbortController().signal });
  };
  const told = (problem: unknown): void => {
    say(
      `What the load made could not be removed: ${toFault(problem).message} The same load again removes it.`,
    );
  };
  let report: LoadReport;
  try {
    report = await measured(loading);
  } catch (failure) {
    await clean().catch((problem: unknown) => {
      // A house that cannot be reached cannot be cleaned either, and data of others is left alone: said once.
      if (toFault(problem).message !== toFault(failure).message) told(problem);
    });
    throw failure;
  }
  await clean().catch(told);
  return report;
}

async function measured({ head, asked, calls, houseCpuUs }: Loading): Promise<LoadReport> {
  const { roster, clients } = asked;
  const { call, clock, signal, progress } = calls;
  const first = await call({ method: "GET", path: "/v1/health" }, signal);
  if (first.status === 0 && !signal.aborted)
    throw new Fault("unavailable", `The house at ${head.url} cannot be reached.`, { reason: UNREACHABLE });
  const leftOut: readonly LeftOut[] = await lacks(asked.classes, call, signal);
  const classes = asked.classes.filter((name) => !leftOut.some((one) => one.class === name));
  if (classes.length === 0)
    throw new Fault("rejected", leftOut.map(({ class: name, why }) => `${name}: ${why}.`).join("\n"));
  const loadAverage = loadavg()[0] ?? 0;
  if (roster.workers > 0) await makeMaterial(roster, calls);
  const run: LoadRun = {
    ...asked,
    classes,
    corpus: roster.workers > 0 ? materialName(roster) : "",
    run: crypto.getRandomValues(new Uint32Array(1))[0] ?? 1,
  };
  const { peak, load: ended } = await runPhases(run, {
    clock,
    call,
    signal,
    cpuUs: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    houseCpuUs,
    progress: (phase, tally, part) => progress(progressText(phase, tally), part),
  });
  const { seed, workers } = roster;
  const report = reportOf({ ...head, clients, seed, workers, left_out: leftOut }, peak, ended, {
    processors: availableParallelism(),
    loadAverage,
    interrupted: signal.aborted,
  });
  if (report === null) throw new Fault("cancelled", "Interrupted.");
  return report;
}

function progressText(phase: "peak" | "load", { done, failed }: LoadTally): string {
  const what = phase === "peak" ? "finding the peak" : "loading";
  return `${what}: ${count(done)} done${failed === 0 ? "" : `, ${count(failed)} failed`}`;
}

async function tell(report: LoadReport, format: Format, files: readonly string[]): Promise<void> {
  if (isForPeople(format)) say(headline(report));
  await emit(format, { fields: FIELDS, rows: report.classes, json: report });
  for (const line of remarksOf(report)) say(line);
  for (const { class: name, check, found } of report.failures) say(`Failed: ${name}, ${check}: ${found}`);
  say(`Reports: ${files.join(", ")}`);
}

function headline(report: LoadReport): string {
  const { profile, loop, rate, clients, seconds, done, per_second, latency } = report;
  return `${profile}, ${loop} loop${rate === null ? "" : ` at ${rate}/s`}, ${clients} clients, ${seconds} s: ${count(done)} done, ${per_second}/s, ${failuresOf(report)} failures; p50 ${latency.p50_ms} ms, p99 ${latency.p99_ms} ms`;
}

async function writeReports(report: LoadReport, folder: string): Promise<string[]> {
  const stem = `${report.profile}_${report.started_at.replaceAll(/[:.]/g, "").slice(0, 17)}Z`;
  const files = [
    [`${stem}.md`, asMarkdown(report)],
    [`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`],
  ] as const;
  await makeFolder(folder);
  for (const [name, content] of files) await writeDurably(join(folder, name), content);
  return files.map(([name]) => join(folder, name));
}
