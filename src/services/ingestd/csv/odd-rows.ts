// Rows that are no data: without any value, lines that are drawn, the header once more (files that were joined), totals
// of the rows above. What each of them is can be said by the row and the header alone; whether totals add up
// is for the reader to compute.

import { rememberedLook } from "../inference/looks.ts";
import { isNull } from "../inference/nulls.ts";
import { isNumeric } from "../inference/infer.ts";
import { bitsOf, KINDS } from "../inference/kinds.ts";

const NUMBERS = bitsOf(KINDS.filter(({ type }) => isNumeric(type)).map(({ name }) => name));
const LABEL_CHARS_MAX = 40;

/** Words that stand before totals, in the languages of the encodings that are read. */
const TOTALS =
  /^(?:(?:grand|sub|overall|running|report|column)[ -]?)?(?:totals?|sums?|summe|gesamt(?:summe)?|insgesamt|zwischensumme|totaux|somme|totale|totales|suma|totaal|totalt|totais|razem|ogółem|łącznie|celkem|spolu|összesen|mindösszesen|toplam|genel toplam|yhteensä|summa|i alt|sammenlagt|ukupno|skupaj|kokku|jumlah|tổng(?: cộng)?|σύνολο|итого|всего|разом|סה"כ|المجموع|الإجمالي|합계|총계|小计|小計|合计|總計|总计|总额|合計)(?:[ :].*)?$|^.{1,30}[ -](?:sub-?)?totals?:?$/iu;
/** The same of averages. */
const AVERAGES =
  /^(?:(?:overall|total|group) )?(?:averages?|avg\.?|mean|promedios?|media|médias?|moyennes?|durchschnitt|mittelwert|gemiddelde|среднее|平均)(?:[ :].*)?$/iu;

/** What a row's label says that its numbers are. */
export const isAverage = (label: string): boolean => AVERAGES.test(label.trim());

/** Whether every cell is empty. */
export function isEmptyRow(cells: readonly string[]): boolean {
  return cells.every((cell) => cell === "" || cell.trim() === "");
}

/** A line that is drawn between header and rows or around a table: -----, +---+---+, |:--|--:|. */
const DRAWN = /^(?=.*[-=_*~+─━═]{3})[^\p{L}\p{N}"'$€£%#()<>]+$/u;
export function isDrawnLine(raw: string): boolean {
  const first = raw.charCodeAt(0);
  // Nearly every row begins with a letter, a digit or a quote.
  if ((first >= 48 && first <= 57) || (first >= 65 && first <= 90) || (first >= 97 && first <= 122))
    return false;
  return first !== 34 && raw.length >= 3 && DRAWN.test(raw);
}

/** What a console of SQL shows of the commands around a table. */
const PROMPT = /^(?:SQL|mysql|sqlite|MariaDB \[[^\]]*\])> ?(?:[a-z].*)?$/i;
export function isPrompt(raw: string): boolean {
  return raw.includes("> ") && PROMPT.test(raw);
}

const LAST_LINE = /^\W*(?:end of (?:report|file|data|list|listing|export|table|document)|eof)\W*$/i;
/** What a program writes below all rows. */
export function isLastLine(raw: string): boolean {
  return raw.length < LABEL_CHARS_MAX && LAST_LINE.test(raw);
}

/** Whether the cells are the header's, unchanged from the file. */
export function isHeaderAgain(cells: readonly string[], header: readonly string[]): boolean {
  return cells[0] === header[0] && cells.every((cell, index) => cell === (header[index] ?? ""));
}

/** Whether a row may be totals or averages: a word that says so first, and then nothing but numbers. */
export function mayBeTotals(cells: readonly string[]): boolean {
  const at = cells.findIndex((cell) => !isNull(cell) && cell.trim() !== "");
  const label = cells[at]?.trim() ?? "";
  if (label.length > LABEL_CHARS_MAX || !(TOTALS.test(label) || AVERAGES.test(label))) return false;
  return areNumbers(cells.slice(at + 1));
}

/** Whether a row may be totals without a word that says so: nothing in its first cell, and numbers in some others. */
export function mayBeBareTotals(cells: readonly string[]): boolean {
  return cells.length > 1 && isBlank(cells[0] ?? "") && areNumbers(cells);
}

const isBlank = (cell: string): boolean => isNull(cell) || cell.trim() === "";

/** Whether some cell is filled, and all that are have numbers. */
function areNumbers(cells: readonly string[]): boolean {
  const filled = cells.filter((cell) => !isBlank(cell));
  return filled.length > 0 && filled.every((cell) => (rememberedLook(cell.trim()).kinds & NUMBERS) !== 0);
}

/** Whether a row may be a note: a text in one cell, which is no value, and nothing in the others. */
export function mayBeNote(cells: readonly string[]): boolean {
  if (cells.length < 2 || (cells[0] !== "" && cells[1] !== "")) return false;
  const filled = cells.filter((cell) => cell.trim() !== "");
  const [only = ""] = filled;
  if (filled.length !== 1 || isNull(only)) return false;
  const { kinds, marks } = rememberedLook(only.trim());
  return kinds === 0 && marks === 0;
}

/** How a line begins with which a report speaks of itself. */
const OF_A_REPORT =
  /^(?:\*|(?:notes?|source|legend|disclaimer)\b ?:|(?:prepared|generated|printed|exported|produced|created|report|run|downloaded) (?:by|on|from|at|date|time|with|generated|printed|created)\b|page \d|confidential\b|copyright\b|©)/i;

/**
 * Whether a row may be a note below the table: a text first, and at least half of its cells empty; where no empty line
 * parts it from the rows above, in words of a report.
 */
export function mayBeBelow(cells: readonly string[], isApart: () => boolean): boolean {
  if (cells.length < 2) return false;
  let filled = 0;
  for (const cell of cells) if (!isBlank(cell) && (filled += 1) * 2 > cells.length) return false;
  const first = cells.find((cell) => !isBlank(cell))?.trim() ?? "";
  return first !== "" && rememberedLook(first).kinds === 0 && (OF_A_REPORT.test(first) || isApart());
}
