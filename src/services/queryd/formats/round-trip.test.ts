// Whatever a value's type, what is written of it gives the same value again: values of random types are made by DuckDB,
// written in each format, read from that text by the plain rules below, and made again. Both are compared as DuckDB
// itself writes them.

import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { type Duckdb, type DuckdbError, type DuckdbStream, openDuckdb } from "#adapters/duckdb";
import { quoteIdentifier, quoteLiteral } from "#lib/sql-text";
import { arrow } from "./arrow.ts";
import { copyStatement } from "./parquet.ts";
import { csv, jsonResult, ndjson } from "./text.ts";

const folder = mkdtempSync(join(tmpdir(), "queryd-round-trip-"));
let db: Duckdb;
beforeAll(async () => {
  db = await openDuckdb({ memoryBytesMax: 512e6, threads: 1, tempDir: folder, tempBytesMax: 1e9 });
});
afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

/** A type, values of it as SQL, and the SQL of a value from what JSON holds of it. */
interface Kind {
  readonly sql: string;
  readonly literal: fc.Arbitrary<string>;
  back(json: unknown): string;
}

const text = (json: unknown): string => quoteLiteral(String(json));
/** Types whose text DuckDB reads as it is written here. */
const plain = (sql: string, literal: fc.Arbitrary<string>): Kind => ({
  sql,
  literal: literal.map((value) => `${value}::${sql}`),
  back: (json) => `${text(json)}::${sql}`,
});

const integers = (sql: string, bits: bigint, signed: boolean): Kind =>
  plain(
    sql,
    fc
      .bigInt(
        signed
          ? { min: -(2n ** (bits - 1n)), max: 2n ** (bits - 1n) - 1n }
          : { min: 0n, max: 2n ** bits - 1n },
      )
      .map((value) => `'${value}'`),
  );

const decimal = (precision: number, scale: number): Kind =>
  plain(
    `DECIMAL(${precision}, ${scale})`,
    fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }).map((value) => {
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
      const point = digits.length - scale;
      return `'${value < 0n ? "-" : ""}${digits.slice(0, point)}.${digits.slice(point)}'`;
    }),
  );

const double = fc.double({ noNaN: false, noDefaultInfinity: false });
const floating = (sql: string): Kind =>
  plain(
    sql,
    double.map((value) => `'${String(sql === "FLOAT" ? Math.fround(value) : value)}'`),
  );

/** Years that all formats of a date have in four digits. */
const moment = fc.integer({ min: -60_000_000_000, max: 250_000_000_000 });
const instant = (sql: string, perSecond: number): Kind => ({
  sql,
  literal: fc.tuple(moment, fc.integer({ min: 0, max: perSecond - 1 })).map(([seconds, fraction]) => {
    const nanos = sql === "TIMESTAMP_NS";
    // Nanoseconds reach from 1677 to 2262.
    const second = nanos ? seconds % 8_000_000_000 : seconds;
    const digits = perSecond === 1 ? "" : `.${String(fraction).padStart(String(perSecond).length - 1, "0")}`;
    const iso = new Date(second * 1000).toISOString().slice(0, 19).replace("T", " ");
    return `'${iso}${digits}${sql === "TIMESTAMPTZ" ? "+00" : ""}'::${sql}`;
  }),
  back: (json) => `${text(json)}::${sql}`,
});

/** ISO 8601, which DuckDB reads in part only. */
const interval: Kind = {
  sql: "INTERVAL",
  literal: fc
    .tuple(
      fc.integer({ min: -5000, max: 5000 }),
      fc.integer({ min: -5000, max: 5000 }),
      fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n }),
    )
    .map(
      ([months, days, micros]) => `(to_months(${months}) + to_days(${days}) + to_microseconds(${micros}))`,
    ),
  back: (json) => {
    const [date = "", time = ""] = String(json).slice(1).split("T");
    const units = { Y: "years", M: "months", D: "days", H: "hours", m: "minutes", S: "seconds" } as const;
    const parts = [
      ...date.matchAll(/(-?\d+)([YMD])/g),
      ...time.replace("M", "m").matchAll(/(-?[\d.]+)([HmS])/g),
    ];
    const sums = parts.map(([, count = "", unit = ""]) =>
      unit === "S"
        ? `to_microseconds((${count}::DECIMAL(30, 6) * 1000000)::BIGINT)`
        : `to_${units[unit as keyof typeof units]}(${count})`,
    );
    return sums.length === 0 ? "INTERVAL 0 DAY" : `(${sums.join(" + ")})`;
  },
};

