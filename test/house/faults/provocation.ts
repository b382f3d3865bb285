// A request that a fault answers, and the short ways to write one.

import type { FaultCode } from "#rpc/fault";

export interface Provocation {
  readonly method: string;
  /** `{trace}` stands for the id of the fixture's trace. */
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Is sent before it, where another provocation needs that it was not sent yet. */
  readonly first?: Provocation;
}

/** By operation and code. */
export type Provocations = Readonly<Record<string, Partial<Record<FaultCode, Provocation>>>>;

export const get = (path: string): Provocation => ({ method: "GET", path });
export const post = (path: string, body: unknown = {}): Provocation => ({ method: "POST", path, body });
export const put = (path: string, body: unknown = {}): Provocation => ({ method: "PUT", path, body });
export const patch = (path: string, body: unknown = {}): Provocation => ({ method: "PATCH", path, body });
export const erase = (path: string): Provocation => ({ method: "DELETE", path });

/** The same request under an Idempotency-Key. */
export const keyed = (key: string, provocation: Provocation): Provocation => ({
  ...provocation,
  headers: { "idempotency-key": key },
});

/** Declares a body of that size, which is never sent: the length alone is enough for a refusal. */
export const ofLength = (mebibytes: number, method: string, path: string): Provocation => ({
  method,
  path,
  headers: { "content-length": String(mebibytes * 1024 * 1024) },
});
