// Receipts of a root as audits read them: the newest of each stage.

import { jsonOr } from "#lib/json-or";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { readIfThere } from "#lib/durable";
import { entriesOf, REPORTS_FOLDER } from "../root.ts";
import { type Receipt, receipt as receiptSchema } from "../schemas/reports.ts";

export interface FoundReport {
  /** Below the root. */
  readonly path: string;
  readonly value: unknown;
}

/** Every `receipt.json` and `summary.json`, as it stands, run by run: the ids of runs begin with their time. */
export async function reportsIn(root: string): Promise<FoundReport[]> {
  const found: FoundReport[] = [];
  const runs = await entriesOf(join(root, REPORTS_FOLDER));
  for (const run of runs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!run.isDirectory()) continue;
    const folder = `${REPORTS_FOLDER}/${run.name}`;
    for (const name of (await readdir(join(root, folder))).sort()) {
      const path = name === "summary.json" ? `${folder}/${name}` : `${folder}/${name}/receipt.json`;
      if (name.includes(".") && name !== "summary.json") continue;
      const text = await readIfThere(join(root, path));
      if (text !== undefined) found.push({ path, value: jsonOr(text) });
    }
  }
  return found;
}

export async function newestReceipts(root: string): Promise<ReadonlyMap<string, Receipt>> {
  const newest = new Map<string, Receipt>();
  for (const { value } of await reportsIn(root)) {
    const read = receiptSchema.safeParse(value);
    if (!read.success) continue;
    const before = newest.get(read.data.stage);
    if (before === undefined || before.ended_at <= read.data.ended_at) newest.set(read.data.stage, read.data);
  }
  return newest;
}
