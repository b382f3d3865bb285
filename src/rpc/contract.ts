// The contract machine's vocabulary. An operation is data: method, path, schemas, faults. A contract is a record of
// operations. From one contract come the handlers that a daemon writes (`Handlers<C>`), what its neighbours call
// (`Service<C>`, the same type in one process and over a socket), HTTP routes and OpenAPI.

import type { z } from "zod";
import type { Call, CallInit, Scope } from "./call.ts";
import type { FaultCode } from "./fault.ts";
import type { FileBytes } from "./file-handoff.ts";

type Schema = z.core.SomeType;

export type Method = "GET" | "HEAD" | "PUT" | "POST" | "PATCH" | "DELETE";

/** What a request carries besides its path, query and headers: fields as JSON, or bytes as a stream. */
export type BodyKind = "json" | "raw";

/** What a reply is: one JSON value, raw bytes with their own status and headers, or server-sent events. */
export type ReplyKind = "json" | "raw" | "events";

/**
 * What a request costs, by which its concurrency is limited: `quick` takes milliseconds, `bulk` seconds or more, `stream`
 * has a reply that goes on, `upload` a body that is written to disk as it arrives.
 */
export type Work = "quick" | "bulk" | "stream" | "upload";

export type Bytes = ReadableStream<Uint8Array>;

/** A reply of a raw operation. `body` is null for statuses without one (204, 304) and for HEAD. */
export interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes | null;
}

/**
 * What a handler of a raw operation returns. Bytes, a Blob and a file are sent with their length, which a stream does not
 * have; a caller in this process gets a stream in every case.
 */
export interface RawReply extends Omit<Raw, "body"> {
  readonly body: Bytes | Blob | FileBytes | Uint8Array<ArrayBuffer> | null;
}

/**
 * A JSON output that its service encodes faster than `JSON.stringify`, or keeps encoded: over HTTP `json()` is sent as it
 * is (bytes are cheaper than text), in process `value()` is the output.
 */
export class Encoded<T> {
  readonly json: () => string | Uint8Array<ArrayBuffer>;
  readonly value: () => T;
  /** Where the service keeps the output: what other wires make of it may be kept beside it. */
  readonly forms: KeptForms | undefined;

  constructor(json: () => string | Uint8Array<ArrayBuffer>, value: () => T, forms?: KeptForms) {
    this.json = json;
    this.value = value;
    this.forms = forms;
  }
}

/** One output in the bytes of other wires, by a name that each wire chooses. Bounded by whoever keeps the output. */
export interface KeptForms {
  get(name: string): KeptForm | undefined;
  keep(name: string, form: KeptForm): void;
}

