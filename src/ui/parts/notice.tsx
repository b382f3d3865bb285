// What a page says of itself: something failed and what to do, something is worth knowing, nothing is here yet.

import type { ReactNode } from "react";
import { forgetKey, hasKey } from "../wire/access-key.ts";
import type { WireFault } from "../wire/wire-fault.ts";

export function Notice({
  tone,
  children,
}: {
  readonly tone: "bad" | "warn" | "good" | "info";
  readonly children: ReactNode;
}): ReactNode {
  return (
    <div className={`notice ${tone}`} role={tone === "bad" ? "alert" : "status"}>
      {children}
    </div>
  );
}

/** A failure with its way out: a key that may not do this is told which it needs. The request id is what an operator finds it by in the log. */
export function Problem({
  fault,
  again,
}: {
  readonly fault: WireFault;
  readonly again?: () => void;
}): ReactNode {
  // A place that says no more than the message does is no news.
  const details =
    fault.code === "invalid" ? fault.details.filter(({ message }) => message !== fault.message) : [];
  return (
    <Notice tone="bad">
      <p>{fault.away ? `${fault.message} What you typed is kept; try again in a moment.` : fault.message}</p>
      {details.length > 0 && (
        <ul>
          {details.map(({ path, message }) => (
            <li key={path + message}>
              {path}: {message}
            </li>
          ))}
        </ul>
      )}
      <p className="notice-foot">
        {fault.code === "forbidden" && hasKey() ? (
          <button type="button" onClick={forgetKey}>
            Use another key
          </button>
        ) : (
          again !== undefined && (
            <button type="button" onClick={again}>
              Try again
            </button>
          )
        )}
        {fault.requestId !== undefined && (
          <span>
            Request <code>{fault.requestId}</code>
          </span>
        )}
      </p>
    </Notice>
  );
}

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Grey lines where rows will be. */
export function Loading({ rows, what }: { readonly rows: number; readonly what: string }): ReactNode {
  return (
    <div className="loading" role="status" aria-label={`Loading ${what}`}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} />
      ))}
    </div>
  );
}
