// A sheet of a workbook as a source: written out as CSV in one way of writing, then read like any CSV, so that header,
// types, rejected rows and the count of rows are decided in one place for both.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { csvSource } from "../csv/source.ts";
import { diskFault, newFile } from "../decode/files.ts";
import type { Source, Wishes, Workplace } from "../source/source.ts";
import { chooseSheet, openWorkbook } from "./open-workbook.ts";
import { columnName, type Range } from "./sheet.ts";
import { mergedBelow, surveySheet } from "./survey.ts";
import { rowOfLine, type SheetCsv, writeSheetCsv } from "./to-csv.ts";

/** Columns that one sentence names. */
const NAMED_MAX = 20;

interface SheetText extends SheetCsv {
  readonly sheet: string;
  readonly merges: readonly Range[];
  readonly warnings: readonly string[];
}

/** `sheet` names it, by name or by number from 1; without it there must be one sheet with data. */
export async function xlsxSource(
  path: string,
  sheet: string | undefined,
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const csv = join(work.folder, "sheet.csv");
  const text = await sheetText(path, sheet, csv, wishes, work).catch((error: unknown) => {
    throw diskFault(error) ?? error;
  });
  work.rejects.lineOf = (line) => rowOfLine(text.broken, line);
  const source = await csvSource(
    {
      path: csv,
      bytes: text.bytes,
      encoding: "utf-8",
      evidence: text.evidence,
      warnings: text.warnings,
      hasNul: false,
    },
    wishes,
    work,
    { delimiter: ",", quote: '"', escape: "double", newline: "\n", padded: false },
  );
  const header = source.dialect?.header_row ?? null;
  const headerRow = header === null ? null : rowOfLine(text.broken, header);
  return {
    ...source,
    format: "xlsx",
    sheet: text.sheet,
    dialect: {
      delimiter: "",
      quote: "",
      encoding: "utf-8",
      header_row: headerRow,
      evidence: source.dialect?.evidence ?? [],
    },
    warnings: [...(source.warnings ?? []), ...mergedBelow(text.merges, headerRow ?? 0)],
  };
}

/** A second reading of the same file finds the text where the first left it. */
async function sheetText(
  path: string,
  requested: string | undefined,
  csv: string,
  { way }: Wishes,
  work: Workplace,
): Promise<SheetText> {
  const noted = `${csv}.json`;
  if (way !== "quick") {
    // Without the note the workbook is read again.
    const kept = await readFile(noted, "utf8").catch(() => undefined);
    if (kept !== undefined) return JSON.parse(kept) as SheetText;
  }
  const open = await openWorkbook(path, work.folder);
  try {
    const { sheet, warnings } = await chooseSheet(open, requested);
    const bytes = open.bytesOf(sheet);
    const survey = await surveySheet(open, sheet, (rows) => work.onProgress(rows, 0, bytes));
    const { rows, columns } = survey;
    const written = await writeSheetCsv(open, sheet, survey, csv, (done) => {
      work.onProgress(done, Math.round((bytes * done) / Math.max(rows, 1)), bytes);
    });
    const text: SheetText = {
      sheet: sheet.name,
      bytes: written.bytes,
      broken: written.broken,
      evidence: [
        `sheet "${sheet.name}": ${rows.toLocaleString("en")} rows, columns ${columns.length > 0 ? `${columnName(columns[0] ?? 0)} to ${columnName(columns.at(-1) ?? 0)}` : "none"}`,
        ...leftOut(columns),
        ...written.evidence,
      ],
      merges: survey.merges,
      warnings: [...warnings, ...survey.warnings],
    };
    const sink = await newFile(noted);
    await sink.write(JSON.stringify(text));
    await sink.end();
    return text;
  } finally {
    open.close();
  }
}

/** Columns between those of the table that hold nothing. */
function leftOut(columns: readonly number[]): string[] {
  const used = new Set(columns);
  const empty: string[] = [];
  for (let column = 0; column < (columns.at(-1) ?? 0) && empty.length <= NAMED_MAX; column += 1)
    if (!used.has(column)) empty.push(columnName(column));
  if (empty.length === 0) return [];
  const more = empty.length > NAMED_MAX ? " and more" : "";
  return [`columns without anything were left out: ${empty.slice(0, NAMED_MAX).join(", ")}${more}`];
}
