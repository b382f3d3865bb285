// The verdicts of a probe, for programs as JSON and for people as Markdown. Inputs are generated and may be shown; values of replies
// are hashed.

import { cell } from "../report-files.ts";
import type { EndpointVerdict, Verdict } from "./run.ts";

export interface ParityReport {
  readonly schema: "lakehouse.parity.v1";
  readonly probe: string;
  readonly dialect: string;
  readonly left: string;
  readonly right: string;
  readonly seed: number;
  /** Generated cases of each endpoint. */
  readonly count: number;
  readonly at: string;
  readonly verdict: Verdict;
  readonly endpoints: readonly EndpointVerdict[];
}

export function overall(endpoints: readonly EndpointVerdict[]): Verdict {
  const has = (verdict: Verdict): boolean => endpoints.some((one) => one.verdict === verdict);
  if (has("different")) return "different";
  if (endpoints.length === 0 || has("not compared")) return "not compared";
  return has("explained") ? "explained" : "same";
}

export function parityMarkdown(report: ParityReport): string {
  const { probe, dialect, left, right, seed, count, at, verdict, endpoints } = report;
  return [
    `# Parity of ${probe}, ${dialect}`,
    "",
    `${at}. **${verdict}**. There: ${left}; here: ${right}. The same again: \`lakehouse parity ${probe} --dialect ${dialect} --count ${count} --seed ${seed}\`.`,
    "",
    "| endpoint | verdict | cases | same status | same body | explained | noise | different | refused by both |",
    "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ...endpoints.map(
      (one) =>
        `| \`${one.endpoint}\` | ${one.verdict} | ${one.cases} | ${one.statuses_same} | ${one.bodies_same} | ${one.explained} | ${one.noisy} | ${one.different} | ${one.refused} |`,
    ),
    "",
    ...endpoints.flatMap(section),
  ].join("\n");
}

function section(one: EndpointVerdict): string[] {
  const { endpoint, seeds, measured, not_compared, differences, examples } = one;
  return [
    `## ${endpoint}`,
    "",
    ...(seeds.cases === 0
      ? []
      : [
          `Known cases: ${seeds.statuses_same}/${seeds.cases} with the same status, ${seeds.bodies_same}/${seeds.cases} with the same body.`,
        ]),
    ...Object.entries(measured).map(([name, value]) => `At least ${name} ${value.toFixed(3)}.`),
    ...not_compared.map((why) => `Not compared: ${why.replace(/\.$/, "")}.`),
    "",
    ...(differences.length === 0
      ? []
      : [
          "| path | kind | meaning | cases | |",
          "|---|---|---|--:|---|",
          ...differences.map(
            ({ path, kind, explained, noise, cases, detail }) =>
              `| \`${path}\` | ${kind} | ${noise ? "noise" : explained ? "explained" : "real"} | ${cases} | ${cell(detail)} |`,
          ),
          "",
        ]),
    ...(examples.length === 0 ? [] : ["Smallest inputs that differ:", ""]),
    ...examples.map(
      ({ seed, input, differences: found }) =>
        `- ${seed === undefined ? "" : `${cell(seed)}: `}\`${cell(input).replaceAll("`", "'")}\`: ${cell(found.join("; "))}`,
    ),
    ...(examples.length === 0 ? [] : [""]),
  ];
}
