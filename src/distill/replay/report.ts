// What a replay found: each model's rates, every pair of models over the same evidence, and which verdicts are not what was
// recorded. A pair counts where both models answered.

import type { ReplayReport, ModelResult, PairResult } from "../schemas/run-reports.ts";
import type { ReplayLine } from "./log.ts";
import {
  type Interval,
  mcnemar,
  meanInterval,
  meanOf,
  medianOf,
  pairedDifference,
  wilson,
} from "./statistics.ts";

export interface ReplayFound {
  readonly runId: string;
  readonly replayId: string;
  readonly recordedAt: string;
  readonly evidence: number;
  readonly leftOut: Readonly<Record<string, number>>;
  readonly stopped: ReplayReport["stopped"];
  /** As they were asked for. */
  readonly models: readonly string[];
  readonly lines: readonly ReplayLine[];
  readonly failedCalls: Readonly<Record<string, number>>;
}

/** Evidence that is named in a table for people; the JSON has all. */
const SHOWN_MAX = 50;

export function reportOf(found: ReplayFound): ReplayReport {
  const { models, lines } = found;
  const byModel = new Map(models.map((model) => [model, new Map<string, ReplayLine>()]));
  for (const line of lines) byModel.get(modelOf(line))?.set(line.evidence_id, line);
  const of = (model: string): ReadonlyMap<string, ReplayLine> => byModel.get(model) ?? new Map();
  const findings = new Map<string, { model: string; code: string; count: number }>();
  for (const line of lines) {
    for (const code of new Set(line.verdict.findings.map((each) => each.code))) {
      const key = `${modelOf(line)} ${code}`;
      const found_ = findings.get(key) ?? { model: modelOf(line), code, count: 0 };
      found_.count += 1;
      findings.set(key, found_);
    }
  }
  return {
    schema: "replay.v1",
    run_id: found.runId,
    replay_id: found.replayId,
    recorded_at: found.recordedAt,
    evidence: found.evidence,
    left_out: { ...found.leftOut },
    stopped: found.stopped,
    models: models.map((model) => modelResult(model, of(model), found.failedCalls[model] ?? 0)),
    pairs: models.flatMap((a, at) => models.slice(at + 1).map((b) => pairResult(a, b, of(a), of(b)))),
    changed: lines.flatMap((line) => {
      const { evidence_id, recorded_ok, verdict } = line;
      return typeof recorded_ok !== "boolean" || recorded_ok === verdict.ok
        ? []
        : [{ evidence_id, model: modelOf(line), recorded_ok, ok: verdict.ok }];
    }),
    findings: [...findings.values()].sort((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1)),
  };
}

export function modelOf({ requested, provider, model }: ReplayLine): string {
  return requested ?? `${provider}/${model}`;
}

function modelResult(
  model: string,
  lines: ReadonlyMap<string, ReplayLine>,
  failedCalls: number,
): ModelResult {
  const all = [...lines.values()];
  const passed = all.filter(({ verdict }) => verdict.ok).length;
  return {
    model,
    answered: all.length,
    passed,
    pass_rate: all.length === 0 ? null : round(passed / all.length),
    pass_rate_95: rounded(wilson(passed, all.length)),
    failed_calls: failedCalls,
    cost_usd: round(
      all.reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0),
      6,
    ),
    ms_median: medianOf(all.flatMap(({ ms }) => ms ?? [])),
  };
}

function pairResult(
  a: string,
  b: string,
  ofA: ReadonlyMap<string, ReplayLine>,
  ofB: ReadonlyMap<string, ReplayLine>,
): PairResult {
  const pairs = [...ofA.values()].flatMap((inA) => {
    const inB = ofB.get(inA.evidence_id);
    return inB === undefined ? [] : [{ evidence_id: inA.evidence_id, inA, inB }];
  });
  const countOf = (aOk: boolean, bOk: boolean): number =>
    pairs.filter(({ inA, inB }) => inA.verdict.ok === aOk && inB.verdict.ok === bOk).length;
  const counts = {
    both: countOf(true, true),
    onlyA: countOf(true, false),
    onlyB: countOf(false, true),
    neither: countOf(false, false),
  };
  const differences = (pick: (line: ReplayLine) => number | null | undefined): number[] =>
    pairs.flatMap(({ inA, inB }) => {
      const [x, y] = [pick(inA), pick(inB)];
      return typeof x === "number" && typeof y === "number" ? [y - x] : [];
    });
  const costs = differences(({ cost_usd }) => cost_usd);
  const times = differences(({ ms }) => ms);
  return {
    a,
    b,
    pairs: pairs.length,
    both_pass: counts.both,
    only_a: counts.onlyA,
    only_b: counts.onlyB,
    neither: counts.neither,
    difference: pairs.length === 0 ? null : round((counts.onlyB - counts.onlyA) / pairs.length),
    difference_95: rounded(pairedDifference(counts)),
    p_value: pairs.length === 0 ? null : round(mcnemar(counts.onlyA, counts.onlyB)),
    cost_difference_usd: roundedOne(meanOf(costs), 6),
    cost_difference_95: rounded(meanInterval(costs), 6),
    ms_difference: roundedOne(meanOf(times)),
    ms_difference_95: rounded(meanInterval(times)),
    flipped: pairs
      .filter(({ inA, inB }) => inA.verdict.ok !== inB.verdict.ok)
      .map(({ evidence_id, inA, inB }) => ({ evidence_id, a_ok: inA.verdict.ok, b_ok: inB.verdict.ok })),
  };
}

