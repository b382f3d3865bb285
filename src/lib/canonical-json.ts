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
    return quick(value) ?? written(value, 0);
  } catch (error) {
    throw path === "" ? error : below(path, error);
  }
}

/**
 * What the engine writes of a copy whose members are in order: twice as fast as `written`, and one flat text, which a hash
 * takes as it is. Undefined for a value that `written` must look at.
 */
function quick(value: unknown): string | undefined {
  const copy = inOrder(value, 0);
  if (copy === UNUSUAL) return undefined;
  const text = JSON.stringify(copy);
  // Half of a surrogate pair is written as an escape, and so may be a text that speaks of one.
  return text.includes("\\ud") ? undefined : text;
}

const UNUSUAL = Symbol("what cannot be copied in order, or is not JSON");

/** An engine has members named like numbers before all others, and one that sets the prototype. */
const NAME_UNUSUAL = /^(\d|__proto__$)/;

function inOrder(value: unknown, depth: number): unknown {
  if (typeof value === "string" || value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : UNUSUAL;
  if (typeof value !== "object" || depth === DEPTH_MAX) return UNUSUAL;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const each of value) {
      const item = inOrder(each, depth + 1);
      if (item === UNUSUAL) return UNUSUAL;
      items.push(item);
    }
    return items;
  }
  if (!isPlain(value)) return UNUSUAL;
  const members: Record<string, unknown> = {};
  for (const name of orderedNames(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[name];
    if (member === undefined) continue;
    if (NAME_UNUSUAL.test(name)) return UNUSUAL;
    const copied = inOrder(member, depth + 1);
    if (copied === UNUSUAL) return UNUSUAL;
    members[name] = copied;
  }
  return members;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Objects of more members are sorted by the engine: insertion is quadratic. */
const INSERTED_MAX = 24;

function orderedNames(value: object): string[] {
  const names = Object.keys(value);
  if (names.length > INSERTED_MAX) return names.sort();
  for (let at = 1; at < names.length; at += 1) {
    const name = names[at] ?? "";
    let to = at;
    for (; to > 0 && (names[to - 1] ?? "") > name; to -= 1) names[to] = names[to - 1] ?? "";
    names[to] = name;
  }
  return names;
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
    const items = Array.from(value, (item: unknown, n) => placed(`[${n}]`, item, depth + 1));
    return `[${items.join(",")}]`;
  }
  if (!isPlain(value)) throw new NotJson("", "must be a plain object or an array");
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${placed(name, name, depth)}:${placed(name, member, depth + 1)}`);
  return `{${members.join(",")}}`;
}

function placed(place: string, value: unknown, depth: number): string {
  try {
    return written(value, depth);
  } catch (error) {
    throw below(place, error);
  }
}

/** Where something is is put together when it is told: hardly any value is wrong, and each would pay for its path. */
function below(place: string, error: unknown): unknown {
  if (!(error instanceof NotJson)) return error;
  const { path, message } = error;
  const dot = path === "" || path.startsWith("[") ? "" : ".";
  return new NotJson(`${place}${dot}${path}`, message);
}

function text(value: string): string {
  if (!value.isWellFormed()) throw new NotJson("", "has half of a surrogate pair, which UTF-8 cannot hold");
  return JSON.stringify(value);
}
