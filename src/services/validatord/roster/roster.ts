// A roster in memory: half a million workers in some seventy megabytes, because a row is not an object. What differs from
// row to row is one record of bytes; what many rows share (role, place, status) is a number into a table; numbers
// are columns. A `Worker` is made when one is looked up, and reads its record when a field of it is first asked for.

import type { Block } from "#contracts/validate";
import { editsBetween } from "#lib/nearest";
import { ChainIndex, hashOf } from "./chain-index.ts";
import { Records } from "./records.ts";
import { foldName, nameKey, phoneDigits, type Screening, type Worker, type WorkerLookup } from "./worker.ts";

/** What is kept of a row; see `Worker` for the meaning of each field. */
export interface RosterRow extends Omit<Worker, "row" | "blocks"> {
  readonly blocks?: readonly Block[];
}

/** What many rows share. */
interface Place {
  readonly city: string;
  readonly state: string;
  readonly timezone: string;
}

interface Job {
  readonly role: string;
  readonly soc: string | undefined;
}

/** Fields of a record, in order. */
const ID = 0;
const NAME = 1;
const EMAIL = 2;
const PHONE = 3;
const CERTIFICATES = 4;
const SCREENINGS = 5;
const MERGED = 6;
const FIELD = "\u001F";
const ENTRY = "\n";
const HAS_CONTROL = /\p{Cc}/u;
const CONTROL = /\p{Cc}+/gu;

/** Namesakes that a search by name gives. */
const NAMESAKES_MAX = 100;
const NEAREST = 3;
/** Rows whose edit distance is computed for a hint: some milliseconds. */
const COMPARED_MAX = 1000;
const LETTER_BITS = 32;
/** A slip takes one letter away and brings another. */
const LETTERS_SPARE = 2;
const NONE = 0xffff_ffff;

class Column<A extends Uint32Array | Float32Array | Uint8Array | Uint16Array> {
  array: A;
  #size = 0;
  readonly #make: (length: number) => A;

  constructor(expected: number, make: (length: number) => A) {
    this.#make = make;
    this.array = make(Math.max(1024, expected));
  }

  push(value: number): void {
    if (this.#size === this.array.length) {
      const larger = this.#make(this.#size * 2);
      larger.set(this.array);
      this.array = larger;
    }
    this.array[this.#size] = value;
    this.#size += 1;
  }

  finish(): void {
    if (this.array.length !== this.#size) this.array = this.array.slice(0, this.#size) as A;
  }
}

/** Values by number, each once. */
class Table<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(key: string, value: T): number {
    const before = this.#numbers.get(key);
    if (before !== undefined) return before;
    const number = this.values.length;
    this.#numbers.set(key, number);
    this.values.push(value);
    return number;
  }

  finish(): void {
    this.#numbers.clear();
  }
}

export class Roster implements WorkerLookup {
  readonly version: string;
  readonly #records = new Records();
  readonly #ids: ChainIndex;
  readonly #names: ChainIndex;
  readonly #phones: ChainIndex;
  readonly #jobs = new Table<Job>();
  readonly #places = new Table<Place>();
  readonly #words = new Table<string>();
  readonly #job: Column<Uint32Array>;
  readonly #place: Column<Uint32Array>;
  readonly #status: Column<Uint16Array>;
  readonly #consent: Column<Uint16Array>;
  readonly #emailStatus: Column<Uint16Array>;
  readonly #lat: Column<Float32Array>;
  readonly #lon: Column<Float32Array>;
  readonly #payFloor: Column<Float32Array>;
  readonly #noShows: Column<Uint16Array>;
  readonly #minor: Column<Uint8Array>;
  readonly #idLetters: Column<Uint32Array>;
  readonly #nameLetters: Column<Uint32Array>;
  readonly #blocks = new Map<number, readonly Block[]>();
  #size = 0;

