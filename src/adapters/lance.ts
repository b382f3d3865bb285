// Lance behind the few things this project asks of it: a table of rows with one vector each, in a folder or a bucket, whose
// every change is a version. The package's native part weighs 155 MB and keeps caches of its own, so it is loaded with
// the first table, in a process that can be ended (services/vectord/lance/main.ts). What always holds here: caches have a
// size, commits are made by one writer, and a search that finds fewer rows through the index than were wanted is made
// again without it, because an index gives up where a filter leaves little.
//
// Distances of a search are as coarse as the index's scalars: rank candidates with them, then score the vectors.

import { createRequire } from "node:module";
import type * as Arrow from "apache-arrow";
import type * as LanceModule from "@lancedb/lancedb";
import { present } from "#lib/assert";
import type { Metric } from "./hnsw.ts";

type Lance = typeof LanceModule;
type NativeTable = LanceModule.Table;

/** Where tables are: a folder, or `s3://bucket/prefix` with the options that its client needs. */
export interface LancePlace {
  readonly uri: string;
  readonly storage: Readonly<Record<string, string>>;
}

export type LanceColumnType = "text" | "texts" | "number" | "flag";

export interface LanceColumn {
  readonly name: string;
  readonly type: LanceColumnType;
}

/** Columns beside `vector`, which every table has. */
export interface LanceShape {
  readonly dimension: number;
  readonly metric: Metric;
  readonly columns: readonly LanceColumn[];
}

/** As many values as rows in each column; null stands for no value. */
export interface LanceRows {
  /** Row after row. */
  readonly vectors: Float32Array<ArrayBuffer>;
  readonly values: Readonly<Record<string, readonly unknown[]>>;
  readonly count: number;
}

export interface LanceVersion {
  readonly version: number;
  readonly at: Date;
}

export interface LanceNearest {
  readonly vector: Float32Array;
  readonly limit: number;
  /** SQL over the columns. */
  readonly where?: string | undefined;
  readonly columns: readonly string[];
  /** Without the index. */
  readonly exact: boolean;
  /** Candidates weighed in each part of the index. */
  readonly ef: number;
}

export interface LanceStats {
  readonly rows: number;
  readonly fragments: number;
  /** Of the vector index; null when there is none. */
  readonly indexed: number | null;
}

/** What is read again and again: the graph of about a million rows of 128 numbers. More would be taken from the services beside it. */
const INDEX_CACHE_BYTES = 384n * 1024n * 1024n;
const METADATA_CACHE_BYTES = 32n * 1024n * 1024n;
/** Each part of an index is a graph of its own: this many rows are linked in a minute, within 100 MB. */
const PARTITION_ROWS = 131_072;
/** Parts that a search looks into first; the others follow while it has found too few. */
const PROBES_MIN = 8;
/** Under steady writes a merge may lose each time; it is due again later. */
const OPTIMIZE_TRIES_MAX = 4;
const CONNECTIVITY = 16;
const EF_CONSTRUCTION = 128;
const DISTANCES = { cosine: "cosine", euclidean: "l2", dot: "dot" } as const;

// The package's own instance of Arrow: tables of another one are copied value by value.
const arrow = createRequire(import.meta.url)("apache-arrow") as typeof Arrow;

let loaded: Promise<Lance> | null = null;

function lance(): Promise<Lance> {
  loaded ??= import("@lancedb/lancedb");
  return loaded;
}

export class LanceTable {
  readonly #lance: Lance;
  readonly #table: NativeTable;
  readonly #shape: LanceShape;
  /** Whether there is a vector index; asking takes a millisecond, so that the answer is kept until it may change. */
  #hasIndex: boolean | null = null;

  private constructor(native: Lance, table: NativeTable, shape: LanceShape) {
    this.#lance = native;
    this.#table = table;
    this.#shape = shape;
  }

  /** Opens a table, and makes an empty one when there is none and `create` is set. */
  static async open(
    place: LancePlace,
    name: string,
    shape: LanceShape,
    create: boolean,
  ): Promise<LanceTable> {
    const native = await lance();
    const session = new native.Session(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES);
    const database = await native.connect(place.uri, { storageOptions: { ...place.storage } }, session);
    const names = create ? await database.tableNames() : [name];
    const table = names.includes(name)
      ? await database.openTable(name)
      : await database.createEmptyTable(name, schemaOf(shape), { mode: "create" });
    return new LanceTable(native, table, shape);
  }

  version(): Promise<number> {
    return this.#table.version();
  }

  count(where?: string): Promise<number> {
    return this.#table.countRows(where);
  }

