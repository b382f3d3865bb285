// How something has done: the share that worked, of how many uses.

import type { ReactNode } from "react";
import { Share } from "../parts/bars.tsx";
import { counted } from "../parts/words.ts";

export interface Uses {
  readonly use_count: number;
  readonly success_rate: number | null;
}

export function successText({ use_count: uses, success_rate: rate }: Uses): string {
  return rate === null ? "not used yet" : `${Math.round(rate * 100)} % of ${counted(uses, "use")}`;
}

export function Success({ record }: { readonly record: Uses }): ReactNode {
  const { success_rate: rate } = record;
  if (rate === null) return <span className="muted">{successText(record)}</span>;
  return (
    <>
      <Share of={1} value={rate} tone={rate >= 0.5 ? "good" : "bad"} /> {successText(record)}
    </>
  );
}
