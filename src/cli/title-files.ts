// Files of titles as they are published, known by the names of their columns: O*NET's occupations, alternate and reported
// titles (onetcenter.org/database.html), ESCO's occupations with the crosswalk that says which O*NET occupation each is
// (esco.ec.europa.eu), and lists of titles with codes of anybody's own. Pure.

import { UsageProblem } from "./failure.ts";
import type { TextTable } from "./separated-values.ts";

export interface TitleLists {
  readonly titles: { title: string; soc: string; count: number }[];
  readonly occupations: { soc: string; title: string }[];
  /** Rows without a title or a code that is known. */
  leftOut: number;
}

export interface NamedTable extends TextTable {
  readonly name: string;
}

/** Columns of a list of one's own, instead of those that are found by their usual names. */
export interface OwnColumns {
  readonly title?: string | undefined;
  readonly soc?: string | undefined;
  readonly count?: string | undefined;
}

const CODE = [
  "O*NET-SOC Code",
  "code",
  "soc",
  "soc_code",
  "soc2019_code",
  "soc2018_code",
  "onet_code",
  "O*NET Id",
];
const OCCUPATION = ["Title", "title"];
const ALTERNATE = ["Alternate Title", "Reported Job Title", "alternate_title", "reported_title"];
const SHORT = ["Short Title", "short_title"];
const OWN_TITLE = ["title", "job_title", "role", "Title"];
const COUNT = ["count", "orders", "uses", "n"];
const ESCO_URI = ["conceptUri", "ESCO or ISCO URI"];
const SOC_CODE = /^\d\d-\d{4}(?:\.\d\d)?$/;
/** The house takes no longer ones. */
const TITLE_CHARS_MAX = 200;
/** An occupation's own name is used more than one of its other titles. */
const NAME_USES = 3;

/** The titles of O*NET's or ESCO's files, whichever are there. */
export function publishedTitles(tables: readonly NamedTable[]): TitleLists {
  const lists: TitleLists = { titles: [], occupations: [], leftOut: 0 };
  const crosswalk = new Map<string, string>();
  for (const { columns, rows } of tables) {
    const uri = columnOf(columns, ["ESCO or ISCO URI"]);
    const code = columnOf(columns, CODE);
    if (uri !== undefined && code !== undefined)
      for (const row of rows) crosswalk.set(row[uri] ?? "", row[code] ?? "");
  }
  for (const table of tables) {
    const { columns } = table;
    if (columns.includes("ESCO or ISCO URI")) continue;
    if (columns.includes("preferredLabel")) addEsco(table, crosswalk, lists);
    else if (columnOf(columns, CODE) !== undefined) addOnet(table, lists);
    else {
      throw new UsageProblem(
        `${table.name} is none of the files that are known: it has the columns ${columns.join(", ")}. A list of titles with codes of your own: lakehouse taxonomy learn ${table.name}`,
      );
    }
  }
  return lists;
}

function addOnet({ name, columns, rows }: NamedTable, lists: TitleLists): void {
  const code = columnOf(columns, CODE) ?? "";
  const alternate = columnOf(columns, ALTERNATE);
  const short = columnOf(columns, SHORT);
  const occupation = columnOf(columns, OCCUPATION);
  if (alternate === undefined && occupation === undefined)
    throw new UsageProblem(`${name} has no column of titles: it has ${columns.join(", ")}.`);
  for (const row of rows) {
    const soc = codeOf(row[code]);
    if (alternate !== undefined) {
      add(lists, row[alternate], soc, 1);
      if (soc !== undefined && short !== undefined && row[short] !== "" && row[short] !== "n/a")
        add(lists, row[short], soc, 1);
      continue;
    }
    const title = row[occupation ?? ""];
    add(lists, title, soc, NAME_USES);
    // Of the detailed occupations of a code, the first is the code's own.
    if (
      soc !== undefined &&
      title !== undefined &&
      title !== "" &&
      !lists.occupations.some((one) => isSameOccupation(one.soc, soc))
    )
      lists.occupations.push({ soc, title: title.slice(0, TITLE_CHARS_MAX) });
  }
}

function addEsco(
  { name, columns, rows }: NamedTable,
  crosswalk: ReadonlyMap<string, string>,
  lists: TitleLists,
): void {
  const uri = columnOf(columns, ESCO_URI);
  if (crosswalk.size === 0 || uri === undefined) {
    throw new UsageProblem(
      `${name} has ESCO's occupations, whose codes are not those of this house. Name the crosswalk from O*NET to ESCO as well.`,
    );
  }
  for (const row of rows) {
    const soc = codeOf(crosswalk.get(row[uri] ?? ""));
    add(lists, row["preferredLabel"], soc, NAME_USES);
    for (const title of (row["altLabels"] ?? "").split(/[\n|]/))
      if (title.trim() !== "") add(lists, title, soc, 1);
  }
}

/** A list of one's own: titles, codes, and how often each was used where a column says it. */
export function ownTitles({ name, columns, rows }: NamedTable, own: OwnColumns): TitleLists {
  const named = (flag: string, given: string | undefined, usual: readonly string[]): string | undefined => {
    const found = given === undefined ? columnOf(columns, usual) : columns.find((column) => column === given);
    if (found === undefined && given !== undefined)
      throw new UsageProblem(`${flag}: ${name} has no column ${given}. It has ${columns.join(", ")}.`);
    return found;
  };
  const title = named("--title", own.title, OWN_TITLE);
  const soc = named("--soc", own.soc, CODE);
  const count = named("--count", own.count, COUNT);
  if (title === undefined || soc === undefined) {
    const what = title === undefined ? "titles (--title COLUMN)" : "occupation codes (--soc COLUMN)";
    throw new UsageProblem(
      `${name} has no column that is known to hold ${what}. It has ${columns.join(", ")}.`,
    );
  }
  const lists: TitleLists = { titles: [], occupations: [], leftOut: 0 };
  for (const row of rows) {
    const uses = count === undefined ? 1 : Number(row[count]);
    add(lists, row[title], codeOf(row[soc]), uses > 0 ? uses : 1);
  }
  return lists;
}

function add(lists: TitleLists, written: string | undefined, soc: string | undefined, count: number): void {
  const title = (written ?? "").trim().slice(0, TITLE_CHARS_MAX);
  if (title === "" || soc === undefined) lists.leftOut += 1;
  else lists.titles.push({ title, soc, count });
}

/** O*NET tells occupations of one code apart by two digits behind a point, which a house leaves out. */
function isSameOccupation(left: string, right: string): boolean {
  return left.split(".")[0] === right.split(".")[0];
}

function codeOf(text: string | undefined): string | undefined {
  return text !== undefined && SOC_CODE.test(text) ? text : undefined;
}

function columnOf(columns: readonly string[], names: readonly string[]): string | undefined {
  return names.find((name) => columns.includes(name));
}
