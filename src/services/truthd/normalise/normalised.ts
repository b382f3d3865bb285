import type { TruthValue } from "#contracts/truth";

export interface Normalised {
  /** Equal for values that are the same. */
  readonly key: string;
  /** How the value is shown. */
  readonly shown: TruthValue;
}
