// A dialect is a table: which foreign call is which native operation, and how its request, its reply and its faults are
// written. Codecs are pure and total, and parse nothing that the service parses again: what is not a foreign field goes on as
// it is, and the service judges it. What is not in a dialect's table is that dialect's 404.

import type { Method } from "#rpc/contract";
import type { Fault, FaultCode } from "#rpc/fault";

/** A foreign request as a codec sees it; `body` is parsed JSON, undefined where there is none or it is not read. */
export interface ForeignRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What becomes of it; what is left out goes on as it came. */
export interface NativeRequest {
  /** Values of the native path's segments in braces. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A reply in the dialect's own bytes. */
export interface ForeignReply {
  /** That of the native reply unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly text: string;
}

/** A native failure: the house's own fault, or a verdict that comes with an error status. */
export interface NativeFault {
  readonly status: number;
  readonly code: FaultCode;
  readonly message: string;
  readonly details: readonly { readonly path: string; readonly message: string }[];
}

export interface DialectRow {
  readonly method: Method;
  /** Below the dialect's prefix, segments in braces. */
  readonly path: string;
  /** `embedd.embed`; undefined for what the dialect answers without a service. */
  readonly operation?: string;
  readonly request?: (foreign: ForeignRequest) => NativeRequest;
  /** Fields of the request that have another name here: foreign to native. A fault then names the foreign one. */
  readonly names?: FieldNames;
  /** The native reply, of status 200 to 299 or one of `decides`, as JSON. */
  readonly reply?: (native: unknown, foreign: ForeignRequest) => ForeignReply;
  /** The same from the native reply's text, for large ones that need not be parsed; undefined where it must be. */
  readonly replyText?: (text: string, foreign: ForeignRequest) => ForeignReply | undefined;
  /**
   * Of a native reply that its service keeps: what the foreign one depends on besides, as a name. Requests of one name get the
   * same bytes, so that they are made once. Undefined: they are made for each request.
   */
  readonly form?: (foreign: ForeignRequest) => string;
  /** Error statuses whose body is the operation's own output and not a fault. */
  readonly decides?: readonly number[];
  /** Of a native stream of events: each event as text of the foreign stream, and what ends it. */
  readonly stream?: ForeignStream;
  /** Whether the reply to a request is a stream. */
  readonly streams?: (foreign: ForeignRequest) => boolean;
  /** The reply of a row without an operation. */
  readonly answer?: () => ForeignReply;
}

/** Foreign name to native name. */
export type FieldNames = Readonly<Record<string, string>>;

export interface ForeignStream {
  readonly operation: string;
  readonly begin: (foreign: ForeignRequest) => StreamState;
  /** The text of one event; empty for one that the dialect does not have. */
  readonly event: (
    event: Readonly<Record<string, unknown>> & { event?: string },
    state: StreamState,
  ) => string;
  readonly end: (state: StreamState) => string;
  readonly fault: (fault: NativeFault) => string;
}

/** What an encoder remembers from one event to the next. */
export type StreamState = Record<string, unknown>;

export interface Dialect {
  readonly name: DialectName;
  /** Before every path: `/_go`, `/api`, nothing. */
  readonly prefix: string;
  readonly rows: readonly DialectRow[];
  readonly fault: (fault: NativeFault) => ForeignReply;
}

export const DIALECT_NAMES = ["go", "rust", "openai"] as const;
export type DialectName = (typeof DIALECT_NAMES)[number];

/** The fields of a JSON object; nothing of what is none. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

/** The object with some of its fields under other names. A field that is there under its native name too goes first. */
export function renamed(value: unknown, names: FieldNames): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value);
  const native = fields.filter(([name]) => !Object.hasOwn(names, name));
  const foreign = fields.flatMap(([name, field]) => {
    const to = names[name];
    return to === undefined || !Object.hasOwn(names, name) ? [] : [[to, field] as const];
  });
  return Object.fromEntries([...foreign, ...native]);
}

/** A fault with the names of the fields that the caller wrote. */
export function nativeFault(
  { status, code, message, details = [] }: Fault,
  names: FieldNames = {},
): NativeFault {
  const foreign = new Map(Object.entries(names).map(([from, to]) => [to, from]));
  const said = (path: string): string => path.replace(/^[A-Za-z_]+/, (field) => foreign.get(field) ?? field);
  // The message begins with the place of the first problem, where there is one.
  const path = details[0]?.path ?? "";
  const written = path !== "" && message.startsWith(path) ? said(path) + message.slice(path.length) : message;
  return {
    status,
    code,
    message: written,
    details: details.map((detail) => ({ path: said(detail.path), message: detail.message })),
  };
}

/** The error that an envelope of one error holds: by kind, then by row (the whole first), then as they come. */
export function firstError(native: unknown): Readonly<Record<string, unknown>> | undefined {
  const { findings } = fieldsOf(native);
  if (!Array.isArray(findings)) return undefined;
  const errors = findings.map(fieldsOf).filter(({ severity }) => severity === "error");
  return errors.toSorted((a, b) => kindRank(a) - kindRank(b) || rowOf(a) - rowOf(b))[0];
}

const KINDS = ["schema", "completeness", "consistency", "policy"];

function kindRank({ kind }: Readonly<Record<string, unknown>>): number {
  const rank = KINDS.indexOf(String(kind));
  return rank === -1 ? KINDS.length : rank;
}

/** 2 of `fills[2].worker_id`; -1 of what is about no row. */
function rowOf({ path }: Readonly<Record<string, unknown>>): number {
  return Number(/\[(\d{1,9})\]/.exec(String(path))?.[1] ?? -1);
}
