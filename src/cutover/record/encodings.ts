// Bodies that travel compressed, as text again: patterns find nothing in compressed bytes, and a comparison neither.

import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { RECORDED_BODY_BYTES_MAX } from "./recording.ts";
import type { HeldBody } from "./redacted.ts";

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync } as const;

/** The body without its encoding; one of an encoding that is not known, or that would grow too large, is cut. */
export function decodedBody(held: HeldBody, encoding: string | null): HeldBody {
  if (
    encoding === null ||
    encoding === "identity" ||
    !(held instanceof ArrayBuffer) ||
    held.byteLength === 0
  ) {
    return held;
  }
  const decode = DECODERS[encoding as keyof typeof DECODERS];
  if (decode === undefined) return { cut: `encoded as ${encoding.slice(0, 20)}`, bytes: held.byteLength };
  try {
    const plain = decode(new Uint8Array(held), { maxOutputLength: RECORDED_BODY_BYTES_MAX });
    return plain.buffer.slice(plain.byteOffset, plain.byteOffset + plain.byteLength);
  } catch {
    return { cut: `not readable as ${encoding}`, bytes: held.byteLength };
  }
}
