// The encoding that somebody says a file has, by any of its names in the Encoding Standard, or as ibm850.

import { Fault } from "#rpc/fault";
import { textDecoder } from "./text-decoder.ts";

/** The standard's own name: `latin1` is `windows-1252` there. Throws `invalid` for what is no encoding. */
export function encodingLabel(name: string): string {
  try {
    return textDecoder(name.trim()).encoding;
  } catch (cause) {
    const message = `${JSON.stringify(name)} is no encoding that is known here: utf-8, utf-16le, windows-1252, iso-8859-2, macintosh, ibm850, shift_jis, gb18030 and others are.`;
    throw new Fault("invalid", `encoding: ${message}`, { details: [{ path: "encoding", message }], cause });
  }
}
