// Rows as text for a terminal: one line with the figure, what it is held against and whether it holds, and
// below it what else was measured.

import { type Change, changeOf, type Baseline } from "./baseline.ts";
import { type Bar, type Finding, type Row, type Verdict, verdictOf } from "./row.ts";

const HEADER = ["row", "ours", "reference", "ratio (quartiles)", "bar", "holds", "since accepted"];

const VERDICTS: Readonly<Record<Verdict, string>> = { holds: "yes", fails: "NO", noisy: "noisy" };

export function table(findings: readonly Finding[], baseline: Baseline | null): string {
  const lines = findings.map(({ bench, row }) => cells(bench, row, changeOf(baseline, bench, row)));
  const widths = HEADER.map((title, column) =>
    Math.max(...[HEADER, ...lines].map((line) => (line[column] ?? title).length)),
  );
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  const body = findings.flatMap(({ row }, index) => [format(lines[index] ?? []), `    ${extra(row)}`]);
  return [format(HEADER), rule, ...body].join("\n");
}

function cells(bench: string, row: Row, change: Change | null): string[] {
  const { reference, ratio } = row;
  return [
    `${bench}: ${row.name}`,
    `${figure(row.subject.median)} ${row.unit}`,
    reference === null ? "" : `${figure(reference.figure)} ${reference.name}`,
    ratio === null ? "" : `${ratio.median.toFixed(2)} (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
    barText(row.bar, row.unit),
    VERDICTS[verdictOf(row)],
    change === null
      ? ""
      : Object.entries(change)
          .map(([what, share]) => `${what} ${percent(share)}`)
          .join(", "),
  ];
}

function extra({ figures }: Row): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${figure(value)}`)
    .join("  ");
}

function barText({ of, is, limit }: Bar, unit: string): string {
  return of === "ratio" ? `${is} ${limit}x` : `${is} ${figure(limit)} ${unit.split(" ")[0] ?? ""}`;
}

/** Three digits that mean something, and thousands apart. */
export function figure(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  const rounded = Math.round(share * 100);
  return `${rounded > 0 ? "+" : ""}${rounded} %`;
}
