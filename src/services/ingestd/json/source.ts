// NDJSON and JSON as a source. Every value is parsed once here, which finds the malformed ones and the type of
// each key over the whole file; DuckDB then reads the good ones with those types, out of a file in which no parser
// can lose a digit.

import { join } from "node:path";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { Fault } from "#rpc/fault";
import type { Decoded } from "../decode/decode.ts";
import { diskFault, newFile, textOf } from "../decode/files.ts";
import { NUL_SIGN } from "../source/reject-log.ts";
import type { RawRow, Source, Wishes, Workplace } from "../source/source.ts";
import { type ArrayRows, arrayRows } from "./array-rows.ts";
import { columnsOf, type Key, keyOf, note } from "./columns.ts";
import { type ExactJson, jsonOf, parseExact } from "./exact.ts";
import { KeyNames } from "./key-names.ts";
import { lineCutter, type Piece, valueCutter } from "./values.ts";

/** DuckDB's reader takes objects up to 16 MiB by default, and holds several for each thread. */
const OBJECT_BYTES_MIN = 16 * 1024 * 1024;

export async function jsonSource(
  file: Decoded,
  format: "json" | "ndjson",
  wishes: Wishes,
  work: Workplace,
): Promise<Source> {
  const inDataset = wishes.known.map(({ name }) => name);
  const cutter = (): ArrayRows => arrayRows(format === "ndjson" ? lineCutter() : valueCutter(), inDataset);
  const path = join(work.folder, "rows.ndjson");
  const sink = await newFile(path);
  const keys = new Map<string, Key>();
  const twice = new Map<string, number>();
  const names = new KeyNames();
  let rows = 0;
  let nulRows = 0;
  let halvedRows = 0;
  let longest = 0;
  const take = async ({ line, raw, reason }: Piece): Promise<void> => {
    rows += 1;
    const found = reason ?? parsed(raw);
    if (typeof found === "string") {
      await work.rejects.add({ line, reason: found, raw });
      return;
    }
    if (found.nul) nulRows += 1;
    if (found.halved) halvedRows += 1;
    for (const name of found.twice) twice.set(name, (twice.get(name) ?? 0) + 1);
    const object = names.named(found.value as Readonly<Record<string, unknown>>);
    for (const [name, member] of Object.entries(object)) note(keyOf(keys, name), member, line);
    const asItStands = found.rewritten ?? (/[\r\n]/.test(raw) ? raw.replace(/[\r\n]+/g, " ") : raw);
    const text = object === found.value ? asItStands : jsonOf(object);
    if (text.length > longest) longest = text.length;
    await sink.write(`{"line":${line},"place":${rows},"row":${text}}\n`);
  };
  let bytes = 0;
  const cut = cutter();
  try {
    for await (const text of textOf(file.path)) {
      bytes = Math.min(bytes + text.length, file.bytes);
      for (const piece of cut.push(text)) await take(piece);
      work.onProgress(rows, bytes, file.bytes);
    }
    for (const piece of cut.finish()) await take(piece);
    await sink.end();
  } catch (error) {
    throw diskFault(error) ?? error;
  }
  if (rows === 0) throw new Fault("invalid", "The file holds no JSON value: there is nothing to load.");
  if (keys.size === 0) {
    const why = work.rejects.examples[0] ?? "its objects are empty";
    throw new Fault(
      "rejected",
      `The file has no row that could be loaded: ${why}. Send objects of JSON, one for each row.`,
    );
  }
  const found = columnsOf(keys, wishes);
  const members = found.map(({ key, read }) => `${quoteIdentifier(key)} ${read}`).join(", ");
  const picks = found.map(({ key }, index) => `"row".${quoteIdentifier(key)} AS c${index}`).join(", ");
  const objectBytes = Math.max(OBJECT_BYTES_MIN, longest * 4 + 1024);
  const read = `read_json(${quoteLiteral(path)}, format = 'newline_delimited', columns = {line: 'BIGINT', place: 'BIGINT', "row": ${quoteLiteral(`STRUCT(${members})`)}}, maximum_object_size = ${objectBytes})`;
  const odd = [...twice].map(
    ([name, times]) =>
      `The key "${name}" comes twice in ${times} ${times === 1 ? "object" : "objects"}: the last value was taken.`,
  );
  odd.push(...names.warnings, ...cut.warnings());
  if (nulRows > 0) odd.push(`${nulRows} rows hold a NUL character, which is shown as ${NUL_SIGN}.`);
  if (halvedRows > 0)
    odd.push(
      `${halvedRows} rows hold half of a surrogate pair, which is no character and is shown as \uFFFD.`,
    );
  return {
    format,
    columns: found.map(({ column }) => column),
    from: `(SELECT line, place, ${picks} FROM ${read})`,
    rowsIn: rows,
    rawText: async function* () {
      const again = cutter();
      let place = 0;
      const placed = ({ raw }: Piece): RawRow => ({ place: (place += 1), raw });
      for await (const text of textOf(file.path)) yield* again.push(text).map(placed);
      yield* again.finish().map(placed);
    },
    recipe: () => ({ format: "ndjson" }),
    warnings: [...file.warnings, ...odd, ...found.flatMap(({ warning }) => warning ?? [])],
  };
}

/** The object, or in words why it is none. Lines of an array that lost its brackets end in a comma. */
function parsed(raw: string): ExactJson | string {
  const inner = /^\{.*\}\s*,$/s.test(raw) ? raw.slice(0, raw.lastIndexOf(",")) : raw;
  if (inner !== raw) {
    const found = parsed(inner);
    return typeof found === "string" ? found : { rewritten: inner.replace(/[\r\n]+/g, " "), ...found };
  }
  try {
    const found = parseExact(raw, NUL_SIGN);
    const { value } = found;
    return typeof value !== "object" || value === null || Array.isArray(value)
      ? "a JSON value that is no object"
      : found;
  } catch (error) {
    return `not valid JSON: ${(error as Error).message}`;
  }
}
