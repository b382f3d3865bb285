// The journal becomes source logs. Nobody waits for it and nothing can be lost on the way: events are durable before they
// are read, and what was read is written down after its lines are on the disk. A crash in between writes lines again, byte
// for byte, which materialize counts as duplicates. Everything is redacted before it touches the disk.

import { join } from "node:path";
import { z } from "zod";
import type { journal } from "#contracts/journal";
import { redactValue } from "#domain/redact";
import { makeFolder, syncFolder } from "#lib/durable";
import type { Service } from "#rpc/contract";
import { appendLines } from "../files/append-lines.ts";
import { readState, writeState } from "../files/state-file.ts";
import { LINES_SUFFIX, SOURCES_FOLDER } from "../root.ts";
import { withRoot } from "../run.ts";
import { type CaptureMode, JournalFold } from "./lines-of.ts";

const captureState = z.object({ schema: z.literal("capture_state.v1"), last_seq: z.int() });
/** Events of one page; the journal gives no more. */
const PAGE = 1000;

export interface Captured {
  readonly events: number;
  readonly last_seq: number;
  /** Lines written, by log. */
  readonly lines: Readonly<Record<string, number>>;
}

export function capture(
  root: string,
  journald: Pick<Service<typeof journal>, "events">,
  mode: CaptureMode,
): Promise<Captured> {
  return withRoot(root, () => captureInto(root, journald, mode));
}

/** The same, for who holds the root already. */
export async function captureInto(
  root: string,
  journald: Pick<Service<typeof journal>, "events">,
  mode: CaptureMode,
): Promise<Captured> {
  const folder = join(root, SOURCES_FOLDER);
  await makeFolder(folder);
  const statePath = join(folder, ".capture.json");
  const doneSeq = (await readState(statePath, captureState))?.last_seq ?? 0;
  const fold = new JournalFold();
  const lines: Record<string, number> = {};
  let events = 0;
  let lastSeq = doneSeq;
  // From the first event on: a fill's outcome says little without its order.
  let cursor: string | undefined;
  do {
    const page = await journald.events({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    const texts = new Map<string, string[]>();
    for (const event of page.events) {
      const found = fold.next(event, mode);
      if (event.seq <= doneSeq) continue;
      events += 1;
      lastSeq = event.seq;
      for (const { log, line } of found) {
        const text = `${JSON.stringify(redactLine(line))}\n`;
        texts.set(log, [...(texts.get(log) ?? []), text]);
        lines[log] = (lines[log] ?? 0) + 1;
      }
    }
    for (const [log, added] of texts)
      await appendLines(join(folder, `${log}${LINES_SUFFIX}`), added.join(""));
    if (lastSeq > doneSeq) {
      await syncFolder(folder);
      await writeState(statePath, { schema: "capture_state.v1", last_seq: lastSeq });
    }
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return { events, last_seq: lastSeq, lines };
}

/** Ids stay: a run of digits in one is no telephone number. */
function redactLine(line: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(line).map(([name, value]) => [name, IDS.test(name) ? value : redactValue(value)]),
  );
}

const IDS = /^(?:schema|recorded_at|entity|(?:run|fill|message|search|playbook|pathway|event|trace)_id)$/;
