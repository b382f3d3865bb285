// Variants of JSON: tables of every kind of value, as NDJSON, as an array or one value after the other, in several encodings,
// with keys left out, in any order or twice, broken lines, and texts among numbers. What must come out is decided by
// rules of its own on what was put in.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Random, seeded } from "#lib/random";
import { decode } from "../decode/decode.ts";
import { jsonSource } from "../json/source.ts";
import { RejectLog } from "../source/reject-log.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { differenceOf, type Loaded, loadedFrom } from "./loaded.testing.ts";
import { TODAY } from "./reference-types.testing.ts";

interface Kind {
  readonly type: string;
  /** A value as JSON. */
  readonly make: (random: Random) => string;
  /** DuckDB's text of such a value. */
  readonly text: (json: string) => string;
  /** Whether it is a number, so that a text among many of them is a mistake. */
  readonly isNumber?: true;
}

const two = (value: number): string => String(value).padStart(2, "0");
const day = (random: Random): string =>
  `${1990 + random.below(36)}-${two(1 + random.below(12))}-${two(1 + random.below(28))}`;
const asItStands = (json: string): string => json;
const parsed = (json: string): string => JSON.parse(json) as string;
const quoted = (text: string): string => JSON.stringify(text);

const KINDS: Readonly<Record<string, Kind>> = {
  integer: {
    type: "BIGINT",
    make: (random) => String(random.below(9000) - 400),
    text: asItStands,
    isNumber: true,
  },
  "long integer": {
    type: "BIGINT",
    make: (random) =>
      `${1 + random.below(8)}${String(random.below(1e9)).padStart(9, "0")}${String(random.below(1e9)).padStart(9, "0")}`,
    text: asItStands,
  },
  decimal: {
    type: "DOUBLE",
    make: (random) => `${random.below(900)}.${1 + random.below(9)}`,
    text: asItStands,
    isNumber: true,
  },
  "more digits than a double": {
    type: "VARCHAR",
    make: (random) =>
      `${1 + random.below(9)}.${String(random.below(1e9)).padStart(9, "1")}${String(random.below(1e9)).padStart(9, "2")}7`,
    text: asItStands,
  },
  boolean: { type: "BOOLEAN", make: (random) => random.pick(["true", "false"]), text: asItStands },
  word: {
    type: "VARCHAR",
    make: (random) =>
      quoted(
        random.pick(["north dock", 'say "hi"', "a, b", "two\nlines", "Zoë", "{x}", "[1]", "back\\slash"]),
      ),
    text: parsed,
  },
  "escaped text": { type: "VARCHAR", make: (random) => `"\\u00e9 ${random.below(9)}\\/x"`, text: parsed },
  "digits in quotes": { type: "VARCHAR", make: (random) => quoted(String(random.below(900))), text: parsed },
  date: { type: "DATE", make: (random) => quoted(day(random)), text: parsed },
  stamp: {
    type: "TIMESTAMP",
    make: (random) => quoted(`${day(random)} ${two(random.below(24))}:${two(random.below(60))}:00`),
    text: parsed,
  },
  list: {
    type: "BIGINT[]",
    make: (random) => `[${random.below(9)},${random.pick(["null", "12"])}]`,
    text: (json) => json.replace(",", ", ").replace("null", "NULL"),
  },
  pair: {
    type: 'STRUCT("a" BIGINT, "b" VARCHAR)',
    make: (random) => `{"a":${random.below(99)},"b":"x"}`,
    text: (json) => `{'a': ${/[0-9]+/.exec(json)?.[0]}, 'b': x}`,
  },
};

/** From here on one text among numbers is a mistake, and its row is rejected; below, the column is text. */
const MISTAKE_ROWS_MIN = 150;
const ROWS_MAX = 600;
const ODD = "see note";

/** An object before it is written: its members as JSON; undefined for a line that is no object. */
type Line = readonly (string | undefined)[] | string;

