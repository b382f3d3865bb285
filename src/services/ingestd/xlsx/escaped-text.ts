const ESCAPED = /_x([0-9A-Fa-f]{4})_/g;

/** Characters that XML does not have stand as `_x000D_`, and such a sequence itself as `_x005F_x000D_`. */
export function unescapeText(text: string): string {
  return text.includes("_x")
    ? text.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
    : text;
}
