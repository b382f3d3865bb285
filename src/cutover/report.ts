// What the comparison has found, for programs as JSON and for people as Markdown. Values of replies are not in it: a
// difference has its path, its kind and a hash.

import type { Judged } from "./gates/admit.ts";
import type { Gate } from "./gates/gates.ts";
import { quantile } from "./gates/statistics.ts";
import type { Listed, Tally } from "./shadow/tally.ts";

export interface RouteReport {
  readonly route: string;
  readonly tenant: string;
  readonly since: string;
  readonly compared: number;
  readonly different: number;
  readonly explained: number;
  readonly noisy: number;
  readonly errors: Tally["errors"];
  readonly dropped: Tally["dropped"];
  readonly shapes: { readonly seen: number; readonly compared: number };
  readonly p99_ms: { readonly there: number | null; readonly here: number | null };
  readonly differences: readonly Listed[];
  readonly noise: readonly string[];
  readonly gates: readonly Gate[];
}

export function reportOf(tallies: readonly Tally[], judged: readonly Judged[], now: number): RouteReport[] {
  return tallies.map((tally) => {
    const { route, tenant, since, compared, different, explained, noisy, errors, dropped, shapes } = tally;
    const gates = judged.find((one) => one.route === route && one.tenant === tenant)?.gates ?? [];
    const p99 = (side: 0 | 1): number | null =>
      tally.pairs.length === 0
        ? null
        : quantile(
            tally.pairs.map((pair) => pair[side]),
            0.99,
          );
    return {
      route,
      tenant,
      since: new Date(since).toISOString(),
      compared,
      different,
      explained,
      noisy,
      errors,
      dropped,
      shapes: {
        seen: shapes.size,
        compared: [...shapes.values()].filter((shape) => shape.compared > 0).length,
      },
      p99_ms: { there: p99(0), here: p99(1) },
      differences: [...tally.listed.values()].toSorted((a, b) => b.count - a.count),
      noise: tally.noise.paths(now),
      gates,
    };
  });
}

export function asMarkdown(reports: readonly RouteReport[], now: number): string {
  const head = `# Comparison with the older side\n\n${new Date(now).toISOString()}\n`;
  if (reports.length === 0) return `${head}\nNothing was compared yet.\n`;
  return [head, ...reports.map(section)].join("\n");
}

function section(report: RouteReport): string {
  const { route, tenant, since, compared, different, explained, noisy, dropped } = report;
  const drops = Object.entries(dropped).filter(([, count]) => count > 0);
  return [
    `## ${route}${tenant === "" ? "" : ` for ${tenant}`}\n`,
    `Since ${since}: ${compared} calls compared, ${different} differ, ${explained} differ as explained below, ${noisy} in noise alone.`,
    ...(drops.length === 0
      ? []
      : [`Not compared: ${drops.map(([why, count]) => `${count} ${why}`).join(", ")}.`]),
    "",
    "| gate | holds | |",
    "|---|---|---|",
    ...report.gates.map(({ name, ok, text }) => `| ${name} | ${ok ? "yes" : "no"} | ${text} |`),
    "",
    ...(report.differences.length === 0
      ? ["No differences.", ""]
      : [
          "| path | kind | meaning | calls | |",
          "|---|---|---|---|---|",
          ...report.differences.map(
            ({ path, kind, explained: known, noise, count, detail }) =>
              `| \`${path}\` | ${kind} | ${noise ? "noise" : known ? "explained" : "real"} | ${count} | ${detail} |`,
          ),
          "",
        ]),
  ].join("\n");
}
