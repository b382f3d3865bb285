import type { DistillRun } from "#contracts/distill";

type BriefReceipt = DistillRun["receipts"][number];

/** What of a receipt is in a list of runs and in their events. */
export function briefReceipt(receipt: BriefReceipt): BriefReceipt {
  const { stage, in: rowsIn, out, duplicates, quarantined, totals } = receipt;
  return { stage, in: rowsIn, out, duplicates, quarantined, totals };
}
