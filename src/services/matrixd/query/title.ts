// A title of a job as a dataset or a caller writes it, and what the taxonomy makes of it.

export interface Title {
  /** As it was first written. */
  readonly text: string;
  /** Its role in the taxonomy, null when that has none for it. */
  readonly role: string | null;
  readonly soc: string | null;
  /** Of the role, 0 to 1. */
  readonly confidence: number;
}

/** A role that was read with less confidence is one candidate among others. */
export const SURE_MIN = 0.9;
