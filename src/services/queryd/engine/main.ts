// The entry of an engine process: opens a scratch database for parsing and serves the engine's contract until
// the serving process is gone.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";
import { serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { engine, type EngineSettings } from "./contract.ts";
import { engineHandlers } from "./worker.ts";

/** The serving process gets a fault without words; what happened goes to its standard error. */
function report(bug: unknown, { operation, requestId }: { operation: string; requestId: string }): void {
  const stack = bug instanceof Error ? bug.stack : String(bug);
  process.stderr.write(
    `${JSON.stringify({ level: "error", service: "queryd", operation, request_id: requestId, stack })}\n`,
  );
}

await serveChild<EngineSettings>(async ({ settings, folder }) => {
  const tempDir = join(folder, "spill");
  const copiesDir = join(folder, "copies");
  mkdirSync(tempDir);
  mkdirSync(copiesDir);
  // Parses statements and holds no data; sandboxed all the same.
  const scratch = await openDuckdb({ ...settings, tempDir, threads: 1 });
  await scratch.sandbox({ files: [] });
  return implement(engine, "queryd", engineHandlers(scratch, { ...settings, tempDir, copiesDir }), {
    onBug: report,
  });
});
