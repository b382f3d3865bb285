// What becomes of a run, in words.

import type { RunStatus } from "#contracts/distill";

export const STATUS_WORDS: Readonly<Record<RunStatus, string>> = {
  running: "Under way",
  succeeded: "Done",
  failed: "Failed",
  cancelled: "Stopped",
};

export const STATUS_TONES: Readonly<Record<RunStatus, "info" | "good" | "bad" | "warn">> = {
  running: "info",
  succeeded: "good",
  failed: "bad",
  cancelled: "warn",
};
