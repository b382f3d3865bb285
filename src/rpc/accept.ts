// The accept header (RFC 9110, section 12.5.1): which of some media types a client likes best. Of a type the most
// specific range decides, with its weight `q`; a weight of 0 refuses it. Among equals the one that is named first
// in the header wins, then the one that is offered first.

/** Longer headers are cut: no client lists so many types. */
const RANGES_MAX = 50;

interface Range {
  readonly type: string;
  readonly weight: number;
}

function rangesOf(header: string): Range[] {
  return header
    .split(",", RANGES_MAX)
    .map((part) => {
      const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
      const q = parameters.find((parameter) => parameter.startsWith("q="))?.slice(2);
      const weight = q === undefined ? 1 : Number(q);
      return { type, weight: weight >= 0 && weight <= 1 ? weight : 0 };
    })
    .filter(({ type }) => type !== "");
}

/** 3 for the type itself, 2 for `text/*`, 1 for all, 0 for another one. */
function specificity(range: string, type: string): number {
  if (range === type) return 3;
  if (range === "*/*") return 1;
  return range.endsWith("/*") && type.startsWith(range.slice(0, -1)) ? 2 : 0;
}

/** The best liked of the offered types; undefined when none is accepted, or the header names none. */
export function preferred(header: string, offered: readonly string[]): string | undefined {
  const ranges = rangesOf(header);
  let best: { type: string; weight: number; order: number } | undefined;
  for (const type of offered) {
    let order = -1;
    let specific = 0;
    ranges.forEach((range, index) => {
      const how = specificity(range.type, type);
      if (how > specific) [specific, order] = [how, index];
    });
    const weight = ranges[order]?.weight ?? 0;
    if (weight === 0) continue;
    if (best === undefined || weight > best.weight || (weight === best.weight && order < best.order)) {
      best = { type, weight, order };
    }
  }
  return best?.type;
}
