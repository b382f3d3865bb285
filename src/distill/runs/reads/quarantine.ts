// Pages of what stages put into quarantine. An entry's place is its stage and where its line begins, which is the cursor:
// files of the quarantine only grow. The bytes of a line that was too long to be parsed are not given, only their number.

import { join } from "node:path";
import { jsonOr } from "#lib/json-or";
import { linesIfThere } from "../../files/quarantine.ts";
import { entriesOf, LINES_SUFFIX, QUARANTINE_FOLDER } from "../../root.ts";
import { quarantined } from "../../schemas/reports.ts";
import { wrongCursor } from "./page.ts";

export interface QuarantineQuery {
  readonly stage?: string | undefined;
  readonly reason?: string | undefined;
  readonly raw: boolean;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface QuarantinedLine {
  readonly stage: string;
  readonly reason: string;
  readonly source_file: string;
  readonly line_offset: number;
  readonly bytes: number;
  readonly encoding: "utf8" | "base64";
  readonly replay: string;
  readonly raw?: string;
}

export interface QuarantinePage {
  readonly entries: QuarantinedLine[];
  readonly counts?: { readonly stage: string; readonly reason: string; readonly entries: number }[];
  readonly next_cursor?: string;
}

/** Bytes of one page's raw content: what a browser shows. */
const RAW_BYTES_MAX = 4 * 1024 * 1024;
const utf8 = new TextDecoder();

export async function quarantinePage(root: string, query: QuarantineQuery): Promise<QuarantinePage> {
  const { stage, reason, raw, limit, cursor } = query;
  const from = cursor === undefined ? undefined : placeIn(cursor);
  const stages = (await entriesOf(join(root, QUARANTINE_FOLDER)))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(LINES_SUFFIX))
    .map((name) => name.slice(0, -LINES_SUFFIX.length))
    .sort();
  const entries: QuarantinedLine[] = [];
  const counts = new Map<string, { stage: string; reason: string; entries: number }>();
  let next: string | undefined;
  let rawBytes = 0;
  for (const of of stages) {
    // Without a cursor all are read, for their counts.
    if (from !== undefined && (of < from.stage || next !== undefined)) continue;
    if (from !== undefined && stage !== undefined && of !== stage) continue;
    for await (const { bytes, start, length } of linesIfThere(
      join(root, QUARANTINE_FOLDER, `${of}${LINES_SUFFIX}`),
    )) {
      if (length === 0 || (from?.stage === of && start < from.start)) continue;
      const entry = entryOf(of, bytes, length);
      if (from === undefined) {
        const key = `${of} ${entry.reason}`;
        const count = counts.get(key) ?? { stage: of, reason: entry.reason, entries: 0 };
        count.entries += 1;
        counts.set(key, count);
      }
      if (next !== undefined || (stage !== undefined && of !== stage)) continue;
      if (reason !== undefined && entry.reason !== reason) continue;
      if (entries.length === limit || (raw && entries.length > 0 && rawBytes + length > RAW_BYTES_MAX)) {
        next = `${of}:${start}`;
        if (from !== undefined) break;
        continue;
      }
      const { raw: content, ...shown } = entry;
      rawBytes += length;
      entries.push(raw && content !== undefined ? { ...shown, raw: content } : shown);
    }
  }
  return {
    entries,
    ...(from === undefined ? { counts: [...counts.values()] } : {}),
    ...(next === undefined ? {} : { next_cursor: next }),
  };
}

function entryOf(stage: string, bytes: Uint8Array | undefined, length: number): QuarantinedLine {
  const read = bytes === undefined ? undefined : quarantined.safeParse(jsonOr(utf8.decode(bytes))).data;
  if (read === undefined) {
    const reason = bytes === undefined ? "line_too_long" : "not an entry of quarantine";
    return { stage, reason, source_file: "", line_offset: 0, bytes: length, encoding: "utf8", replay: "" };
  }
  const { encoding = "utf8", raw } = read;
  return {
    stage,
    reason: read.reason,
    source_file: read.source_file,
    line_offset: read.line_offset,
    bytes: Buffer.byteLength(raw, encoding),
    encoding,
    replay: read.replay,
    raw,
  };
}

function placeIn(cursor: string): { readonly stage: string; readonly start: number } {
  const [, stage, start] = /^([\w-]{1,100}):(\d{1,15})$/.exec(cursor) ?? [];
  if (stage === undefined || start === undefined) throw wrongCursor();
  return { stage, start: Number(start) };
}
