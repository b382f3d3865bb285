// Codes that no single request over a whole house provokes, by what they need.

import type { FaultCode } from "#rpc/fault";

/** Of any operation: a neighbour or a provider that is down, and a disk that is full. */
export const NEED_HARM: ReadonlySet<FaultCode> = new Set(["upstream", "unavailable"]);

export const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  "another call at the same moment": [
    "catalogd.maintain conflict",
    "distill.cancel conflict",
    "distill.refreshDatasets conflict",
    "distill.start conflict",
    "ingestd.replay conflict",
    "journald.seal conflict",
    "truthd.export conflict",
    "vectord.drop conflict",
    "vectord.dropSnapshot conflict",
    "vectord.repair conflict",
    "vectord.restore conflict",
  ],
  "a file of gigabytes": ["ingestd.ingest too_large", "ingestd.replay too_large"],
  "250,000 titles": ["matrixd.learnDataset too_large"],
  "hundreds of people whose ids are long": ["filld.propose too_large"],
  "two million versions of traces": ["pathwayd.add rejected", "pathwayd.revise rejected"],
  "rejected rows of an ingest": ["ingestd.replay rejected"],
  "a worker that dies of its statement": ["queryd.sql rejected", "queryd.sqlStream rejected"],
  "a house with API keys": [
    "distill.quarantine forbidden",
    "matrixd.search forbidden",
    "matrixd.retrieve forbidden",
  ],
};
