// Canonical JSON, RFC 8785 (JCS): one text for one value, so that a hash of it means the value and not how somebody
// wrote it down. Numbers and strings are what JSON.stringify makes of them (the RFC takes both from ECMAScript); members
// are ordered by the UTF-16 code units of their names.

/** What JSON cannot hold: `path` says where. */
export class NotJson extends Error {
  readonly path: string;

  constructor(path: string, what: string) {
    super(what);
    this.path = path;
  }
}

/** Deeper values are refused: a request's body is no deeper, and reading them back must not exhaust the stack. */
const DEPTH_MAX = 64;

/** Members that are undefined are left out. Throws NotJson for what JSON has no text for. */
export function canonicalJson(value: unknown, path = "", depth = 0): string {
  if (typeof value === "string") return text(value, path);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new NotJson(path, "must be a finite number");
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new NotJson(path, `cannot be ${typeof value}`);
  if (depth === DEPTH_MAX) throw new NotJson(path, `is nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    return `[${value.map((item, n) => canonicalJson(item, `${path}[${n}]`, depth + 1)).join(",")}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new NotJson(path, "must be a plain object or an array");
  let members = "";
  for (const name of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    const place = path === "" ? name : `${path}.${name}`;
    members += `${members === "" ? "" : ","}${text(name, place)}:${canonicalJson(member, place, depth + 1)}`;
  }
  return `{${members}}`;
}

function text(value: string, path: string): string {
  if (!value.isWellFormed()) throw new NotJson(path, "has half of a surrogate pair, which UTF-8 cannot hold");
  return JSON.stringify(value);
}
