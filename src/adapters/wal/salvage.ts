// What can be read of a damaged log: every frame that verifies, wherever it lies, and which writes are in none.
// Nothing is changed.

import { basename } from "node:path";
import { type Disk, nodeDisk } from "#lib/disk";
import { Fault } from "#rpc/fault";
import { readHead } from "./head.ts";
import { type Recovery, segmentsIn } from "./recovery.ts";
import { readSegment } from "./segment.ts";

/** Sequences from the first to the last, both lost. */
export interface LostWrites {
  readonly from: number;
  readonly to: number;
}

export interface SalvagedLog {
  /** The last sequence that was acknowledged, or is in a frame that verifies. */
  readonly sequence: number;
  readonly lost: readonly LostWrites[];
  /** A sentence for each thing that is wrong. */
  readonly damage: readonly string[];
}

/** Replays what verifies after the sequence `after`, in order. */
export async function salvageLog({ dir, after, replay, disk = nodeDisk }: Recovery): Promise<SalvagedLog> {
  const damage: string[] = [];
  const head = await headOrDamage(disk, dir, damage);
  const lost: LostWrites[] = [];
  let sequence = after;
  const reach = (next: number): void => {
    if (next > sequence + 1) lost.push({ from: sequence + 1, to: next - 1 });
    sequence = Math.max(sequence, next - 1);
  };
  for (const { path, firstSequence } of await segmentsIn(disk, dir)) {
    const content = readSegment(await disk.read(path), firstSequence);
    if (content.damage !== null) damage.push(`${basename(path)}: ${content.damage}.`);
    for (const frame of content.frames) {
      reach(frame.firstSequence);
      for (const [k, record] of frame.records.entries()) {
        if (frame.firstSequence + k <= sequence) continue;
        sequence = frame.firstSequence + k;
        await replay({ sequence, record, segment: firstSequence, offset: frame.offset });
      }
    }
    if (content.trailingBytes > 0 && (head === null || content.nextSequence <= head))
      damage.push(
        `${basename(path)}: the ${content.trailingBytes} bytes from byte ${content.end} on do not verify.`,
      );
  }
  reach((head ?? 0) + 1);
  if (lost.length > 0 && damage.length === 0) damage.push("A segment of the log is missing.");
  return { sequence, lost, damage };
}

async function headOrDamage(disk: Disk, dir: string, damage: string[]): Promise<number | null> {
  try {
    return await readHead(disk, dir);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "internal") throw error;
    damage.push(error.message, "Writes behind the last one that can be read cannot be counted without it.");
    return null;
  }
}
