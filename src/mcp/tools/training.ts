// The tool that turns what happened into files that train. The run is the house's own: a client that goes away leaves it, and
// one that cancels its task ends it.

import { z } from "zod";
import { EXPORT_KINDS, type RunStatus, RUN_STAGES, TRAINERS } from "#contracts/distill";
import { Fault } from "#rpc/fault";
import { tool } from "../tool.ts";

const counts = z.object({
  stage: z.string(),
  in: z.int(),
  out: z.int(),
  duplicates: z.int(),
  quarantined: z.int(),
});

export const runDistillation = tool({
  name: "run_distillation",
  title: "Run distillation",
  description:
    "Turn source logs into evidence, scores and training files (SFT, preference, KTO, RAG), and bring the datasets evidence, scored_runs and exports up to date for query_sql. Continues where the last run ended.",
  scope: "write",
  effects: { readOnly: false, destructive: false, idempotent: true },
  long: true,
  input: z.strictObject({
    stages: z
      .array(z.enum(RUN_STAGES).exclude(["replay"]))
      .min(1)
      .default(["materialize", "score", "export"])
      .describe(
        "capture takes what is new in the journal first; accept checks the invariants of distillation on a root made for it; audit computes everything again",
      ),
    kinds: z.array(z.enum(EXPORT_KINDS)).min(1).optional(),
    targets: z.array(z.enum(TRAINERS)).min(1).default(["trl"]),
  }),
  output: z.object({
    run_id: z.string(),
    status: z.string(),
    receipts: z.array(counts),
    audit_ok: z.boolean().optional(),
  }),
  run: async ({ distill }, input, { call, progress }) => {
    const { run_id } = await distill.start(input, call);
    let status: RunStatus = "running";
    let problem: string | undefined;
    try {
      for await (const state of distill.runEvents({ run_id }, call)) {
        ({ status, problem } = state);
        const at = state.progress;
        if (at !== undefined) progress(at.stage, at.done, at.total);
      }
    } catch (error) {
      // The task was cancelled: its run ends with it, by a call of its own.
      if (call.signal.aborted) await distill.cancel({ run_id }, { caller: call.caller });
      throw error;
    }
    if (status !== "succeeded")
      throw new Fault("rejected", `The run ${run_id} did not succeed. ${problem ?? ""}`.trim());
    const { receipts } = await distill.run({ run_id }, call);
    const audit = input.stages.includes("audit") ? await distill.audit({ run_id }, call) : undefined;
    return {
      run_id,
      status,
      receipts: receipts.map(({ stage, in: rowsIn, out, duplicates, quarantined }) => ({
        stage,
        in: rowsIn,
        out,
        duplicates,
        quarantined,
      })),
      ...(audit === undefined ? {} : { audit_ok: audit.ok }),
    };
  },
});