function round(value: number, decimals = 4): number {
  return Number(value.toFixed(decimals));
}

function roundedOne(value: number | null, decimals?: number): number | null {
  return value === null ? null : round(value, decimals);
}

function rounded(interval: Interval | null, decimals?: number): Interval | null {
  return interval === null ? null : [round(interval[0], decimals), round(interval[1], decimals)];
}

const percent = (share: number | null): string => (share === null ? "-" : `${(share * 100).toFixed(1)} %`);
const range = (interval: Interval | null, show: (value: number) => string): string =>
  interval === null ? "-" : `${show(interval[0])} to ${show(interval[1])}`;

export function replayMarkdown(report: ReplayReport): string {
  const { models, pairs, changed, left_out: leftOut } = report;
  const lines = [
    `# Replay ${report.run_id}`,
    "",
    `${report.evidence} pieces of evidence.${report.stopped === "budget" ? " It stopped at its budget; the same again goes on from there." : ""}`,
    "",
    "| model | answered | passed | rate | 95 % (Wilson) | failed calls | cost (USD) | median ms |",
    "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
    ...models.map(
      (each) =>
        `| ${each.model} | ${each.answered} | ${each.passed} | ${percent(each.pass_rate)} | ${range(each.pass_rate_95, percent)} | ${each.failed_calls} | ${each.cost_usd} | ${each.ms_median ?? "-"} |`,
    ),
    "",
  ];
  for (const pair of pairs) {
    lines.push(
      `## ${pair.b} against ${pair.a}`,
      "",
      "| | both pass | only the first | only the second | neither |",
      "| --- | ---: | ---: | ---: | ---: |",
      `| ${pair.pairs} pairs | ${pair.both_pass} | ${pair.only_a} | ${pair.only_b} | ${pair.neither} |`,
      "",
      `- pass rate: ${percent(pair.difference)} (95 %: ${range(pair.difference_95, percent)}, Newcombe 1998, method 10; McNemar exact p = ${pair.p_value ?? "-"})`,
      `- cost of a call: ${pair.cost_difference_usd ?? "-"} USD (95 %: ${range(pair.cost_difference_95, String)}, Student's t)`,
      `- latency: ${pair.ms_difference ?? "-"} ms (95 %: ${range(pair.ms_difference_95, String)}, Student's t)`,
      "",
      ...pair.flipped
        .slice(0, SHOWN_MAX)
        .map((each) => `- ${each.evidence_id}: ${each.a_ok ? "passed, fails" : "failed, passes"}`),
      ...(pair.flipped.length > SHOWN_MAX ? [`- and ${pair.flipped.length - SHOWN_MAX} more`] : []),
      "",
    );
  }
  if (changed.length > 0) {
    lines.push(
      "## Verdicts that are not what was recorded",
      "",
      ...changed
        .slice(0, SHOWN_MAX)
        .map(
          (each) =>
            `- ${each.evidence_id}, ${each.model}: ${each.recorded_ok ? "passed, fails" : "failed, passes"}`,
        ),
      ...(changed.length > SHOWN_MAX ? [`- and ${changed.length - SHOWN_MAX} more`] : []),
      "",
    );
  }
  const reasons = Object.entries(leftOut);
  if (reasons.length > 0)
    lines.push("## Left out", "", ...reasons.map(([reason, count]) => `- ${reason}: ${count}`), "");
  return `${lines.join("\n").trimEnd()}\n`;
}
