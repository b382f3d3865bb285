// The places of a house's own, by their sources: read once, kept in memory, and written as whole lists, each twice with its
// checksum. A list whose files are both damaged is told until it is imported or forgotten again; the others are read on.

import { PLACES_MAX } from "#contracts/places";
import { NO_SITES, type Site, type Sites, sitesOf } from "#domain/orders/places/sites";
import type { Clock } from "#lib/clock";
import { makeFolder } from "#lib/durable";
import type { Log } from "#lib/log";
import { Fault, traceOf } from "#rpc/fault";
import {
  readDefinitions,
  removeDefinition,
  saveDefinition,
  type StoredDefinition,
} from "../definition-files.ts";

export interface OwnPlacesDeps {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PlaceSource {
  readonly source: string;
  readonly sites: readonly Site[];
  /** RFC 3339. */
  readonly updatedAt: string;
}

export class OwnPlaces {
  readonly #deps: OwnPlacesDeps;
  readonly #sources = new Map<string, PlaceSource>();
  readonly #damaged = new Set<string>();
  #sites: Sites = NO_SITES;
  #version = 0;
  /** One change after the other. */
  #changes: Promise<unknown> = Promise.resolve();

  private constructor(deps: OwnPlacesDeps) {
    this.#deps = deps;
  }

  static async open(deps: OwnPlacesDeps): Promise<OwnPlaces> {
    const places = new OwnPlaces(deps);
    await makeFolder(deps.folder);
    for (const stored of await readDefinitions(deps.folder, "places")) await places.#load(stored);
    places.#changed();
    return places;
  }

  async #load({ name, content, isWhole }: StoredDefinition): Promise<void> {
    const { folder, log } = this.#deps;
    const read = content === undefined ? undefined : sourceIn(name, content);
    if (content === undefined || read === undefined) {
      this.#damaged.add(name);
      log.error("a list of places is damaged; import it again or restore it", { source: name });
      return;
    }
    this.#sources.set(name, read);
    if (isWhole) return;
    await saveDefinition(folder, name, content, "places").then(
      () => log.warn("a list of places was made whole from its copy", { source: name }),
      (error: unknown) =>
        log.error("a list of places cannot be written", { source: name, ...traceOf(error) }),
    );
  }

  get sites(): Sites {
    return this.#sites;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get damaged(): readonly string[] {
    return [...this.#damaged].sort();
  }

  sources(): readonly PlaceSource[] {
    return [...this.#sources.values()].sort((left, right) => (left.source < right.source ? -1 : 1));
  }

  /** Replaces a source; durable when it resolves. */
  replace(source: string, sites: readonly Site[]): Promise<PlaceSource> {
    return this.#inTurn(async () => {
      const others = this.sources().filter((one) => one.source !== source);
      const count = others.reduce((sum, one) => sum + one.sites.length, sites.length);
      if (count > PLACES_MAX) {
        throw new Fault(
          "too_large",
          `A house has at most ${PLACES_MAX.toLocaleString("en")} places of its own. Forget a source first: lakehouse places forget SOURCE`,
        );
      }
      const next = { source, sites, updatedAt: new Date(this.#deps.clock.now()).toISOString() };
      await saveDefinition(this.#deps.folder, source, { updatedAt: next.updatedAt, sites }, "places");
      this.#sources.set(source, next);
      this.#damaged.delete(source);
      this.#changed();
      return next;
    });
  }

  forget(source: string): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#sources.has(source) && !this.#damaged.has(source)) {
        const known = this.sources().map((one) => one.source);
        throw new Fault(
          "not_found",
          `There is no source ${source}. ${known.length === 0 ? "No places were imported yet." : `Known: ${known.join(", ")}.`}`,
        );
      }
      await removeDefinition(this.#deps.folder, source, "places");
      this.#sources.delete(source);
      this.#damaged.delete(source);
      this.#changed();
    });
  }

  #changed(): void {
    this.#version += 1;
    this.#sites = sitesOf(this.sources().flatMap(({ sites }) => sites));
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(change, change);
    // Its caller gets the failure; the next change does not.
    this.#changes = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }
}

/** Undefined for content of another form. */
function sourceIn(source: string, content: Readonly<Record<string, unknown>>): PlaceSource | undefined {
  const { updatedAt, sites } = content;
  return typeof updatedAt === "string" && Array.isArray(sites)
    ? { source, updatedAt, sites: sites as Site[] }
    : undefined;
}
