// The files of docs/schemas are made from the schemas of the code, and rewritten on purpose only, with:
// SCHEMAS=write bun test src/distill/schemas

import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { evidence, scoredRun } from "./evidence.ts";
import {
  baseline,
  certificate,
  manifest,
  provenanceLine,
  quarantined,
  receipt,
  runSummary,
} from "./reports.ts";
import { auditReport, replayReport, runRecord } from "./run-reports.ts";
import * as logs from "./source-logs.ts";

/** By the name of the file. */
const PUBLISHED: Readonly<Record<string, z.ZodType>> = {
  "source-chat.v1": logs.chatLine,
  "source-iterate.v1": logs.iterateLine,
  "source-validation.v1": logs.validationLine,
  "source-fill.v1": logs.fillLine,
  "source-message.v1": logs.messageLine,
  "source-search.v1": logs.searchLine,
  "source-playbook.v1": logs.playbookLine,
  "source-pathway.v1": logs.pathwayLine,
  "source-journal.v1": logs.journalLine,
  "source-truth.v1": logs.truthLine,
  "source-review.v1": logs.reviewLine,
  "replay_run.v1": logs.replayRun,
  "evidence.v1": evidence,
  "scored_run.v1": scoredRun,
  "quarantine.v1": quarantined,
  "receipt.v1": receipt,
  "run_summary.v1": runSummary,
  "provenance.v1": provenanceLine,
  "contamination.v1": certificate,
  "export.v1": manifest,
  "audit_baseline.v1": baseline,
  "distill_run.v1": runRecord,
  "audit.v1": auditReport,
  "replay.v1": replayReport,
};

const FOLDER = join(import.meta.dir, "../../../docs/schemas");

function published(name: string, schema: z.ZodType): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return `${JSON.stringify({ $schema, title: name, ...rest }, null, 2)}\n`;
}

// oxlint-disable-next-line node/no-process-env -- a switch of this test alone
if (process.env["SCHEMAS"] === "write") {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, schema] of Object.entries(PUBLISHED))
    writeFileSync(join(FOLDER, `${name}.json`), published(name, schema));
}

test("docs/schemas has each schema as the code has it, and nothing else", () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(PUBLISHED)
      .map((name) => `${name}.json`)
      .sort(),
  );
  for (const [name, schema] of Object.entries(PUBLISHED)) {
    expect(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8")), name).toEqual(
      JSON.parse(published(name, schema)),
    );
  }
});
