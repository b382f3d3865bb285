// Verification: every byte of every segment is read from the disk again and the chain computed from its start, whatever
// indexes and memory say. One segment is held at a time.

import { basename } from "node:path";
import { readHead } from "#adapters/wal/head";
import { segmentsIn } from "#adapters/wal/recovery";
import { readSegment } from "#adapters/wal/segment";
import { nodeDisk } from "#lib/disk";
import { timeSlicer } from "#lib/event-loop";
import { Fault } from "#rpc/fault";
import { BrokenChain, Chain } from "./events/check-chain.ts";
import type { SeqRange } from "./segments/open-index.ts";

export interface Verification {
  readonly ok: boolean;
  /** Events that verified, from the first on; lost ones are not counted. */
  readonly events: number;
  readonly headHash: string;
  readonly firstBadSeq?: number;
  readonly problem?: string;
  readonly lost: readonly SeqRange[];
}

/** `last` is the last acknowledged event; what the log's head says where it is undefined. Throws `cancelled`. */
export async function verifyJournal(
  folder: string,
  last: number | undefined,
  signal: AbortSignal,
): Promise<Verification> {
  const chain = new Chain();
  const lost: SeqRange[] = [];
  let lostCount = 0;
  const state = (): Pick<Verification, "events" | "headHash" | "lost"> => {
    return { events: chain.end.seq - lostCount, headHash: chain.end.hash, lost };
  };
  const bad = (problem: string): Verification => {
    return { ok: false, ...state(), firstBadSeq: chain.end.seq + 1, problem };
  };
  try {
    const acknowledged = last ?? (await readHead(nodeDisk, folder));
    const sliced = timeSlicer();
    const segments = await segmentsIn(nodeDisk, folder);
    for (const { path, firstSequence } of segments) {
      const content = readSegment(await nodeDisk.read(path), firstSequence);
      for (const frame of content.frames) {
        if (frame.firstSequence !== chain.end.seq + 1) break;
        for (const record of frame.records) {
          if (chain.end.seq === acknowledged) break;
          if (chain.next(record) === undefined) {
            addLost(lost, chain.end.seq);
            lostCount += 1;
          }
          const rest = sliced();
          if (rest !== null) await rest;
        }
      }
      signal.throwIfAborted();
      if (content.damage !== null) return bad(`${basename(path)}: ${content.damage}.`);
      const isFull = path !== segments.at(-1)?.path;
      if (isFull && content.trailingBytes > 0)
        return bad(`${basename(path)}: the frame at byte ${content.end} does not match its checksum.`);
    }
    if (chain.end.seq < acknowledged) return bad(`Event ${chain.end.seq + 1} is missing or does not verify.`);
    return { ok: true, ...state() };
  } catch (error) {
    if (error instanceof BrokenChain) return bad(`${capital(error.message)}.`);
    if (error instanceof Fault && error.code === "internal") return bad(error.message);
    throw error;
  }
}

function addLost(lost: SeqRange[], seq: number): void {
  const before = lost.at(-1);
  if (before?.to === seq - 1) lost[lost.length - 1] = { from: before.from, to: seq };
  else lost.push({ from: seq, to: seq });
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
