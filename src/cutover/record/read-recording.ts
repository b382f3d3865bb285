// A recording's file, read for a replay. Its lines stand in the order in which calls were answered; they are replayed in the
// order in which they began, so the file is looked through once for where each begins, and each line is read when its time has come.
// Memory holds that index and no body. What is no line of a recording is counted.

import { jsonOr } from "#lib/json-or";
import { type FileHandle, open } from "node:fs/promises";
import { createReadStream } from "node:fs";
import { Fault } from "#rpc/fault";
import {
  type RecordedCall,
  type Recording,
  type RecordingEnd,
  recordingLine,
  RECORDING_BYTES_MAX,
} from "./recording.ts";

interface Place {
  readonly tMs: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface RecordingFile {
  readonly recording: Omit<Recording, "end" | "stop_asked">;
  readonly end: RecordingEnd | undefined;
  readonly gaps: number;
  /** Lines that are none of a recording: torn, or changed by hand. */
  readonly unreadable: number;
  readonly calls: number;
  /** From the first call to the last. */
  readonly spanMs: number;
  /** In the order of their beginnings; the first one's `t_ms` is taken as 0. */
  each(): AsyncGenerator<RecordedCall>;
  close(): Promise<void>;
}

/** Throws `not_found`, or `invalid` for a file that is no recording. */
export async function readRecording(path: string): Promise<RecordingFile> {
  const file = await open(path).catch((error: unknown) => {
    throw new Fault("not_found", `There is no file ${path}, or it cannot be read.`, { cause: error });
  });
  try {
    const found = await indexed(path);
    const { recording, places } = found;
    if (recording === undefined) {
      throw new Fault(
        "invalid",
        `${path} is no recording: its first line is not that of lakehouse cutover record.`,
      );
    }
    const sorted = places.toSorted((a, b) => a.tMs - b.tMs || a.offset - b.offset);
    const first = sorted[0]?.tMs ?? 0;
    return {
      recording,
      end: found.end,
      gaps: found.gaps,
      unreadable: found.unreadable,
      calls: sorted.length,
      spanMs: (sorted.at(-1)?.tMs ?? 0) - first,
      each: () => calls(file, sorted, first),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* calls(
  file: FileHandle,
  places: readonly Place[],
  firstMs: number,
): AsyncGenerator<RecordedCall> {
  for (const { offset, bytes } of places) {
    const buffer = Buffer.alloc(bytes);
    await file.read(buffer, 0, bytes, offset);
    const call = JSON.parse(buffer.toString()) as RecordedCall;
    yield { ...call, t_ms: call.t_ms - firstMs };
  }
}

interface Indexed {
  recording: RecordingFile["recording"] | undefined;
  end: RecordingEnd | undefined;
  gaps: number;
  unreadable: number;
  readonly places: Place[];
}

async function indexed(path: string): Promise<Indexed> {
  const found: Indexed = { recording: undefined, end: undefined, gaps: 0, unreadable: 0, places: [] };
  for await (const { offset, bytes } of linesOf(path)) {
    const line = recordingLine.safeParse(jsonOr(bytes.toString())).data;
    if (line === undefined) found.unreadable += 1;
    else if ("head" in line) found.recording ??= line.recording;
    else if ("gap" in line) found.gaps += 1;
    else if ("end" in line) found.end = line.end;
    else found.places.push({ tMs: line.t_ms, offset, bytes: bytes.byteLength });
    if (found.recording === undefined) break;
  }
  return found;
}

const NEWLINE = 10;

async function* linesOf(path: string): AsyncGenerator<{ offset: number; bytes: Buffer }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  let read = 0;
  for await (const chunk of createReadStream(path)) {
    read += (chunk as Buffer).byteLength;
    if (read > RECORDING_BYTES_MAX * 2)
      throw new Fault("too_large", `${path} is larger than a recording is.`);
    rest = rest.byteLength === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      if (at > 0) yield { offset, bytes: rest.subarray(0, at) };
      offset += at + 1;
      rest = rest.subarray(at + 1);
    }
  }
  if (rest.byteLength > 0) yield { offset, bytes: rest };
}
