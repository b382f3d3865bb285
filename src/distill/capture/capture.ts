// What a house keeps anyway becomes source logs: events of the journal, and decisions about facts. Nobody waits for it and
// nothing can be lost on the way: they are durable before they are read, and what was read is written down after its lines
// are on the disk. A crash in between writes lines again, which materialize counts as duplicates. Everything is redacted
// before it touches the disk. Calls of models and validations are in no journal; their services write those logs.

import { join } from "node:path";
import { z } from "zod";
import type { House } from "#contracts/house";
import type { journal } from "#contracts/journal";
import { redactLine } from "#domain/redact";
import { appendLines } from "#lib/append-lines";
import { makeFolder, syncFolder } from "#lib/durable";
import type { Service } from "#rpc/contract";
import { readState, writeState } from "../files/state-file.ts";
import { LINES_SUFFIX, SOURCES_FOLDER } from "../root.ts";
import { withRoot } from "../run.ts";
import { decisionLine, type Decisions, decisionsAfter } from "./decisions.ts";
import { type CaptureMode, JournalFold, type LogLine } from "./lines-of.ts";
import { type Corpora, withTexts } from "./texts.ts";

const captureState = z.object({
  schema: z.literal("capture_state.v1"),
  last_seq: z.int(),
  last_decision_id: z.string().optional(),
});
/** Events of one page; the journal gives no more. */
const PAGE = 1000;
/** Decisions whose lines are written at once. */
const DECISIONS_AT_ONCE = 100;

export interface CaptureFrom {
  readonly journald: Pick<Service<typeof journal>, "events">;
  /** Where decisions about facts are kept; none are captured unless given. */
  readonly truthd?: Decisions;
  /** Where the texts of hits are found; lines have ids alone unless given. */
  readonly corpora?: Corpora;
}

/** All that a running house has to be captured. */
export function sourcesOf(house: Pick<House, "journald" | "truthd" | "matrixd" | "queryd">): CaptureFrom {
  const { journald, truthd, matrixd, queryd } = house;
  return { journald, truthd, corpora: { matrixd, queryd } };
}

export interface Captured {
  readonly events: number;
  readonly last_seq: number;
  /** Lines written, by log. */
  readonly lines: Readonly<Record<string, number>>;
}

export function capture(root: string, from: CaptureFrom, mode: CaptureMode): Promise<Captured> {
  return withRoot(root, () => captureInto(root, from, mode));
}

/** The same, for a caller that holds the root already. */
export async function captureInto(root: string, from: CaptureFrom, mode: CaptureMode): Promise<Captured> {
  const folder = join(root, SOURCES_FOLDER);
  await makeFolder(folder);
  const statePath = join(folder, ".capture.json");
  const before = await readState(statePath, captureState);
  const doneSeq = before?.last_seq ?? 0;
  const lines: Record<string, number> = {};
  const write = async (
    found: readonly LogLine[],
    state: Omit<z.infer<typeof captureState>, "schema">,
  ): Promise<void> => {
    const texts = new Map<string, string[]>();
    for (const { log, line } of found) {
      texts.set(log, [...(texts.get(log) ?? []), `${JSON.stringify(redactLine(line))}\n`]);
      lines[log] = (lines[log] ?? 0) + 1;
    }
    for (const [log, added] of texts)
      await appendLines(join(folder, `${log}${LINES_SUFFIX}`), added.join(""));
    await syncFolder(folder);
    await writeState(statePath, { schema: "capture_state.v1", ...state });
  };
  const fold = new JournalFold();
  let events = 0;
  let lastSeq = doneSeq;
  let lastDecision = before?.last_decision_id;
  const state = (): Omit<z.infer<typeof captureState>, "schema"> => ({
    last_seq: lastSeq,
    ...(lastDecision === undefined ? {} : { last_decision_id: lastDecision }),
  });
  // From the first event on: a fill's outcome says little without its order.
  let cursor: string | undefined;
  do {
    const page = await from.journald.events({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    const found: LogLine[] = [];
    for (const event of page.events) {
      const told = fold.next(event, mode);
      if (event.seq <= doneSeq) continue;
      events += 1;
      lastSeq = event.seq;
      found.push(...told);
    }
    const texted =
      mode === "full" && from.corpora !== undefined ? await withTexts(found, from.corpora) : found;
    if (lastSeq > doneSeq) await write(texted, state());
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  if (from.truthd !== undefined) {
    const decisions = await decisionsAfter(from.truthd, lastDecision);
    for (let at = 0; at < decisions.length; at += DECISIONS_AT_ONCE) {
      const some = decisions.slice(at, at + DECISIONS_AT_ONCE);
      const found: LogLine[] = [];
      for (const decision of some) found.push(await decisionLine(from.truthd, decision, mode));
      lastDecision = some.at(-1)?.decision_id;
      await write(found, state());
    }
  }
  return { events, last_seq: lastSeq, lines };
}
