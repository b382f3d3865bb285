// What the process does: the file's rows as lines of JSON, as an import by NDJSON has them. A vector is base64 there, a
// quarter of what its numbers take as text; one that is none (NULL, or with a number that is no 32-bit float) becomes null,
// which the import refuses by the number of its row. Rows are read as they are taken: only a chunk of them is held.

import { type Chunk, type Duckdb, DuckdbError, type DuckdbStream } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { base64OfVector } from "#lib/vector-text";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { streamOf } from "#rpc/input/input";
import type { vectorReader } from "./contract.ts";

/** Rows written at a time: of 8,192 numbers they take 6 MB. */
const ROWS_A_PIECE = 128;
/** A list or an array of numbers of any kind, as DuckDB writes its type. */
const NUMBERS = /^(FLOAT|DOUBLE|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\d+\))\[\d*\]$/;

export function readerHandlers(db: Duckdb): Handlers<typeof vectorReader> {
  return {
    items: ({ path, id, vector }) =>
      readable(async () => {
        const from = `read_parquet(${quoteLiteral(path)})`;
        const columns = new Map(
          (await db.rows(`DESCRIBE SELECT * FROM ${from}`)).map((row) => [
            String(row["column_name"]),
            String(row["column_type"]),
          ]),
        );
        for (const [place, name] of [
          ["id", id],
          ["vector", vector],
        ] as const)
          if (!columns.has(name))
            throw wrong(place, `the file has no column ${name}. It has: ${[...columns.keys()].join(", ")}.`);
        const type = columns.get(vector) ?? "";
        if (!NUMBERS.test(type))
          throw wrong("vector", `the column ${vector} is ${type}, and no list of numbers.`);
        const fields = [...columns.keys()].filter((name) => name !== id && name !== vector);
        const stream = await db.stream(
          `SELECT CAST(${quoteIdentifier(id)} AS VARCHAR), TRY_CAST(${quoteIdentifier(vector)} AS FLOAT[]), ${metadataOf(fields)} FROM ${from}`,
        );
        return { status: 200, headers: {}, body: streamOf(linesOf(stream)) };
      }),
  };
}

/** SQL for the JSON of the other columns. */
function metadataOf(fields: readonly string[]): string {
  if (fields.length === 0) return "'{}'";
  const packed = fields.map(quoteIdentifier).map((name) => `${name} := ${name}`);
  return `CAST(to_json(struct_pack(${packed.join(", ")})) AS VARCHAR)`;
}

async function* linesOf(stream: DuckdbStream): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (let chunk = await nextOf(stream); chunk !== null; chunk = await nextOf(stream)) {
    const ids = column(chunk, 0, (value) => value as string | null);
    const vectors = column(chunk, 1, vectorText);
    const metadata = column(chunk, 2, String);
    for (let at = 0; at < chunk.rows; at += ROWS_A_PIECE) {
      let text = "";
      for (let row = at; row < Math.min(at + ROWS_A_PIECE, chunk.rows); row += 1) {
        const vector = vectors[row] ?? null;
        text += `{"id":${JSON.stringify(ids[row] ?? null)},"vector":${vector === null ? "null" : `"${vector}"`},"metadata":${metadata[row] ?? "{}"}}\n`;
      }
      yield encoder.encode(text);
    }
  }
}

async function nextOf(stream: DuckdbStream): Promise<Chunk | null> {
  return readable(() => stream.next());
}

function column<T>(chunk: Chunk, at: number, read: (value: unknown) => T): T[] {
  const values: T[] = [];
  chunk.each(at, (value) => values.push(read(value)));
  return values;
}

function vectorText(value: unknown): string | null {
  if (value === null) return null;
  const { items } = value as { items: readonly (number | null)[] };
  return items.includes(null) ? null : base64OfVector(Float32Array.from(items as readonly number[]));
}

function wrong(path: string, message: string): Fault {
  return new Fault("invalid", `${path}: ${message}`, { details: [{ path, message }] });
}

/** The message of a fault names no path of the server. */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DuckdbError)) throw error;
    throw new Fault("invalid", "This is not a Parquet file that can be read, or it is damaged.", {
      cause: error,
    });
  }
}
