// The texts that mean NULL in every column, and a quick test for them. Everything else that may mean "nothing" is
// decided by the column it stands in (`masks.ts`).

/** Read as NULL in every column. Everything else that may mean nothing stays a text in a column of texts. */
export const NULL_TEXTS: readonly string[] = ["", "NULL", "null", "\\N", "N/A", "n/a", "#N/A", "<NA>"];
const NULL_BEGINNINGS: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  NULL_TEXTS.some((text) => text.charCodeAt(0) === code),
);
const NULLS: ReadonlySet<string> = new Set(NULL_TEXTS);

/** DuckDB takes no delimiter that stands in one of them. */
export function isInNullText(delimiter: string): boolean {
  return NULL_TEXTS.some((text) => text.includes(delimiter));
}

export function isNull(text: string): boolean {
  return (
    text.length < 5 && (text === "" || (NULL_BEGINNINGS[text.charCodeAt(0)] === true && NULLS.has(text)))
  );
}
