// `parity_log.jsonl` beside the reports: a line for each endpoint of each run, append only, and the newest of each endpoint as
// people look at it.

import { jsonOr } from "#lib/json-or";
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeFolder, readIfThere } from "#lib/durable";
import type { ParityReport } from "./parity-report.ts";

const row = z.object({
  at: z.string(),
  probe: z.string(),
  dialect: z.string(),
  endpoint: z.string(),
  verdict: z.enum(["same", "explained", "different", "not compared"]),
  cases: z.int(),
  statuses_same: z.int(),
  bodies_same: z.int(),
  different: z.int(),
  seed: z.int(),
  left: z.string(),
  right: z.string(),
});
export type ParityRow = z.infer<typeof row>;

function pathOf(folder: string): string {
  return join(folder, "parity_log.jsonl");
}

export async function logParity(folder: string, report: ParityReport): Promise<void> {
  const { at, probe, dialect, seed, left, right } = report;
  const lines = report.endpoints.map(
    ({ endpoint, verdict, cases, statuses_same, bodies_same, different }): ParityRow => ({
      at,
      probe,
      dialect,
      endpoint,
      verdict,
      cases,
      statuses_same,
      bodies_same,
      different,
      seed,
      left,
      right,
    }),
  );
  await makeFolder(folder);
  await appendFile(pathOf(folder), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

/** The newest of each endpoint and pair of sides, in the order of their first appearance; lines that are none are passed over. */
export async function readParity(folder: string): Promise<ParityRow[]> {
  const newest = new Map<string, ParityRow>();
  for (const line of ((await readIfThere(pathOf(folder))) ?? "").split("\n")) {
    const read = row.safeParse(jsonOr(line)).data;
    if (read === undefined) continue;
    const { dialect, probe, endpoint, left, right } = read;
    newest.set([dialect, probe, endpoint, left, right].join(" "), read);
  }
  return [...newest.values()];
}
