// One file at a time, from bytes to Parquet: the worker's side of the loader contract. What was read
// stays until the next file, so that writing can start as soon as the catalog has given its field ids.

import { join } from "node:path";
import { type Duckdb, DuckdbError } from "#adapters/duckdb";
import { quoteLiteral } from "#lib/sql-text";
import { assert, present } from "#lib/assert";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { csvSource } from "../csv/source.ts";
import { decode } from "../decode/decode.ts";
import { diskFault, readHead } from "../decode/files.ts";
import { binaryFormat, textFormat } from "../decode/format.ts";
import { unpack } from "../decode/unpack.ts";
import { likelyRenames } from "../drift/likely-renames.ts";
import { jsonSource } from "../json/source.ts";
import { writeParquet } from "../parquet/files.ts";
import { personalIn } from "../parquet/personal-columns.ts";
import { parquetSource } from "../parquet/source.ts";
import { readRejects } from "../rejects/read.ts";
import { packLoaded, writeRemaining } from "../rejects/remaining.ts";
import { recipeText } from "../source/recipe.ts";
import { RejectLog } from "../source/reject-log.ts";
import { type ReadInput, type Table } from "../source/shapes.ts";
import { knownOf, type Source } from "../source/source.ts";
import { keepKeys, mergeFiles } from "../upsert/merge.ts";
import { compoundFileFault } from "../xlsx/office-files.ts";
import { xlsxSource } from "../xlsx/source.ts";
import type { loader } from "./contract.ts";
import { Progress } from "./progress.ts";
import { write } from "./write.ts";

interface Job {
  readonly folder: string;
  readonly source: Source;
  readonly rejects: RejectLog;
}

/** The handlers of a loader over one DuckDB instance. */
export function loaderHandlers(db: Duckdb): Handlers<typeof loader> {
  let job: Job | undefined;
  return {
    read: (input) => {
      const progress = new Progress<{ rows: number; bytes: number; bytes_total: number }>();
      const work = async (): Promise<Table> => {
        await job?.rejects.close();
        job = undefined;
        const rejects = new RejectLog(join(input.folder, "rejects.csv"));
        const source = await open(db, input, rejects, (rows, bytes, bytesTotal) =>
          progress.note({ rows, bytes, bytes_total: bytesTotal }),
        );
        job = { folder: input.folder, source, rejects };
        return tableOf(source);
      };
      return (async function* () {
        for await (const step of progress.during(work().catch(explain))) {
          yield "note" in step ? { event: "progress" as const, ...step.note } : step.result;
        }
      })();
    },
    write: async ({ key_columns: keyColumns, ...input }) => {
      const { source, rejects, folder } = present(job, "a file that was read");
      const before = rejects.rows;
      const written = await write(db, source, rejects, join(folder, "data"), input, keyColumns).catch(
        explain,
      );
      if (written === undefined)
        return {
          written: false,
          rows_in: 0,
          rows_rejected: 0,
          rows_deduped: 0,
          examples: [],
          decimals: [],
          files: [],
          personal: {},
        };
      const { files, deduped, decimals } = written;
      const loaded = files.reduce((total, { rows }) => total + rows, 0);
      const rowsIn = source.rowsIn ?? loaded;
      assert(rejects.rows >= before, "rejects are only added to");
      assert(
        rowsIn === loaded + rejects.rows + deduped,
        `${rowsIn} rows came in, ${loaded} are loaded, ${rejects.rows} rejected and ${deduped} deduplicated`,
      );
      if (keyColumns.length > 0) await keepKeys(db, files, input, keyColumns).catch(explain);
      return {
        written: true,
        rows_in: rowsIn,
        rows_rejected: rejects.rows,
        rows_deduped: deduped,
        examples: [...rejects.examples],
        decimals: [...decimals],
        files,
        personal: await personalIn(db, files, input.columns).catch(explain),
        ...(rejects.lines === undefined ? {} : { loaded: packLoaded(rowsIn, rejects.lines) }),
      };
    },
    likelyRenames: async (input) => {
      const { source } = present(job, "a file that was read");
      return { renames: await likelyRenames(db, source, input).catch(explain) };
    },
    merge: (input) => mergeFiles(db, input).catch(explain),
    readRejects: async (input) => {
      await job?.rejects.close();
      job = undefined;
      const rejects = new RejectLog(join(input.folder, "rejects.csv"), true);
      const work = { db, folder: input.folder, rejects, onProgress: () => undefined };
      const { source, rows, bytes, digest } = await readRejects(input, work).catch(explain);
      if (source === undefined) return { table: null, rows, bytes, digest };
      assert(source.rowsIn === rows, "every rejected row is read again");
      job = { folder: input.folder, source, rejects };
      return { table: tableOf(source), rows, bytes, digest };
    },
    writeRemaining: async (input) => ({ files: await writeRemaining(db, input).catch(explain) }),
    reject: async ({ source, ingest_id, ...prepared }) => {
      const { rejects, folder } = present(job, "a file that was read");
      const select = `SELECT line, reason, "column", raw, ${quoteLiteral(source)} AS source, ${quoteLiteral(ingest_id)} AS ingest_id FROM ${await rejects.table()}`;
      const files = await writeParquet(db, select, join(folder, "rejects"), prepared).catch(explain);
      assert(
        files.reduce((total, { rows }) => total + rows, 0) === rejects.rows,
        "every rejected row is in its table",
      );
      return { files };
    },
  };
}

