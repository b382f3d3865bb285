// Variants of delimited files: tables of every kind of column, written in every dialect and encoding, with the odd value,
// row or line in the first row, the middle or the last. One seed, one file. What must come out is not said here:
// `reference.testing.ts` reads the same table in a slow and simple way.

import { type Random, seeded } from "#lib/random";

export interface Written {
  readonly delimiter: string;
  readonly quoting: "needed" | "always" | "never";
  readonly newline: "\n" | "\r\n" | "\r";
  readonly encoding: "utf-8" | "utf-8 with mark" | "utf-16le" | "utf-16be" | "windows-1252";
  readonly endsWithNewline: boolean;
  /** Lines above the header, as they stand. */
  readonly above: readonly string[];
  /** A line that is drawn below the header; empty for none. */
  readonly drawn: string;
  /** Every row ends in a delimiter, and the header does not. */
  readonly delimiterAtEnd: boolean;
}

export interface Variant {
  readonly seed: number;
  readonly names: readonly string[];
  /** The kind of each column, for whoever reads a difference. */
  readonly kinds: readonly string[];
  /** Every record below the header, as its cells; the odd ones have another number of them. */
  readonly records: readonly (readonly string[])[];
  readonly written: Written;
  readonly bytes: Uint8Array;
}

type Make = (random: Random, row: number) => string;

const two = (value: number): string => String(value).padStart(2, "0");
const day = (random: Random): [string, string, string] => [
  String(1990 + random.below(36)),
  two(1 + random.below(12)),
  two(1 + random.below(28)),
];
const grouped = (value: number, mark: string): string => String(value).replace(/\B(?=(?:[0-9]{3})+$)/g, mark);
/** Two digits each above the thousands, as in India. */
const groupedByTwo = (value: number): string => {
  const text = String(value);
  return `${text.slice(0, -3).replace(/\B(?=(?:[0-9]{2})+$)/g, ",")},${text.slice(-3)}`;
};
const WORDS =
  "north south dock Ann Bob crew yard shift night early gate welding forklift Zoë Müller José".split(" ");

/** Values of a clean column. The name says what they are; a column takes one maker for all of its rows. */
const MAKERS: Readonly<Record<string, Make>> = {
  integer: (random) => String(random.below(5000) - 200),
  "big integer": (random) =>
    `${1 + random.below(9)}${String(random.below(1e9)).padStart(9, "0")}${String(random.below(1e6)).padStart(6, "0")}`,
  decimal: (random) => `${random.below(900)}.${random.below(10)}${1 + random.below(9)}`,
  "mixed decimal": (random) =>
    random.below(3) === 0 ? String(random.below(90)) : `${random.below(90)}.${1 + random.below(9)}`,
  "long decimal": (random) =>
    `${1 + random.below(9)}${String(random.below(1e9)).padStart(9, "0")}${String(random.below(1e6)).padStart(6, "0")}.${two(1 + random.below(99))}`,
  grouped: (random) => grouped(1_000_000 + random.below(9_000_000), ","),
  "decimal comma": (random) => `${random.below(900)},${two(1 + random.below(99))}`,
  money: (random) => `$${grouped(random.below(90_000), ",")}.${two(random.below(100))}`,
  "two currencies": (random, row) =>
    `${row % 2 === 0 ? "$" : "€"}${random.below(900)}.${two(random.below(100))}`,
  percent: (random) => `${random.below(100)}.${1 + random.below(9)}%`,
  "grouped by two": (random) => groupedByTwo(100_000 + random.below(90_000_000)),
  "grouped by apostrophes": (random) =>
    `${grouped(1000 + random.below(900_000), "\u2019")}.${two(random.below(100))}`,
  "typeset minus": (random) =>
    `${random.pick(["\u2212", "", ""])}${random.below(900)}.${1 + random.below(9)}`,
  "minus at the end": (random) =>
    `${random.below(900)}.${two(random.below(100))}${random.pick(["-", "", ""])}`,
  "in brackets": (random) => {
    const amount = `${grouped(random.below(90_000), ",")}.${two(random.below(100))}`;
    return random.below(3) === 0 ? `($${amount})` : `$${amount}`;
  },
  kronor: (random) => `${grouped(random.below(90_000), " ")},${two(random.below(100))} kr`,
  "long money": (random) =>
    `${1 + random.below(9)}${String(random.below(1e9)).padStart(9, "0")}${String(random.below(1e3)).padStart(3, "0")}.${two(random.below(100))}`,
  "code of a currency": (random) => `CAD-${random.below(900)}`,
  signed: (random) => `${random.pick(["+", "-", ""])}${1 + random.below(900)}`,
  "country code": (random) => `+${1 + random.below(98)}`,
  telephone: (random) => `+1555${String(random.below(1e7)).padStart(7, "0")}`,
  "leading zeros": (random) => String(random.below(1000)).padStart(5, "0"),
  exponent: (random) => `${1 + random.below(9)}E0${1 + random.below(9)}`,
  float: (random) => `${1 + random.below(9)}.${1 + random.below(9)}e-${1 + random.below(9)}`,
  date: (random) => day(random).join("-"),
  "month first": (random) => {
    const [year, month, date] = day(random);
    return `${month}/${date}/${year}`;
  },
  "day first": (random) => {
    const [year, month, date] = day(random);
    return `${date}.${month}.${year}`;
  },
  "year first": (random) => day(random).join("/"),
  "stamp, year first": (random) =>
    `${day(random).join("/")} ${two(random.below(24))}:${two(random.below(60))}`,
  time: (random) => `${two(random.below(24))}:${two(random.below(60))}`,
  timestamp: (random) =>
    `${day(random).join("-")} ${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}`,
  boolean: (random) => random.pick(["true", "false"]),
  yesno: (random, row) => (row % 2 === 0 ? "yes" : random.pick(["yes", "no"])),
  word: (random) => random.pick(WORDS),
  words: (random) => Array.from({ length: 1 + random.below(4) }, () => random.pick(WORDS)).join(" "),
  code: (random) => `${random.pick(["A", "B", "K"])}-${random.below(9000)}`,
  mess: (random) =>
    random.pick(["a, b", 'say "hi"', '5" pipe', "a;b|c", "two\nlines", "tab\there", "x", "it's"]),
};
const KIND_NAMES = Object.keys(MAKERS);

