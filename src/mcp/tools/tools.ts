// All tools, in the order in which they are listed: the order in which an agent needs them. It never changes by itself.

import type { HouseTool } from "../tool.ts";
import { buildCorpus, describeDataset, ingestFile, listDatasets, querySql } from "./data.ts";
import {
  draftMessage,
  iterateDraft,
  proposeFill,
  recordOutcome,
  validateFill,
  validateMessage,
} from "./fills.ts";
import { getTrace, listPlaybooks, reconcileClaim } from "./memory.ts";
import { explainMatch, getWorker, parseOrder, searchWorkers } from "./people.ts";
import { systemStatus } from "./system.ts";
import { runDistillation } from "./training.ts";

export const TOOLS: readonly HouseTool[] = [
  searchWorkers,
  getWorker,
  parseOrder,
  proposeFill,
  validateFill,
  draftMessage,
  validateMessage,
  iterateDraft,
  recordOutcome,
  explainMatch,
  listPlaybooks,
  listDatasets,
  describeDataset,
  querySql,
  ingestFile,
  buildCorpus,
  runDistillation,
  getTrace,
  reconcileClaim,
  systemStatus,
];
