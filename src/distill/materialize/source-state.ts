// What materialize remembers of each source log: how far it was read, the hash of exactly those bytes (so that a file that
// was rewritten in place is seen), and of each day partition how much of it is older than this stage's rows and how much
// is committed.

import { join } from "node:path";
import { z } from "zod";
import { readState, writeState } from "../files/state-file.ts";
import { EVIDENCE_FOLDER } from "../root.ts";
import { moment, sha256 } from "../schemas/shapes.ts";

const counts = z.object({ in: z.int(), out: z.int(), duplicates: z.int(), quarantined: z.int() });

const sourceState = z.object({
  bytes: z.int(),
  sha256,
  /** Whether the last of these bytes ended a line. */
  ended: z.boolean(),
  /** The day of lines that have none of their own. */
  fallback_moment: moment,
  counts,
  partitions: z.record(z.string(), z.object({ base: z.int(), bytes: z.int(), rows: z.int() })),
});
export type SourceState = z.infer<typeof sourceState>;

const state = z.object({
  schema: z.literal("materialize_state.v1"),
  sources: z.record(z.string(), sourceState),
});
export type MaterializeState = z.infer<typeof state>;

function stateFile(root: string): string {
  return join(root, EVIDENCE_FOLDER, ".materialize.json");
}

export async function readSources(root: string): Promise<MaterializeState> {
  return (await readState(stateFile(root), state)) ?? { schema: "materialize_state.v1", sources: {} };
}

export async function writeSources(root: string, sources: MaterializeState): Promise<void> {
  await writeState(stateFile(root), sources);
}
