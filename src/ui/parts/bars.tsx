// A small histogram, in the page's own elements: no library is loaded for a dozen bars.

import type { ReactNode } from "react";

export interface Bar {
  readonly label: string;
  readonly value: number;
}

export function Bars({ bars, label }: { readonly bars: readonly Bar[]; readonly label: string }): ReactNode {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <div className="bars" role="img" aria-label={`${label}: ${bars.map(said).join(", ")}`}>
      {bars.map((bar, index) => (
        // The whole height answers to the pointer, so that a bar of one row is found, too.
        <span key={`${bar.label} ${index}`} title={said(bar)}>
          <span style={{ height: `${bar.value === 0 ? 0 : Math.max(4, (bar.value / most) * 100)}%` }} />
        </span>
      ))}
    </div>
  );
}

function said({ label, value }: Bar): string {
  return `${label}: ${value.toLocaleString("en-US")}`;
}

/** A share of a whole, as a line that is partly filled. */
export function Share({
  of,
  value,
  tone = "info",
}: {
  readonly of: number;
  readonly value: number;
  readonly tone?: string;
}): ReactNode {
  const percent = of === 0 ? 0 : (value / of) * 100;
  return (
    <span className={`share ${tone}`} aria-hidden="true">
      <span style={{ width: `${Math.min(100, percent)}%` }} />
    </span>
  );
}
