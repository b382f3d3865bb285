// Physical partitions: the rows of each value of one keyword field (`partition_by`: a role, a tenant) have a graph of their
// own, beside the one over all rows. A search whose filter fixes the field asks only these graphs, which are small and in
// which every row passes that part of the filter. They are caches like the other one (graph-cache.ts), built by the same
// processes from the same rows, and named by the same snapshots.
//
// A value gets its graph when it has enough rows; the rows of the others are few, and are read one by one. A row whose
// value is a list is in no partition: a search that it matches reads it beside the graphs.

import type { FileChecksum } from "#adapters/checksummed-file";
import type { Clock } from "#lib/clock";
import { assert } from "#lib/assert";
import { Bitmap } from "../rows/bitmap.ts";
import { fieldOf, type Filter, type Scalar } from "../rows/filter.ts";
import type { Rows } from "../rows/rows.ts";
import type { IndexShape } from "../rows/shape.ts";
import type { RowObserver } from "../wal/apply.ts";
import {
  type FoundNodes,
  GraphCache,
  type GraphEvents,
  type GraphNumbers,
  type GraphRows,
} from "./graph-cache.ts";
import { PARTITION } from "./thresholds.ts";

/** Values with a graph: each takes a file, and its part of the memory that the graph over all rows takes again. */
export const PARTITIONS_MAX = 256;
/** Values that one search asks the graphs of: more of them cost as much as the filter does. */
const VALUES_MAX = 16;
/** Marks of a row in its partition's graph are the bits above those of the graph over all rows. */
const MARK_SHIFT = 3;

interface Partition {
  readonly value: Scalar;
  readonly rows: PartitionRows;
  readonly graph: GraphCache;
}

export interface PartitionFile {
  readonly value: Scalar;
  readonly name: string;
  readonly checksum: FileChecksum;
}

/** The graphs that answer one search, as if they were one. */
export interface SearchedGraph {
  readonly ready: boolean;
  readonly graphs: number;
  /** Of all graphs, those of removed rows included. */
  readonly nodes: number;
  /** Rows that no graph holds. */
  readonly unindexed: number;
  unindexedRows(): Iterable<number>;
  search(vector: Float32Array, wanted: number): FoundNodes[];
  exhausted(wanted: number): boolean;
}

class PartitionRows implements GraphRows {
  readonly live = new Bitmap();
  readonly #rows: Rows;

  constructor(rows: Rows) {
    this.#rows = rows;
  }

  get shape(): IndexShape {
    return this.#rows.shape;
  }

  isLive(row: number): boolean {
    return this.live.has(row);
  }

  vector(row: number): Float32Array {
    return this.#rows.vector(row);
  }

  is(row: number, mark: number): boolean {
    return this.#rows.is(row, mark << MARK_SHIFT);
  }

  mark(row: number, mark: number): void {
    this.#rows.mark(row, mark << MARK_SHIFT);
  }

  unmark(row: number, mark: number): void {
    this.#rows.unmark(row, mark << MARK_SHIFT);
  }
}

export class Partitions implements RowObserver {
  readonly #field: string;
  readonly #dir: string;
  readonly #rows: Rows;
  readonly #clock: Clock;
  readonly #numbers: GraphNumbers;
  readonly #partitions = new Map<Scalar, Partition>();
  /** Live rows of each value. */
  readonly #counts = new Map<Scalar, number>();
  /** The value of each live row that has a single one: its metadata is gone when it is removed. */
  readonly #valueOf: (Scalar | undefined)[] = [];
  /** Values whose last build failed: one that succeeds does not end the failure of another. */
  readonly #failing = new Set<Scalar>();
  #events: GraphEvents | null = null;
  #closed = false;

