// The operations on places of one's own. Where a place is, is looked up here where the caller does not say it.

import { z } from "zod";
import type { matrix } from "#contracts/matrix";
import type { OwnPlace } from "#contracts/places";
import type { Site } from "#domain/orders/places/sites";
import { siteWords } from "#domain/orders/places/sites";
import { stateNamed } from "#domain/places";
import type { Handlers, ParsedOf } from "#rpc/contract";
import { pageCursor } from "#rpc/page-cursor";
import type { OwnPlaces, PlaceSource } from "./own-places.ts";

const PAGES = pageCursor("matrix.places", z.string());
const REASONS_MAX = 100;

type Given = ParsedOf<(typeof matrix)["importPlaces"]>["places"][number];

/** Where a postal code, or a city of a state, is. */
export interface Whereabouts {
  placed(
    given: Pick<Given, "city" | "state" | "postal_code">,
  ): Promise<Pick<Site, "city" | "state" | "lat" | "lon"> | undefined>;
}

export interface PlaceHandlersDeps {
  readonly places: OwnPlaces;
  readonly whereabouts: Whereabouts;
}

type Names = "importPlaces" | "places" | "forgetPlaces";

export function placeHandlers({
  places,
  whereabouts,
}: PlaceHandlersDeps): Pick<Handlers<typeof matrix>, Names> {
  const siteOf = async ({ name, aliases, ...given }: Given): Promise<Site | string> => {
    if ([name, ...aliases].some((one) => siteWords(one).join("").length < 2))
      return `${name} has a name without letters and digits.`;
    const { lat, lon, city, state } = given;
    if (lat !== undefined && lon !== undefined) {
      const code = state === undefined ? undefined : stateNamed(state);
      return { name, aliases, lat, lon, ...(city && { city }), ...(code && { state: code }) };
    }
    const found = await whereabouts.placed(given);
    return found === undefined
      ? `Nobody knows where ${name} is: give lat and lon, a postal code, or a city and its state.`
      : { name, aliases, ...found };
  };
  return {
    importPlaces: async ({ source, places: given }) => {
      const sites: Site[] = [];
      const reasons: { row: number; message: string }[] = [];
      for (const [at, one] of given.entries()) {
        const site = await siteOf(one);
        if (typeof site === "string") reasons.push({ row: at + 1, message: site });
        else sites.push(site);
      }
      const done = await places.replace(source, sites);
      return { ...described(done), left_out: reasons.length, reasons: reasons.slice(0, REASONS_MAX) };
    },
    places: ({ source, limit, cursor }) => {
      const after = PAGES.place(cursor) ?? "";
      const sources = places.sources();
      const all = sources
        .filter((one) => source === undefined || one.source === source)
        .flatMap(({ source: of, sites }) => sites.map((site): OwnPlace => ownPlace(of, site)))
        .map((place) => ({ place, mark: markOf(place) }))
        .filter(({ mark }) => mark > after)
        .sort((left, right) => (left.mark < right.mark ? -1 : 1));
      const page = all.slice(0, limit);
      const last = page.at(-1);
      const { damaged } = places;
      return {
        places: page.map(({ place }) => place),
        sources: sources.map(described),
        ...(damaged.length === 0 ? {} : { damaged: [...damaged] }),
        ...(all.length > limit && last !== undefined ? { next_cursor: PAGES.next(last.mark) } : {}),
      };
    },
    forgetPlaces: async ({ source }) => {
      await places.forget(source);
      return null;
    },
  };
}

/** Sorts as they are listed; of one name and source, the second is behind the first by where it is. */
function markOf({ name, source, lat, lon }: OwnPlace): string {
  return `${name.toLowerCase()}\t${source}\t${lat},${lon}`;
}

function described({ source, sites, updatedAt }: PlaceSource): {
  source: string;
  places: number;
  updated_at: string;
} {
  return { source, places: sites.length, updated_at: updatedAt };
}

function ownPlace(source: string, { name, aliases, city, state, lat, lon }: Site): OwnPlace {
  return {
    name,
    aliases: [...aliases],
    ...(city === undefined ? {} : { city }),
    ...(state === undefined ? {} : { state }),
    lat,
    lon,
    source,
  };
}
