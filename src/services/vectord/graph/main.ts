// The graph builder's entry. It runs at a lower priority than the service it builds for.

import { setPriority } from "node:os";
import { createLog } from "#lib/log";
import { serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { graphBuilder } from "./contract.ts";
import { buildGraph } from "./worker.ts";

/** Unix niceness: requests on the same cores go first. */
const NICENESS = 10;

try {
  setPriority(NICENESS);
} catch {
  // Some sandboxes refuse it; the build then takes its share like any process.
}
const log = createLog({ level: "error", readable: false, fields: { service: "vectord" } });
await serveChild(() =>
  Promise.resolve(
    implement(
      graphBuilder,
      "vectord",
      {
        build: async ({ job }) => {
          await buildGraph(job);
          return null;
        },
      },
      { onBug: (bug, { operation }) => log.error("bug", { operation, error: bug }) },
    ),
  ),
);
