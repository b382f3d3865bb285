// Variants of Parquet files: tables of every type, written by DuckDB in every codec and in row groups of several sizes. The
// reference is the table that was written; of a column that is asked for in a narrower type, a comparison of numbers.

import { join } from "node:path";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { type Random, seeded } from "#lib/random";
import { parquetSource } from "../parquet/source.ts";
import { RejectLog } from "../source/reject-log.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { differenceOf, type Loaded, loadedFrom } from "./loaded.testing.ts";
import { TODAY } from "./reference-types.testing.ts";

/** Types, and a value of each that follows from `n`, a whole number. */
const TYPES: readonly (readonly [type: string, value: string])[] = [
  ["TINYINT", "(n % 120)::TINYINT"],
  ["SMALLINT", "(n % 30000)::SMALLINT"],
  ["INTEGER", "(n * 7 % 2000000000)::INTEGER"],
  ["BIGINT", "n % 1000 * 9007199254740993"],
  ["UINTEGER", "(n % 4000000000)::UINTEGER"],
  ["FLOAT", "(n / 8.0)::FLOAT"],
  ["DOUBLE", "n / 3.0::DOUBLE"],
  ["DECIMAL(9,2)", "(n % 900000 / 100.0)::DECIMAL(9,2)"],
  ["DECIMAL(38,10)", "(n / 1000.0)::DECIMAL(38,10)"],
  ["BOOLEAN", "n % 3 = 0"],
  ["VARCHAR", "'row ' || n || ', \"ü\"'"],
  ["DATE", "DATE '1990-01-01' + (n % 20000)::INTEGER"],
  ["TIME", "TIME '00:00:00' + INTERVAL (n % 86400) SECOND"],
  ["TIMESTAMP", "TIMESTAMP '2001-02-03 04:05:06.789' + INTERVAL (n) MINUTE"],
  ["TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ '2001-02-03 04:05:06+00' + INTERVAL (n) MINUTE"],
  ["UUID", "md5(n::VARCHAR)::UUID"],
  ["BLOB", "('b' || n)::BLOB"],
  ["INTEGER[]", "[n::INTEGER % 9, NULL]"],
  ["VARCHAR[]", "['a, b', n::VARCHAR]"],
  ["STRUCT(a BIGINT, b VARCHAR)", "{a: n, b: 'x ' || n}"],
  ["MAP(VARCHAR, INTEGER)", "MAP {'k ' || n: (n % 100)::INTEGER}"],
];
const CODECS = ["snappy", "zstd", "gzip", "lz4_raw", "uncompressed"];
const NAMES = ["id", "Name", "a b", 'say "x"', "größe", "select", "n.a.", "1st"];
const INTEGER_MAX = 2_147_483_647n;

export async function judgeParquet(seed: number, { db, folder, rowsMax }: Place): Promise<Judged> {
  const random = seeded(seed);
  const path = join(folder, "file.parquet");
  const count = random.pick([0, 1, 2, 100, 2048, 2049, random.below(rowsMax)]);
  const width = 1 + random.below(NAMES.length);
  const columns = Array.from({ length: width }, (_, at) => ({
    name: NAMES[at] ?? "",
    made: random.pick(TYPES),
    gaps: random.pick([0, 0, 2, 7, 1]),
  }));
  const values = columns.map(({ name, made: [type, value], gaps }) => {
    const filled = gaps === 0 ? value : `CASE WHEN n % ${gaps} <> 0 THEN ${value} END`;
    return `CAST(${filled} AS ${type}) AS ${quoteIdentifier(name)}`;
  });
  await db.run(
    `CREATE OR REPLACE TEMP TABLE variant AS SELECT ${values.join(", ")} FROM (SELECT range + ${random.below(1000)} AS n FROM range(${count}))`,
  );
  await db.run(
    `COPY variant TO ${quoteLiteral(path)} (FORMAT parquet, CODEC ${quoteLiteral(random.pick(CODECS))}, ROW_GROUP_SIZE ${random.pick([2048, 4096, 100_000])})`,
  );
  const asked = askedOf(random, columns);
  const rejects = new RejectLog(join(folder, "rejects.csv"));
  try {
    const wishes = {
      types: asked === undefined ? {} : { [asked]: "int" },
      known: [],
      quarantine: false,
      way: "careful" as const,
      today: TODAY,
    };
    const work = { db, folder, rejects, onProgress: () => undefined };
    const source = await parquetSource(path, wishes, work);
    const found = await loadedFrom(db, source, rejects);
    const texts = columns.map(({ name }) => `CAST(${quoteIdentifier(name)} AS VARCHAR)`);
    const written = (await db.rows(`SELECT ${texts.join(", ")} FROM variant`)).map((row) =>
      Object.values(row).map((value) => (value === null ? null : String(value))),
    );
    const at = columns.findIndex(({ name }) => name === asked);
    const fits = (row: readonly (string | null)[]): boolean => {
      const text = at < 0 ? null : (row[at] ?? null);
      return text === null || (BigInt(text) <= INTEGER_MAX && BigInt(text) >= -INTEGER_MAX - 1n);
    };
    const rows = written.filter(fits);
    const expected: Loaded = {
      columns: columns.map(({ name, made: [type] }) => `${name} ${name === asked ? "INTEGER" : type}`),
      rows,
      rejected: written.length - rows.length,
    };
    const difference = differenceOf(found, expected);
    return {
      rows: count,
      bytes: (await Bun.file(path).stat()).size,
      ...(difference === undefined ? {} : { difference }),
    };
  } finally {
    await rejects.close();
  }
}

/** A column of long integers that is asked for as short ones, now and then. */
function askedOf(
  random: Random,
  columns: readonly { readonly name: string; readonly made: readonly [string, string] }[],
): string | undefined {
  if (random.below(3) > 0) return undefined;
  return columns.find(({ made: [type] }) => type === "BIGINT" || type === "UINTEGER")?.name;
}
