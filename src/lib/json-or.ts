/** What a text says as JSON; undefined for one that is none, which fits no schema either: whoever reads it goes by that. */
export function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
