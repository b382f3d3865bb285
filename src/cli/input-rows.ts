// Rows that a person sends as JSON: a list of objects, one object, or an object on each line. A number that JSON's own
// type would round (9007199254740993, 0.1234567890123456789) goes on as the text that was written, which its column takes exactly.

import { UsageProblem } from "./failure.ts";

/** The house takes so many rows in one append; more of them are a file. */
const ROWS_MAX = 10_000;
/** As much text as a request may have. */
const TEXT_BYTES_MAX = 4 * 1024 * 1024;

export type InputRow = Record<string, unknown>;

export async function rowsOf(stream: ReadableStream<Uint8Array>, name: string): Promise<InputRow[]> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > TEXT_BYTES_MAX) throw tooMuch(name);
    chunks.push(chunk);
  }
  return rowsIn(Buffer.concat(chunks).toString(), name);
}

/** Throws UsageProblem for text that is no rows. */
export function rowsIn(text: string, name: string): InputRow[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new UsageProblem(`${name} is empty: there is no row to append.`);
  const whole = parsed(text);
  const rows = "value" in whole ? (Array.isArray(whole.value) ? whole.value : [whole.value]) : undefined;
  const found = rows ?? lines.map((line, at) => valueOf(line, `${name}, row ${at + 1}`));
  if (found.length > ROWS_MAX) throw tooMuch(name);
  if (found.length === 0) throw new UsageProblem(`${name} is an empty list: there is no row to append.`);
  return found.map((row, at) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as InputRow;
    throw new UsageProblem(
      `${name}, row ${at + 1}: a row is an object by column name, for example {"id":7,"name":"Ann"}.`,
    );
  });
}

function valueOf(text: string, where: string): unknown {
  const found = parsed(text);
  if ("value" in found) return found.value;
  throw new UsageProblem(`${where} is not valid JSON: ${found.problem}.`);
}

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;

function parsed(text: string): { readonly value: unknown } | { readonly problem: string } {
  const exact: Reviver = (_, value, { source }) =>
    typeof value === "number" && source !== undefined && !isExact(value, source) ? source : value;
  try {
    return { value: JSON.parse(text, exact as (this: unknown, key: string, value: unknown) => unknown) };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

/** Whole numbers up to 2^53, and others of at most 15 digits, are what was written. */
function isExact(value: number, source: string): boolean {
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  const digits = source
    .replace(/[eE].*$/, "")
    .replaceAll(/[^\d]/g, "")
    .replace(/^0+/, "");
  return Number.isFinite(value) && digits.length <= 15;
}

function tooMuch(name: string): UsageProblem {
  return new UsageProblem(
    `${name} has more than an append takes, ${ROWS_MAX.toLocaleString("en")} rows or ${TEXT_BYTES_MAX / 1024 / 1024} MiB. Load it as a file: lakehouse ingest FILE --dataset NAME`,
  );
}
