// A dialect is a table: which foreign call is which native operation, and how its request, its reply and its faults are
// written. Codecs are pure and total, and parse nothing that the service parses again: what is not a foreign field goes on as
// it is, and the service judges it. What is not in a dialect's table is that dialect's 404.

import type { Method } from "#rpc/contract";
import type { FaultCode } from "#rpc/fault";

/** A foreign request as a codec sees it; `body` is parsed JSON, undefined where there is none or it is not read. */
export interface ForeignRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
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
  /** The native reply, of status 200 to 299 or one of `decides`, as JSON. */
  readonly reply?: (native: unknown, foreign: ForeignRequest) => ForeignReply;
  /** Error statuses whose body is the operation's own output and not a fault. */
  readonly decides?: readonly number[];
  /** Of a native stream of events: each event as text of the foreign stream, and what ends it. */
  readonly stream?: ForeignStream;
  /** Whether the reply to a request is a stream. */
  readonly streams?: (foreign: ForeignRequest) => boolean;
  /** The reply of a row without an operation. */
  readonly answer?: () => ForeignReply;
}

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
export function renamed(value: unknown, names: Readonly<Record<string, string>>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const fields = Object.entries(value);
  const native = fields.filter(([name]) => !Object.hasOwn(names, name));
  const foreign = fields.flatMap(([name, field]) => {
    const to = names[name];
    return to === undefined || !Object.hasOwn(names, name) ? [] : [[to, field] as const];
  });
  return Object.fromEntries([...foreign, ...native]);
}

/** The error that an envelope of one error holds: by kind, then as they come. Undefined when there is none. */
export function firstError(native: unknown): Readonly<Record<string, unknown>> | undefined {
  const { findings } = fieldsOf(native);
  if (!Array.isArray(findings)) return undefined;
  const errors = findings.map(fieldsOf).filter(({ severity }) => severity === "error");
  const rank = ({ kind }: Readonly<Record<string, unknown>>): number => KINDS.indexOf(String(kind));
  return errors.toSorted((a, b) => rank(a) - rank(b))[0];
}

const KINDS = ["schema", "completeness", "consistency", "policy"];
