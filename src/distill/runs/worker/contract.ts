// What the gateway asks of a child process: to go through a run, and to read what runs left. Inputs and outputs of reads are
// those of the wire.

import { z } from "zod";
import { distill, distillRun } from "#contracts/distill";
import { op } from "#rpc/contract";

const { runs, run, audit, quarantine, exports, export: exportOf, evidence, trace, refreshDatasets } = distill;

export const distillWorker = {
  runs,
  run,
  audit,
  quarantine,
  exports,
  export: exportOf,
  evidence,
  trace,
  refreshDatasets,
  perform: op({
    method: "POST",
    path: "/perform",
    summary: "Go through a run, and report how it is whenever that changes",
    description: "What fails once the run is on record is told by its last state, and by no fault.",
    reply: "events",
    input: distill.start.input.extend({
      run_id: z.string(),
      actor: z.string(),
      git_commit: z.string().nullable(),
    }),
    output: distillRun,
    errors: ["conflict"],
    scope: "write",
  }),
};
