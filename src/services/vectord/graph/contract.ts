// What vectord asks of a graph builder, a process that is started for one build: a job file in, a graph file out. A
// graph takes about 0.25 ms a row to build, on one thread because usearch loses rows on more; in a process of its own
// that is another core, and a crash of native code there costs a build and not the service.

import { z } from "zod";
import { op } from "#rpc/contract";
import type { NodesText } from "./nodes.ts";

/** The longest build that pool.ts allows: 30 million rows. */
const BUILD_MS_MAX = 3 * 24 * 3_600_000;

export const graphBuilder = {
  build: op({
    method: "POST",
    path: "/build",
    summary: "Build the graph that a job file describes; it is there, whole, when this is answered",
    input: z.strictObject({ job: z.string() }),
    output: z.null(),
    timeoutMs: BUILD_MS_MAX,
    errors: [],
    scope: "admin",
  }),
};

/** The tail of a job's file; its payload is the vectors, in the order of `add`. */
export interface BuildJob {
  readonly shape: string;
  /** A graph file to start from, or null to start from nothing. */
  readonly base: string | null;
  readonly remove: readonly number[];
  readonly add: readonly number[];
  readonly out: string;
}

/** The tail of a graph file. */
export interface GraphTail {
  /** Rows in the graph, as Bitmap text. */
  readonly rows: string;
  readonly nodes: NodesText;
  /** Rows put in the places of others since the graph was built from nothing. */
  readonly replaced: number;
  /** Rows that could not be reached at first, and those that still cannot and are not in `rows`. */
  readonly repaired: number;
  readonly lost: readonly number[];
}
