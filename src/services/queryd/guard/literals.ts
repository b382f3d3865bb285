// Numbers as they stand in a statement. DuckDB reads a literal that no exact type holds as a DOUBLE, and one beyond that
// as infinity; both are refused, so that a number is what was written.

import { Refused } from "./refused.ts";

/** The digits of a number without an exponent. */
const DIGITS = /^[\d_]*(?:\.[\d_]*)?(?![\d_.eE])/;
/** As many as DECIMAL holds; DuckDB reads longer literals as DOUBLE, which keeps 15. */
const EXACT_DIGITS_MAX = 38;

/** Refuses a literal that DuckDB would change without a word; `text` is what the tree was made of. */
export function checkLiteral(node: Readonly<Record<string, unknown>>, text: Buffer): void {
  const { type, value } = (node["value"] ?? {}) as { type?: { id?: string }; value?: unknown };
  if (type?.id !== "DOUBLE") return;
  const at = Number(node["query_location"] ?? 0);
  if (value === null || value === undefined) {
    throw new Refused("invalid", "The number is larger than a DOUBLE can be (1.8e308).", at);
  }
  const written = DIGITS.exec(text.subarray(at, at + 400).toString("latin1"))?.[0] ?? "";
  if (written.replaceAll(/[._]/g, "").length <= EXACT_DIGITS_MAX) return;
  throw new Refused(
    "invalid",
    `The number has more than ${EXACT_DIGITS_MAX} digits, which no exact type holds; write it with an exponent for a DOUBLE, or as text.`,
    at,
  );
}
