// What a cell's number format says of its value: a date, a time, digits that are kept with their leading zeros, or
// a number, shown as a percentage or in a currency. Format: ECMA-376 part 1, 18.8.30 and 18.8.31.

import type { DateKind } from "./serial-date.ts";

export interface NumberFormat {
  readonly kind: DateKind | "digits" | "number";
  /** Of digits: `0` for each, and what stands between them: `000-00-0000`. */
  readonly template?: string;
  readonly percent?: boolean;
  /** The sign or the letters of the currency it is shown in. */
  readonly currency?: string;
}

export const PLAIN: NumberFormat = { kind: "number" };

/** Formats that files name by number alone. Those of other languages differ in looks and not in kind. */
const BUILT_IN: ReadonlyMap<number, NumberFormat> = new Map([
  ...range(14, 17, { kind: "date" }),
  ...range(18, 21, { kind: "time" }),
  ...range(22, 22, { kind: "datetime" }),
  ...range(27, 31, { kind: "date" }),
  ...range(32, 35, { kind: "time" }),
  ...range(36, 36, { kind: "date" }),
  ...range(45, 45, { kind: "time" }),
  ...range(46, 46, { kind: "elapsed" }),
  ...range(47, 47, { kind: "time" }),
  ...range(50, 54, { kind: "date" }),
  ...range(55, 56, { kind: "time" }),
  ...range(57, 58, { kind: "date" }),
  ...range(9, 10, { kind: "number", percent: true }),
]);

function range(from: number, to: number, format: NumberFormat): [number, NumberFormat][] {
  return Array.from({ length: to - from + 1 }, (_, index) => [from + index, format]);
}

export function numberFormat(id: number, code: string | undefined): NumberFormat {
  if (code === undefined) return BUILT_IN.get(id) ?? PLAIN;
  const tokens = tokensOf(code);
  const date = dateKindOf(tokens);
  if (date !== undefined) return { kind: date };
  const template = templateOf(tokens);
  if (template !== undefined) return { kind: "digits", template };
  const currency = tokens.find(({ kind }) => kind === "currency")?.text ?? signIn(tokens);
  const percent = tokens.some(({ kind, text }) => kind === "code" && text === "%");
  return {
    kind: "number",
    ...(percent ? { percent } : {}),
    ...(currency === undefined ? {} : { currency }),
  };
}

interface Token {
  readonly kind: "code" | "literal" | "elapsed" | "currency";
  /** One character of code; a literal's text, a currency's sign. */
  readonly text: string;
}

const LEX = /"([^"]*)"?|\\(.)|[_*](.)|\[(h+|m+|s+)\]|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|am\/pm|a\/p|(.)/gis;

/** The first section, which is that of positive numbers and of dates. */
function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  for (const found of code.matchAll(LEX)) {
    const [whole, quoted, escaped, spacing, elapsed, currency, plain] = found;
    if (plain === ";") break;
    if (quoted !== undefined || escaped !== undefined)
      tokens.push({ kind: "literal", text: quoted ?? escaped ?? "" });
    else if (elapsed !== undefined) tokens.push({ kind: "elapsed", text: elapsed });
    else if (currency !== undefined)
      tokens.push({ kind: currency === "" ? "literal" : "currency", text: currency });
    else if (plain !== undefined) tokens.push({ kind: "code", text: plain.toLowerCase() });
    // A clock of twelve hours is one; a space as wide as a character, a colour and a condition are nothing.
    else if (spacing === undefined && !whole.startsWith("[")) tokens.push({ kind: "code", text: "h" });
  }
  return tokens;
}

function dateKindOf(tokens: readonly Token[]): DateKind | undefined {
  if (tokens.some(({ kind }) => kind === "elapsed")) return "elapsed";
  const code = tokens.flatMap(({ kind, text }) => (kind === "code" ? text : [])).join("");
  if (/general/.test(code)) return undefined;
  const time = /[hs]/.test(code);
  const date = /[yd]/.test(code) || (code.includes("m") && !time);
  if (date && time) return "datetime";
  if (date) return "date";
  return time ? "time" : undefined;
}

/** Two zeros and more, with signs between them and nothing else: a postal code, a social security number. */
function templateOf(tokens: readonly Token[]): string | undefined {
  const fixed = tokens.every(
    ({ kind, text }) => kind === "literal" || (kind === "code" && /[0\-() /]/.test(text)),
  );
  if (!fixed) return undefined;
  const zeros = tokens.filter(({ kind, text }) => kind === "code" && text === "0").length;
  // A literal zero would be taken for a digit.
  const clear = tokens.every(({ kind, text }) => kind === "code" || !text.includes("0"));
  return zeros >= 2 && clear ? tokens.map(({ text }) => text).join("") : undefined;
}

function signIn(tokens: readonly Token[]): string | undefined {
  const text = tokens.flatMap((token) => (token.kind === "elapsed" ? [] : token.text)).join("");
  return /[$€£¥₹]|\b(?:USD|EUR|GBP|CHF)\b/.exec(text)?.[0];
}

/** A whole number in the places of a template, more digits before the first one. */
export function fillTemplate(template: string, value: number): string {
  const places = template.split("0").length - 1;
  const digits = String(value).padStart(places, "0");
  const more = digits.length - places;
  let at = 0;
  return template.replaceAll("0", () => {
    const from = at === 0 ? 0 : at + more;
    at += 1;
    return digits.slice(from, at + more);
  });
}
