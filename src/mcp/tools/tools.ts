// All tools, in the order in which they are listed: the order in which an agent needs them. It never changes by itself.

import type { AnyTool } from "../tool.ts";
import { describeDataset, ingestFile, listDatasets, querySql } from "./data.ts";
import { draftMessage, proposeFill, recordOutcome, validateFill, validateMessage } from "./fills.ts";
import { getTrace, listPlaybooks, reconcileClaim } from "./memory.ts";
import { explainMatch, getWorker, parseOrder, searchWorkers } from "./people.ts";
import { systemStatus } from "./system.ts";

export const TOOLS: readonly AnyTool[] = [
  searchWorkers,
  getWorker,
  parseOrder,
  proposeFill,
  validateFill,
  draftMessage,
  validateMessage,
  recordOutcome,
  explainMatch,
  listPlaybooks,
  listDatasets,
  describeDataset,
  querySql,
  ingestFile,
  getTrace,
  reconcileClaim,
  systemStatus,
];
