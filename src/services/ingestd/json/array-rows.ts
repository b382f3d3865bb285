// Rows that are arrays, as interfaces and spreadsheets give them: [["id","name"],[1,"Ann"]]. Each becomes an object, member by
// member as it is written, so that all that follows knows of objects alone. The first one names the columns where it is made
// of texts that the rows below it are not; else the columns are those of the dataset, in order, or are numbered.

import { bitOf } from "../inference/kinds.ts";
import { rememberedLook } from "../inference/looks.ts";
import { type Cutter, type Piece, valueCutter } from "./values.ts";

/** Rows that are looked at before the first one is taken for names. */
const ROWS_HELD_MAX = 200;

export interface ArrayRows extends Cutter {
  warnings(): readonly string[];
}

/** `known` are the columns of the dataset that the rows are going to. Values that are no arrays pass as they are. */
export function arrayRows(values: Cutter, known: readonly string[]): ArrayRows {
  let state: "looking" | "naming" | "passing" = "looking";
  let names: readonly string[] = [];
  let held: Piece[] = [];
  const warnings: string[] = [];

  const decide = (): Piece[] => {
    const rows = held;
    held = [];
    state = "passing";
    const naming = namingOf(
      rows.map(({ raw }) => membersOf(raw) ?? []),
      known,
    );
    ({ names } = naming);
    warnings.push(...naming.warnings);
    return rows.slice(naming.header ? 1 : 0).map((piece) => asObject(piece, names));
  };

  const next = (pieces: readonly Piece[]): Piece[] => {
    const found: Piece[] = [];
    for (const piece of pieces) {
      if (state === "looking") state = membersOf(piece.raw) === undefined ? "passing" : "naming";
      if (state === "passing") {
        found.push(asObject(piece, names));
        continue;
      }
      held.push(piece);
      if (held.length >= ROWS_HELD_MAX) found.push(...decide());
    }
    return found;
  };
  return {
    push: (text) => next(values.push(text)),
    finish: () => [...next(values.finish()), ...(state === "naming" ? decide() : [])],
    warnings: () => warnings,
  };
}

/** The members of an array as they are written; undefined for what is none. */
function membersOf(raw: string): string[] | undefined {
  if (!raw.trimStart().startsWith("[")) return undefined;
  try {
    JSON.parse(raw);
  } catch {
    // It is told from rows by whoever reads it.
    return undefined;
  }
  const cutter = valueCutter();
  return [...cutter.push(raw), ...cutter.finish()].map((member) => member.raw);
}

function asObject(piece: Piece, names: readonly string[]): Piece {
  const members = names.length === 0 ? undefined : membersOf(piece.raw);
  if (members === undefined) return piece;
  if (members.length !== names.length)
    return {
      ...piece,
      reason: `an array of ${members.length} where the table has ${names.length} columns`,
    };
  const pairs = members.map((member, index) => `${JSON.stringify(names[index])}:${member}`);
  return { ...piece, raw: `{${pairs.join(",")}}` };
}

interface Naming {
  readonly names: readonly string[];
  readonly header: boolean;
  readonly warnings: readonly string[];
}

function namingOf(rows: readonly (readonly string[])[], known: readonly string[]): Naming {
  const [first = [], ...body] = rows;
  const names = namesIn(first);
  const lower = new Set(known.map((name) => name.toLowerCase()));
  const shared = names?.filter((name) => lower.has(name.toLowerCase())).length ?? 0;
  if (names !== undefined && body.length > 0) {
    if (shared * 2 >= names.length || first.some((_, column) => isOther(body, column)))
      return { names, header: true, warnings: [] };
    if (!first.some((cell, column) => body.some((row) => row[column] === cell)))
      return {
        names,
        header: true,
        warnings: ["The first array was taken for names because it looks like them; nothing else shows it."],
      };
  }
  if (known.length === first.length)
    return {
      names: known,
      header: false,
      warnings: [
        `The rows are arrays without names: their ${known.length} values were taken to be those of the dataset's columns, in order.`,
      ],
    };
  return {
    names: first.map((_, column) => `column_${column + 1}`),
    header: false,
    warnings: ["The rows are arrays without names: the columns were numbered."],
  };
}

/** A lone letter may be a yes or a no, but among names it is one. */
const BOOLEAN = bitOf("boolean");

/** The texts of an array that holds nothing but different ones, none of which is a value. */
function namesIn(members: readonly string[]): string[] | undefined {
  const names = members.flatMap((member) => (member.startsWith('"') ? [textOf(member)] : []));
  const isName = (name: string): boolean => name !== "" && (rememberedLook(name).kinds & ~BOOLEAN) === 0;
  const different = new Set(names.map((name) => name.toLowerCase())).size === members.length;
  return different && names.every(isName) ? names : undefined;
}

const textOf = (member: string): string => String(JSON.parse(member)).trim();

/** Whether a column's values are no texts, or texts that are values, such as days. */
function isOther(body: readonly (readonly string[])[], column: number): boolean {
  const values = body.map((row) => row[column] ?? "null").filter((member) => member !== "null");
  return (
    values.length > 0 &&
    values.every((member) => !member.startsWith('"') || rememberedLook(textOf(member)).kinds !== 0)
  );
}
