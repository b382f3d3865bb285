// The chain, read from its records: each event must follow the one before it, by number and by hash, and must have the
// hash of its own text. After an event that a repair could not bring back any hash may follow, since nobody knows its own.

import { CHAIN_START, type DecodedRecord, decodeRecord, hashOf } from "./chained-event.ts";

export interface ChainEnd {
  readonly seq: number;
  /** Of the newest event that is there. */
  readonly hash: string;
  /** Whether the last one is lost, and its hash with it. */
  readonly isLost: boolean;
}

export const EMPTY_CHAIN: ChainEnd = { seq: 0, hash: CHAIN_START, isLost: false };

export class BrokenChain extends Error {
  readonly seq: number;

  constructor(seq: number, problem: string) {
    super(problem);
    this.seq = seq;
  }
}

export class Chain {
  #end: ChainEnd;

  constructor(end: ChainEnd = EMPTY_CHAIN) {
    this.#end = end;
  }

  get end(): ChainEnd {
    return this.#end;
  }

  /** The next record, undefined for a lost event. Throws BrokenChain, and is where it was before. */
  next(record: Uint8Array): DecodedRecord | undefined {
    const { hash, isLost } = this.#end;
    const seq = this.#end.seq + 1;
    const decoded = decodedOrBroken(record, seq);
    if (decoded === undefined) {
      this.#end = { seq, hash, isLost: true };
      return undefined;
    }
    const { event, text } = decoded;
    if (event.seq !== seq)
      throw new BrokenChain(seq, `event ${event.seq} stands in the place of event ${seq}`);
    if (!isLost && event.prev_hash !== hash)
      throw new BrokenChain(seq, `event ${seq} does not follow the event before it`);
    if (hashOf(event.prev_hash, text) !== event.hash)
      throw new BrokenChain(seq, `event ${seq} does not have the hash of its content`);
    this.#end = { seq, hash: event.hash, isLost: false };
    return decoded;
  }
}

function decodedOrBroken(record: Uint8Array, seq: number): DecodedRecord | undefined {
  try {
    return decodeRecord(record);
  } catch (error) {
    throw new BrokenChain(
      seq,
      `event ${seq} cannot be read (${error instanceof Error ? error.message : ""})`,
    );
  }
}
