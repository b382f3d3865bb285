// The word index as bytes, so that a corpus need not be read word by word at every start. Little endian:
//   8 bytes "LHBM25-2", u32 CRC-32 of all that follows, u32 length of the head, the head as JSON, padded to 4 bytes,
//   then u32s: the row of each slot, the word count of each slot, the documents of each term,
//   the pairs of all terms (see postings.ts), and last the terms in UTF-8, one a line.
// Damage of any kind is found before a number is used.

import { Fault } from "#rpc/fault";

/** An index taken apart; slots are the places in `rows`, terms ascend. */
export interface Bm25Parts {
  readonly k1: number;
  readonly b: number;
  readonly rows: Uint32Array;
  readonly counts: Uint32Array;
  readonly terms: readonly (readonly [term: string, pairs: Uint32Array<ArrayBuffer>])[];
}

interface Head {
  readonly k1: number;
  readonly b: number;
  readonly rows: number;
  readonly terms: number;
  readonly pairs: number;
}

const MAGIC = "LHBM25-2";
const HEAD_AT = 16;

export function writeBm25(parts: Bm25Parts): Uint8Array<ArrayBuffer> {
  const { k1, b, rows, counts, terms } = parts;
  const pairs = terms.reduce((sum, [, own]) => sum + own.length, 0);
  const head: Head = { k1, b, rows: rows.length, terms: terms.length, pairs };
  const headBytes = new TextEncoder().encode(JSON.stringify(head));
  const words = new TextEncoder().encode(terms.map(([term]) => term).join("\n"));
  const numbersAt = HEAD_AT + Math.ceil(headBytes.length / 4) * 4;
  const numbers = rows.length + counts.length + terms.length + pairs;
  const bytes = new Uint8Array(numbersAt + numbers * 4 + words.length);
  bytes.set(new TextEncoder().encode(MAGIC));
  bytes.set(headBytes, HEAD_AT);
  const written = new Uint32Array(bytes.buffer, numbersAt, numbers);
  written.set(rows);
  written.set(counts, rows.length);
  let place = rows.length + counts.length;
  for (const [, own] of terms) written[place++] = own.length / 2;
  for (const [, own] of terms) {
    written.set(own, place);
    place += own.length;
  }
  bytes.set(words, numbersAt + numbers * 4);
  const view = new DataView(bytes.buffer);
  view.setUint32(12, headBytes.length, true);
  view.setUint32(8, Bun.hash.crc32(bytes.subarray(12)), true);
  return bytes;
}

/** Throws Fault `internal` when the bytes are not what `writeBm25` wrote. */
export function readBm25(source: Uint8Array): Bm25Parts {
  // A copy of its own: aligned for 32-bit numbers, and nobody else's to change.
  const bytes = Uint8Array.from(source);
  const view = new DataView(bytes.buffer);
  const text = new TextDecoder();
  if (bytes.length < HEAD_AT || text.decode(bytes.subarray(0, 8)) !== MAGIC)
    throw damaged("it is not a word index");
  if (view.getUint32(8, true) !== Bun.hash.crc32(bytes.subarray(12)))
    throw damaged("its checksum does not fit");
  const headLength = view.getUint32(12, true);
  const head = JSON.parse(text.decode(bytes.subarray(HEAD_AT, HEAD_AT + headLength))) as Head;
  const numbersAt = HEAD_AT + Math.ceil(headLength / 4) * 4;
  const numbers = new Uint32Array(bytes.buffer, numbersAt, 2 * head.rows + head.terms + head.pairs);
  const words = text.decode(bytes.subarray(numbersAt + numbers.byteLength));
  const termsAt = 2 * head.rows;
  let place = termsAt + head.terms;
  const terms = (head.terms === 0 ? [] : words.split("\n")).map((term, i) => {
    const start = place;
    place += (numbers[termsAt + i] as number) * 2;
    return [term, numbers.subarray(start, place)] as const;
  });
  const rows = numbers.slice(0, head.rows);
  return {
    k1: head.k1,
    b: head.b,
    rows,
    counts: numbers.slice(head.rows, termsAt),
    terms,
  };
}

function damaged(why: string): Fault {
  return new Fault(
    "internal",
    `A stored word index is damaged (${why}): it must be built again from its corpus.`,
  );
}
