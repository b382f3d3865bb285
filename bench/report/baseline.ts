// The last accepted run: the ratio and the CPU per request of each row, in bench/report/baseline.json. Both depend
// less on the machine than requests a second do, so a later run elsewhere may still be held against them.

import type { Finding, Row } from "./row.ts";

interface Accepted {
  readonly figure: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly cpu_us_per_request: number | null;
}

export interface Baseline {
  readonly machine: Machine;
  readonly rows: Readonly<Record<string, Accepted>>;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly bun: string;
}

/** By how much a row differs from what was accepted: 0.1 is a tenth more. */
export type Change = Readonly<Record<string, number>>;

const file = Bun.file(new URL("baseline.json", import.meta.url));

export async function readBaseline(): Promise<Baseline | null> {
  return (await file.exists()) ? ((await file.json()) as Baseline) : null;
}

/** Takes the findings as the new measure; rows that were not run stay as they were. */
export async function accept(findings: readonly Finding[], machine: Machine): Promise<void> {
  const rows: Record<string, Accepted> = { ...(await readBaseline())?.rows };
  for (const { bench, row } of findings) {
    rows[keyOf(bench, row)] = {
      figure: rounded(row.subject.median),
      unit: row.unit,
      ratio: row.ratio === null ? null : rounded(row.ratio.median),
      cpu_us_per_request:
        row.figures["cpu_us_per_request"] === undefined ? null : rounded(row.figures["cpu_us_per_request"]),
    };
  }
  await Bun.write(file, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}

/** Null for a row that nobody accepted yet. */
export function changeOf(baseline: Baseline | null, bench: string, row: Row): Change | null {
  const accepted = baseline?.rows[keyOf(bench, row)];
  if (accepted === undefined) return null;
  const cpuUs = row.figures["cpu_us_per_request"];
  return {
    ...(row.ratio === null || accepted.ratio === null
      ? { figure: row.subject.median / accepted.figure - 1 }
      : { ratio: row.ratio.median / accepted.ratio - 1 }),
    ...(cpuUs === undefined || accepted.cpu_us_per_request === null
      ? {}
      : { CPU: cpuUs / accepted.cpu_us_per_request - 1 }),
  };
}

function keyOf(bench: string, row: Row): string {
  return `${bench}: ${row.name}`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