/** What may stand among the values of any column. */
const ODD_VALUES = [
  "",
  "NULL",
  "N/A",
  "NA",
  "-",
  "x",
  "12.5",
  "007",
  "1E05",
  "+15551234567",
  "2026-02-30",
  "$5",
  "1,5",
  " 7 ",
  "12,345",
  "1.234",
  "yes",
  "99999999999999999999",
  "31/12/2024",
  "#REF!",
  "0x1F",
  "Infinity",
  "1e400",
  "Null",
  "(null)",
  "n.a.",
  "\u2014",
  "22.00",
  "1,00,000",
  "\u22125",
  "CAD-12",
  "(5.00)",
  "2024/02/13",
  "12:60",
];

const NAMES = "id name hired pay hours city note qty price start status code".split(" ");

/** Rows of one variant: few are enough for nearly all, and now and then there are many. */
function rowsFor(random: Random, rowsMax: number): number {
  const scale = random.below(1000);
  if (scale < 800) return 4 + random.below(30);
  if (scale < 990) return 30 + random.below(300);
  return 400 + random.below(scale < 998 ? 1000 : rowsMax);
}

function placeIn(random: Random, count: number): number {
  return random.pick([0, Math.floor(count / 2), count - 1, random.below(count)]);
}

export function variantOf(seed: number, rowsMax: number): Variant {
  const random = seeded(seed);
  const width = 2 + random.below(random.below(20) === 0 ? 60 : 7);
  const written = writtenBy(random);
  const comma = written.delimiter === ",";
  const usable = KIND_NAMES.filter((kind) => isUsable(kind, written, comma));
  // The first column leaves no doubt where the header is.
  const kinds = Array.from({ length: width }, (_, index) => (index === 0 ? "integer" : random.pick(usable)));
  const names = Array.from(
    { length: width },
    (_, index) => `${NAMES[index % NAMES.length]}${index < NAMES.length ? "" : index}`,
  );
  const count = rowsFor(random, rowsMax);
  const records = Array.from({ length: count }, (_, row) =>
    kinds.map((kind) => MAKERS[kind]?.(random, row) ?? ""),
  );
  for (let odd = random.below(3); odd > 0; odd -= 1) {
    const column = random.below(width);
    const value = random.pick(ODD_VALUES);
    if (written.encoding === "windows-1252" && value.startsWith("\u2212")) continue;
    if (written.quoting === "never" && value.includes(written.delimiter)) continue;
    const record = records[placeIn(random, count)];
    if (record !== undefined) record[column] = value;
  }
  if (count > 20) oddRows(records, random, names);
  if (count > 20 && random.below(12) === 0)
    records.push(names.map((_, column) => (column === 0 ? "Source: payroll" : "")));
  const placed = count > 20 ? { ...written, ...around(random, written, width) } : written;
  const text = textOf(names, records, placed, random);
  return { seed, names, kinds, records, written: placed, bytes: encoded(text, written.encoding) };
}

