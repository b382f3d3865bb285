/** Undefined for text that is no JSON: it fits no schema either, and whoever reads it goes by that. */
export function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
