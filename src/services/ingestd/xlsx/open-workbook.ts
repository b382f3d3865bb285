// A workbook opened: what it says of itself, the cells of its sheets, and the sheet that is to be loaded. Without
// one being named there is one choice or none: loading the first of several would leave the others out in silence.

import { join } from "node:path";
import { didYouMean } from "#lib/nearest";
import { Fault } from "#rpc/fault";
import { Archive } from "./archive.ts";
import { type CellText, cellTexts } from "./cell-text.ts";
import { refuseOtherArchives } from "./office-files.ts";
import { SharedStrings } from "./shared-strings.ts";
import { type Cell, type Range, rowsOf, type SheetRow } from "./sheet.ts";
import { readWorkbook, type Sheet, type Workbook } from "./workbook.ts";

/** Sheets that one message names. */
const NAMED_MAX = 50;

export interface OpenWorkbook {
  readonly workbook: Workbook;
  readonly textOf: CellText;
  /** Whether something stands in the cell; quicker than its text. */
  readonly isFilled: (cell: Cell) => boolean;
  rows(sheet: Sheet, onMerge?: (range: Range) => void): AsyncGenerator<readonly SheetRow[]>;
  /** Bytes of a sheet's XML. */
  bytesOf(sheet: Sheet): number;
  close(): void;
}

export async function openWorkbook(path: string, folder: string): Promise<OpenWorkbook> {
  const archive = await Archive.open(path);
  let strings: SharedStrings | undefined;
  try {
    refuseOtherArchives(archive);
    const workbook = await readWorkbook(archive);
    const { stringsPart } = workbook;
    const stringsPath = join(folder, "shared-strings");
    strings =
      stringsPart === undefined
        ? SharedStrings.none(stringsPath)
        : await SharedStrings.read(archive.text(stringsPart), stringsPart, stringsPath);
    const known = strings;
    return {
      workbook,
      textOf: cellTexts(workbook, known),
      isFilled: ({ type, text }) => text !== "" && !(type === "shared" && known.isEmpty(Number(text))),
      rows: ({ part }, onMerge = () => undefined) => rowsOf(archive.text(part), part, onMerge),
      bytesOf: ({ part }) => archive.bytesOf(part),
      close: () => {
        known.close();
        archive.close();
      },
    };
  } catch (error) {
    strings?.close();
    archive.close();
    throw error;
  }
}

export interface Chosen {
  readonly sheet: Sheet;
  readonly warnings: readonly string[];
}

/** The requested sheet, by name or number; else the only one with data. */
export async function chooseSheet(open: OpenWorkbook, requested: string | undefined): Promise<Chosen> {
  const { sheets } = open.workbook;
  if (requested !== undefined) return { sheet: sheetNamed(sheets, requested), warnings: [] };
  const filled: Sheet[] = [];
  for (const sheet of sheets) if (await hasData(open, sheet)) filled.push(sheet);
  const visible = filled.filter(({ hidden }) => !hidden);
  const candidates = visible.length > 0 ? visible : filled;
  const [sheet] = candidates;
  if (sheet === undefined)
    throw new Fault("invalid", "The workbook has no sheet with data: there is nothing to load.");
  if (candidates.length > 1) {
    throw new Fault(
      "invalid",
      `The workbook has ${candidates.length} sheets with data, ${listed(candidates)}: name the one to load with sheet=NAME; each is a load of its own.`,
    );
  }
  const others = filled.filter((other) => other !== sheet);
  const hidden =
    others.length === 0
      ? []
      : [`Hidden sheets have data and were not loaded: ${listed(others)}. sheet=NAME loads one.`];
  return { sheet, warnings: hidden };
}

function sheetNamed(sheets: readonly Sheet[], requested: string): Sheet {
  const lower = requested.trim().toLowerCase();
  const found =
    sheets.find(({ name }) => name === requested) ??
    sheets.find(({ name }) => name.trim().toLowerCase() === lower) ??
    (/^\d{1,5}$/.test(lower) ? sheets[Number(lower) - 1] : undefined);
  if (found !== undefined) return found;
  const names = sheets.map(({ name }) => name);
  throw new Fault(
    "invalid",
    `sheet: the workbook has no sheet "${requested}".${didYouMean(requested, names)} It has ${listed(sheets)}.`,
  );
}

function listed(sheets: readonly Sheet[]): string {
  const names = sheets.slice(0, NAMED_MAX).map(({ name }) => `"${name}"`);
  return sheets.length > NAMED_MAX ? `${names.join(", ")} and more` : names.join(", ");
}

async function hasData(open: OpenWorkbook, sheet: Sheet): Promise<boolean> {
  for await (const rows of open.rows(sheet)) {
    if (rows.some(({ cells }) => cells.some(open.isFilled))) return true;
  }
  return false;
}
