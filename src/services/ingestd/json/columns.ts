// The columns of JSON objects: what every key was seen to hold, and how DuckDB reads it. Texts are looked at for dates
// and times; a number in quotes stays a text, for its writer had the choice, unless the caller or the dataset names a
// type for it. A key that holds numbers and texts is text when a text among them says more than a number would.

import { quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { columnNames } from "../inference/column-names.ts";
import { misfitSql, valueSql } from "../inference/column-sql.ts";
import { ColumnStats } from "../inference/column-stats.ts";
import { exactCast } from "../inference/exact-cast.ts";
import {
  inferType,
  isNumeric,
  type Surroundings,
  surroundingsOf,
  typeAs,
  type Typing,
} from "../inference/infer.ts";
import { bitsOf, KINDS } from "../inference/kinds.ts";
import { MARKS, rememberedLook } from "../inference/looks.ts";
import { isNull, NULL_TEXTS } from "../inference/nulls.ts";
import { duckdbWord, refuseStrayTypes, wantedTypes } from "../inference/types.ts";
import type { KnownColumn, SourceColumn, Wishes } from "../source/source.ts";
import { LongNumber } from "./exact.ts";
import { fitsShape, mergeShapes, type Shape, shapeOf, shapeOfType, shapeType } from "./shape.ts";

/** Keys beyond this are data, not columns; the catalog takes no more. */
const COLUMNS_MAX = 10_000;
const SAMPLES_MAX = 3;
const SAMPLE_CHARS_MAX = 200;
/** Texts for nothing that one key may have, and how long they are; a key with more has words, not gaps. */
const NOTHING_MAX = 16;
const NOTHING_CHARS_MAX = 20;
/** The share of a key's values that must have its type before the others count as mistakes. */
const FIT_SHARE_MIN = 0.99;
/** The dataset's type is taken when so many values have it: the others are rejected with their rows. */
const KNOWN_SHARE_MIN = 0.5;

const kindsOf = (holds: (type: string) => boolean): number =>
  bitsOf(KINDS.filter(({ type }) => holds(type)).map(({ name }) => name));
const TIME_KINDS = kindsOf((type) => type === "DATE" || type.startsWith("TIME"));
const NUMBER_KINDS = kindsOf(isNumeric);

/** What was seen of a key. */
export interface Key {
  shape: Shape;
  strings: number;
  numbers: number;
  others: number;
  /** What its numbers alone are. */
  numberShape: Shape;
  /** A text among the values that looks like a number, or like the name of something made of digits. */
  numberText: string | undefined;
  /** Texts among the values that say there is nothing, each once, and how many values they are. */
  readonly nothing: Set<string>;
  nothings: number;
  readonly stats: ColumnStats;
  readonly samples: string[];
}

export function keyOf(keys: Map<string, Key>, name: string): Key {
  const known = keys.get(name);
  if (known !== undefined) return known;
  if (keys.size >= COLUMNS_MAX)
    throw new Fault(
      "rejected",
      `The objects have more than ${COLUMNS_MAX} different keys: that is no table.`,
    );
  const key: Key = {
    shape: "nothing",
    strings: 0,
    numbers: 0,
    others: 0,
    numberShape: "nothing",
    numberText: undefined,
    nothing: new Set(),
    nothings: 0,
    stats: new ColumnStats(),
    samples: [],
  };
  keys.set(name, key);
  return key;
}

export function note(key: Key, value: unknown, line: number): void {
  if (value === null) return;
  const shape = shapeOf(value);
  key.shape = mergeShapes(key.shape, shape);
  if (typeof value === "string") {
    key.strings += 1;
    key.stats.add(value, line);
    if (key.numberText === undefined && isNumberText(value)) key.numberText = value;
    if (saysNothing(value) && (key.nothing.has(value) || key.nothing.size < NOTHING_MAX)) {
      key.nothing.add(value);
      key.nothings += 1;
    }
  } else if (typeof value === "number" || value instanceof LongNumber) {
    key.numbers += 1;
    key.numberShape = mergeShapes(key.numberShape, shape);
  } else key.others += 1;
  if (key.samples.length < SAMPLES_MAX) {
    const text = (typeof value === "string" ? value : sampleText(value)).slice(0, SAMPLE_CHARS_MAX);
    if (!key.samples.includes(text)) key.samples.push(text);
  }
}

function saysNothing(text: string): boolean {
  if (text.length > NOTHING_CHARS_MAX) return false;
  const trimmed = text.trim();
  return isNull(trimmed) || (rememberedLook(trimmed).marks & MARKS.nothing) !== 0;
}

function isNumberText(text: string): boolean {
  const { kinds, marks } = rememberedLook(text.trim());
  return (kinds & NUMBER_KINDS) !== 0 || (marks & MARKS.leadingZero) !== 0;
}

function sampleText(value: unknown): string {
  return value instanceof LongNumber || typeof value === "number" ? String(value) : JSON.stringify(value);
}

export interface Found {
  readonly key: string;
  /** The type with which DuckDB reads the key. */
  readonly read: string;
  readonly column: SourceColumn;
  readonly warning?: string | undefined;
}

export function columnsOf(keys: ReadonlyMap<string, Key>, wishes: Wishes): Found[] {
  const types = wantedTypes(wishes.types);
  const names = columnNames([...keys.keys()]);
  const around = surroundingsOf(
    [...keys.values()].map(({ stats }) => stats.limitedTo(TIME_KINDS)),
    false,
    wishes.today,
  );
  const known = new Map(wishes.known.map((column) => [column.name.toLowerCase(), column]));
  const found = [...keys].map(([key, info], index): Found => {
    const written = names[index];
    assert(written !== undefined, "every key has a name");
    const existing = known.get(written.toLowerCase());
    const wanted = types.get(written.toLowerCase());
    const unwanted = wishes.quarantine && wishes.known.length > 0 && existing === undefined;
    const name = existing?.name ?? written;
    const raw = `c${index}`;
    const { read, type, value, misfit, typing, warning } = readingOf(info, {
      around: existing?.dayFirst === undefined ? around : { ...around, dayFirst: existing.dayFirst },
      name,
      wanted,
      existing,
      quarantine: wishes.quarantine,
      raw,
    });
    const column: SourceColumn = {
      name,
      type,
      value,
      raw: `CAST(${raw} AS VARCHAR)`,
      misfit,
      confidence: typing?.confidence ?? 1,
      samples: info.samples,
      ...(typing?.dayFirst === undefined ? {} : { dayFirst: typing.dayFirst }),
      ...(unwanted ? { unwanted } : {}),
    };
    const warnings = [warning, typing?.warning].filter((said) => said !== undefined);
    return { key, read, column, ...(warnings.length === 0 ? {} : { warning: warnings.join(" ") }) };
  });
  refuseStrayTypes(
    types,
    found.map(({ column }) => column.name),
  );
  return found;
}

/** What is known of a key besides its values. */
interface KeyContext {
  readonly around: Surroundings;
  readonly name: string;
  readonly wanted: string | undefined;
  readonly existing: KnownColumn | undefined;
  readonly quarantine: boolean;
  /** The column that DuckDB reads the key into. */
  readonly raw: string;
}

interface KeyReading {
  readonly read: string;
  readonly type: string;
  readonly value: string;
  readonly misfit: string;
  readonly typing?: Typing;
  readonly warning?: string;
}

/** How DuckDB reads a key, and its value in SQL; without a typing the value is taken as it is, or cast. */
function readingOf(key: Key, context: KeyContext): KeyReading {
  const { name, wanted, existing, quarantine, raw } = context;
  const { shape } = key;
  const held = existing === undefined ? undefined : duckdbWord(existing.type);
  if (shape === "string") return typedText(stringTyping(key, context, held), key, name, raw);
  const named = wanted ?? held;
  // A column of texts takes everything as JSON text, a nested one what has the same members or fewer.
  if (named === "VARCHAR") return asItIs("VARCHAR", raw);
  const nested = existing === undefined ? undefined : shapeOfType(existing.type);
  if (existing !== undefined && typeof nested === "object" && fitsShape(shape, nested))
    return asItIs(existing.type, raw);
  const total = key.strings + key.numbers + key.others - key.nothings;
  if (shape === "any" && key.numbers > 0) {
    if (
      named !== undefined &&
      isNumber(named) &&
      (wanted !== undefined || quarantine || key.numbers >= total * KNOWN_SHARE_MIN)
    )
      return mixedNumbers(named, name, key, raw);
    const one = key.numberShape !== "long number" && key.numberText === undefined;
    if (one && key.numbers > total * FIT_SHARE_MIN)
      return mixedNumbers(shapeType(key.numberShape), name, key, raw);
    const odd = key.numberText ?? key.stats.samples[0];
    const warning =
      odd === undefined || key.numbers < total * KNOWN_SHARE_MIN
        ? undefined
        : `"${name}" stays text: ${key.numbers} of ${total} values are numbers, and "${odd}" is a text.`;
    return { ...asItIs("VARCHAR", raw), ...(warning === undefined ? {} : { warning }) };
  }
  const read = shapeType(shape);
  const type = wanted ?? (quarantine || keepsAll(held, read) ? (held ?? read) : read);
  const long =
    shape === "long number"
      ? `"${name}" stays text: it has numbers of more digits than a double holds.`
      : undefined;
  return { ...cast(read, type, raw), ...(long === undefined ? {} : { warning: long }) };
}

/** Whether the dataset's type is one that such values are cast to, those that lose something being rejected. */
function keepsAll(held: string | undefined, read: string): boolean {
  return held !== undefined && isNumber(held) && isNumber(read);
}

function isNumber(type: string): boolean {
  return /INT$|^INTEGER$|^FLOAT$|^DOUBLE$|^DECIMAL/.test(type);
}

function stringTyping({ stats }: Key, context: KeyContext, held: string | undefined): Typing {
  const { around, name, wanted, quarantine } = context;
  if (wanted !== undefined) return typeAs(stats, wanted, around, name, true).typing;
  if (held !== undefined) {
    const { typing, share } = typeAs(stats, held, around, name, false);
    if (quarantine || share >= KNOWN_SHARE_MIN) return typing;
  }
  return inferType(stats.limitedTo(TIME_KINDS), around, name);
}

/** What means NULL in every column is a text in one of texts alone. */
function typedText(typing: Typing, { nothing }: Key, name: string, raw: string): KeyReading {
  const { type } = typing;
  const nulls = type === "VARCHAR" ? [] : [...nothing].filter((text) => isNull(text.trim()));
  const texts = NULL_TEXTS.map(quoteLiteral).join(", ");
  const filled = nulls.length === 0 ? raw : `CASE WHEN trim(${raw}) NOT IN (${texts}) THEN ${raw} END`;
  return {
    read: "VARCHAR",
    type,
    value: valueSql(typing, filled),
    misfit: misfitSql(typing, filled),
    typing,
    ...(nulls.length === 0 ? {} : { warning: readAsNull(name, nulls) }),
  };
}

function readAsNull(name: string, texts: Iterable<string>): string {
  return `"${name}": ${[...texts].map((text) => `"${text}"`).join(", ")} was read as NULL.`;
}

function asItIs(type: string, raw: string): KeyReading {
  return { read: type, type, value: raw, misfit: "false" };
}

function cast(read: string, type: string, raw: string): KeyReading {
  const value = exactCast(raw, read, type);
  return { read, type, value, misfit: type === read ? "false" : `(${raw} IS NOT NULL AND ${value} IS NULL)` };
}

/** Numbers of JSON as text among other texts: these are misfits. */
const NUMBER = "-?(?:0|[1-9][0-9]*)(?:[.][0-9]+)?(?:[eE][+-]?[0-9]+)?|NaN|-?Infinity";

function mixedNumbers(type: string, name: string, { nothing }: Key, raw: string): KeyReading {
  const number = `CASE WHEN regexp_full_match(${raw}, ${quoteLiteral(NUMBER)}) THEN TRY_CAST(${raw} AS DOUBLE) END`;
  const whole = `CASE WHEN regexp_full_match(${raw}, '-?(?:0|[1-9][0-9]*)') THEN TRY_CAST(${raw} AS ${type}) END`;
  const value = /INT$|^INTEGER$/.test(type) ? whole : exactCast(number, "DOUBLE", type);
  const misfit = `${raw} IS NOT NULL AND ${value} IS NULL`;
  if (nothing.size === 0) return { read: "VARCHAR", type, value, misfit: `(${misfit})` };
  const texts = [...nothing].map(quoteLiteral).join(", ");
  return {
    read: "VARCHAR",
    type,
    value,
    misfit: `(${misfit} AND ${raw} NOT IN (${texts}))`,
    warning: readAsNull(name, nothing),
  };
}
