// The shape of a request: which fields it has and of what type, not what is in them. Calls of one shape take the same
// way through a program, so that one of each is compared however rare it is.

/** Deeper fields make no other shape. */
const DEPTH_MAX = 3;
const FIELDS_MAX = 64;

export function shapeOf(url: string, body: unknown): string {
  const asked = url.indexOf("?");
  // Each call of a shadowed route gets its shape, and most have no query.
  const query = asked === -1 ? [] : [...new Set(new URLSearchParams(url.slice(asked + 1)).keys())].sort();
  return `?${query.slice(0, FIELDS_MAX).join("&")} ${typeShape(body, 0)}`;
}

function typeShape(value: unknown, depth: number): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return depth < DEPTH_MAX ? `[${typeShape(value[0], depth + 1)}]` : "[]";
  if (typeof value !== "object") return typeof value;
  if (depth >= DEPTH_MAX) return "{}";
  const fields = Object.entries(value)
    .slice(0, FIELDS_MAX)
    .map(
      ([name, field]) => `${/^[A-Za-z_]\w{0,40}$/.test(name) ? name : "*"}:${typeShape(field, depth + 1)}`,
    );
  return `{${[...new Set(fields)].sort().join(",")}}`;
}
