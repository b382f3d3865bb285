// `data/_kb/replay_runs.jsonl`: a line for each answer that was judged. A replay that was cut off is continued under the id
// that it began with: answers that are logged are not asked for again.

import { join } from "node:path";
import { z } from "zod";
import { redactText } from "#domain/redact";
import { makeFolder } from "#lib/durable";
import { appendLines } from "#lib/append-lines";
import { jsonOr } from "#lib/json-or";
import { linesIfThere } from "../files/quarantine.ts";
import { readState, writeState } from "../files/state-file.ts";
import { SOURCES_FOLDER } from "../root.ts";
import { replayRun } from "../schemas/source-logs.ts";

export const REPLAY_LOG = `${SOURCES_FOLDER}/replay_runs.jsonl`;
export type ReplayLine = z.infer<typeof replayRun>;

const replayState = z.object({
  schema: z.literal("replay_state.v1"),
  /** Of what is replayed: evidence, prompts to come, models. */
  set_sha256: z.string(),
  replay_id: z.string(),
  finished: z.boolean(),
});
export type ReplayState = z.infer<typeof replayState>;

function statePath(root: string): string {
  return join(root, SOURCES_FOLDER, ".replay.json");
}

export function readReplayState(root: string): Promise<ReplayState | undefined> {
  return readState(statePath(root), replayState);
}

export async function writeReplayState(root: string, state: ReplayState): Promise<void> {
  await writeState(statePath(root), state);
}

export async function* replayLines(root: string): AsyncGenerator<ReplayLine> {
  const decoder = new TextDecoder();
  for await (const { bytes } of linesIfThere(join(root, REPLAY_LOG))) {
    if (bytes === undefined || bytes.length === 0) continue;
    const line = replayRun.safeParse(jsonOr(decoder.decode(bytes))).data;
    if (line !== undefined) yield line;
  }
}

/** Prompt and reply are redacted before they touch the disk. */
export async function logReplays(root: string, lines: readonly ReplayLine[]): Promise<void> {
  if (lines.length === 0) return;
  await makeFolder(join(root, SOURCES_FOLDER));
  const texts = lines.map(({ prompt, reply, ...rest }) =>
    JSON.stringify({
      ...rest,
      ...(prompt === undefined ? {} : { prompt: redactText(prompt) }),
      reply: redactText(reply),
    }),
  );
  await appendLines(join(root, REPLAY_LOG), texts.map((text) => `${text}\n`).join(""));
}
