// One build of a graph, as a child process runs it: start from a graph file or from nothing, take rows out, put
// rows in, search for each new row to see that it can be reached, write the sealed file. A graph takes about
// 0.25 ms a row to build, on one thread because usearch loses rows on more; in a child that is another core, and
// a crash of native code there costs a build and not the service.

import { Hnsw } from "#adapters/hnsw";
import { readChecksummed } from "#adapters/checksummed-file";
import { assert } from "#lib/assert";
import { seeded } from "#lib/random";
import { Bitmap } from "../rows/bitmap.ts";
import { parseShape } from "../rows/shape.ts";

/** The description of a job; its vectors are the payload of the job's file, in the order of `add`. */
export interface BuildJob {
  readonly shape: string;
  /** A sealed graph to start from, or null to start anew. */
  readonly base: string | null;
  readonly remove: readonly number[];
  readonly add: readonly number[];
  readonly out: string;
  /** The process that asked; the build stops when it is gone. */
  readonly parent: number;
}

/** What a graph file says about itself. */
export interface GraphTail {
  /** Rows in the graph, as Bitmap text. */
  readonly rows: string;
  /** Rows put in the places of others since the graph was built from nothing. */
  readonly replaced: number;
  /** Rows that could not be reached at first, and those that still cannot and are not in `rows`. */
  readonly repaired: number;
  readonly lost: readonly number[];
}

/** New rows whose reachability is checked: all of them up to this many, a sample of the rest. */
const AUDITED_MAX = 20_000;
/** Rows between two looks at whether anybody still waits. */
const ROWS_A_LOOK = 512;

export async function runBuild(jobPath: string): Promise<GraphTail> {
  const job = readChecksummed(jobPath).tail as BuildJob;
  const shape = parseShape(job.shape);
  const bytes = Bun.mmap(jobPath, { shared: false });
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, job.add.length * shape.dimension);
  const base = job.base === null ? null : await Hnsw.load(job.base, shape);
  const graph = base?.graph ?? (await Hnsw.create(shape));
  const before = base === null ? null : (base.tail as GraphTail);
  const rows = before === null ? new Bitmap() : Bitmap.fromText(before.rows);
  for (const row of job.remove) {
    if (graph.remove(row)) rows.delete(row);
  }
  const places = new Map(job.add.map((row, i) => [row, i]));
  const vectorOf = (row: number): Float32Array => {
    const at = (places.get(row) ?? 0) * shape.dimension;
    return vectors.subarray(at, at + shape.dimension);
  };
  job.add.forEach((row, i) => {
    if (i % ROWS_A_LOOK === 0) assert(process.ppid === job.parent, "nobody waits for this build any more");
    graph.add(row, vectorOf(row));
    rows.add(row);
  });
  const audit = graph.audit(sample(job.add), vectorOf);
  for (const row of audit.stillLost) {
    graph.remove(row);
    rows.delete(row);
  }
  const replaced = (before?.replaced ?? 0) + Math.min(job.remove.length, job.add.length);
  const tail = { rows: rows.toText(), replaced, repaired: audit.lost.length, lost: audit.stillLost };
  graph.save(job.out, tail);
  return tail;
}

function sample(rows: readonly number[]): readonly number[] {
  if (rows.length <= AUDITED_MAX) return rows;
  const random = seeded(rows.length);
  return rows.filter(() => random.next() < AUDITED_MAX / rows.length);
}
