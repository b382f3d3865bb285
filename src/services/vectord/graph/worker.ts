// One build of a graph: start from a graph file or from nothing, take rows out, put rows in, search for each new node
// to see that it can be reached, write the graph file. Between rows the event loop is free, so that the process ends
// when its parent does.

import { Hnsw } from "#adapters/hnsw";
import { readChecksummed } from "#adapters/checksummed-file";
import { yieldToEventLoop } from "#lib/event-loop";
import { seeded } from "#lib/random";
import { Bitmap } from "../rows/bitmap.ts";
import { parseShape, vectorHash } from "../rows/shape.ts";
import type { BuildJob, GraphTail } from "./contract.ts";
import { Nodes } from "./nodes.ts";

/** New nodes whose reachability is checked: all of them up to this many, a sample of the rest. */
const AUDITED_MAX = 20_000;
/** Rows added in one turn of the event loop: about 100 ms. */
const ROWS_A_TURN = 512;

export async function buildGraph(jobPath: string): Promise<GraphTail> {
  const job = readChecksummed(jobPath).tail as BuildJob;
  const shape = parseShape(job.shape);
  const bytes = Bun.mmap(jobPath, { shared: false });
  const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, job.add.length * shape.dimension);
  const base = job.base === null ? null : await Hnsw.load(job.base, shape);
  const graph = base?.graph ?? (await Hnsw.create(shape));
  const before = base === null ? null : (base.tail as GraphTail);
  const rows = before === null ? new Bitmap() : Bitmap.fromText(before.rows);
  const nodes = before === null ? new Nodes() : Nodes.fromText(before.nodes, rows.toRows());
  /** With all rows of the node, which are then in no graph. */
  const takeOut = (row: number): readonly number[] => {
    if (!rows.has(row)) return [];
    const others = nodes.release(row);
    if (others !== null) graph.remove(row);
    const out = [row, ...(others ?? [])];
    for (const gone of out) rows.delete(gone);
    return out;
  };
  for (const row of job.remove) takeOut(row);
  const vectorAt = (i: number): Float32Array =>
    vectors.subarray(i * shape.dimension, (i + 1) * shape.dimension);
  const newNodes = new Map<number, number>();
  for (const [i, row] of job.add.entries()) {
    if (i % ROWS_A_TURN === 0) await yieldToEventLoop();
    rows.add(row);
    if (nodes.take(row, vectorHash(vectorAt(i)))) continue;
    graph.add(row, vectorAt(i));
    newNodes.set(row, i);
  }
  const audit = graph.audit(sample([...newNodes.keys()]), (row) => vectorAt(newNodes.get(row) ?? 0));
  const lost = audit.stillLost.flatMap(takeOut);
  const replaced = (before?.replaced ?? 0) + Math.min(job.remove.length, job.add.length);
  const tail: GraphTail = {
    rows: rows.toText(),
    nodes: nodes.toText(rows.toRows()),
    replaced,
    repaired: audit.lost.length,
    lost,
  };
  graph.save(job.out, tail);
  return tail;
}

function sample(rows: readonly number[]): readonly number[] {
  if (rows.length <= AUDITED_MAX) return rows;
  const random = seeded(rows.length);
  return rows.filter(() => random.next() < AUDITED_MAX / rows.length);
}