async function open(
  db: Duckdb,
  input: ReadInput,
  rejects: RejectLog,
  onProgress: (rows: number, bytes: number, bytesTotal: number) => void,
): Promise<Source> {
  const { folder, types, said, quarantine, way, today } = input;
  const wishes = { types, known: knownOf(input.known), said, quarantine, way, today };
  const work = { db, folder, rejects, onProgress };
  const { path, name } = await unpack(input.path, join(folder, "unpacked"));
  const packedHead = await readHead(path);
  const binary = binaryFormat(packedHead);
  if (binary === "compound") throw await compoundFileFault(path, packedHead);
  const found = binary === "zip" ? "xlsx" : binary;
  if (found !== undefined && input.format !== "auto" && input.format !== found)
    throw new Fault("invalid", `format=${input.format}, but the file is ${FORMAT_NAMES[found]}.`);
  if (input.sheet !== undefined && found !== "xlsx")
    throw new Fault("invalid", "sheet=NAME is for Excel workbooks (.xlsx), and the file is none.");
  const [overruled] = Object.keys(said);
  if (found !== undefined && overruled !== undefined)
    throw new Fault("invalid", `${overruled} is for files of text, and the file is ${FORMAT_NAMES[found]}.`);
  if (found === "parquet") return parquetSource(path, wishes, work);
  if (found === "xlsx") return xlsxSource(path, input.sheet, wishes, work);
  if (input.format === "parquet" || input.format === "xlsx")
    throw new Fault("invalid", `format=${input.format}, but the file does not start like one.`);
  const decoded = await decode(path, join(folder, "decoded"), {
    plain: input.plain && name === null,
    encoding: said.encoding,
  });
  if (decoded.bytes === 0) throw new Fault("invalid", "The file is empty: there is nothing to load.");
  const packed =
    name === null ? decoded : { ...decoded, evidence: [`unpacked with ${name}`, ...decoded.evidence] };
  const head = (await readHead(decoded.path)).toString();
  const layout = Object.keys(said).find((key) => key !== "encoding");
  const looks = layout === undefined ? textFormat(head) : "csv";
  const format = input.format === "auto" ? looks : input.format;
  if (format !== "csv" && layout !== undefined)
    throw new Fault("invalid", `${layout} is for delimited text, and format=${format} is none.`);
  return format === "csv" ? csvSource(packed, wishes, work) : jsonSource(packed, format, wishes, work);
}

const FORMAT_NAMES = { parquet: "Parquet", xlsx: "an Excel workbook or another ZIP archive" } as const;

function tableOf({ format, columns, dialect, sheet, warnings, rowsIn, ...source }: Source): Table {
  const kept = source.recipe?.();
  const recipe = kept === undefined ? undefined : recipeText(kept);
  const wanted = columns.filter(({ unwanted }) => unwanted !== true);
  if (wanted.length === 0)
    throw new Fault("rejected", "The file shares no column with the dataset: nothing of it could be loaded.");
  return {
    event: "table",
    format,
    way: source.countRows !== undefined ? "quick" : source.sifted !== undefined ? "sifted" : "careful",
    rows: rowsIn ?? null,
    columns: wanted.map(({ name, type, confidence, samples, dayFirst }) => ({
      name,
      type,
      confidence,
      samples: [...samples],
      ...(dayFirst === undefined ? {} : { day_first: dayFirst }),
    })),
    ...(dialect === undefined ? {} : { dialect }),
    ...(sheet === undefined ? {} : { sheet }),
    warnings: [...warnings],
    ...(recipe === undefined ? {} : { recipe }),
  };
}

/** DuckDB's limits in words of ours; everything else as it was. */
function explain(error: unknown): never {
  if (error instanceof DuckdbError) {
    if (error.kind === "Out of Memory") {
      throw new Fault(
        "too_large",
        "The file needs more memory than an ingest may have: send it in smaller parts.",
        { cause: error },
      );
    }
    if (error.kind === "IO" && /no space|disk/i.test(error.message)) {
      throw new Fault("unavailable", "The disk is full: free some space and send the file again.", {
        cause: error,
      });
    }
  }
  throw diskFault(error) ?? error;
}
