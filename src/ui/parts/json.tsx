// A value as JSON, to be read and copied. It is text, whatever stands in it.

import type { ReactNode } from "react";
import { CopyButton } from "./copy-button.tsx";

/** A browser lays out some hundred kilobytes without a pause; the whole is copied all the same. */
const SHOWN_CHARS_MAX = 100_000;

export function Json({ value, label }: { readonly value: unknown; readonly label: string }): ReactNode {
  const text = JSON.stringify(value, undefined, 2) ?? "nothing";
  return (
    <div className="json">
      <pre className="code" tabIndex={0} aria-label={label} role="region">
        {text.slice(0, SHOWN_CHARS_MAX)}
        {text.length > SHOWN_CHARS_MAX && "\n… copy it to see the rest"}
      </pre>
      <CopyButton text={text} label="Copy JSON" />
    </div>
  );
}
