// Where a list goes on, as text that callers pass back and do not look into.

import type { z } from "zod";
import { Fault } from "#rpc/fault";

export function cursorOf(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/** Undefined without a cursor; throws `invalid` for one that no answer gave. */
export function placeIn<S extends z.ZodType>(cursor: string | undefined, shape: S): z.output<S> | undefined {
  if (cursor === undefined) return undefined;
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new Fault("invalid", "cursor: is none that an answer gave. Leave it out to begin again.", {
      details: [{ path: "cursor", message: "is none that an answer gave" }],
    });
  }
}