export async function judgeJson(seed: number, { db, folder, rowsMax }: Place): Promise<Judged> {
  const random = seeded(seed);
  const kinds = [
    "integer",
    ...Array.from({ length: 1 + random.below(6) }, () => random.pick(Object.keys(KINDS))),
  ];
  const names = kinds.map((_, at) => `${random.pick(["key", "a b", "größe", 'say "x"', "n.a."])} ${at}`);
  const isLong = random.below(3) === 0;
  const count = isLong ? MISTAKE_ROWS_MIN + random.below(Math.min(ROWS_MAX, rowsMax)) : 1 + random.below(40);
  const objects = Array.from({ length: count }, (_, row) =>
    kinds.map((kind, at) => {
      // The first object has every key, so that they have their order.
      if (at > 0 && row > 0 && random.below(10) === 0) return random.pick([undefined, "null"]);
      return KINDS[kind]?.make(random) ?? "null";
    }),
  );
  const numbers = kinds.flatMap((kind, at) => (KINDS[kind]?.isNumber === true ? [at] : []));
  const oddAt = random.below(5) === 0 ? random.pick(numbers) : -1;
  const oddRow = oddAt < 0 || count < 3 ? -1 : 1 + random.below(count - 1);
  if (oddRow >= 0) {
    const members = objects[oddRow] ?? [];
    members[oddAt] = quoted(ODD);
  }
  const lines: Line[] = objects;
  const way = random.pick(["ndjson", "ndjson", "array", "pretty", "joined"] as const);
  const broken =
    way === "ndjson" && random.below(4) === 0
      ? random.pick(["[1, 2]", "5", '{"key": 1', "nonsense"])
      : undefined;
  if (broken !== undefined) lines.splice(1 + random.below(count), 0, broken);
  const text = textOf(lines, names, way, random);
  const encoding = random.pick(["utf-8", "utf-8", "mark", "utf-16le"]);
  const path = join(folder, "file.json");
  const bytes =
    encoding === "utf-16le"
      ? Buffer.from(`\ufeff${text}`, "utf16le")
      : Buffer.from(encoding === "mark" ? `\ufeff${text}` : text);
  writeFileSync(path, bytes);
  const rejects = new RejectLog(join(folder, "rejects.csv"));
  try {
    const wishes = { types: {}, known: [], quarantine: false, way: "careful" as const, today: TODAY };
    const work = { db, folder, rejects, onProgress: () => undefined };
    const file = await decode(path, join(folder, "decoded"));
    const source = await jsonSource(file, way === "ndjson" ? "ndjson" : "json", wishes, work);
    const found = await loadedFrom(db, source, rejects);
    const difference = differenceOf(found, expectedOf(lines, kinds, names, oddRow < 0 ? -1 : oddAt));
    return {
      rows: lines.length,
      bytes: bytes.length,
      ...(difference === undefined ? {} : { difference: `(${way}, ${encoding}) ${difference}` }),
    };
  } finally {
    await rejects.close();
  }
}

function textOf(
  lines: readonly Line[],
  names: readonly string[],
  way: "ndjson" | "array" | "pretty" | "joined",
  random: Random,
): string {
  const space = random.pick(["", " "]);
  const objects = lines.map((line, row) => {
    if (typeof line === "string") return line;
    const members = line.flatMap((value, at) =>
      value === undefined ? [] : [`${quoted(names[at] ?? "")}:${space}${value}`],
    );
    const order =
      row > 0 && random.below(3) === 0 && members.length === names.length ? members.toReversed() : members;
    // The last of two equal keys counts.
    if (random.below(40) === 0) order.unshift(`${quoted(names[0] ?? "")}:${space}7`);
    return way === "pretty" ? `{\n  ${order.join(",\n  ")}\n}` : `{${order.join(`,${space}`)}}`;
  });
  const newline = random.pick(["\n", "\n", "\r\n"]);
  const end = random.pick(["", newline]);
  if (way === "ndjson") return objects.join(newline) + end;
  if (way === "joined") return objects.join(random.pick([newline, " "])) + end;
  return `[${newline}${objects.join(`,${newline}`)}${newline}]${end}`;
}

function expectedOf(
  lines: readonly Line[],
  kinds: readonly string[],
  names: readonly string[],
  oddAt: number,
): Loaded {
  const objects = lines.filter((line): line is readonly (string | undefined)[] => typeof line !== "string");
  const filled = objects.filter(
    (line) => oddAt >= 0 && line[oddAt] !== undefined && line[oddAt] !== "null",
  ).length;
  const isMistake = oddAt >= 0 && filled - 1 > filled * 0.99;
  const types = kinds.map((kind, at) => (at === oddAt && !isMistake ? "VARCHAR" : (KINDS[kind]?.type ?? "")));
  const rows = objects
    .filter((line) => !(isMistake && line[oddAt] === quoted(ODD)))
    .map((line) =>
      line.map((json, at) => {
        if (json === undefined || json === "null") return null;
        return json === quoted(ODD) ? ODD : (KINDS[kinds[at] ?? ""]?.text(json) ?? null);
      }),
    );
  return {
    columns: names.map((name, at) => `${name} ${types[at]}`),
    rows,
    rejected: lines.length - rows.length,
  };
}
