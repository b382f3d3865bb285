// Rejected rows once more: reading those of one ingest again, and writing their table without
// those that fit this time. The rows of an ingest have an order that follows from them alone, so that a row's
// number means the same row after a crash, and whatever else was rejected meanwhile.

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Duckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { rejectedCsvSource } from "../csv/careful.ts";
import { newFile, textOf } from "../decode/files.ts";
import { jsonSource } from "../json/source.ts";
import { checkFiles } from "../parquet/files.ts";
import { recipeOfText } from "../source/recipe.ts";
import type { ReadRejectsInput } from "../source/shapes.ts";
import { knownOf, type Source, type Workplace } from "../source/source.ts";

/** Rows of one ingest that are read again at once: which of them fit is kept in a snapshot's summary. */
const ROWS_MAX = 1_000_000;
export const COLUMNS = 'line, reason, "column", raw, source, ingest_id';

type Rejected = Pick<ReadRejectsInput, "files" | "read_schema" | "ingest_id">;

export function tableSql({ files, read_schema: schema }: Rejected): string {
  const paths = files.map(({ path }) => quoteLiteral(path)).join(", ");
  return `SELECT ${COLUMNS} FROM read_parquet([${paths}], schema = ${schema})`;
}

/** The rows of the ingest, numbered from 1. */
export function numberedSql(rejected: Rejected): string {
  return `SELECT *, row_number() OVER (ORDER BY line, raw, "column", reason) AS n FROM (${tableSql(rejected)}) WHERE ingest_id = ${quoteLiteral(rejected.ingest_id)}`;
}

interface RejectsRead {
  /** Undefined when there are no rows. */
  readonly source: Source | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly digest: string;
}

export async function readRejects(input: ReadRejectsInput, work: Workplace): Promise<RejectsRead> {
  await checkFiles(input.files);
  const recipe = recipeOfText(input.recipe);
  const path = join(work.folder, "raws.ndjson");
  const written = await writeRaws(work.db, input, path, recipe.format === "ndjson");
  if (written.rows === 0) return { ...written, source: undefined };
  const wishes = {
    types: input.types,
    known: knownOf(input.known),
    quarantine: true,
    way: "careful" as const,
    today: input.today,
  };
  if (recipe.format === "ndjson") {
    const file = { path, bytes: written.bytes, encoding: "utf-8", evidence: [], warnings: [], hasNul: false };
    return { ...written, source: await jsonSource(file, "ndjson", wishes, work) };
  }
  const columns = recipe.columns.map((column) => ({
    ...column,
    name: (Object.hasOwn(input.renamed, column.name) ? input.renamed[column.name] : undefined) ?? column.name,
  }));
  return {
    ...written,
    source: await rejectedCsvSource(() => rawsOf(path), { ...recipe, columns }, wishes, work),
  };
}

/** One row a line, in their order: JSON unchanged, other text as a JSON string. */
async function writeRaws(
  db: Duckdb,
  rejected: Rejected,
  path: string,
  asJson: boolean,
): Promise<{ rows: number; bytes: number; digest: string }> {
  const sink = await newFile(path);
  const digest = createHash("sha256");
  let rows = 0;
  let bytes = 0;
  const found = await db.stream(`SELECT line, raw FROM (${numberedSql(rejected)}) ORDER BY n`);
  for (let chunk = await found.next(); chunk !== null; chunk = await found.next()) {
    const lines: string[] = [];
    chunk.each(0, (line) => lines.push(String(line)));
    let text = "";
    chunk.each(1, (value, row) => {
      const raw = value === null ? "" : String(value);
      digest.update(`${lines[row]}\n${raw.length}\n${raw}\n`);
      bytes += Buffer.byteLength(raw);
      text += `${asJson ? raw.replace(/[\r\n]+/g, " ") : JSON.stringify(raw)}\n`;
    });
    rows += chunk.rows;
    if (rows > ROWS_MAX)
      throw new Fault(
        "too_large",
        `The ingest has more than ${ROWS_MAX} rejected rows: correct the file and send it again.`,
      );
    await sink.write(text);
  }
  await sink.end();
  return { rows, bytes, digest: digest.digest("hex") };
}

async function* rawsOf(path: string): AsyncGenerator<string> {
  let rest = "";
  for await (const text of textOf(path)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as string;
  }
  assert(rest === "", "every raw text ends its line");
}