/** A reply of another wire; its headers are copied for each request. */
export interface KeptForm {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A JSON output as it is sent. */
export function encodedOutput(output: unknown): string | Uint8Array<ArrayBuffer> {
  return output instanceof Encoded ? output.json() : JSON.stringify(output);
}

interface OpTraits<O, B extends BodyKind, R extends ReplyKind, P extends boolean> {
  readonly method: Method;
  /** Segments in braces are input fields: `/v1/vectors/{index}`; `{key+}` takes the rest of the path. */
  readonly path: string;
  /** One line, imperative, for the API page. */
  readonly summary: string;
  readonly description?: string;
  readonly body?: B;
  readonly reply?: R;
  /** Media types of a raw reply, first the default one. */
  readonly produces?: readonly string[];
  /** Media types that select it among operations with the same method and path, by the accept header. */
  readonly accept?: readonly string[];
  /**
   * Of an operation with a JSON reply: where the request's `field` is true, the reply is that of the named operation, which
   * sends events and takes the same input. Over HTTP alone: a neighbour calls the one that it means.
   */
  readonly streamedBy?: { readonly field: string; readonly operation: string };
  /** Input fields that travel as request headers: field -> header name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The input field that a body which is a JSON array stands for. */
  readonly listBody?: string;
  /** Of an event operation: the id of each event, which a client that reconnects sends as `last-event-id`. */
  readonly eventId?: (event: O) => string;
  /** The success status; a function when it depends on the answer. Default 200. */
  readonly status?: number | ((output: O) => number);
  /** Statuses that `status` may give, for the API page. */
  readonly statuses?: readonly number[];
  readonly replyHeaders?: (output: O) => Readonly<Record<string, string>>;
  /** Faults of its own; `invalid`, `cancelled`, `timeout`, `internal`, `unavailable` any operation may give. */
  readonly errors: readonly FaultCode[];
  /** What a caller must be allowed to do. */
  readonly scope: Scope;
  /** May be sent twice without harm. Default: true for every method but POST and PATCH. */
  readonly idempotent?: boolean;
  /** Milliseconds until the call is given up, where the caller sets nothing less. Default 15,000. */
  readonly timeoutMs?: number;
  /** Bytes of request body at most. Default 1 MiB for JSON, unlimited for raw. */
  readonly bodyBytesMax?: number;
  /** See `Work`. Default: `bulk` where the time limit is over two minutes, else `quick` for JSON and `stream`. */
  readonly work?: Work;
  /** Goes on while a backup holds the writes of all others: what it changes is not of one moment with anything else. */
  readonly unheld?: boolean;
  /** For neighbours only: the gateway does not mount it. */
  readonly internal?: boolean;
  /** Agreed but not served yet: no handler, no route, not on the API page. */
  readonly planned?: P;
}

export interface Op<
  I extends Schema = Schema,
  O extends Schema = Schema,
  B extends BodyKind = BodyKind,
  R extends ReplyKind = ReplyKind,
  P extends boolean = boolean,
> extends OpTraits<z.output<O>, B, R, P> {
  readonly body: B;
  readonly reply: R;
  readonly planned: P;
  readonly input: I;
  readonly output: O;
}

/** Any operation, its types forgotten. Functions of the output make `Op` invariant, hence the `never`. */
export type AnyOp = Omit<Op, "status" | "replyHeaders" | "eventId"> & {
  readonly status?: number | ((output: never) => number);
  readonly eventId?: (event: never) => string;
  readonly replyHeaders?: (output: never) => Readonly<Record<string, string>>;
};

export type Contract = Readonly<Record<string, AnyOp>>;

/** Declares one operation; `body` and `reply` default to JSON. */
export function op<
  const I extends Schema,
  const O extends Schema,
  const B extends BodyKind = "json",
  const R extends ReplyKind = "json",
  const P extends boolean = false,
>(spec: OpTraits<z.output<O>, B, R, P> & { readonly input: I; readonly output: O }): Op<I, O, B, R, P> {
  return {
    ...spec,
    body: spec.body ?? ("json" as B),
    reply: spec.reply ?? ("json" as R),
    planned: spec.planned ?? (false as P),
  };
}

export type Served<C extends Contract> = {
  [K in keyof C]: C[K]["planned"] extends true ? never : K;
}[keyof C] &
  string;

type WithBody<O extends AnyOp> = O["body"] extends "raw" ? { readonly body: Bytes } : unknown;

/** What a caller passes. */
export type InputOf<O extends AnyOp> = z.input<O["input"]> & WithBody<O>;
/** What a handler gets: parsed, with defaults filled in. */
export type ParsedOf<O extends AnyOp> = z.output<O["input"]> & WithBody<O>;
export type OutputOf<O extends AnyOp> = O["reply"] extends "raw" ? Raw : z.output<O["output"]>;

type Handled<O extends AnyOp> = O["reply"] extends "events"
  ? AsyncIterable<z.output<O["output"]>>
  : O["reply"] extends "raw"
    ? Promise<RawReply> | RawReply
    : Promise<OutputOf<O> | Encoded<OutputOf<O>>> | OutputOf<O> | Encoded<OutputOf<O>>;

/** What a daemon implements. */
export type Handlers<C extends Contract> = {
  readonly [K in Served<C>]: (input: ParsedOf<C[K]>, call: Call) => Handled<C[K]>;
};

/** What a neighbour calls, in process or over a socket: it cannot tell which. */
export type Service<C extends Contract> = {
  readonly [K in Served<C>]: (
    input: InputOf<C[K]>,
    call?: CallInit,
  ) => C[K]["reply"] extends "events" ? AsyncIterable<z.output<C[K]["output"]>> : Promise<OutputOf<C[K]>>;
};

export function isIdempotent(operation: AnyOp): boolean {
  return operation.idempotent ?? (operation.method !== "POST" && operation.method !== "PATCH");
}

/** Enough for everything but long work, which names its own. */
const TIMEOUT_MS_DEFAULT = 15_000;
/** JSON requests carry questions, not data; an operation that carries data names a larger cap. */
const JSON_BODY_BYTES_MAX = 1024 * 1024;

export function timeoutMsOf(operation: AnyOp): number {
  return operation.timeoutMs ?? TIMEOUT_MS_DEFAULT;
}

/** An operation that may take longer than this is meant to: SQL, snapshots. */
const QUICK_MS_MAX = 120_000;

export function workOf(operation: AnyOp): Work {
  if (operation.work !== undefined) return operation.work;
  if (timeoutMsOf(operation) > QUICK_MS_MAX) return "bulk";
  return operation.reply === "json" ? "quick" : "stream";
}

export function bodyBytesMaxOf(operation: AnyOp): number {
  return operation.bodyBytesMax ?? (operation.body === "raw" ? Infinity : JSON_BODY_BYTES_MAX);
}

/** The operations of a contract that have handlers, with their names. */
export function servedOps(contract: Contract): [name: string, operation: AnyOp][] {
  return Object.entries(contract).filter(([, operation]) => !operation.planned);
}
