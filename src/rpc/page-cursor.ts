// Where the next page of a list begins, as text that callers pass back and do not look into. It names its list, so that
// what no reply gave, and what another list gave, is refused and never answered with an arbitrary page.

import type { z } from "zod";
import { jsonOr } from "#lib/json-or";
import { Fault } from "./fault.ts";

export interface PageCursor<P> {
  /** The text for the page behind this place. */
  next(place: P): string;
  /** Undefined without a cursor. Throws `invalid` for one that no reply of this list gave. */
  place(cursor: string | undefined): P | undefined;
}

/** `list` is the name of the operation, `matrix.corpora`; `shape` what a place in it is. */
export function pageCursor<P>(list: string, shape: z.ZodType<P>): PageCursor<P> {
  const textOf = (place: P): string => Buffer.from(JSON.stringify([list, place])).toString("base64url");
  return {
    next: textOf,
    place(cursor) {
      if (cursor === undefined) return undefined;
      const place = shape.safeParse(contentOf(cursor, list));
      // Decoding is lenient: only the very text that was given is taken back.
      if (place.success && textOf(place.data) === cursor) return place.data;
      throw new Fault(
        "invalid",
        "cursor: no reply of this list gave it. Leave it out to begin with the first page.",
        { details: [{ path: "cursor", message: "must be the next_cursor of a reply" }] },
      );
    },
  };
}

function contentOf(cursor: string, list: string): unknown {
  const content = jsonOr(Buffer.from(cursor, "base64url").toString());
  return Array.isArray(content) && content[0] === list ? content[1] : undefined;
}
