// NDJSON and JSON as a source. Every value is parsed once here, which finds the malformed ones and the type of
// each key over the whole file; DuckDB then reads the good ones with those types. Texts are looked at for
// dates and times; a number in quotes stays a text, for its writer had the choice.

import { join } from "node:path";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import type { Decoded } from "../decode/decode.ts";
import { diskFault, newFile, textOf } from "../decode/files.ts";
import { columnNames } from "../inference/column-names.ts";
import { misfitSql, valueSql } from "../inference/column-sql.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import { dayFirstOf, inferType, type Surroundings, typeAs, type Typing } from "../inference/infer.ts";
import { duckdbWord, exactCast, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import {
  LINE_CHARS_MAX,
  type Source,
  type SourceColumn,
  type Wishes,
  type Workplace,
} from "../source/source.ts";
import { fitsShape, mergeShapes, type Shape, shapeOf, shapeOfType, shapeType } from "./shape.ts";
import { type Cutter, lineCutter, type Piece, valueCutter } from "./values.ts";

/** Keys beyond this are data, not columns; the catalog takes no more. */
const COLUMNS_MAX = 10_000;
const SAMPLES_MAX = 3;
const SAMPLE_CHARS_MAX = 200;
/** The share of a key's values that must have its type before the others count as mistakes. */
const FIT_SHARE_MIN = 0.99;

interface Key {
  shape: Shape;
  strings: number;
  numbers: number;
  others: number;
  readonly stats: ColumnStats;
  readonly samples: string[];
}

export async function jsonSource(
  file: Decoded,
  format: "json" | "ndjson",
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const cutter = (): Cutter => (format === "ndjson" ? lineCutter() : valueCutter());
  const path = join(work.folder, "rows.ndjson");
  const sink = await newFile(path);
  const keys = new Map<string, Key>();
  let rows = 0;
  const take = async ({ line, raw }: Piece): Promise<void> => {
    rows += 1;
    const value = parsed(raw);
    if (typeof value === "string") {
      await work.rejects.add({ line, reason: value, raw });
      return;
    }
    for (const [name, member] of Object.entries(value)) note(keyOf(keys, name), member);
    await sink.write(
      `{"line":${line},"row":${raw.includes("\n") || raw.includes("\r") ? raw.replace(/[\r\n]+/g, " ") : raw}}\n`,
    );
  };
  let bytes = 0;
  try {
    const cut = cutter();
    for await (const text of textOf(file.path)) {
      bytes = Math.min(bytes + text.length, file.bytes);
      for (const piece of cut.push(text)) await take(piece);
      work.onProgress(rows, bytes, file.bytes);
    }
    for (const piece of cut.finish()) await take(piece);
    await sink.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  if (rows === 0) throw new Fault("invalid", "The file holds no JSON value: there is nothing to load.");
  if (keys.size === 0) {
    const why = work.rejects.examples[0] ?? "its objects are empty";
    throw new Fault("rejected", `The file has no row that could be loaded: ${why}.`);
  }
  refuseTwins([...keys.keys()]);
  const types = wantedTypes(wishes.types);
  const found = columnsOf(keys, wishes, types);
  refuseStrayTypes(
    types,
    found.map(({ column }) => column.name),
  );
  const members = found.map(({ key, read }) => `${quoteIdentifier(key)} ${read}`).join(", ");
  const picks = found.map(({ key }, index) => `"row".${quoteIdentifier(key)} AS c${index}`).join(", ");
  const read = `read_json(${quoteLiteral(path)}, format = 'newline_delimited', columns = {line: 'BIGINT', "row": ${quoteLiteral(`STRUCT(${members})`)}}, maximum_object_size = ${LINE_CHARS_MAX * 4})`;
  return {
    format,
    columns: found.map(({ column }) => column),
    from: `(SELECT line, ${picks} FROM ${read})`,
    rowsIn: rows,
    rawText: async function* () {
      const again = cutter();
      for await (const text of textOf(file.path)) yield* again.push(text);
      yield* again.finish();
    },
    recipe: () => ({ format: "ndjson" }),
    warnings: [...file.warnings, ...found.flatMap(({ warning }) => warning ?? [])],
  };
}

/** The object, or in words why it is none. */
function parsed(raw: string): object | string {
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (error) {
    return `not valid JSON: ${(error as Error).message}`;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return "a JSON value that is no object";
  // DuckDB keeps no NUL in a text, and JSON writes one like this.
  return raw.includes("\\u0000") ? "it holds a NUL character" : value;
}

function keyOf(keys: Map<string, Key>, name: string): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (keys.size >= COLUMNS_MAX)
    throw new Fault(
      "rejected",
      `The objects have more than ${COLUMNS_MAX} different keys: that is no table.`,
    );
  if (name === "")
    throw new Fault("rejected", "An object has an empty key, which no column can be named after.");
  const key: Key = {
    shape: "nothing",
    strings: 0,
    numbers: 0,
    others: 0,
    stats: new ColumnStats(),
    samples: [],
  };
  keys.set(name, key);
  return key;
}

function note(key: Key, value: unknown): void {
  if (value === null) return;
  const shape = shapeOf(value);
  key.shape = mergeShapes(key.shape, shape);
  if (typeof value === "string") {
    key.strings += 1;
    key.stats.add(value, "json string");
  } else if (typeof value === "number") key.numbers += 1;
  else key.others += 1;
  if (key.samples.length < SAMPLES_MAX) {
    const text = (typeof value === "string" ? value : JSON.stringify(value)).slice(0, SAMPLE_CHARS_MAX);
    if (!key.samples.includes(text)) key.samples.push(text);
  }
}

function refuseTwins(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const twin = seen.get(name.toLowerCase());
    if (twin !== undefined) {
      throw new Fault(
        "rejected",
        `The keys "${twin}" and "${name}" differ in capitals alone, and SQL cannot tell them apart: rename one.`,
      );
    }
    seen.set(name.toLowerCase(), name);
  }
}

interface Found {
  readonly key: string;
  /** The type with which DuckDB reads the key. */
  readonly read: string;
  readonly column: SourceColumn;
  readonly warning?: string | undefined;
}

function columnsOf(
  keys: ReadonlyMap<string, Key>,
  wishes: Wishes,
  types: ReadonlyMap<string, string>,
): Found[] {
  const names = columnNames([...keys.keys()]);
  const around: Surroundings = {
    semicolons: false,
    dayFirst: dayFirstOf([...keys.values()].map(({ stats }) => stats)),
  };
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  return [...keys].map(([key, info], index) => {
    const name = names[index];
    assert(name !== undefined, "every key has a name");
    const existing = known.get(name.toLowerCase());
    const wanted = types.get(name.toLowerCase());
    const held = existing === undefined ? undefined : duckdbWord(existing.type);
    const unwanted = wishes.quarantine && wishes.known.length > 0 && existing === undefined;
    const { read, typing } = typingOfKey(info, around, name, wanted, existing?.type, wishes.quarantine);
    const raw = `c${index}`;
    const bare = typing === undefined;
    const type = typing?.type ?? wanted ?? (wishes.quarantine ? (held ?? read) : read);
    const value = bare ? exactCast(raw, read, type) : valueSql(typing, raw);
    const misfit = bare
      ? type === read
        ? "false"
        : `(${raw} IS NOT NULL AND ${value} IS NULL)`
      : misfitSql(typing, raw);
    const column: SourceColumn = {
      name: existing?.name ?? name,
      type,
      value,
      raw: `CAST(${raw} AS VARCHAR)`,
      misfit,
      confidence: typing?.confidence ?? 1,
      samples: info.samples,
      ...(unwanted ? { unwanted } : {}),
    };
    return { key, read, column, warning: typing?.warning };
  });
}

/** How DuckDB reads a key, and for texts what is made of them; without a typing the value is taken as it is. */
function typingOfKey(
  { shape, strings, numbers, others, stats }: Key,
  around: Surroundings,
  name: string,
  wanted: string | undefined,
  existing: string | undefined,
  quarantine: boolean,
): { read: string; typing?: Typing } {
  const held = existing === undefined ? undefined : duckdbWord(existing);
  if (shape === "string") {
    if (wanted !== undefined) return { read: "VARCHAR", typing: typeAs(stats, wanted, around).typing };
    if (held !== undefined) {
      const { typing, share } = typeAs(stats, held, around);
      if (quarantine || share >= FIT_SHARE_MIN) return { read: "VARCHAR", typing };
    }
    return { read: "VARCHAR", typing: inferType(stats, around, name) };
  }
  // A column of texts takes everything as JSON text, a nested one what has the same members or fewer.
  if ((wanted ?? held) === "VARCHAR") return { read: "VARCHAR" };
  const nested = existing === undefined ? undefined : shapeOfType(existing);
  if (
    existing !== undefined &&
    nested !== undefined &&
    typeof nested === "object" &&
    fitsShape(shape, nested)
  ) {
    return { read: existing };
  }
  const total = strings + numbers + others;
  if (shape === "any" && numbers > total * FIT_SHARE_MIN) {
    const typing: Typing = {
      type: "DOUBLE",
      kinds: [],
      nothing: [],
      spaced: false,
      confidence: numbers / total,
      samples: [],
      empty: false,
    };
    return { read: "VARCHAR", typing };
  }
  return { read: shapeType(shape) };
}
