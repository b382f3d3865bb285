// Distillation over a million source lines: materialize beside a bare loop that reads, parses and writes the same lines, in
// processes of their own; and near-duplicates among two hundred thousand rows, with planted ones to be found.

import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "#lib/random";
import { sampleLogs } from "../src/distill/accept/sample-logs.ts";
import { nearDuplicates } from "../src/distill/export/near-duplicates.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";

const LINES = 1_000_000;
const LINES_A_SECOND_MIN = 50_000;
const MIB_MAX = 400;
const ROWS = 200_000;
const ROWS_MS_MAX = 60_000;
const RECALL_MIN = 0.95;
/** Of the rows, one in so many is a near-duplicate of an earlier one. */
const PLANTED_EACH = 100;

export const bench: Bench = {
  name: "distill",
  summary: "A million source lines as evidence, beside a bare loop; near-duplicates among 200,000 rows",
  rows: async () => [...(await materialized(LINES)), ...minHashed(ROWS)],
};

interface Measured {
  readonly lines: number;
  readonly tookMs: number;
  /** Of all threads, from the start of the process. */
  readonly cpuMs: number;
  readonly rssMib: number;
}

async function materialized(lines: number): Promise<Row[]> {
  const root = mkdtempSync(join(tmpdir(), "lakehouse-bench-distill-"));
  try {
    const bytes = writeLogs(root, lines);
    const bare = await measured("bare-lines.ts", root);
    const ours = await measured("materialize-child.ts", root);
    const perSecond = (each: Measured): number => (each.lines / each.tookMs) * 1000;
    const perCpuSecond = (each: Measured): number => (each.lines / each.cpuMs) * 1000;
    const mib = bytes / 1024 / 1024;
    return [
      {
        name: `materialize, ${lines} lines`,
        unit: "lines/s",
        subject: spreadOf([perSecond(ours)]),
        reference: { name: "read, parse, write", figure: perSecond(bare) },
        ratio: spreadOf([perSecond(ours) / perSecond(bare)]),
        bar: { of: "figure", is: ">=", limit: LINES_A_SECOND_MIN },
        figures: { source_mib: mib, took_ms: ours.tookMs, bare_ms: bare.tookMs },
      },
      {
        name: "materialize, on one core",
        unit: "lines a second of processor",
        subject: spreadOf([perCpuSecond(ours)]),
        reference: { name: "read, parse, write", figure: perCpuSecond(bare) },
        ratio: spreadOf([perCpuSecond(ours) / perCpuSecond(bare)]),
        bar: { of: "figure", is: ">=", limit: LINES_A_SECOND_MIN },
        figures: { cpu_ms: ours.cpuMs, bare_cpu_ms: bare.cpuMs },
      },
      {
        name: "materialize, memory",
        unit: "MiB",
        subject: spreadOf([ours.rssMib]),
        reference: { name: "read, parse, write", figure: bare.rssMib },
        ratio: spreadOf([ours.rssMib / bare.rssMib]),
        bar: { of: "figure", is: "<=", limit: MIB_MAX },
        figures: { source_mib: mib },
      },
    ];
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** Lines of each log in one piece: as many as are held in memory. */
const PIECE = 1000;

/** All twelve logs, so many lines in all; how many bytes. */
export function writeLogs(root: string, lines: number): number {
  const folder = join(root, "data/_kb");
  mkdirSync(folder, { recursive: true });
  let bytes = 0;
  for (let done = 0, seed = 1; done < lines; seed += 1) {
    for (const [name, piece] of Object.entries(sampleLogs(PIECE, seed))) {
      const kept = piece.slice(0, Math.max(0, lines - done));
      const text = kept.map((line) => `${JSON.stringify(line)}\n`).join("");
      appendFileSync(join(folder, `${name}.jsonl`), text);
      bytes += text.length;
      done += kept.length;
    }
  }
  return bytes;
}

async function measured(program: string, root: string): Promise<Measured> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "servers", program), root], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return JSON.parse(await new Response(child.stdout).text()) as Measured;
}

export function minHashed(count: number): Row[] {
  const random = seeded(5);
  const word = (): string => `v${random.below(50_000)}`;
  const planted = Math.floor(count / PLANTED_EACH);
  const originals = Array.from({ length: count - planted }, () => Array.from({ length: 80 }, word));
  // The last two of eighty words: 74 of 76 shingles stay, a similarity of 0.95.
  const repeats = originals
    .slice(0, planted)
    .map((words) => words.map((each, at) => (at >= words.length - 2 ? word() : each)));
  const texts = [...originals, ...repeats].map((words) => words.join(" "));
  const started = performance.now();
  const found = nearDuplicates(texts);
  const tookMs = performance.now() - started;
  const recalled = found.slice(count - planted).filter((each, at) => each === at).length / planted;
  const wrong = found.slice(0, count - planted).filter((each) => each !== undefined).length;
  return [
    {
      name: `near-duplicates, ${count} rows`,
      unit: "ms",
      subject: spreadOf([tookMs]),
      reference: null,
      ratio: null,
      bar: { of: "figure", is: "<=", limit: ROWS_MS_MAX },
      figures: { rows_per_s: (count / tookMs) * 1000, taken_by_mistake: wrong },
    },
    {
      name: "near-duplicates, recall of planted ones",
      unit: "share",
      subject: spreadOf([recalled]),
      reference: null,
      ratio: null,
      bar: { of: "figure", is: ">=", limit: RECALL_MIN },
      figures: { planted },
    },
  ];
}
