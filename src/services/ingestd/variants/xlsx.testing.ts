// Variants of workbooks: sheets of every kind of cell, with a title or not, shared texts or not, other sheets beside. What
// must come out is known from what was put in.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Random, seeded } from "#lib/random";
import { RejectLog } from "../source/reject-log.ts";
import { xlsxSource } from "../xlsx/source.ts";
import { type TestCell, type TestSheet, workbookBytes } from "../xlsx/workbook.testing.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { differenceOf, type Loaded, loadedFrom } from "./loaded.testing.ts";
import { TODAY } from "./reference-types.testing.ts";

/** A cell, and its value as text. */
type Made = readonly [cell: TestCell, text: string];

interface Kind {
  readonly type: string;
  readonly make: (random: Random, since1904: boolean) => Made;
}

const DAY_MS = 86_400_000;
const two = (value: number): string => String(value).padStart(2, "0");
const dayText = (serial: number, since1904: boolean): string =>
  new Date(Date.UTC(since1904 ? 1904 : 1899, since1904 ? 0 : 11, since1904 ? 1 : 30) + serial * DAY_MS)
    .toISOString()
    .slice(0, 10);
const whole = (random: Random): number => random.below(100_000) - 500;

const KINDS: Readonly<Record<string, Kind>> = {
  integer: {
    type: "BIGINT",
    make: (random) => {
      const value = whole(random);
      return [value, String(value)];
    },
  },
  decimal: {
    type: "DOUBLE",
    make: (random) => {
      const value = random.below(9000) + (1 + 2 * random.below(8)) / 16;
      return [{ v: value, format: random.pick(["General", "0.00", '"$"#,##0.00']) }, String(value)];
    },
  },
  percent: {
    type: "DOUBLE",
    make: (random) => {
      const value = (1 + 2 * random.below(40)) / 128;
      return [{ v: value, format: "0%" }, String(value)];
    },
  },
  date: {
    type: "DATE",
    make: (random, since1904) => {
      const serial = 36_000 + random.below(9000);
      const format = random.pick(["m/d/yyyy", "yyyy-mm-dd", "[$-407]d. mmmm yyyy"]);
      return [{ v: serial, format }, dayText(serial, since1904)];
    },
  },
  stamp: {
    type: "TIMESTAMP",
    make: (random, since1904) => {
      const [serial, minutes] = [36_000 + random.below(9000), 1 + random.below(1439)];
      const cell = { v: serial + minutes / 1440, format: "yyyy-mm-dd hh:mm" };
      const clock = `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`;
      return [cell, `${dayText(serial, since1904)} ${clock}`];
    },
  },
  time: {
    type: "TIME",
    make: (random) => {
      const minutes = random.below(1440);
      return [
        { v: minutes / 1440, format: "h:mm" },
        `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:00`,
      ];
    },
  },
  boolean: {
    type: "BOOLEAN",
    make: (random) => {
      const value = random.below(2) === 0;
      return [value, String(value)];
    },
  },
  text: {
    type: "VARCHAR",
    make: (random) => {
      const text = random.pick([
        "north dock",
        'say "hi"',
        "a, b",
        "two\nlines",
        "<b>&amp;",
        "Zoë",
        "_x0041_",
        "it's",
      ]);
      return [text, text];
    },
  },
  "zip code": {
    type: "VARCHAR",
    make: (random) => {
      const value = random.below(9999);
      return [{ v: value, format: "00000" }, String(value).padStart(5, "0")];
    },
  },
  formula: {
    type: "BIGINT",
    make: (random) => {
      const value = whole(random);
      return [{ v: value, f: "A1*2" }, String(value)];
    },
  },
};

/** From here on one text among numbers is a mistake, and its row is rejected. */
const MISTAKE_ROWS_MIN = 150;
const ROWS_MAX = 400;
const ODD = "see note";

export async function judgeXlsx(seed: number, { db, folder, rowsMax }: Place): Promise<Judged> {
  const random = seeded(seed);
  const since1904 = random.below(8) === 0;
  // The first column tells rows apart, and holds whole numbers.
  const kinds = [
    "integer",
    ...Array.from({ length: 1 + random.below(6) }, () => random.pick(Object.keys(KINDS))),
  ];
  const isLong = random.below(3) === 0;
  const count = isLong ? MISTAKE_ROWS_MIN + random.below(Math.min(ROWS_MAX, rowsMax)) : 12 + random.below(30);
  const made = Array.from({ length: count }, () =>
    kinds.map((kind, column): Made => {
      const isGap = column > 0 && random.below(12) === 0;
      return isGap ? [null, ""] : (KINDS[kind]?.make(random, since1904) ?? [null, ""]);
    }),
  );
  // Every column shows what it is in the first rows.
  for (const row of made.slice(0, 2))
    for (const [column, kind] of kinds.entries())
      if (row[column]?.[1] === "") row[column] = KINDS[kind]?.make(random, since1904) ?? [null, ""];
  const odd = isLong && random.below(2) === 0 ? 5 + random.below(count - 5) : -1;
  if (odd >= 0) (made[odd] ?? [])[0] = [ODD, ODD];
  const names = kinds.map((kind, column) => `${kind} ${column + 1}`);
  const title: TestSheet["rows"] = random.below(5) === 0 ? [["Weekly export"], undefined] : [];
  const sheet: TestSheet = {
    name: "Data",
    rows: [...title, names, ...made.map((row) => row.map(([cell]) => cell))],
  };
  const beside: TestSheet[] = random.below(4) === 0 ? [{ name: "Notes", rows: [["note"], ["x"]] }] : [];
  const bytes = workbookBytes({
    sheets: [sheet, ...beside],
    since1904,
    sharedStrings: random.below(3) > 0,
  });
  const path = join(folder, "file.xlsx");
  writeFileSync(path, bytes);
  const rejects = new RejectLog(join(folder, "rejects.csv"));
  try {
    const wishes = { types: {}, known: [], quarantine: false, way: "quick" as const, today: TODAY };
    const work = { db, folder, rejects, onProgress: () => undefined };
    const source = await xlsxSource(path, "Data", wishes, work);
    const found = await loadedFrom(db, source, rejects);
    const rows = made
      .filter((_, at) => at !== odd)
      .map((row) => row.map(([, text], column) => spelled(text, KINDS[kinds[column] ?? ""]?.type ?? "")));
    const expected: Loaded = {
      columns: names.map((name, column) => `${name} ${KINDS[kinds[column] ?? ""]?.type}`),
      rows,
      rejected: odd >= 0 ? 1 : 0,
    };
    const difference = differenceOf(found, expected);
    return { rows: count, bytes: bytes.length, ...(difference === undefined ? {} : { difference }) };
  } finally {
    await rejects.close();
  }
}

/** As DuckDB spells it. */
function spelled(text: string, type: string): string | null {
  if (text === "") return null;
  return type === "DOUBLE" && !text.includes(".") ? `${text}.0` : text;
}
