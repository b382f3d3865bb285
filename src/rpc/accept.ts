// Which media type a request prefers, by its accept header (RFC 9110, section 12.5.1): the highest quality, and among
// equals the one named first. A quality of 0 refuses a type.

interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/** More than that nobody means. */
const RANGES_MAX = 64;

function rangesOf(accept: string): readonly MediaRange[] {
  return accept
    .split(",", RANGES_MAX)
    .map((range) => {
      const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="));
      const quality = q === undefined ? 1 : Number(q.slice(2));
      return { type, quality: Number.isFinite(quality) ? quality : 0 };
    })
    .filter(({ type }) => type !== "");
}

/**
 * The one of `types` that the header prefers, exactly as it is written there; undefined when it prefers `otherwise`, or
 * names none of them. What `otherwise` answers is also what a wildcard, or no header, asks for.
 */
export function preferredType(
  accept: string | null,
  types: readonly string[],
  otherwise = "application/json",
): string | undefined {
  if (accept === null || accept === "") return undefined;
  let best: { readonly type: string; readonly quality: number } | undefined;
  const group = `${otherwise.slice(0, otherwise.indexOf("/"))}/*`;
  for (const { type, quality } of rangesOf(accept)) {
    const known = types.includes(type) || type === otherwise || type === group || type === "*/*";
    if (!known || quality <= (best?.quality ?? 0)) continue;
    best = { type, quality };
  }
  return best !== undefined && types.includes(best.type) ? best.type : undefined;
}
