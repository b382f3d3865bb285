// Copies a text, and says that it did.

import { type ReactNode, useState } from "react";

const SAID_MS = 1500;

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const [said, setSaid] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("Not allowed here");
    }
    setTimeout(() => setSaid(""), SAID_MS);
  };
  return (
    <button type="button" onClick={() => void copy()} aria-live="polite">
      {said === "" ? label : said}
    </button>
  );
}
