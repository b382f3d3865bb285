// What an index knows of its Lance table, in a checksummed file that is replaced as a whole: which version holds the
// writes up to which sequence, which earlier versions are kept, and which files all of that is in. The log goes on from
// that sequence, so the table may be behind, and what it has beyond this state is not part of the index.

import { join } from "node:path";
import { readChecksummed, writeChecksummed } from "#adapters/checksummed-file";
import type { IndexVersion } from "#contracts/vector";
import type { TableFile } from "./contract.ts";

export interface LanceState {
  readonly format: 1;
  /** Of the folder or prefix that holds the table: another one for each table that took the index's place. */
  readonly table: string;
  /** 0 before the first write came to the table. */
  readonly version: number;
  readonly sequence: number;
  readonly count: number;
  /** Oldest first, the one above included. */
  readonly versions: readonly IndexVersion[];
  /** None where the table is in a bucket. */
  readonly files: readonly TableFile[];
  /** Upkeep is under way: it removes files, and has begun others that are not listed. */
  readonly upkeep: boolean;
  /** Milliseconds since the Unix epoch. */
  readonly written_at: number;
}

export const STATE_FILE = "lance.json";

export function readState(dir: string): LanceState {
  return readChecksummed(join(dir, STATE_FILE)).tail as LanceState;
}

export async function writeState(dir: string, state: LanceState): Promise<void> {
  await writeChecksummed(join(dir, STATE_FILE), [], state);
}

export function newState(table: string, sequence: number, now: number): LanceState {
  return {
    format: 1,
    table,
    version: 0,
    sequence,
    count: 0,
    versions: [],
    files: [],
    upkeep: false,
    written_at: now,
  };
}
