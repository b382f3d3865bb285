// The method of an operation, by what it does to the house.

import type { ReactNode } from "react";

const METHOD_TONES: Readonly<Record<string, string>> = {
  GET: "info",
  HEAD: "info",
  POST: "good",
  PUT: "warn",
  PATCH: "warn",
  DELETE: "bad",
};

export function Method({ method }: { readonly method: string }): ReactNode {
  return <span className={`pill method ${METHOD_TONES[method] ?? ""}`}>{method}</span>;
}