const characters = fc.string({ unit: "grapheme", maxLength: 12 }).map((value) => value.replaceAll("\0", ""));

const SCALARS: readonly Kind[] = [
  plain("BOOLEAN", fc.boolean().map(String)),
  integers("TINYINT", 8n, true),
  integers("SMALLINT", 16n, true),
  integers("INTEGER", 32n, true),
  integers("BIGINT", 64n, true),
  integers("HUGEINT", 128n, true),
  integers("UTINYINT", 8n, false),
  integers("USMALLINT", 16n, false),
  integers("UINTEGER", 32n, false),
  integers("UBIGINT", 64n, false),
  integers("UHUGEINT", 128n, false),
  integers("BIGNUM", 200n, true),
  decimal(4, 1),
  decimal(9, 3),
  decimal(18, 0),
  decimal(38, 20),
  floating("DOUBLE"),
  floating("FLOAT"),
  plain("VARCHAR", characters.map(quoteLiteral)),
  plain("ENUM('a', 'b ''c', 'ä\"')", fc.constantFrom("'a'", "'b ''c'", "'ä\"'")),
  plain(
    "UUID",
    fc.uuid().map((id) => `'${id}'`),
  ),
  plain(
    "BIT",
    fc.stringMatching(/^[01]{1,20}$/).map((bits) => `'${bits}'`),
  ),
  plain(
    "DATE",
    moment.map((second) => `'${new Date(second * 1000).toISOString().slice(0, 10)}'`),
  ),
  plain(
    "TIME",
    fc.integer({ min: 0, max: 86_399_999_999 }).map((micros) => {
      const clock = new Date(Math.floor(micros / 1000)).toISOString().slice(11, 23);
      return `'${clock}${String(micros % 1000).padStart(3, "0")}'`;
    }),
  ),
  plain(
    "TIMETZ",
    fc
      .integer({ min: -12, max: 12 })
      .map((hours) => `'10:11:12.5${hours < 0 ? "-" : "+"}${String(Math.abs(hours)).padStart(2, "0")}'`),
  ),
  instant("TIMESTAMP", 1_000_000),
  instant("TIMESTAMPTZ", 1_000_000),
  instant("TIMESTAMP_S", 1),
  instant("TIMESTAMP_MS", 1000),
  instant("TIMESTAMP_NS", 1_000_000_000),
  interval,
  {
    sql: "BLOB",
    literal: fc
      .uint8Array({ maxLength: 20 })
      .map((bytes) => `from_hex('${Buffer.from(bytes).toString("hex")}')`),
    back: (json) => `from_base64(${text(json)})`,
  },
];

/** Stands for a type that SQL cannot write. */
const UNNAMED = "unnamed";

/** NULL stands for a value of any type that has a name. */
const orNull = ({ sql, literal }: Kind): fc.Arbitrary<string> =>
  sql === UNNAMED
    ? literal
    : fc.oneof({ weight: 6, arbitrary: literal }, { weight: 1, arbitrary: fc.constant(`NULL::${sql}`) });
const backOf = (kind: Kind, json: unknown): string => (json === null ? `NULL::${kind.sql}` : kind.back(json));

const list = (item: Kind): Kind => ({
  sql: `${item.sql}[]`,
  literal: fc.array(orNull(item), { maxLength: 4 }).map((items) => `[${items.join(", ")}]::${item.sql}[]`),
  back: (json) => `[${(json as unknown[]).map((each) => backOf(item, each)).join(", ")}]::${item.sql}[]`,
});

const array = (item: Kind): Kind => ({
  sql: `${item.sql}[2]`,
  literal: fc.tuple(orNull(item), orNull(item)).map((items) => `[${items.join(", ")}]::${item.sql}[2]`),
  back: (json) => `[${(json as unknown[]).map((each) => backOf(item, each)).join(", ")}]::${item.sql}[2]`,
});

const MEMBERS = ["a", 'b "c', "__proto__", "0", "ä", "constructor"];

const struct = (members: readonly Kind[]): Kind => ({
  sql: `STRUCT(${members.map(({ sql }, index) => `${quoteIdentifier(MEMBERS[index] ?? "")} ${sql}`).join(", ")})`,
  literal: fc
    .tuple(...members.map(orNull))
    .map(
      (values) =>
        `struct_pack(${values.map((value, index) => `${quoteIdentifier(MEMBERS[index] ?? "")} := ${value}`).join(", ")})`,
    ),
  back: (json) => {
    const entries = new Map(Object.entries(json as object));
    return `struct_pack(${members
      .map((member, index) => {
        const name = MEMBERS[index] ?? "";
        return `${quoteIdentifier(name)} := ${backOf(member, entries.get(name))}`;
      })
      .join(", ")})`;
  },
});

