// What a replay has shown, for programs as JSON and for people as Markdown. Values of replies are not in it: a difference has its
// path, its kind and a hash.

import { quantile } from "../gates/statistics.ts";
import { cell } from "../report-files.ts";
import type { RecordingFile } from "./read-recording.ts";
import type { Replayed, RouteReplay } from "./replay.ts";

export interface ReplayFacts {
  readonly file: string;
  readonly against: string;
  readonly rate: number;
  readonly compare: boolean;
  readonly writes: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type Percentiles = Readonly<Record<"p50" | "p95" | "p99", number | null>>;

export interface ReplayReport {
  readonly schema: "lakehouse.replay.v1";
  readonly at: string;
  readonly against: string;
  readonly rate: number;
  readonly compared: boolean;
  readonly writes: boolean;
  readonly recording: {
    readonly file: string;
    readonly id: string;
    readonly calls: number;
    readonly gaps: number;
    readonly unreadable: number;
    /** Null for one that has no end: it was still being written, or was cut off. */
    readonly ended: string | null;
    readonly lost: Readonly<Record<string, number>>;
  };
  readonly ended: Replayed["ended"];
  readonly took_ms: number;
  /** Most by which a call went out after its time. */
  readonly late_ms_max: number;
  readonly routes: readonly RouteReport[];
  readonly not_replayed: Readonly<Record<string, number>>;
  readonly verdict: "same" | "different" | "not compared";
}

interface RouteReport extends Omit<
  RouteReplay,
  "recordedMs" | "replayedMs" | "differences" | "noise" | "failed"
> {
  readonly no_reply: number;
  readonly recorded_ms: Percentiles;
  readonly replayed_ms: Percentiles;
  readonly differences: readonly {
    path: string;
    kind: string;
    meaning: string;
    calls: number;
    detail: string;
  }[];
}

export function replayReport(
  { recording, end, calls, gaps, unreadable }: RecordingFile,
  replayed: Replayed,
  { file, against, rate, compare, writes, now }: ReplayFacts,
): ReplayReport {
  const routes = replayed.routes.map(routeReport);
  const isDifferent = routes.some(({ different, no_reply }) => different + no_reply > 0);
  const sent = routes.some((route) => route.sent > 0);
  return {
    schema: "lakehouse.replay.v1",
    at: new Date(now).toISOString(),
    against,
    rate,
    compared: compare,
    writes,
    recording: {
      file,
      id: recording.id,
      calls,
      gaps,
      unreadable,
      ended: end?.why ?? null,
      lost: { ...end?.lost },
    },
    ended: replayed.ended,
    took_ms: Math.round(replayed.tookMs),
    late_ms_max: Math.round(replayed.lateMsMax),
    routes,
    not_replayed: Object.fromEntries(replayed.skipped),
    verdict: !compare || !sent ? "not compared" : isDifferent ? "different" : "same",
  };
}

function routeReport(route: RouteReplay): RouteReport {
  const { recordedMs, replayedMs, differences, noise, failed, ...counts } = route;
  return {
    ...counts,
    no_reply: failed,
    recorded_ms: percentiles(recordedMs),
    replayed_ms: percentiles(replayedMs),
    differences: [...differences.values()]
      .toSorted((a, b) => b.count - a.count)
      .map(({ path, kind, explained, detail, count }) => ({
        path,
        kind,
        meaning: noise.isNoise(path, 0) ? "noise" : explained ? "explained" : "real",
        calls: count,
        detail,
      })),
  };
}

function percentiles(values: readonly number[]): Percentiles {
  const at = (share: number): number | null =>
    values.length === 0 ? null : Math.round(quantile([...values], share) * 10) / 10;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

export function replayMarkdown(report: ReplayReport): string {
  const { recording, routes, not_replayed, verdict } = report;
  const skipped = Object.entries(not_replayed);
  const lost = Object.entries(recording.lost).filter(([, count]) => count > 0);
  return [
    `# Replay of ${recording.id} against ${report.against}`,
    "",
    `${report.at}. **${verdict}**${report.ended === "interrupted" ? ", interrupted" : ""}. ${recording.calls} recorded calls at ${report.rate}x, writes ${report.writes ? "included" : "left out"}; a call went out at most ${report.late_ms_max} ms late.`,
    "",
    ...notes(recording, lost),
    "| route | sent | same | explained | noise | different | no reply | recorded p50 / p99 ms | replayed p50 / p99 ms |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ...routes.map(
      (route) =>
        `| ${route.route} | ${route.sent} | ${route.same} | ${route.explained} | ${route.noisy} | ${route.different} | ${route.no_reply} | ${route.recorded_ms.p50} / ${route.recorded_ms.p99} | ${route.replayed_ms.p50} / ${route.replayed_ms.p99} |`,
    ),
    "",
    ...(skipped.length === 0
      ? []
      : ["Not replayed:", "", ...skipped.map(([why, count]) => `- ${count}: ${cell(why)}`), ""]),
    ...routes.flatMap(differencesOfRoute),
  ].join("\n");
}

function notes(recording: ReplayReport["recording"], lost: [string, number][]): string[] {
  const said = [
    ...(recording.ended === null
      ? ["The recording has no end: it was cut off, or is still being written."]
      : []),
    ...(recording.gaps > 0
      ? [`The house was not running ${recording.gaps} times while it was recorded.`]
      : []),
    ...(recording.unreadable > 0 ? [`${recording.unreadable} lines could not be read.`] : []),
    ...(lost.length > 0
      ? [
          `Of the recording itself: ${lost.map(([what, count]) => `${count} ${LOST[what] ?? what}`).join(", ")}.`,
        ]
      : []),
  ];
  return said.length === 0 ? [] : [...said, ""];
}

const LOST: Readonly<Record<string, string>> = {
  queue: "calls were not written, because the queue was full",
  bodies: "have a body that was cut",
  redacted: "have a request that was redacted",
};

function differencesOfRoute({ route, differences, masked, cut }: RouteReport): string[] {
  const about = [
    ...(masked > 0 ? [`${masked} replies are compared without what was redacted in them.`] : []),
    ...(cut > 0 ? [`${cut} replies were recorded cut: of them the status alone is compared.`] : []),
  ];
  if (differences.length === 0 && about.length === 0) return [];
  return [
    `## ${route}`,
    "",
    ...about,
    ...(about.length > 0 ? [""] : []),
    ...(differences.length === 0
      ? []
      : [
          "| path | kind | meaning | calls | |",
          "|---|---|---|--:|---|",
          ...differences.map(
            ({ path, kind, meaning, calls, detail }) =>
              `| \`${path}\` | ${kind} | ${meaning} | ${calls} | ${cell(detail)} |`,
          ),
          "",
        ]),
  ];
}
