// What a ranking knows of the rows of a corpus, as columns of numbers: title, occupation, place, status,
// certificates, languages, availability, and a hash of the text that was embedded. A row is its number in the corpus; titles, occupations and places are numbers in tables of
// their own. NONE stands where a row says nothing, NaN for a place on the map that is not known.

import { citiesNamed, milesBetween, type Point, stateNamed } from "#domain/places";
import { assert } from "#lib/assert";

export const NONE = 0xffff_ffff;

export interface FactTables {
  /** Occupation codes, or names of the corpus's own for titles that no taxonomy knows. */
  readonly socs: readonly string[];
  /** `placeKey` of each place. */
  readonly places: readonly string[];
  /** As `canonicalStatus` gives them. */
  readonly statuses: readonly string[];
  /** Sets of `heldCertificates` and of language codes, an entry a line. */
  readonly certificateSets: readonly string[];
  readonly languageSets: readonly string[];
}

export interface FactColumns {
  readonly title: Uint32Array;
  readonly soc: Uint32Array;
  readonly place: Uint32Array;
  readonly status: Uint32Array;
  readonly certificates: Uint32Array;
  readonly languages: Uint32Array;
  /** First day on which the person is free, days since 1970. */
  readonly freeFrom: Uint32Array;
  /** Degrees. */
  readonly lat: Float32Array;
  readonly lon: Float32Array;
  readonly textHash: BigUint64Array;
}

export interface Facts extends FactTables, FactColumns {}

export interface RowFacts {
  readonly title: number;
  readonly soc: string | undefined;
  readonly city: string | undefined;
  readonly state: string | undefined;
  readonly point: Point | undefined;
  readonly status?: string | undefined;
  readonly certificates?: readonly string[];
  readonly languages?: readonly string[];
  /** Days since 1970. */
  readonly freeFrom?: number | undefined;
  readonly textHash: bigint;
}

/** Collects the facts of rows in their order. */
export function collectFacts(): { add(row: RowFacts): void; finish(): Facts } {
  const socs = numbering();
  const places = numbering();
  const statuses = numbering();
  const certificateSets = numbering();
  const languageSets = numbering();
  const status: number[] = [];
  const certificates: number[] = [];
  const languages: number[] = [];
  const freeFrom: number[] = [];
  const title: number[] = [];
  const soc: number[] = [];
  const place: number[] = [];
  const lat: number[] = [];
  const lon: number[] = [];
  const hashes: bigint[] = [];
  return {
    add: (row) => {
      title.push(row.title);
      soc.push(row.soc === undefined ? NONE : socs.of(row.soc));
      const somewhere = row.city !== undefined || row.state !== undefined;
      place.push(somewhere ? places.of(placeKey(row.city, row.state)) : NONE);
      lat.push(row.point?.lat ?? Number.NaN);
      lon.push(row.point?.lon ?? Number.NaN);
      status.push(row.status === undefined ? NONE : statuses.of(row.status));
      certificates.push(certificateSets.of((row.certificates ?? []).join("\n")));
      languages.push(languageSets.of((row.languages ?? []).join("\n")));
      freeFrom.push(row.freeFrom ?? NONE);
      hashes.push(row.textHash);
    },
    finish: () => ({
      socs: socs.names(),
      places: places.names(),
      statuses: statuses.names(),
      certificateSets: certificateSets.names(),
      languageSets: languageSets.names(),
      status: Uint32Array.from(status),
      certificates: Uint32Array.from(certificates),
      languages: Uint32Array.from(languages),
      freeFrom: Uint32Array.from(freeFrom),
      title: Uint32Array.from(title),
      soc: Uint32Array.from(soc),
      place: Uint32Array.from(place),
      lat: Float32Array.from(lat),
      lon: Float32Array.from(lon),
      textHash: BigUint64Array.from(hashes),
    }),
  };
}

function numbering(): { of(name: string): number; names(): string[] } {
  const numbers = new Map<string, number>();
  return {
    of: (name) => {
      const before = numbers.get(name);
      if (before !== undefined) return before;
      numbers.set(name, numbers.size);
      return numbers.size - 1;
    },
    names: () => [...numbers.keys()],
  };
}

/** One name for a place however it is written; a state without a city is a place too. */
export function placeKey(city: string | undefined, state: string | undefined): string {
  return `${(city ?? "").trim().toLowerCase()}|${state ?? ""}`;
}

/** Two-letter code where the text is a state of the gazetteer, else the text itself. */
export function stateOf(text: string): string {
  return stateNamed(text) ?? text;
}

