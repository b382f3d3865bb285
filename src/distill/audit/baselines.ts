// `data/_kb/audit_baselines.jsonl`: a line for each full audit. Lines of other programs are kept byte for byte. Drift is the
// change of a metric against the last baseline, the median of the last ten, and the last one of the same commit.

import { AUDIT_METRICS } from "#contracts/distill";
import { join } from "node:path";
import { makeFolder, readIfThere, writeDurably } from "#lib/durable";
import { BASELINES_FILE, SOURCES_FOLDER } from "../root.ts";
import { baseline, type Metric, type Metrics } from "../schemas/reports.ts";

export interface Baseline extends Metrics {
  readonly recorded_at: string;
  readonly git_commit?: string | null | undefined;
  readonly run_id?: string | null | undefined;
}

/** Lines that are no baseline are kept, and not compared with. */
export async function readBaselines(root: string): Promise<Baseline[]> {
  const text = (await readIfThere(join(root, BASELINES_FILE))) ?? "";
  return text.split("\n").flatMap((line) => {
    try {
      return [baseline.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

export async function appendBaseline(root: string, added: Baseline): Promise<void> {
  await makeFolder(join(root, SOURCES_FOLDER));
  const path = join(root, BASELINES_FILE);
  // As bytes: what another program wrote need not be UTF-8.
  const file = Bun.file(path);
  const before = (await file.exists()) ? Buffer.from(await file.arrayBuffer()) : Buffer.alloc(0);
  const newline = before.length > 0 && before.at(-1) !== 10 ? "\n" : "";
  await writeDurably(path, Buffer.concat([before, Buffer.from(`${newline}${JSON.stringify(added)}\n`)]));
}

export interface Compared {
  readonly baseline: number;
  /** Null where the baseline is 0 and the value is not: it is new. */
  readonly change: number | null;
}

export interface Drift {
  readonly metric: Metric;
  readonly value: number;
  readonly last?: Compared;
  readonly median?: Compared;
  readonly same_commit?: Compared;
  readonly drifted: boolean;
}

const MEDIAN_OF = 10;
export const DRIFT_MAX = 0.2;

/** `threshold` is the share by which a metric may differ from the last baseline, and from the median. */
export function driftOf(
  metrics: Metrics,
  baselines: readonly Baseline[],
  gitCommit: string | null,
  threshold = DRIFT_MAX,
): Drift[] {
  const last = baselines.at(-1);
  const same =
    gitCommit === null ? undefined : baselines.findLast(({ git_commit }) => git_commit === gitCommit);
  return AUDIT_METRICS.map((metric) => {
    const value = metrics[metric];
    const compare = (against: number): Compared => ({
      baseline: against,
      change: against === 0 ? (value === 0 ? 0 : null) : round((value - against) / against),
    });
    const against = {
      ...(last === undefined ? {} : { last: compare(last[metric]) }),
      ...(last === undefined
        ? {}
        : { median: compare(medianOf(baselines.slice(-MEDIAN_OF).map((each) => each[metric]))) }),
      ...(same === undefined ? {} : { same_commit: compare(same[metric]) }),
    };
    const drifted = [against.last, against.median].some((each) => Math.abs(each?.change ?? 0) > threshold);
    return { metric, value, ...against, drifted };
  });
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] ?? 0;
  return ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