  constructor(field: string, dir: string, rows: Rows, clock: Clock, numbers: GraphNumbers) {
    this.#field = field;
    this.#dir = dir;
    this.#rows = rows;
    this.#clock = clock;
    this.#numbers = numbers;
    rows.live.forEach((row) => this.#count(row));
  }

  set events(events: GraphEvents) {
    this.#events = events;
    for (const { value, graph } of this.#partitions.values()) graph.events = this.#eventsOf(value, events);
  }

  /** Takes a verified graph file for a value, at start-up, before any row is free or added. */
  async attach(value: Scalar, path: string, verified: FileChecksum & { tail: unknown }): Promise<void> {
    await this.#open(value).graph.attach(path, verified);
  }

  /** After the last `attach`: rows that no graph has are taken in from here on. */
  start(): void {
    for (const { rows, graph } of this.#partitions.values())
      rows.live.forEach((row) => {
        if (!graph.has(row)) graph.added(row);
      });
    for (const [value, count] of this.#counts) if (this.#isDue(value, count)) this.#begin(value);
  }

  added(row: number): void {
    const value = this.#count(row);
    if (value === undefined) return;
    const partition = this.#partitions.get(value);
    if (partition !== undefined) {
      partition.rows.live.add(row);
      partition.graph.added(row);
    } else if (this.#isDue(value, this.#counts.get(value) ?? 0)) this.#begin(value);
  }

  removed(row: number): void {
    const value = this.#valueOf[row];
    if (value === undefined) return;
    this.#valueOf[row] = undefined;
    const left = (this.#counts.get(value) ?? 1) - 1;
    if (left === 0) this.#counts.delete(value);
    else this.#counts.set(value, left);
    const partition = this.#partitions.get(value);
    if (partition === undefined) return;
    partition.rows.live.delete(row);
    partition.graph.removed(row);
  }

  /**
   * The graphs of the values that a filter fixes the field to. Null where it does not, where they are many, and where none of
   * them has a graph. `picked` is what the whole filter selects.
   */
  graphFor(filter: Filter, picked: Bitmap): SearchedGraph | null {
    const values = fixedValues(filter, this.#field);
    if (values === null || values.size > VALUES_MAX) return null;
    const graphs: GraphCache[] = [];
    const beside = picked.clone();
    for (const value of values) {
      const partition = this.#partitions.get(value);
      if (partition === undefined || !partition.graph.ready) continue;
      graphs.push(partition.graph);
      beside.minus(partition.rows.live);
    }
    return graphs.length === 0 ? null : joined(graphs, beside.toRows());
  }

  /** Values with a graph that serves. */
  get count(): number {
    return [...this.#partitions.values()].filter(({ graph }) => graph.ready).length;
  }

  get bytes(): number {
    return [...this.#partitions.values()].reduce((sum, { graph }) => sum + graph.bytes, 0);
  }

  /** Rows of the values with a graph that are not in it yet. */
  get unindexed(): number {
    return [...this.#partitions.values()].reduce((sum, { graph }) => sum + graph.unindexed, 0);
  }

  get building(): boolean {
    return [...this.#partitions.values()].some(({ graph }) => graph.building);
  }

  /** For a snapshot; a value that has no rows left has no graph after the next start. */
  get files(): PartitionFile[] {
    return [...this.#partitions.values()].flatMap(({ value, graph: { file } }) =>
      file === null || !this.#counts.has(value) ? [] : [{ value, ...file }],
    );
  }

  /** Files that are in use, or being written. */
  get fileNames(): string[] {
    return [...this.#partitions.values()].flatMap(({ graph: { file, upcoming } }) =>
      [file?.name, upcoming].filter((name) => typeof name === "string"),
    );
  }

  /** Builds those whose unbuilt rows a restart would have to scan. */
  async rebuild(unbuiltMax: number, fromNothing = false): Promise<void> {
    let failure: { readonly thrown: unknown } | undefined;
    for (const { rows, graph } of this.#partitions.values()) {
      if (!fromNothing && rows.live.count() - graph.baseRows <= unbuiltMax) continue;
      // One that fails keeps no other from being built.
      await graph.rebuild(fromNothing).catch((thrown: unknown) => {
        failure ??= { thrown };
      });
    }
    if (failure !== undefined) throw failure.thrown;
  }

  async settled(): Promise<void> {
    for (const { graph } of this.#partitions.values()) await graph.settled();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#partitions.values()].map(({ graph }) => graph.close()));
  }

  /** Undefined for a row that is in no partition. */
  #count(row: number): Scalar | undefined {
    const value = fieldOf(this.#rows.metadata(row), this.#field);
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean")
      return undefined;
    this.#valueOf[row] = value;
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    return value;
  }

  #isDue(value: Scalar, count: number): boolean {
    return (
      !this.#closed &&
      count > PARTITION.unindexed &&
      !this.#partitions.has(value) &&
      this.#partitions.size < PARTITIONS_MAX
    );
  }

  #begin(value: Scalar): void {
    const { rows, graph } = this.#open(value);
    rows.live.forEach((row) => graph.added(row));
  }

  #eventsOf(value: Scalar, { onSwap, onRest, onBuilt, onBuildFailure }: GraphEvents): GraphEvents {
    return {
      onSwap,
      onRest,
      onBuilt: () => {
        this.#failing.delete(value);
        if (this.#failing.size === 0) onBuilt();
      },
      onBuildFailure: (error) => {
        this.#failing.add(value);
        onBuildFailure(error);
      },
    };
  }

  /** A partition without a graph, with the rows that the value has. */
  #open(value: Scalar): Partition {
    assert(!this.#partitions.has(value), "a value has one partition");
    const rows = new PartitionRows(this.#rows);
    const leaf: Filter = { kind: "field", field: this.#field, test: { op: "in", values: new Set([value]) } };
    this.#rows.payload.select(leaf, this.#rows.live).forEach((row) => {
      if (this.#valueOf[row] === value) rows.live.add(row);
    });
    const graph = new GraphCache(this.#dir, rows, this.#clock, this.#numbers, PARTITION);
    graph.events = this.#events === null ? null : this.#eventsOf(value, this.#events);
    const partition = { value, rows, graph };
    this.#partitions.set(value, partition);
    return partition;
  }
}

/** The values that every row which passes has one of; null where the filter lets others pass. */
function fixedValues(filter: Filter, field: string): ReadonlySet<Scalar> | null {
  if (filter.kind === "field")
    return filter.field === field && filter.test.op === "in" ? filter.test.values : null;
  if (filter.kind === "or") return union(filter.parts.map((part) => fixedValues(part, field)));
  if (filter.kind !== "and") return null;
  const fixed = filter.parts.map((part) => fixedValues(part, field)).filter((values) => values !== null);
  // A list may have a value of each: the rows of any one of them are enough.
  return fixed.sort((a, b) => a.size - b.size)[0] ?? null;
}

function union(sets: readonly (ReadonlySet<Scalar> | null)[]): ReadonlySet<Scalar> | null {
  const all = new Set<Scalar>();
  for (const values of sets) {
    if (values === null) return null;
    for (const value of values) all.add(value);
  }
  return all;
}

/** `beside` are rows that match and are in none of the graphs' partitions. */
function joined(graphs: readonly GraphCache[], beside: Uint32Array): SearchedGraph {
  const sum = (of: (graph: GraphCache) => number): number =>
    graphs.reduce((total, graph) => total + of(graph), 0);
  return {
    ready: true,
    graphs: graphs.length,
    nodes: sum(({ nodes }) => nodes),
    unindexed: beside.length + sum(({ unindexed }) => unindexed),
    *unindexedRows() {
      yield* beside;
      for (const graph of graphs) yield* graph.unindexedRows();
    },
    search: (vector, wanted) => graphs.flatMap((graph) => graph.search(vector, wanted)),
    exhausted: (wanted) => graphs.every((graph) => graph.exhausted(wanted)),
  };
}