  /** Appends rows: one version. */
  async add(rows: LanceRows): Promise<void> {
    await this.#table.add(tableOf(this.#shape, rows));
  }

  /** Removes the rows that match: one version, or none when there are none. */
  async remove(where: string): Promise<void> {
    await this.#table.delete(where);
  }

  /** Makes what an earlier version held the newest one. */
  async putBack(version: number): Promise<void> {
    await this.#table.checkout(version);
    await this.#table.restore();
    this.#hasIndex = null;
  }

  /** Reads an earlier version from here on; it can no longer be written. */
  async checkout(version: number): Promise<void> {
    await this.#table.checkout(version);
    this.#hasIndex = null;
  }

  /** Takes what another process committed. */
  async refresh(): Promise<void> {
    await this.#table.checkoutLatest();
    this.#hasIndex = null;
  }

  async stats(): Promise<LanceStats> {
    const { numRows, fragmentStats } = await this.#table.stats();
    const index = await this.#vectorIndex();
    return {
      rows: numRows,
      fragments: fragmentStats.numFragments,
      indexed: index === undefined ? null : (index.numIndexedRows ?? 0),
    };
  }

  /** Rows by nearness; fewer than `limit` only when no more match. `byIndex` says whether the vector index gave them. */
  async nearest(search: LanceNearest): Promise<{ rows: LanceRow[]; byIndex: boolean }> {
    this.#hasIndex ??= (await this.#vectorIndex()) !== undefined;
    if (this.#hasIndex && !search.exact) {
      const rows = await this.#nearest(search, true);
      if (rows.length >= search.limit) return { rows, byIndex: true };
    }
    return { rows: await this.#nearest(search, false), byIndex: false };
  }

  async #nearest({ vector, limit, where, columns, ef }: LanceNearest, byIndex: boolean): Promise<LanceRow[]> {
    let query = this.#table
      .query()
      .nearestTo(vector)
      .distanceType(DISTANCES[this.#shape.metric])
      .limit(limit)
      .select([...columns, "vector", "_distance"]);
    query = byIndex
      ? query.minimumNprobes(PROBES_MIN).maximumNprobes(0).ef(Math.max(ef, limit))
      : query.bypassVectorIndex();
    if (where !== undefined) query = query.where(where);
    return rowsOf(await query.toArrow(), columns);
  }

  /** Rows that match, in the order they lie; vectors only when `vectors` is set. */
  async read(wanted: {
    readonly where?: string | undefined;
    readonly columns: readonly string[];
    readonly vectors: boolean;
    readonly limit?: number;
    readonly offset?: number;
  }): Promise<LanceRow[]> {
    const { where, columns, vectors, limit, offset } = wanted;
    let query = this.#table.query().select(vectors ? [...columns, "vector"] : [...columns]);
    if (where !== undefined) query = query.where(where);
    if (limit !== undefined) query = query.limit(limit);
    if (offset !== undefined) query = query.offset(offset);
    return rowsOf(await query.toArrow(), columns);
  }

  /** As `read`, batch by batch. */
  async *scan(wanted: {
    readonly where?: string | undefined;
    readonly columns: readonly string[];
    readonly vectors: boolean;
  }): AsyncGenerator<LanceRow[]> {
    const { where, columns, vectors } = wanted;
    let query = this.#table.query().select(vectors ? [...columns, "vector"] : [...columns]);
    if (where !== undefined) query = query.where(where);
    for await (const batch of query) {
      yield rowsOf(new arrow.Table([batch]), columns);
    }
  }

  /** Rows at these places, from 0 on, in the order they lie. */
  async at(offsets: readonly number[], columns: readonly string[]): Promise<LanceRow[]> {
    const found = await this.#table
      .takeOffsets([...offsets])
      .select([...columns, "vector"])
      .toArrow();
    return rowsOf(found, columns);
  }

  /** Numbers of the table's rows that stay while it is not written; each 2^32 of them are a fragment, a file of rows. */
  async rowIds(): Promise<bigint[]> {
    const found = await this.#table.query().withRowId().select(["_rowid"]).toArrow();
    return [...present(found.getChild("_rowid"), "row ids")] as bigint[];
  }

  async byRowIds(ids: readonly bigint[], columns: readonly string[]): Promise<LanceRow[]> {
    const found = await this.#table
      .takeRowIds(ids)
      .select([...columns, "vector"])
      .toArrow();
    return rowsOf(found, columns);
  }

  /** An index over whole values of a column. */
  async indexColumn(column: string, kind: "ordered" | "list"): Promise<void> {
    const { Index } = this.#lance;
    await this.#table.createIndex(column, { config: kind === "ordered" ? Index.btree() : Index.labelList() });
  }

  /** Builds the vector index over all rows, beside the one that serves. */
  async indexVectors(): Promise<void> {
    const rows = await this.#table.countRows();
    await this.#table.createIndex("vector", {
      config: this.#lance.Index.hnswSq({
        distanceType: DISTANCES[this.#shape.metric],
        numPartitions: Math.max(1, Math.ceil(rows / PARTITION_ROWS)),
        m: CONNECTIVITY,
        efConstruction: EF_CONSTRUCTION,
      }),
      replace: true,
    });
    this.#hasIndex = true;
  }

  async dropIndexes(): Promise<void> {
    for (const { name } of await this.#table.listIndices()) await this.#table.dropIndex(name);
    this.#hasIndex = null;
  }

  /** Merges small files, brings indexes up to date, and removes versions from before a moment. */
  async optimize(cleanupBefore: Date): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#table.optimize({ cleanupOlderThan: cleanupBefore });
        return;
      } catch (error) {
        // Rows of a file that it merged were deleted meanwhile: the writer goes first.
        if (tries === OPTIMIZE_TRIES_MAX || !String(error).includes("Retryable commit conflict")) throw error;
        await this.#table.checkoutLatest();
      }
    }
  }

  /** Keeps these versions, and no others, from being removed however old they are. */
  async pin(versions: readonly number[]): Promise<void> {
    const tags = await this.#table.tags();
    const there = new Set(Object.keys(await tags.list()));
    const wanted = new Map(versions.map((version) => [`v${version}`, version]));
    for (const [tag, version] of wanted) if (!there.has(tag)) await tags.create(tag, version);
    for (const tag of there) if (!wanted.has(tag)) await tags.delete(tag);
  }

  async versions(): Promise<LanceVersion[]> {
    return (await this.#table.listVersions()).map(({ version, timestamp }) => ({ version, at: timestamp }));
  }

  close(): void {
    this.#table.close();
  }

  async #vectorIndex(): Promise<LanceModule.IndexConfig | undefined> {
    const indexes = await this.#table.listIndices();
    return indexes.find(({ columns }) => columns.includes("vector"));
  }
}

