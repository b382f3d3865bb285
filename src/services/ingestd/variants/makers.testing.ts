// The values of generated columns, by kind, and the odd ones that may stand among them.

import type { Random } from "#lib/random";

export type Make = (random: Random, row: number) => string;

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
export const MAKERS: Readonly<Record<string, Make>> = {
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
  "three decimals": (random) => `${10 + random.below(90)}.${100 + random.below(900)}`,
  "social security": (random) =>
    `${100 + random.below(800)}-${10 + random.below(89)}-${1000 + random.below(8999)}`,
  "id of 18 characters": (random) =>
    `0015e0000${String(random.below(1e6)).padStart(6, "0")}${random.pick(["AAV", "", "QAB"])}`,
  hexadecimal: (random) => `0x${random.below(256).toString(16).toUpperCase().padStart(2, "0")}`,
  week: (random) => `20${two(10 + random.below(17))}-W${two(1 + random.below(52))}`,
  date: (random) => day(random).join("-"),
  "month first": (random) => {
    const [year, month, date] = day(random);
    return `${month}/${date}/${year}`;
  },
  "day first": (random) => {
    const [year, month, date] = day(random);
    return `${date}.${month}.${year}`;
  },
  "day first, slashed": (random) => {
    const [year, month, date] = day(random);
    return `${date}/${month}/${year}`;
  },
  "short year": (random) => {
    const [year, month, date] = day(random);
    return `${month}/${date}/${two((Number(year) + random.pick([0, 0, 40])) % 100)}`;
  },
  "year first": (random) => day(random).join("/"),
  "stamp, year first": (random) =>
    `${day(random).join("/")} ${two(random.below(24))}:${two(random.below(60))}`,
  time: (random) => `${two(random.below(24))}:${two(random.below(60))}`,
  timestamp: (random) =>
    `${day(random).join("-")} ${two(random.below(24))}:${two(random.below(60))}:${two(random.below(60))}`,
  zoned: (random) =>
    `${day(random).join("-")}T${two(random.below(24))}:${two(random.below(60))}:00${random.pick(["Z", "-05:00", "-0400", "+05:30"])}`,
  "half zoned": (random) => `${day(random).join("-")}T02:30:00${random.pick(["", "-05:00"])}`,
  boolean: (random) => random.pick(["true", "false"]),
  yesno: (random, row) => (row % 2 === 0 ? "yes" : random.pick(["yes", "no"])),
  "zero or one": (random) => random.pick(["0", "1"]),
  "t or f": (random) => random.pick(["t", "f"]),
  country: (random) => random.pick(["NO", "NO", "SE", "DK"]),
  province: (random) => random.pick(["ON", "ON", "ON", "QC"]),
  apostrophes: (random) => random.pick(["O'Brien", "'til six", "rock 'n' roll", "D'Angelo", "Lee"]),
  word: (random) => random.pick(WORDS),
  words: (random) => Array.from({ length: 1 + random.below(4) }, () => random.pick(WORDS)).join(" "),
  code: (random) => `${random.pick(["A", "B", "K"])}-${random.below(9000)}`,
  mess: (random) =>
    random.pick(["a, b", 'say "hi"', '5" pipe', "a;b|c", "two\nlines", "tab\there", "x", "it's"]),
};

/** What may stand among the values of any column. */
export const ODD_VALUES = [
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
  "2024-W05",
  "a\0b",
  "2024-03-10T02:30:00Z",
  "02/03/24",
];
