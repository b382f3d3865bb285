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

/** Members that are undefined are left out. Throws NotJson for what JSON has no text for, with its place below `path`. */
export function canonicalJson(value: unknown, path = ""): string {
  try {
    return written(value, 0);
  } catch (error) {
    throw path === "" ? error : below(path, error);
  }
}

function written(value: unknown, depth: number): string {
  if (typeof value === "string") return text(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new NotJson("", "must be a finite number");
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new NotJson("", `cannot be ${typeof value}`);
  if (depth === DEPTH_MAX) throw new NotJson("", `is nested deeper than ${DEPTH_MAX} levels`);
  if (Array.isArray(value)) {
    let items = "";
    for (let n = 0; n < value.length; n += 1) {
      try {
        items += `${n === 0 ? "" : ","}${written(value[n], depth + 1)}`;
      } catch (error) {
        throw below(`[${n}]`, error);
      }
    }
    return `[${items}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new NotJson("", "must be a plain object or an array");
  let members = "";
  for (const name of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    try {
      members += `${members === "" ? "" : ","}${text(name)}:${written(member, depth + 1)}`;
    } catch (error) {
      throw below(name, error);
    }
  }
  return `{${members}}`;
}

/** Where something is is put together when it is told: hardly any value is wrong, and each would pay for its path. */
function below(place: string, error: unknown): unknown {
  if (!(error instanceof NotJson)) return error;
  const { path, message } = error;
  const dot = path === "" || path.startsWith("[") ? "" : ".";
  return new NotJson(`${place}${dot}${path}`, message);
}

/** Printable ASCII without quote and backslash stands in JSON as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

function text(value: string): string {
  if (PLAIN.test(value)) return `"${value}"`;
  if (!value.isWellFormed()) throw new NotJson("", "has half of a surrogate pair, which UTF-8 cannot hold");
  return JSON.stringify(value);
}
