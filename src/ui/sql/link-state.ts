// The state of the SQL screen in its URL: lists and records as JSON.

export function listOf(json: string | null): readonly string[] {
  const value = parsed(json);
  return Array.isArray(value) ? value.map(String) : [];
}

export function recordOf(json: string | null): Readonly<Record<string, string>> {
  const value = parsed(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, String(one)]));
}

/** Of a link that was cut or written by hand, what cannot be read is left out. */
function parsed(json: string | null): unknown {
  try {
    return JSON.parse(json ?? "null");
  } catch {
    return null;
  }
}

/** The link to what is in the editor, with its values and with whatever else the URL says: limit, snapshots, chart. */
export function linkOf(sql: string, values: readonly string[], params: URLSearchParams): string {
  const linked = new URLSearchParams(params);
  linked.set("q", sql);
  if (values.some((value) => value !== "")) linked.set("p", JSON.stringify(values));
  else linked.delete("p");
  return `${location.origin}${location.pathname}?${linked.toString()}`;
}
