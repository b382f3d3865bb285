// The writer's entry point. See `contract.ts`.

import { join } from "node:path";
import { reportBug, serveChild } from "#rpc/child";
import { implement } from "#rpc/local";
import { truthWriter } from "./contract.ts";
import { writerHandlers } from "./worker.ts";

export interface WriterSettings {
  /** The database. */
  readonly file: string;
}

await serveChild<WriterSettings>(async ({ settings, folder }) =>
  implement(truthWriter, "truthd", writerHandlers(settings.file, join(folder, "rows.ndjson")), {
    onBug: reportBug,
  }),
);
