// Prints the result of a command in the format of -o: a table, a block of lines per row, JSON as in the HTTP response, JSON
// lines, or CSV. Cells of a table are formatted for reading (grouped digits, sizes, short times); the other formats have
// the values unchanged.

import { cellText } from "./plain-text.ts";
import { tableLines } from "./table.ts";
import { columnsOf, paintOut, say, stdoutIsTty, write } from "./terminal.ts";

export const FORMATS = ["table", "expanded", "json", "jsonl", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** Read by a person, so that remarks may be printed beside it. */
export function isForPeople(format: Format): boolean {
  return format === "table" || format === "expanded";
}

/** The format of `-o`; without it a table in a terminal and JSON in a pipe. */
export function formatOf(name: string | undefined): Format {
  return FORMATS.find((format) => format === name) ?? (stdoutIsTty ? "table" : "json");
}

export interface Field<Row> {
  /** The head of a table's column, and the name in CSV and JSON lines. */
  readonly name: string;
  readonly value: (row: Row) => unknown;
  /** The text of the cell, where the value needs formatting. */
  readonly show?: (row: Row) => string;
  readonly align?: "left" | "right";
}

export interface Listing<Row> {
  readonly fields: readonly Field<Row>[];
  readonly rows: readonly Row[];
  /** What `-o json` prints instead of the list of rows: the response as it was received. */
  readonly json?: unknown;
  /** Printed when there are no rows: why, and what to do. */
  readonly empty?: string;
}

export async function emit<Row>(format: Format, listing: Listing<Row>): Promise<void> {
  const { fields, rows } = listing;
  switch (format) {
    case "table":
      if (rows.length === 0 && listing.empty !== undefined) say(listing.empty);
      else
        await write(`${tableOf(listing, stdoutIsTty ? columnsOf(process.stdout) : Infinity).join("\n")}\n`);
      return;
    case "expanded":
      if (rows.length === 0 && listing.empty !== undefined) say(listing.empty);
      else
        await write(
          expandedLines(listing)
            .map((line) => `${line}\n`)
            .join(""),
        );
      return;
    case "json":
      await write(jsonText(listing.json ?? rows.map((row) => recordOf(fields, row))));
      return;
    case "jsonl":
      for (const row of rows) await write(`${JSON.stringify(recordOf(fields, row))}\n`);
      return;
    case "csv":
      await write(csvLine(fields.map(({ name }) => name)));
      for (const row of rows) await write(csvLine(fields.map(({ value }) => value(row))));
  }
}

/** The lines of the table, in the given width. */
export function tableOf<Row>({ fields, rows }: Listing<Row>, width: number): string[] {
  return tableLines(
    fields,
    rows.map((row) => fields.map(({ value, show }) => (show === undefined ? value(row) : show(row)))),
    { width, header: (text) => paintOut("bold", text) },
  );
}

/** Each row as a block of `name  value` lines, every value whole: for rows too wide for a table. */
function expandedLines<Row>({ fields, rows }: Listing<Row>): string[] {
  return rows.flatMap((row, at) => [
    paintOut("bold", `row ${at + 1}`),
    ...pairLines(fields.map(({ name, value, show }) => [name, show === undefined ? value(row) : show(row)])),
    ...(at === rows.length - 1 ? [] : [""]),
  ]);
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function recordOf<Row>(fields: readonly Field<Row>[], row: Row): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, value }) => [name, value(row)]));
}

/** One line by RFC 4180; nested values are JSON, null is an empty field. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(csvField).join(",")}\r\n`;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text === "" || /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** `name  value` lines, for one thing instead of a list. */
export function pairLines(pairs: readonly (readonly [name: string, value: unknown])[]): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`);
}