/** The binding gives such a struct's members no names, and SQL has no type for one that holds lists. */
const row = (members: readonly Kind[]): Kind => ({
  sql: UNNAMED,
  literal: fc.tuple(...members.map(orNull)).map((values) => `row(${values.join(", ")})`),
  back: (json) =>
    `row(${members.map((member, index) => backOf(member, (json as unknown[])[index])).join(", ")})`,
});

const map = (value: Kind): Kind => ({
  sql: `MAP(VARCHAR, ${value.sql})`,
  literal: fc
    .uniqueArray(characters, { maxLength: 3 })
    .chain((keys) =>
      fc
        .tuple(...keys.map(() => orNull(value)))
        .map(
          (values) =>
            `MAP {${keys.map((key, index) => `${quoteLiteral(key)}: ${values[index]}`).join(", ")}}::MAP(VARCHAR, ${value.sql})`,
        ),
    ),
  back: (json) =>
    `MAP {${Object.entries(json as object)
      .map(([key, each]) => `${quoteLiteral(key)}: ${backOf(value, each)}`)
      .join(", ")}}::MAP(VARCHAR, ${value.sql})`,
});

const scalar = fc.constantFrom(...SCALARS);
const kinds: fc.Arbitrary<Kind> = fc.letrec<{ kind: Kind }>((tie) => ({
  kind: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: tie("kind").map(list) },
    { weight: 1, arbitrary: tie("kind").map(array) },
    { weight: 1, arbitrary: fc.array(tie("kind"), { minLength: 1, maxLength: MEMBERS.length }).map(struct) },
    { weight: 1, arbitrary: tie("kind").map(map) },
  ),
})).kind;
/** Values without names stand at the top, or in another such one: their type cannot be written. */
const anyKind = fc.oneof(
  { weight: 4, arbitrary: kinds },
  { weight: 1, arbitrary: fc.array(kinds, { minLength: 1, maxLength: 3 }).map(row) },
  {
    weight: 1,
    arbitrary: fc.array(kinds, { minLength: 1, maxLength: 2 }).map((inner) => row([row(inner), ...inner])),
  },
);

/** Some values, each of a type of its own. */
const values = fc.array(
  anyKind.chain((kind) => orNull(kind).map((literal) => ({ kind, literal }))),
  { minLength: 1, maxLength: 6 },
);

type Value = { readonly kind: Kind; readonly literal: string };

const streamOf = (all: readonly Value[]): Promise<DuckdbStream> =>
  db.stream(`SELECT ${all.map(({ literal }, index) => `${literal} AS c${index}`).join(", ")}`);

/** What DuckDB writes of values. */
const written = async (expressions: readonly string[]): Promise<unknown[]> => {
  const [found] = await db.rows(
    `SELECT ${expressions.map((expression, index) => `(${expression})::VARCHAR AS c${index}`).join(", ")}`,
  );
  return Object.values(found ?? {});
};

const comesBack = async (all: readonly Value[], jsons: readonly unknown[]): Promise<void> => {
  const back = all.map(({ kind }, index) => backOf(kind, jsons[index]));
  expect(await written(back)).toEqual(await written(all.map(({ literal }) => literal)));
};

test("through a JSON result", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (all) => {
      const stream = await streamOf(all);
      const result = JSON.parse(
        Buffer.from(await jsonResult(stream, () => stream.next(), 10)).toString(),
      ) as {
        rows: Record<string, unknown>[];
      };
      await comesBack(all, Object.values(result.rows[0] ?? {}));
    }),
    { numRuns: 250 },
  );
}, 240_000);

test("through NDJSON, a line a row", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (all) => {
      const stream = await streamOf(all);
      const lines = (await Array.fromAsync(ndjson(stream, () => stream.next()))).join("").split("\n");
      expect(lines).toHaveLength(2);
      await comesBack(all, Object.values(JSON.parse(lines[0] ?? "") as object));
    }),
    { numRuns: 100 },
  );
}, 240_000);

/** The cells of a CSV text with a header and one line (RFC 4180); NULL is a cell that is empty and not quoted. */
function cellsOf(csvText: string): (string | null)[] {
  const body = `,${csvText.slice(csvText.indexOf("\n") + 1, -1)}`;
  const cells = [...body.matchAll(/,(?:"((?:[^"]|"")*)"|([^,"]*))(?=,|$)/gs)];
  return cells.map(([, quoted, bare]) =>
    quoted === undefined ? (bare === "" ? null : (bare ?? null)) : quoted.replaceAll('""', '"'),
  );
}

