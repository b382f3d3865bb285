// The entry of a process that holds Lance tables: one serves, and one for each piece of upkeep runs at a lower priority.

import { setPriority } from "node:os";
import { createLog } from "#lib/log";
import { serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { lanceTables } from "./contract.ts";
import { tableHandlers } from "./tables.ts";

/** Unix niceness: requests on the same cores go first. */
const NICENESS = 10;

const log = createLog({ level: "error", readable: false, fields: { service: "vectord" } });
await serveChild<{ readonly background: boolean }>(({ settings }) => {
  if (settings.background) {
    try {
      setPriority(NICENESS);
    } catch {
      // Some sandboxes refuse it; upkeep then takes its share like any process.
    }
  }
  return Promise.resolve(
    implement(lanceTables, "vectord", tableHandlers(), {
      onBug: (bug, { operation }) => log.error("bug", { operation, error: bug }),
    }),
  );
});
