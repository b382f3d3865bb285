// A variant of CSV through the product's reader, without a process or a catalog around it, and what differs from the
// reference.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { csvSource } from "../csv/source.ts";
import { decode } from "../decode/decode.ts";
import { RejectLog } from "../source/reject-log.ts";
import { columnsInGroups, isWide } from "../worker/columns-in-groups.ts";
import { type Variant, variantOf } from "./generate.testing.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { type Reference, referenceOf } from "./reference.testing.ts";
import { TODAY } from "./reference-types.testing.ts";

/** Values that one difference shows. */
const SHOWN_MAX = 3;

export async function judgeCsv(seed: number, place: Place): Promise<Judged> {
  const variant = variantOf(seed, place.rowsMax);
  const difference = await differenceOf(variant, place);
  return {
    rows: variant.rows,
    bytes: variant.bytes.length,
    ...(difference === undefined ? {} : { difference: `(${writtenOf(variant)}) ${difference}` }),
  };
}

/** How a file is written, but for what most of them are. */
function writtenOf({ rows, written }: Variant): string {
  const { header, spaced, above, drawn, delimiterAtEnd, joined, end } = written;
  const said = [
    JSON.stringify(written.delimiter),
    written.quoting,
    JSON.stringify(written.newline),
    written.encoding,
    ...(spaced ? ["spaced"] : []),
    ...(header === "whole" ? [] : [`header ${header}`]),
    ...(above.length > 0 ? ["lines above"] : []),
    ...(drawn === "" ? [] : ["a drawn line"]),
    ...(delimiterAtEnd ? ["delimiters at the end"] : []),
    ...(joined ? ["joined"] : []),
    ...(end === "" ? [] : ["an end"]),
  ];
  return `${said.join(" ")}, ${rows} rows`;
}

const shown = (names: readonly string[]): string => names.slice(0, 20).join();

async function differenceOf(variant: Variant, { folder, db }: Place): Promise<string | undefined> {
  const reference = referenceOf(variant);
  const path = join(folder, "file");
  writeFileSync(path, variant.bytes);
  const rejects = new RejectLog(join(folder, "rejects.csv"));
  try {
    const file = await decode(path, join(folder, "decoded"));
    const wishes = { types: {}, known: [], quarantine: false, way: "careful" as const, today: TODAY };
    const read = await csvSource(file, wishes, { db, folder, rejects, onProgress: () => undefined });
    // As they are written: some columns at a time.
    const inGroups = isWide(read) ? await columnsInGroups(db, read) : undefined;
    const source = inGroups?.source ?? read;
    const names = source.columns.map(({ name }) => name);
    if (names.join() !== reference.names.join()) return `names ${shown(names)} for ${shown(reference.names)}`;
    const misfits = source.columns.map(({ misfit }) => misfit).filter((misfit) => misfit !== "false");
    const where = misfits.length === 0 ? "" : ` WHERE NOT coalesce(${misfits.join(" OR ")}, false)`;
    const values = source.columns.map(({ value }, at) => `CAST(${value} AS VARCHAR) AS v${at}`).join(", ");
    const found = await db.rows(`SELECT ${values} FROM ${source.from}${where} ORDER BY place`);
    await inGroups?.drop();
    const rejected = rejects.rows + (source.rowsIn ?? 0) - rejects.rows - found.length;
    return compare(reference, source.columns, found, rejected, variant);
  } finally {
    await rejects.close();
  }
}

function compare(
  { columns, loaded, rejected }: Reference,
  found: readonly { readonly name: string; readonly type: string }[],
  rows: readonly Readonly<Record<string, unknown>>[],
  rejectedFound: number,
  { kinds }: Variant,
): string | undefined {
  for (const [at, { type }] of columns.entries()) {
    const theirs = found[at]?.type.replace(/\(.*/, "") ?? "";
    if (theirs !== type) return `column ${found[at]?.name} (${kinds[at]}) is ${theirs} for ${type}`;
  }
  if (rows.length !== loaded.length || rejectedFound !== rejected)
    return `${rows.length} rows and ${rejectedFound} rejected for ${loaded.length} and ${rejected}`;
  const wrong: string[] = [];
  for (const [row, expected] of loaded.entries()) {
    for (const [at, value] of expected.entries()) {
      const text = spelled(rows[row]?.[`v${at}`], columns[at]?.type ?? "");
      if (text !== value)
        wrong.push(
          `row ${row + 1} ${found[at]?.name} (${kinds[at]}) ${JSON.stringify(text)} for ${JSON.stringify(value)}`,
        );
    }
    if (wrong.length >= SHOWN_MAX) break;
  }
  return wrong.length === 0 ? undefined : wrong.slice(0, SHOWN_MAX).join("; ");
}

/** DuckDB's text of a value in the one spelling of the reference. */
function spelled(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null;
  const text = String(value);
  if (type === "DOUBLE") return String(Number(text));
  if (type === "DECIMAL")
    return text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "").replace(/^-0$/, "0") : text;
  return text;
}
