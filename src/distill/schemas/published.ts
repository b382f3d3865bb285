// Every schema that is published under docs/schemas, by its file's name.

import type { z } from "zod";
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
import * as logs from "./source-logs.ts";

export const PUBLISHED: Readonly<Record<string, z.ZodType>> = {
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
};
