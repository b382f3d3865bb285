// Datasets whose rows follow from what a service keeps: calls from outside may read, tag and drop them, and nothing else.

/** By the dataset's name, what writes it. */
export const OWNED_DATASETS = {
  journal: "journald",
  fills: "filld",
  assignments: "filld",
  contacts: "filld",
  evidence: "distillation",
  scored_runs: "distillation",
  exports: "distillation",
} as const;