  /** An empty roster, to be filled by `add` and closed by `finish`; `expected` rows are room, not a limit. */
  constructor(version: string, expected = 0) {
    this.version = version;
    const u32 = (): Column<Uint32Array> => new Column(expected, (length) => new Uint32Array(length));
    const u16 = (): Column<Uint16Array> => new Column(expected, (length) => new Uint16Array(length));
    const f32 = (): Column<Float32Array> => new Column(expected, (length) => new Float32Array(length));
    this.#ids = new ChainIndex(expected);
    this.#names = new ChainIndex(expected);
    this.#phones = new ChainIndex(expected);
    this.#job = u32();
    this.#place = u32();
    this.#status = u16();
    this.#consent = u16();
    this.#emailStatus = u16();
    this.#lat = f32();
    this.#lon = f32();
    this.#payFloor = f32();
    this.#noShows = u16();
    this.#minor = new Column(expected, (length) => new Uint8Array(length));
    this.#idLetters = u32();
    this.#nameLetters = u32();
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a row; false, and nothing added, when its id is empty or an earlier row has it. */
  add(row: RosterRow): boolean {
    const id = row.worker_id;
    if (id === "" || this.#rowOf(id) !== undefined) return false;
    const screenings = row.screenings.map(({ name, passed }) => `${name}|${passed}`).join(ENTRY);
    const texts = [id, clean(row.name), clean(row.email), clean(row.phone)];
    texts.push(row.certificates.join(ENTRY), screenings, row.merged_into ?? "");
    if (!this.#records.add(texts.join(FIELD))) return false;
    const key = nameKey(row.name);
    this.#ids.add(hashOf(id));
    this.#names.add(key === "" ? undefined : hashOf(key));
    const digits = phoneDigits(row.phone);
    this.#phones.add(digits === "" ? undefined : hashOf(digits));
    this.#job.push(this.#jobs.numberOf(`${row.role}|${row.soc ?? ""}`, { role: row.role, soc: row.soc }));
    const { city, state, timezone } = row;
    this.#place.push(this.#places.numberOf(`${city}|${state}|${timezone}`, { city, state, timezone }));
    this.#status.push(this.#words.numberOf(row.status, row.status));
    this.#consent.push(this.#words.numberOf(row.sms_consent, row.sms_consent));
    this.#emailStatus.push(this.#words.numberOf(row.email_status, row.email_status));
    this.#lat.push(row.lat ?? Number.NaN);
    this.#lon.push(row.lon ?? Number.NaN);
    this.#payFloor.push(row.pay_floor ?? Number.NaN);
    this.#noShows.push(Math.min(row.no_shows_90d, 0xffff));
    this.#minor.push(row.minor === "under_16" ? 2 : row.minor === "under_18" ? 1 : 0);
    this.#idLetters.push(lettersOf(id));
    this.#nameLetters.push(lettersOf(key));
    if (row.blocks !== undefined && row.blocks.length > 0) this.#blocks.set(this.#size, row.blocks);
    this.#size += 1;
    return true;
  }

  finish(): this {
    this.#records.finish();
    for (const index of [this.#ids, this.#names, this.#phones]) index.finish();
    for (const column of this.#columns()) column.finish();
    for (const table of [this.#jobs, this.#places, this.#words]) table.finish();
    return this;
  }

  #columns(): Column<Uint32Array | Float32Array | Uint8Array | Uint16Array>[] {
    const words = [this.#status, this.#consent, this.#emailStatus, this.#noShows];
    const numbers = [this.#lat, this.#lon, this.#payFloor];
    const others = [this.#job, this.#place, this.#minor, this.#idLetters, this.#nameLetters];
    return [...words, ...numbers, ...others] as Column<Uint32Array>[];
  }

  /** Bytes that it takes, tables of shared values left out. */
  get bytes(): number {
    let bytes = this.#records.bytes + this.#ids.bytes + this.#names.bytes + this.#phones.bytes;
    for (const { array } of this.#columns()) bytes += array.byteLength;
    return bytes;
  }

  get(id: string): Worker | undefined {
    const row = this.#rowOf(id);
    return row === undefined ? undefined : new RosterWorker(this, row);
  }

  getMany(ids: readonly string[]): (Worker | undefined)[] {
    return ids.map((id) => this.get(id));
  }

  byName(name: string, where: { city?: string; state?: string } = {}): Worker[] {
    const key = nameKey(name);
    if (key === "") return [];
    return this.#namesakes(
      this.#names,
      key,
      (worker) =>
        nameKey(worker.name) === key &&
        (where.city === undefined || foldName(where.city) === foldName(worker.city)) &&
        (where.state === undefined || where.state === worker.state),
    );
  }

  byPhone(text: string): Worker[] {
    const digits = phoneDigits(text);
    if (digits === "") return [];
    return this.#namesakes(this.#phones, digits, ({ phone }) => phoneDigits(phone) === digits);
  }

  #namesakes(index: ChainIndex, key: string, fits: (worker: Worker) => boolean): Worker[] {
    const found: Worker[] = [];
    for (let row = index.last(hashOf(key)); row >= 0; row = index.before(row)) {
      const worker = new RosterWorker(this, row);
      if (fits(worker)) found.push(worker);
      if (found.length === NAMESAKES_MAX) break;
    }
    return found.reverse();
  }

  nearest(id: string, name?: string): Worker[] {
    const key = name === undefined ? "" : nameKey(name);
    const named =
      key === "" ? [] : this.#nearestRows(key, this.#nameLetters.array, (row) => this.#keyOf(row));
    const byId = this.#nearestRows(id, this.#idLetters.array, (row) => this.#records.field(row, ID));
    return [...new Set([...named, ...byId])].slice(0, NEAREST).map((row) => new RosterWorker(this, row));
  }

  #keyOf(row: number): string {
    return nameKey(this.#records.field(row, NAME));
  }

  /**
   * The rows nearest to a text by edit distance, among those that have most nearly its letters, which one pass over a
   * column of numbers finds. Of equals the first row.
   */
  #nearestRows(text: string, letters: Uint32Array, textOf: (row: number) => string): number[] {
    const wanted = text.toLowerCase();
    const mask = lettersOf(text);
    const byDistance = new Uint32Array(LETTER_BITS + 1);
    for (let row = 0; row < this.#size; row += 1) {
      const distance = bitsIn((letters[row] as number) ^ mask);
      byDistance[distance] = (byDistance[distance] as number) + 1;
    }
    let most = 0;
    for (let rows = byDistance[0] as number; rows < NEAREST && most < LETTER_BITS;)
      rows += byDistance[(most += 1)] as number;
    most = Math.min(LETTER_BITS, most + LETTERS_SPARE);
    const near: number[][] = Array.from({ length: most + 1 }, () => []);
    for (let row = 0; row < this.#size; row += 1) {
      const rows = near[bitsIn((letters[row] as number) ^ mask)];
      if (rows !== undefined && rows.length < COMPARED_MAX) rows.push(row);
    }
    return near
      .flat()
      .slice(0, COMPARED_MAX)
      .map((row) => ({ row, edits: editsBetween(wanted, textOf(row).toLowerCase()) }))
      .sort((a, b) => a.edits - b.edits || a.row - b.row)
      .slice(0, NEAREST)
      .map(({ row }) => row);
  }

  #rowOf(id: string): number | undefined {
    const ids = this.#ids;
    for (let row = ids.last(hashOf(id)); row >= 0; row = ids.before(row))
      if (this.#records.startsWith(row, id)) return row;
    return undefined;
  }

  /** For `RosterWorker`. */
  read(row: number): string[] {
    return this.#records.text(row).split(FIELD);
  }

  job(row: number): Job {
    return this.#jobs.values[this.#job.array[row] ?? NONE] ?? { role: "", soc: undefined };
  }

  place(row: number): Place {
    return this.#places.values[this.#place.array[row] ?? NONE] ?? { city: "", state: "", timezone: "" };
  }

  word(row: number, column: "status" | "consent" | "email"): string {
    const numbers = { status: this.#status, consent: this.#consent, email: this.#emailStatus }[column];
    return this.#words.values[numbers.array[row] ?? NONE] ?? "";
  }

  number(row: number, column: "lat" | "lon" | "pay_floor"): number | undefined {
    const value = { lat: this.#lat, lon: this.#lon, pay_floor: this.#payFloor }[column].array[row];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  noShows(row: number): number {
    return this.#noShows.array[row] ?? 0;
  }

  minor(row: number): Worker["minor"] {
    const value = this.#minor.array[row];
    return value === 2 ? "under_16" : value === 1 ? "under_18" : undefined;
  }

  blocks(row: number): readonly Block[] {
    return this.#blocks.get(row) ?? NO_BLOCKS;
  }
}

const NO_BLOCKS: readonly Block[] = [];
/** Cents, of which a 32-bit float has no exact number. */
const CENTS = 100;

class RosterWorker implements Worker {
  readonly row: number;
  readonly #roster: Roster;
  #fields: readonly string[] | undefined;

  constructor(roster: Roster, row: number) {
    this.#roster = roster;
    this.row = row;
  }

  #field(number: number): string {
    this.#fields ??= this.#roster.read(this.row);
    return this.#fields[number] ?? "";
  }

  get worker_id(): string {
    return this.#field(ID);
  }
  get name(): string {
    return this.#field(NAME);
  }
  get email(): string {
    return this.#field(EMAIL);
  }
  get phone(): string {
    return this.#field(PHONE);
  }
  get certificates(): readonly string[] {
    const text = this.#field(CERTIFICATES);
    return text === "" ? NOTHING : text.split(ENTRY);
  }
  get screenings(): readonly Screening[] {
    const text = this.#field(SCREENINGS);
    if (text === "") return NO_SCREENINGS;
    return text.split(ENTRY).map((entry) => {
      const at = entry.lastIndexOf("|");
      return { name: entry.slice(0, at), passed: entry.slice(at + 1) };
    });
  }
  get merged_into(): string | undefined {
    return this.#field(MERGED) || undefined;
  }
  get role(): string {
    return this.#roster.job(this.row).role;
  }
  get soc(): string | undefined {
    return this.#roster.job(this.row).soc;
  }
  get city(): string {
    return this.#roster.place(this.row).city;
  }
  get state(): string {
    return this.#roster.place(this.row).state;
  }
  get timezone(): string {
    return this.#roster.place(this.row).timezone;
  }
  get status(): string {
    return this.#roster.word(this.row, "status");
  }
  get sms_consent(): string {
    return this.#roster.word(this.row, "consent");
  }
  get email_status(): string {
    return this.#roster.word(this.row, "email");
  }
  get lat(): number | undefined {
    return this.#roster.number(this.row, "lat");
  }
  get lon(): number | undefined {
    return this.#roster.number(this.row, "lon");
  }
  get pay_floor(): number | undefined {
    const floor = this.#roster.number(this.row, "pay_floor");
    return floor === undefined ? undefined : Math.round(floor * CENTS) / CENTS;
  }
  get no_shows_90d(): number {
    return this.#roster.noShows(this.row);
  }
  get minor(): Worker["minor"] {
    return this.#roster.minor(this.row);
  }
  get blocks(): readonly Block[] {
    return this.#roster.blocks(this.row);
  }
}

const NOTHING: readonly string[] = [];
const NO_SCREENINGS: readonly Screening[] = [];

/** Which letters a text has, as 32 bits: texts that are near have nearly the same. */
function lettersOf(text: string): number {
  let letters = 0;
  for (let at = 0; at < text.length; at += 1) letters |= 1 << (text.charCodeAt(at) & 31);
  return letters >>> 0;
}

function bitsIn(number: number): number {
  let bits = number - ((number >>> 1) & 0x55_55_55_55);
  bits = (bits & 0x33_33_33_33) + ((bits >>> 2) & 0x33_33_33_33);
  return Math.imul((bits + (bits >>> 4)) & 0x0f_0f_0f_0f, 0x01_01_01_01) >>> 24;
}

function clean(text: string): string {
  return HAS_CONTROL.test(text) ? text.replaceAll(CONTROL, " ") : text;
}