test("through CSV, whose nested cells are JSON", async () => {
  await fc.assert(
    fc.asyncProperty(values, async (all) => {
      const stream = await streamOf(all);
      const nested = stream.columns.map(({ type }) => type.children.length > 0);
      const cells = cellsOf((await Array.fromAsync(csv(stream, () => stream.next()))).join(""));
      expect(cells).toHaveLength(all.length);
      const jsons = cells.map((cell, index) =>
        cell !== null && nested[index] === true ? (JSON.parse(cell) as unknown) : cell,
      );
      await comesBack(all, jsons);
    }),
    { numRuns: 100 },
  );
}, 240_000);

/** Types of Arrow that its reader gives as JavaScript has them; the others are in arrow.test.ts. */
const ARROW = SCALARS.filter(({ sql }) =>
  /^(BOOLEAN|U?(TINY|SMALL|BIG)?INT(EGER)?|DOUBLE|VARCHAR|UUID|BIT)$/.test(sql),
);
const arrowKinds: fc.Arbitrary<Kind> = fc.letrec<{ kind: Kind }>((tie) => ({
  kind: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: fc.constantFrom(...ARROW) },
    { weight: 1, arbitrary: tie("kind").map(list) },
    { weight: 1, arbitrary: tie("kind").map(array) },
    { weight: 1, arbitrary: fc.array(tie("kind"), { minLength: 1, maxLength: 2 }).map(struct) },
    { weight: 1, arbitrary: fc.array(tie("kind"), { minLength: 1, maxLength: 3 }).map(row) },
  ),
})).kind;

/** A value of Arrow's reader as JSON would have it. */
function plainOf(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return value;
  const whole: unknown = "toJSON" in value ? (value as { toJSON(): unknown }).toJSON() : value;
  if (Array.isArray(whole)) return whole.map(plainOf);
  if (ArrayBuffer.isView(whole)) return Array.from(whole as unknown as Iterable<unknown>, plainOf);
  const entries = Object.entries(whole as object).map(([name, each]) => [name, plainOf(each)] as const);
  return entries.every(([name], index) => name === String(index))
    ? entries.map(([, each]) => each)
    : Object.fromEntries(entries);
}

test("through Arrow, as its own reader has it", async () => {
  const some = fc.array(
    arrowKinds
      .filter(({ sql }) => !sql.includes("unnamed"))
      .chain((kind) => orNull(kind).map((literal) => ({ kind, literal }))),
    { minLength: 1, maxLength: 4 },
  );
  const unnamed = fc
    .array(fc.constantFrom(...ARROW), { minLength: 1, maxLength: 4 })
    .map(row)
    .chain((kind) => kind.literal.map((literal) => [{ kind, literal }]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(some, unnamed), async (all) => {
      const stream = await streamOf(all);
      const pieces = await Array.fromAsync(arrow(stream, () => stream.next()));
      const table = tableFromIPC(Buffer.concat(pieces));
      const jsons = all.map((_, index) => plainOf(table.getChildAt(index)?.get(0)));
      await comesBack(all, jsons);
    }),
    { numRuns: 100 },
  );
}, 240_000);

test("through a Parquet file, which DuckDB reads again", async () => {
  let files = 0;
  const named = fc.array(
    kinds.chain((kind) => orNull(kind).map((literal) => ({ kind, literal }))),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(named, async (all) => {
      // DuckDB knows a file again by its path, its size and the moment of its change.
      const path = join(folder, `round-trip-${(files += 1)}.parquet`);
      const body = `SELECT ${all.map(({ literal }, index) => `${literal} AS c${index}`).join(", ")}`;
      const { columns } = await streamOf(all);
      const copy = copyStatement({ prefix: "", body, source: body }, columns, path);
      try {
        await db.run(copy.prefix + copy.body);
      } catch (thrown) {
        // A HUGEINT of 39 digits is told, and not cut.
        expect((thrown as DuckdbError).message).toContain("DECIMAL(38,0)");
        return;
      }
      const back = all.map(({ kind }, index) => `(c${index}::${kind.sql})::VARCHAR AS c${index}`);
      const [found] = await db.rows(`SELECT ${back.join(", ")} FROM read_parquet(${quoteLiteral(path)})`);
      expect<unknown[]>(Object.values(found ?? {})).toEqual(await written(all.map(({ literal }) => literal)));
    }),
    { numRuns: 100 },
  );
}, 240_000);
