// The loader child's work on rejected rows: reading those of one ingest again, and writing their table without
// those that fit this time. The rows of an ingest have an order that follows from them alone, so that a row's
// number means the same row after a crash, and whatever else was rejected meanwhile.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { deflateSync, inflateSync } from "node:zlib";
import type { Duckdb } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { rejectedCsvSource } from "./csv-source.ts";
import { textOf } from "./decode.ts";
import { jsonSource } from "./json-source.ts";
import type { RemainInput, RereadInput, WrittenFile } from "./loader.ts";
import { sha256Of, writeParquet } from "./parquet-files.ts";
import { readingOfText } from "./reading.ts";
import { newFile } from "./sink.ts";
import type { Source, Workplace } from "./source.ts";

/** Rows of one ingest that are read again at once: which of them fit is kept in a snapshot's summary. */
const ROWS_MAX = 1_000_000;
const COLUMNS = 'line, reason, "column", raw, source, ingest_id';

type Rejected = Pick<RereadInput, "files" | "read_schema" | "ingest_id">;

function tableSql({ files, read_schema: schema }: Rejected): string {
  const paths = files.map(({ path }) => quoteLiteral(path)).join(", ");
  return `SELECT ${COLUMNS} FROM read_parquet([${paths}], schema = ${schema})`;
}

/** The rows of the ingest, numbered from 1. */
function numberedSql(rejected: Rejected): string {
  return `SELECT *, row_number() OVER (ORDER BY line, raw, "column", reason) AS n FROM (${tableSql(rejected)}) WHERE ingest_id = ${quoteLiteral(rejected.ingest_id)}`;
}

/** DuckDB reads a damaged file without a word, and these are about to be replaced. */
async function checkFiles({ files }: Rejected): Promise<void> {
  for (const { path, sha256 } of files) {
    if (sha256 !== undefined && (await sha256Of(path)) !== sha256)
      throw new Fault(
        "rejected",
        "A file of the rejects table is damaged; docs/operating/recover.md says what to do.",
      );
  }
}

interface Reread {
  /** Undefined when there are no rows. */
  readonly source: Source | undefined;
  readonly rows: number;
  readonly bytes: number;
  readonly digest: string;
}

export async function reread(input: RereadInput, work: Workplace): Promise<Reread> {
  await checkFiles(input);
  const reading = readingOfText(input.reading);
  const path = join(work.folder, "raws.ndjson");
  const told = await writeRaws(work.db, input, path, reading.format === "ndjson");
  if (told.rows === 0) return { ...told, source: undefined };
  const wishes = { types: input.types, known: input.known, quarantine: true, careful: true };
  if (reading.format === "ndjson") {
    const file = { path, bytes: told.bytes, encoding: "utf-8", evidence: [], warnings: [], hasNul: false };
    return { ...told, source: await jsonSource(file, "ndjson", wishes, work) };
  }
  const columns = reading.columns.map((column) => ({
    ...column,
    name: input.renamed[column.name] ?? column.name,
  }));
  return {
    ...told,
    source: await rejectedCsvSource(() => rawsOf(path), { ...reading, columns }, wishes, work),
  };
}

/** One row a line, in their order: JSON as it stands, other text as a JSON string. */
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
        `The ingest has more than ${ROWS_MAX} rejected rows: mend the file and send it again.`,
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

/** Which rows fit: all but these, as one bit a row, packed and in base64. */
export function packLoaded(rows: number, rejected: ReadonlySet<number>): string {
  const bits = new Uint8Array(Math.ceil(rows / 8));
  for (let n = 1; n <= rows; n += 1) {
    if (!rejected.has(n)) bits[(n - 1) >> 3] = (bits[(n - 1) >> 3] ?? 0) | (1 << ((n - 1) & 7));
  }
  return deflateSync(bits).toString("base64");
}

function unpackLoaded(packed: string): number[] {
  const bits = inflateSync(Buffer.from(packed, "base64"));
  return [...bits].flatMap((byte, at) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((bit) => ((byte & (1 << bit)) === 0 ? [] : [at * 8 + bit + 1])),
  );
}

export async function remain(db: Duckdb, input: RemainInput): Promise<WrittenFile[]> {
  const { folder, loaded, columns, select, field_ids, iceberg_schema } = input;
  const path = join(folder, "loaded.csv");
  const sink = await newFile(path);
  await sink.write(unpackLoaded(loaded).join("\n"));
  await sink.end();
  const gone = `SELECT n FROM read_csv(${quoteLiteral(path)}, auto_detect = false, header = false, columns = {'n': 'BIGINT'})`;
  const others = `${tableSql(input)} WHERE ingest_id IS DISTINCT FROM ${quoteLiteral(input.ingest_id)}`;
  const query = `${others} UNION ALL SELECT ${COLUMNS} FROM (${numberedSql(input)}) ANTI JOIN (${gone}) USING (n)`;
  return writeParquet(db, query, join(folder, "remaining"), { columns, select, field_ids, iceberg_schema });
}
