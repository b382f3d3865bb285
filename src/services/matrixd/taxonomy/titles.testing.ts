// What ships of the titles, for tests that learn none: nothing is kept on disk.

import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#lib/clock";
import { createLog } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import { KnownTitles } from "./known-titles.ts";

export function shippedOnly(): KnownTitles {
  const folder = join(tmpdir(), `no-titles-${crypto.randomUUID()}`);
  const log = createLog({ level: "error", readable: true, write: () => undefined });
  return new KnownTitles({ folder, clock: systemClock, log, failures: new BackgroundFailures(log) });
}
