// How a stream of rows says that it is whole. Between engine and serving process a stream ends with a byte that
// UTF-8 never has, and after it the fault that ended it, if one did. A stream without the mark was cut off, so
// rows that are missing are never taken for the end.

import { assert } from "#lib/assert";
import { type Fault, faultFromBody } from "#rpc/fault";

/** Neither a first nor a following byte of any character (RFC 3629, section 3). */
const MARK = 0xff;

export function endMark(fault: Fault | undefined): Uint8Array {
  const told = fault === undefined ? "" : JSON.stringify(fault.body(""));
  return Buffer.concat([Buffer.of(MARK), Buffer.from(told)]);
}

/** Where the mark is in a piece of the stream; -1 in all but the last. */
export function markIn(piece: Uint8Array): number {
  return piece.indexOf(MARK);
}

/** What stands after the mark: the fault that ended the stream, or null. */
export function faultAfter(rest: Uint8Array): Fault | null {
  if (rest.byteLength === 0) return null;
  const fault = faultFromBody(JSON.parse(Buffer.from(rest).toString("utf8")));
  assert(fault !== null, "an engine ends its stream with a fault of the usual shape");
  return fault;
}
