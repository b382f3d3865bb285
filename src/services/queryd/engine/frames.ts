// How a stream says that it is whole. Between engine and serving process it travels in frames: four bytes of
// length, lowest first, and as many bytes. A frame of length 0 ends it, and after that stands the fault that
// ended it, if one did. A stream without that frame was cut off, so rows that are missing are never taken for
// the end, whatever bytes the stream holds.

import { assert } from "#lib/assert";
import { type Fault, faultFromBody } from "#rpc/fault";

const HEADER_BYTES = 4;

/** Text is written as UTF-8, straight into its frame. */
export function frame(body: string | Uint8Array): Uint8Array {
  const length = Buffer.byteLength(body);
  const framed = Buffer.allocUnsafe(HEADER_BYTES + length);
  framed.writeUInt32LE(length);
  if (typeof body === "string") framed.write(body, HEADER_BYTES);
  else framed.set(body, HEADER_BYTES);
  return framed;
}

export function lastFrame(fault: Fault | undefined): Uint8Array {
  const told = fault === undefined ? "" : JSON.stringify(fault.body(""));
  return Buffer.concat([Buffer.alloc(HEADER_BYTES), Buffer.from(told)]);
}

export interface Unframed {
  readonly bodies: readonly Uint8Array[];
  /** What stands after the last frame; null before it came. */
  readonly rest: Uint8Array | null;
}

/** Takes the pieces of a framed stream, cut anywhere, and gives their bodies without copying them. */
export function unframing(): (piece: Uint8Array) => Unframed {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerBytes = 0;
  let missing = 0;
  return (piece) => {
    const bodies: Uint8Array[] = [];
    let at = 0;
    while (at < piece.byteLength) {
      if (missing > 0) {
        const body = piece.subarray(at, at + missing);
        bodies.push(body);
        at += body.byteLength;
        missing -= body.byteLength;
        continue;
      }
      const part = piece.subarray(at, at + HEADER_BYTES - headerBytes);
      header.set(part, headerBytes);
      at += part.byteLength;
      headerBytes += part.byteLength;
      if (headerBytes < HEADER_BYTES) break;
      headerBytes = 0;
      missing = header.readUInt32LE();
      if (missing === 0) return { bodies, rest: piece.subarray(at) };
    }
    return { bodies, rest: null };
  };
}

/** What stands after the last frame: the fault that ended the stream, or null. */
export function faultAfter(rest: Uint8Array): Fault | null {
  if (rest.byteLength === 0) return null;
  const fault = faultFromBody(JSON.parse(Buffer.from(rest).toString("utf8")));
  assert(fault !== null, "an engine ends its stream with a fault of the usual shape");
  return fault;
}
