// Rows on their way out of the engine: one JSON object for a result that ends at its limit, NDJSON and CSV
// for streams of text (Arrow is in arrow.ts). A chunk is written column by column, so that each loop writes values of one type.

import type { Chunk, Column, DuckdbStream } from "#adapters/duckdb";
import { Fault } from "#rpc/fault";
import { type Writer, columnWriter } from "./values.ts";
import { warningsOf } from "./warnings.ts";

export const FORMATS = ["ndjson", "csv", "arrow", "parquet"] as const;
export type Format = (typeof FORMATS)[number];
/** Written row by row as they are made; a Parquet file is whole first (engine/parquet-file.ts). */
export type RowFormat = Exclude<Format, "parquet">;

/** What the serving process holds of one result; more than this is for a stream. */
const RESULT_BYTES_MAX = 64 * 1024 * 1024;

const COMMA = Buffer.from(",");

/** Takes the next step of a stream; fails once the statement was stopped. */
export type Next = () => Promise<Chunk | null>;

/**
 * `{"columns", "rows", "row_count", "truncated"}` as JSON, at most `limit` rows: one more is read to know whether
 * there are more. Rows are kept as bytes, which take a tenth of what the texts they are put together from do.
 */
export async function jsonResult(
  { columns }: DuckdbStream,
  next: Next,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const names = uniqueNames(columns);
  const rowTexts = rowWriter(names, columns);
  const described = columns.map(({ type }, index) => ({ name: names[index], type: type.alias ?? type.text }));
  const pieces = [Buffer.from(`{"columns":${JSON.stringify(described)},"rows":[`)];
  let rows = 0;
  let bytes = 0;
  let truncated = false;
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    const wanted = Math.min(chunk.rows, limit - rows);
    const piece = Buffer.from(rowTexts(chunk, wanted).join(","));
    truncated = chunk.rows > wanted;
    if (rows > 0 && wanted > 0) pieces.push(COMMA);
    rows += wanted;
    bytes += piece.byteLength;
    if (bytes > RESULT_BYTES_MAX) {
      throw new Fault(
        "rejected",
        `The result is larger than ${RESULT_BYTES_MAX / 1024 / 1024} MiB; lower the limit, or ask for application/x-ndjson or text/csv, which have none.`,
      );
    }
    pieces.push(piece);
    if (truncated) break;
  }
  const warnings = JSON.stringify(warningsOf(columns));
  pieces.push(Buffer.from(`],"row_count":${rows},"truncated":${truncated},"warnings":${warnings}}`));
  return Buffer.concat(pieces);
}

export async function* ndjson({ columns }: DuckdbStream, next: Next): AsyncGenerator<string> {
  const rowTexts = rowWriter(uniqueNames(columns), columns);
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    yield `${rowTexts(chunk, chunk.rows).join("\n")}\n`;
  }
}

/** RFC 4180 with a header line and LF; NULL is an empty cell, an empty text a quoted one. */
export async function* csv({ columns }: DuckdbStream, next: Next): AsyncGenerator<string> {
  const writers = columns.map(({ type }) => columnWriter(type));
  yield `${uniqueNames(columns).map(cell).join(",")}\n`;
  for (let chunk = await next(); chunk !== null; chunk = await next()) {
    const columnsOfCells = writers.map(({ plain }, column) =>
      texts(chunk, column, (value) => cell(plain(value)), ""),
    );
    let out = "";
    for (let row = 0; row < chunk.rows; row += 1) {
      for (let column = 0; column < columnsOfCells.length; column += 1) {
        if (column > 0) out += ",";
        out += columnsOfCells[column]?.[row] ?? "";
      }
      out += "\n";
    }
    yield out;
  }
}

const NEEDS_QUOTES = /[",\r\n]|^\s|\s$|^$/;

function cell(text: string): string {
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

type RowWriter = (chunk: Chunk, rows: number) => string[];

function rowWriter(names: readonly string[], columns: readonly Column[]): RowWriter {
  const writers: Writer[] = columns.map(({ type }) => columnWriter(type));
  const starts = names.map((name, index) => `${index === 0 ? "{" : ","}${JSON.stringify(name)}:`);
  return (chunk, rows) => {
    const out: string[] = Array.from({ length: rows }, () => "");
    writers.forEach(({ json }, column) => {
      const start = starts[column] ?? "";
      const values = texts(chunk, column, json, "null");
      for (let row = 0; row < rows; row += 1) out[row] += start + (values[row] ?? "null");
    });
    for (let row = 0; row < rows; row += 1) out[row] += "}";
    return out;
  };
}

function texts(chunk: Chunk, column: number, write: (value: unknown) => string, missing: string): string[] {
  const out: string[] = [];
  chunk.each(column, (value) => out.push(value === null ? missing : write(value)));
  return out;
}

/** Columns of one name get `_1`, `_2`, past names that are taken: an object has each key once. */
export function uniqueNames(columns: readonly { readonly name: string }[]): string[] {
  const given = new Set(columns.map(({ name }) => name));
  const used = new Set<string>();
  const counts = new Map<string, number>();
  return columns.map(({ name }) => {
    let unique = name;
    while (used.has(unique) || (unique !== name && given.has(unique))) {
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      unique = `${name}_${count}`;
    }
    used.add(unique);
    return unique;
  });
}
