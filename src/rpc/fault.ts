// A Fault is an expected failure: it crosses the wire with its code and its message, and the code alone decides its HTTP
// status, whether it may be retried and at which level it is logged. Anything else that is thrown is a bug: it becomes
// `internal`, is logged with its stack, and its message never leaves the process.

export const FAULT_CODES = [
  "invalid",
  "unauthorized",
  "forbidden",
  "not_found",
  "conflict",
  "too_large",
  "rejected",
  "rate_limited",
  "cancelled",
  "internal",
  "upstream",
  "unavailable",
  "timeout",
] as const;

export type FaultCode = (typeof FAULT_CODES)[number];

export type LogLevel = "debug" | "info" | "warn" | "error";

interface FaultTraits {
  readonly status: number;
  readonly retryable: boolean;
  readonly level: LogLevel;
}

/** The closed set: HTTP status, whether a caller may try again, log level. */
export const FAULTS: Readonly<Record<FaultCode, FaultTraits>> = {
  invalid: { status: 400, retryable: false, level: "debug" },
  unauthorized: { status: 401, retryable: false, level: "info" },
  forbidden: { status: 403, retryable: false, level: "info" },
  not_found: { status: 404, retryable: false, level: "debug" },
  conflict: { status: 409, retryable: false, level: "debug" },
  too_large: { status: 413, retryable: false, level: "info" },
  rejected: { status: 422, retryable: false, level: "debug" },
  rate_limited: { status: 429, retryable: true, level: "info" },
  cancelled: { status: 499, retryable: false, level: "debug" },
  internal: { status: 500, retryable: false, level: "error" },
  upstream: { status: 502, retryable: true, level: "warn" },
  unavailable: { status: 503, retryable: true, level: "warn" },
  timeout: { status: 504, retryable: true, level: "warn" },
};

/** One place in the input that is wrong; `path` is dotted (`items.3.vector`) or `sql:<line>:<column>`. */
export interface FaultDetail {
  readonly path: string;
  readonly message: string;
}

/** The body of a failed reply, the same in both topologies. */
export interface FaultBody {
  readonly error: {
    readonly code: FaultCode;
    readonly message: string;
    /** The service that failed first. */
    readonly origin: string;
    readonly request_id: string;
    readonly details?: readonly FaultDetail[] | undefined;
  };
}

export interface FaultExtra {
  readonly details?: readonly FaultDetail[] | undefined;
  /** Milliseconds after which a retry makes sense; sent as `retry-after` in whole seconds. */
  readonly retryAfterMs?: number | undefined;
  readonly origin?: string | undefined;
  readonly reason?: string | undefined;
  readonly cause?: unknown;
}

export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: FaultCode;
  readonly details: readonly FaultDetail[] | undefined;
  readonly retryAfterMs: number | undefined;
  /** The service it comes from; filled in by the first service boundary that it crosses. */
  origin: string | undefined;
  /**
   * What happened, finer than the code (`commit_conflict`, `model_not_found`), for a foreign surface that must tell apart
   * what the native wire does not. It goes from service to service and never out on the native wire.
   */
  readonly reason: string | undefined;

  constructor(code: FaultCode, message: string, extra: FaultExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.details = extra.details;
    this.retryAfterMs = extra.retryAfterMs;
    this.origin = extra.origin;
    this.reason = extra.reason;
  }

  get status(): number {
    return FAULTS[this.code].status;
  }

  get retryable(): boolean {
    return FAULTS[this.code].retryable;
  }

  body(requestId: string): FaultBody {
    return {
      error: {
        code: this.code,
        message: this.message,
        origin: this.origin ?? "unknown",
        request_id: requestId,
        ...(this.details === undefined ? {} : { details: this.details }),
      },
    };
  }
}

const CODES: ReadonlySet<string> = new Set(FAULT_CODES);

/** Reads a fault back from a reply body; null when the body is not one of ours. */
export function faultFromBody(
  body: unknown,
  { retryAfterMs, reason }: Pick<FaultExtra, "retryAfterMs" | "reason"> = {},
): Fault | null {
  if (typeof body !== "object" || body === null || !("error" in body)) return null;
  const error = body.error;
  if (typeof error !== "object" || error === null) return null;
  const { code, message, origin, details } = error as Partial<FaultBody["error"]>;
  if (typeof code !== "string" || !CODES.has(code) || typeof message !== "string") return null;
  return new Fault(code, message, { origin, details, retryAfterMs, reason });
}

/** What a log may hold of it: the message of an expected fault is for its caller, and may quote a row of theirs. */
export function traceOf(thrown: unknown): Readonly<Record<string, unknown>> {
  const expected = thrown instanceof Fault && thrown.code !== "internal";
  return expected ? { code: thrown.code, origin: thrown.origin } : { error: thrown };
}

/**
 * Whatever was thrown, as a Fault. A disk that has no room is none of our side, and may have some soon; a bug keeps its stack
 * in `cause` for the log and shows nothing of itself.
 */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (isDiskFull(thrown)) return diskFull(thrown);
  if (thrown instanceof Error && thrown.name === "AbortError") {
    return new Fault("cancelled", "The call was cancelled by its caller.", { cause: thrown });
  }
  return new Fault("internal", "Something went wrong on our side; the log has the details.", {
    cause: thrown,
  });
}

/** Errors of the system that say that the disk has no room, SQLite's own among them. */
export function isDiskFull(thrown: unknown): boolean {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return false;
  return thrown.code === "ENOSPC" || thrown.code === "EDQUOT" || thrown.code === "SQLITE_FULL";
}

export function diskFull(cause: unknown): Fault {
  return new Fault("unavailable", "The disk is full. Free some space and send this again.", { cause });
}