const NONE = { above: [], drawn: "", delimiterAtEnd: false } as const;

/** What stands around the table, in some variants. */
function around(
  random: Random,
  { delimiter }: Written,
  width: number,
): Pick<Written, "above" | "drawn" | "delimiterAtEnd"> {
  switch (random.below(16)) {
    case 0:
      return { ...NONE, above: ["Weekly export", ""] };
    case 1:
      return { ...NONE, above: ["# made by a tool", "# do not edit"] };
    case 2:
      return {
        ...NONE,
        above: [
          ["# source", ...Array.from({ length: width - 1 }, (_, at) => `part ${at + 1}`)].join(delimiter),
        ],
      };
    case 3:
      return { ...NONE, drawn: Array<string>(width).fill("-----").join(delimiter) };
    case 4:
      return { ...NONE, drawn: "=".repeat(20) };
    case 5:
      return { ...NONE, delimiterAtEnd: true };
    default:
      return NONE;
  }
}

function writtenBy(random: Random): Written {
  return {
    delimiter: random.pick([",", ",", ",", ";", ";", "\t", "\t", "|", "|", "~", "^", "\u0001", "\u001f"]),
    quoting: random.pick(["needed", "needed", "always", "never"]),
    newline: random.pick(["\n", "\n", "\r\n", "\r"]),
    encoding: random.pick(["utf-8", "utf-8", "utf-8 with mark", "utf-16le", "utf-16be", "windows-1252"]),
    endsWithNewline: random.below(3) > 0,
    ...NONE,
  };
}

/** Decimal commas go with semicolons, and what must be quoted needs quotes. */
function isUsable(kind: string, { quoting, delimiter, encoding }: Written, comma: boolean): boolean {
  if (kind === "decimal comma" || kind === "kronor") return delimiter === ";";
  if (quoting === "never" && (kind === "mess" || (comma && WITH_COMMAS.has(kind)))) return false;
  return !(encoding === "windows-1252" && BEYOND_WESTERN.has(kind));
}

const WITH_COMMAS: ReadonlySet<string> = new Set(["grouped", "grouped by two", "money", "in brackets"]);
const BEYOND_WESTERN: ReadonlySet<string> = new Set([
  "two currencies",
  "grouped by apostrophes",
  "typeset minus",
]);

/** Records that are no rows of the table, in a few variants: too short or too long, empty, the header once more. */
function oddRows(records: string[][], random: Random, names: readonly string[]): void {
  const at = placeIn(random, records.length);
  const width = names.length;
  const record = records[at] ?? [];
  switch (random.below(12)) {
    case 0:
      if (width > 2) records.splice(at, 0, record.slice(0, -1));
      return;
    case 1:
      records.splice(at, 0, [...record, "more"]);
      return;
    case 2:
      records.splice(at, 0, Array<string>(width).fill(""));
      return;
    case 3:
      records.splice(at, 0, [...names]);
      return;
    default:
  }
}

function textOf(
  names: readonly string[],
  records: readonly (readonly string[])[],
  { delimiter, quoting, newline, endsWithNewline, above, drawn, delimiterAtEnd }: Written,
  random: Random,
): string {
  const cell = (text: string): string => {
    const needed = text.includes(delimiter) || /["\n\r]/.test(text) || text !== text.trim();
    const quoted = quoting === "always" || (quoting === "needed" && needed);
    const own = text.replaceAll("\n", newline === "\r" ? "\n" : newline);
    return quoted ? `"${own.replaceAll('"', '""')}"` : own;
  };
  const lines = [names, ...records].map(
    (cells, at) => cells.map(cell).join(delimiter) + (delimiterAtEnd && at > 0 ? delimiter : ""),
  );
  if (drawn !== "") lines.splice(1, 0, drawn);
  if (random.below(10) === 0) lines.splice(1 + random.below(lines.length), 0, "");
  lines.unshift(...above);
  return lines.join(newline) + (endsWithNewline ? newline : "");
}

/** Bytes 0x80 to 0x9f of windows-1252 that the generator writes. */
const WESTERN: Readonly<Record<string, number>> = { "€": 0x80, "\u2014": 0x97 };

function encoded(text: string, encoding: Written["encoding"]): Uint8Array {
  if (encoding === "utf-8") return Buffer.from(text);
  if (encoding === "utf-8 with mark") return Buffer.from(`\ufeff${text}`);
  if (encoding === "utf-16le") return Buffer.from(`\ufeff${text}`, "utf16le");
  if (encoding === "utf-16be") return Buffer.from(`\ufeff${text}`, "utf16le").swap16();
  return Uint8Array.from(text, (char) => WESTERN[char] ?? char.charCodeAt(0));
}
