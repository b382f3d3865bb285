// Operations of matrixd on places of one's own: names that orders use for plants, stores and yards, and where these are.
// Each list has a source, by which it is replaced or forgotten as a whole.

import { z } from "zod";
import { op } from "#rpc/contract";
import { pageInput, plainName, timestamp } from "./shapes.ts";

/** Of all sources together: some megabytes of memory. */
export const PLACES_MAX = 20_000;

const placeGiven = z.strictObject({
  name: z.string().trim().min(2).max(200).describe("As orders write it, whatever its capitals and marks"),
  aliases: z.array(z.string().trim().min(2).max(200)).max(20).default([]).describe("Other names of it"),
  city: z.string().trim().min(1).max(100).optional(),
  state: z.string().trim().min(2).max(50).optional(),
  postal_code: z.string().trim().min(5).max(10).optional(),
  lat: z.number().min(-90).max(90).optional(),
  lon: z.number().min(-180).max(180).optional(),
});

const place = z.object({
  name: z.string(),
  aliases: z.array(z.string()),
  city: z.string().optional(),
  state: z.string().optional(),
  lat: z.number(),
  lon: z.number(),
  source: plainName,
});
export type OwnPlace = z.infer<typeof place>;

const source = z.object({ source: plainName, places: z.int(), updated_at: timestamp });

export const placeOperations = {
  importPlaces: op({
    method: "POST",
    path: "/v1/matrix/places",
    summary: "Import places of one's own, so that orders that name them are read as being there",
    description:
      "Where a place is, is told by lat and lon, by a postal code, or by city and state. The list replaces what the source had.",
    input: z.strictObject({
      source: plainName.default("places"),
      places: z.array(placeGiven).min(1).max(PLACES_MAX),
    }),
    bodyBytesMax: 8 * 1024 * 1024,
    timeoutMs: 60_000,
    output: source.extend({
      left_out: z.int().describe("Places of which nobody knows where they are"),
      reasons: z
        .array(z.object({ row: z.int(), message: z.string() }))
        .describe("Of the first hundred that were left out, counted from 1"),
    }),
    idempotent: true,
    errors: ["too_large", "unavailable"],
    scope: "write",
  }),
  places: op({
    method: "GET",
    path: "/v1/matrix/places",
    summary: "List places of one's own, and the sources they came from",
    input: z.strictObject({ source: plainName.optional(), ...pageInput }),
    output: z.object({
      places: z.array(place),
      sources: z.array(source),
      /** Sources whose files are damaged: import or forget them again, or restore. */
      damaged: z.array(z.string()).optional(),
      next_cursor: z.string().optional(),
    }),
    errors: [],
    scope: "read",
  }),
  forgetPlaces: op({
    method: "DELETE",
    path: "/v1/matrix/places/sources/{source}",
    summary: "Forget the places of a source",
    input: z.strictObject({ source: plainName }),
    output: z.null(),
    status: 204,
    errors: ["not_found", "unavailable"],
    scope: "write",
  }),
};
