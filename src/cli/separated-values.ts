// Tables of text that a person hands over: comma, tab or semicolon between values, quotes around those that hold one
// (RFC 4180), names of columns in the first line.

import { UsageProblem } from "./failure.ts";
import type { InputFile } from "./input-file.ts";

/** O*NET's longest table has 4 MB, ESCO's occupations 10 MB. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

export interface TextTable {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** Throws UsageProblem for a file that is too large or has no columns. */
export async function readTextTable({ name, bytes = 0, stream }: InputFile): Promise<TextTable> {
  if (bytes > FILE_BYTES_MAX)
    throw new UsageProblem(`${name} has more than ${FILE_BYTES_MAX / 1024 ** 2} MiB.`);
  return textTable(await new Response(stream()).text(), name);
}

export function textTable(text: string, name: string): TextTable {
  const [head = [], ...lines] = records(text.replace(/^\uFEFF/, ""));
  const columns = head.map((column) => column.trim());
  if (columns.length < 2) throw new UsageProblem(`${name} has no columns: its first line names them.`);
  const rows = lines.map((line) =>
    Object.fromEntries(columns.map((column, at) => [column, (line[at] ?? "").trim()])),
  );
  return { columns, rows };
}

function records(text: string): string[][] {
  const first = /^.*$/m.exec(text)?.[0] ?? "";
  const separator = ["\t", ",", ";"].reduce((best, one) =>
    first.split(one).length > first.split(best).length ? one : best,
  );
  const found: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const { value, end } = valueAt(text, at, separator);
    record.push(value);
    at = end;
    if (text[at] === separator) {
      at += 1;
      if (at < text.length) continue;
      record.push("");
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    if (record.length > 1 || record[0] !== "") found.push(record);
    record = [];
  }
  return found;
}

/** The value that begins at a place, and where it ends. */
function valueAt(text: string, start: number, separator: string): { value: string; end: number } {
  let end = start;
  let value = "";
  if (text[start] === '"') {
    for (end = start + 1; end < text.length; end++) {
      const quote = text.indexOf('"', end);
      if (quote === -1) return { value: value + text.slice(end), end: text.length };
      value += text.slice(end, quote);
      end = quote + 1;
      if (text[end] !== '"') break;
      value += '"';
    }
  }
  const rest = end;
  while (end < text.length && text[end] !== separator && text[end] !== "\n" && text[end] !== "\r") end++;
  return { value: value + text.slice(rest, end), end };
}