/** Where a row is when it has no coordinates of its own: its city, if the gazetteer has it. */
export function cityPoint(city: string | undefined, state: string | undefined): Point | undefined {
  return city === undefined || state === undefined ? undefined : citiesNamed(city, state)[0];
}

/** The rows of each occupation, in the order of the rows. */
export interface OccupationRows {
  of(occupation: number): Uint32Array;
  count(occupation: number): number;
}

export function rowsByOccupation({ soc, socs }: Facts): OccupationRows {
  const starts = new Uint32Array(socs.length + 1);
  for (const number of soc) if (number !== NONE) starts[number + 1] = (starts[number + 1] as number) + 1;
  for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] as number) + (starts[at - 1] as number);
  const rows = new Uint32Array(starts[socs.length] as number);
  const filled = starts.slice();
  for (const [row, number] of soc.entries()) {
    if (number === NONE) continue;
    const at = filled[number] as number;
    rows[at] = row;
    filled[number] = at + 1;
  }
  return {
    of: (occupation) => rows.subarray(starts[occupation] ?? 0, starts[occupation + 1] ?? 0),
    count: (occupation) => (starts[occupation + 1] ?? 0) - (starts[occupation] ?? 0),
  };
}

/** Questions about the facts that are asked for every candidate. */
export interface Located {
  /** The number of a place, NONE when no row is there. */
  placeNumber(city: string | undefined, state: string | undefined): number;
  /** The middle of the rows at a place, if any has coordinates: a gazetteer of the corpus's own. */
  middleOf(place: number): Point | undefined;
  stateOf(row: number): string;
  /** Whether any row has a city, a state or coordinates. */
  readonly hasPlaces: boolean;
  /** Whether any row has coordinates. */
  readonly mapped: boolean;
  /** Undefined where the row has no coordinates. */
  milesTo(row: number, point: Point): number | undefined;
}

export function locate({ places, place, lat, lon }: Facts): Located {
  const numbers = new Map(places.map((key, number) => [key, number]));
  const states = places.map((key) => key.slice(key.lastIndexOf("|") + 1));
  const mapped = lat.some((degrees) => !Number.isNaN(degrees));
  const sums = places.map(() => ({ rows: 0, lat: 0, lon: 0 }));
  for (const [row, number] of place.entries()) {
    const sum = sums[number];
    if (sum === undefined || Number.isNaN(lat[row])) continue;
    sum.rows += 1;
    sum.lat += lat[row] as number;
    sum.lon += lon[row] as number;
  }
  return {
    placeNumber: (city, state) => numbers.get(placeKey(city, state)) ?? NONE,
    middleOf: (number) => {
      const sum = sums[number];
      return sum === undefined || sum.rows === 0
        ? undefined
        : { lat: sum.lat / sum.rows, lon: sum.lon / sum.rows };
    },
    hasPlaces: places.length > 0 || mapped,
    mapped,
    stateOf: (row) => states[place[row] as number] ?? "",
    milesTo: (row, point) => {
      const at = { lat: lat[row] as number, lon: lon[row] as number };
      return Number.isNaN(at.lat) ? undefined : milesBetween(at, point);
    },
  };
}

/** The columns as bytes, one after the other, the widest numbers first so that each starts where it may. */
export function factBytes(facts: Facts): Uint8Array<ArrayBuffer> {
  const { textHash, title, soc, place, lat, lon, status, certificates, languages, freeFrom } = facts;
  const columns = [textHash, title, soc, place, lat, lon, status, certificates, languages, freeFrom];
  const bytes = new Uint8Array(columns.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/** Bytes that a row has in `factBytes`. */
export const FACT_ROW_BYTES = 44;

export function readFacts(bytes: Uint8Array<ArrayBuffer>, rows: number, tables: FactTables): Facts {
  assert(bytes.length === rows * FACT_ROW_BYTES, "facts have as many rows as the corpus");
  const { buffer } = bytes;
  const from = bytes.byteOffset;
  const at = (column: number): number => from + rows * (8 + 4 * column);
  return {
    ...tables,
    textHash: new BigUint64Array(buffer, from, rows),
    title: new Uint32Array(buffer, at(0), rows),
    soc: new Uint32Array(buffer, at(1), rows),
    place: new Uint32Array(buffer, at(2), rows),
    lat: new Float32Array(buffer, at(3), rows),
    lon: new Float32Array(buffer, at(4), rows),
    status: new Uint32Array(buffer, at(5), rows),
    certificates: new Uint32Array(buffer, at(6), rows),
    languages: new Uint32Array(buffer, at(7), rows),
    freeFrom: new Uint32Array(buffer, at(8), rows),
  };
}
