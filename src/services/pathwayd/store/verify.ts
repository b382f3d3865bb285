// Reads every row and compares it with its checksums; for the look at a whole data folder.

import { Fault } from "#rpc/fault";
import { eventOf } from "./events.ts";
import type { TraceStore } from "./store.ts";

export interface DamagedRow {
  /** Of the trace, or the record where that cannot be told. */
  readonly name: string;
  readonly problem: string;
}

/** A list that people read; the number of rows says the rest. */
const NAMED_MAX = 100;

export async function verifyRows(store: TraceStore): Promise<{ records: number; damaged: DamagedRow[] }> {
  let records = 0;
  const damaged: DamagedRow[] = [];
  for await (const rows of store.rows()) {
    for (const row of rows) {
      records += 1;
      try {
        eventOf(row);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (damaged.length < NAMED_MAX) damaged.push({ name: String(row["seq"]), problem: error.message });
      }
    }
  }
  return { records, damaged };
}