export interface LanceRow {
  readonly values: Readonly<Record<string, unknown>>;
  /** Empty where it was not read. */
  readonly vector: Float32Array;
}

function schemaOf({ dimension, columns }: LanceShape): Arrow.Schema {
  const numbers = new arrow.Field("item", new arrow.Float32(), true);
  return new arrow.Schema([
    new arrow.Field("vector", new arrow.FixedSizeList(dimension, numbers), false),
    ...columns.map(({ name, type }) => new arrow.Field(name, TYPES[type](), true)),
  ]);
}

const TYPES: Readonly<Record<LanceColumnType, () => Arrow.DataType>> = {
  text: () => new arrow.Utf8(),
  texts: () => new arrow.List(new arrow.Field("item", new arrow.Utf8(), true)),
  number: () => new arrow.Float64(),
  flag: () => new arrow.Bool(),
};

function tableOf(shape: LanceShape, { vectors, values, count }: LanceRows): Arrow.Table {
  const schema = schemaOf(shape);
  const numbers = arrow.makeData({ type: new arrow.Float32(), data: vectors, length: vectors.length });
  const children = schema.fields.map((field) =>
    field.name === "vector"
      ? arrow.makeData({
          type: field.type as Arrow.FixedSizeList<Arrow.Float32>,
          length: count,
          nullCount: 0,
          child: numbers,
        })
      : present(
          arrow.vectorFromArray([...(values[field.name] ?? [])], field.type).data[0],
          "the data of a column",
        ),
  );
  const struct = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: count,
    nullCount: 0,
    children: children as Arrow.Data[],
  });
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)]);
}

function rowsOf(table: Arrow.Table, columns: readonly string[]): LanceRow[] {
  // A result without rows may come without columns too.
  if (table.numRows === 0) return [];
  const read = columns.map(
    (name) => [name, present(table.getChild(name), "a column that was asked for")] as const,
  );
  const vectors = table.getChild("vector") as Arrow.Vector<Arrow.FixedSizeList<Arrow.Float32>> | null;
  return Array.from({ length: table.numRows }, (_, at) => ({
    values: Object.fromEntries(read.map(([name, column]) => [name, column.get(at) as unknown])),
    vector: vectors === null ? new Float32Array() : numbersOf(vectors.get(at)?.toArray()),
  }));
}

function numbersOf(read: unknown): Float32Array {
  return read instanceof Float32Array ? read.slice() : Float32Array.from(read as ArrayLike<number>);
}
