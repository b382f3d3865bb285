// Who may do what: the caller behind the key that a request shows, and whether its scope is enough. A shown key is
// compared with all known ones in constant time. A house without keys answers only on loopback, to anyone there; one
// whose keys cannot be read answers nobody.

import { timingSafeEqual } from "node:crypto";
import { type Caller, LOCAL_CALLER, type Scope } from "#rpc/call";
import { Denied } from "./denied.ts";
import { hashOf, type KeyRecord } from "./key-file.ts";

export type Authenticate = (headers: Headers) => Caller;

/** A scope holds those below it. */
const HELD: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["read", "write"],
  admin: ["read", "write", "admin"],
};

/** Finds the caller by the key that was shown. Throws `unauthorized` for none, a wrong one or one that expired. */
export function authenticator(keys: readonly KeyRecord[], now: () => number = Date.now): Authenticate {
  if (keys.length === 0) return () => LOCAL_CALLER;
  const known = keys.map(({ name, scope, sha256, expires_at, masked }) => ({
    hash: Buffer.from(sha256, "hex"),
    expiresAt: expires_at === undefined ? Infinity : Date.parse(expires_at),
    caller: { id: name, scopes: HELD[scope], ...(masked === true ? { masked } : {}) },
  }));
  return (headers) => {
    const shown = bearerOf(headers);
    if (shown === undefined) {
      throw new Denied("no_key", "An API key is needed: send it as `authorization: Bearer <key>`.");
    }
    const hash = hashOf(shown);
    let found: (typeof known)[number] | undefined;
    // Every key is compared, so that the time taken tells nothing.
    for (const candidate of known) if (timingSafeEqual(hash, candidate.hash)) found = candidate;
    if (found === undefined) throw new Denied("unknown_key", "This API key is not known here.");
    const { caller, expiresAt } = found;
    if (expiresAt > now()) return caller;
    throw new Denied(
      "expired_key",
      `The key ${caller.id} expired at ${new Date(expiresAt).toISOString()}. Ask for another.`,
      caller,
    );
  };
}

/** For a house whose keys cannot be read. */
export function closed(reason: string): Authenticate {
  return () => {
    throw new Denied("keys_unreadable", `Every call is refused: ${reason}`);
  };
}

export function authorize(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return;
  throw new Denied("scope", `The key ${caller.id} may not do this: it needs the scope ${scope}.`, caller);
}

/** Routes that give no personal data, or mask it. A caller who sees none may call these and no others. */
const MASKING: ReadonlySet<string> = new Set([
  "queryd.sql",
  "queryd.sqlStream",
  "catalogd.datasets",
  "catalogd.dataset",
  "catalogd.snapshots",
  "embedd.embed",
]);

/** Throws `forbidden` where a caller who sees no personal data might be given some. */
export function refuseUnmasked(caller: Caller, route: string): void {
  if (caller.masked !== true || MASKING.has(route)) return;
  throw new Denied(
    "personal_data",
    `The key ${caller.id} sees no personal data, and this may give some. It may ask by POST /v1/sql, where such columns are masked.`,
    caller,
  );
}

const SCHEME = "bearer ";

function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization");
  // The scheme's case does not matter (RFC 9110, 11.1).
  return header?.slice(0, SCHEME.length).toLowerCase() === SCHEME
    ? header.slice(SCHEME.length).trim()
    : undefined;
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1", "[::1]"]);

/** Names of hosts are compared without regard to case (RFC 4343). */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host.toLowerCase()) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
