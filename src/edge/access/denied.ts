// A call that is refused for who asks, and not for what is asked or how busy the house is. Each has a reason of a closed
// set, by which refusals are counted and logged; its code and message are those of any fault.

import type { Caller } from "#rpc/call";
import { Fault, type FaultCode } from "#rpc/fault";

const CODES = {
  /** The Host header names no host, or several. */
  bad_host: "invalid",
  /** The house is not known under that name: a foreign name that resolves here is DNS rebinding. */
  foreign_host: "forbidden",
  /** A web page of another origin. */
  foreign_origin: "forbidden",
  /** A web page of another site, as the browser says (Sec-Fetch-Site). */
  cross_site: "forbidden",
  no_key: "unauthorized",
  unknown_key: "unauthorized",
  expired_key: "unauthorized",
  /** keys.json is missing or damaged: nobody is let in. */
  keys_unreadable: "unauthorized",
  /** The key is good and its scope is not enough. */
  scope: "forbidden",
  /** What a service keeps for itself in the object store. */
  owned_prefix: "forbidden",
  /** A dataset that follows from what a service keeps. */
  owned_dataset: "forbidden",
  /** The key sees no personal data, and the call does not mask it. */
  personal_data: "forbidden",
} as const satisfies Record<string, FaultCode>;

export type DenialReason = keyof typeof CODES;

export class Denied extends Fault {
  override readonly reason: DenialReason;
  /** Known where a key was shown that is known here. */
  readonly caller: Caller | undefined;

  constructor(reason: DenialReason, message: string, caller?: Caller) {
    super(CODES[reason], message, { origin: "gateway", reason });
    this.reason = reason;
    this.caller = caller;
  }
}
