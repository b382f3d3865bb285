// Whether a file is UTF-8 without a NUL, told while it comes in: its pieces are in memory then, and looking at them costs
// microseconds, where reading the file once more to find out costs as much as a tenth of loading it.

import { isUtf8 } from "node:buffer";

export class Utf8Check {
  #holds = true;
  /** The first bytes of a character that the next piece goes on with: 3 at most. */
  #begun: Uint8Array = new Uint8Array(0);

  push(piece: Uint8Array): void {
    if (!this.#holds) return;
    const bytes = this.#begun.length === 0 ? piece : Buffer.concat([this.#begun, piece]);
    const end = bytes.length - unfinished(bytes);
    this.#holds = !piece.includes(0) && isUtf8(bytes.subarray(0, end));
    this.#begun = Uint8Array.from(bytes.subarray(end));
  }

  /** True when all that was pushed is whole UTF-8 and has no NUL. */
  holds(): boolean {
    return this.#holds && this.#begun.length === 0;
  }
}

/** Bytes at the end that begin a character and do not end it (RFC 3629, section 3). */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < lengthOf(byte) ? back : 0;
  }
  return 0;
}

function lengthOf(lead: number): number {
  if (lead >= 0xf0) return 4;
  return lead >= 0xe0 ? 3 : 2;
}
