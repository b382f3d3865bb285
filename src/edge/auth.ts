// Who may do what. Keys are random, shown once, and kept as SHA-256 hashes in a file of the data folder; one is
// compared with all of them in constant time. Without any key the house answers only on loopback, to anyone there.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { saveSmallFile } from "#adapters/small-file";
import { readIfThere } from "#lib/durable";
import { type Caller, LOCAL_CALLER } from "#rpc/call";
import type { Scope } from "#rpc/call";
import { Fault } from "#rpc/fault";

const keyRecord = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  scope: z.enum(["read", "write", "admin"]),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.string(),
});
const KEYS_MAX = 1000;
/** `seal` is the SHA-256 of the keys as they are written: one bit that a disk turns would let another key in. */
const keyFile = z.strictObject({ keys: z.array(keyRecord).max(KEYS_MAX), seal: z.string() });

export type KeyRecord = z.infer<typeof keyRecord>;

/** A scope holds those below it. */
const HELD: Readonly<Record<Scope, readonly Scope[]>> = {
  read: ["read"],
  write: ["read", "write"],
  admin: ["read", "write", "admin"],
};

/** The keys of a file, none when it is not there. Throws an Error that names the file when it is damaged. */
export async function readKeys(path: string): Promise<readonly KeyRecord[]> {
  const text = await readIfThere(path);
  if (text === undefined) return [];
  try {
    const { keys } = keyFile.parse(JSON.parse(text));
    if (text === sealed(keys)) return keys;
  } catch {
    // Told below: whatever is wrong with it, the same is to be done.
  }
  throw new Error(
    `${path} is damaged, or was changed by hand: its seal does not fit its keys. Put back a copy, or remove it and make new keys with: lakehouse config add-key NAME`,
  );
}

function sealed(keys: readonly KeyRecord[]): string {
  const seal = hashOf(JSON.stringify(keys)).toString("hex");
  return `${JSON.stringify({ keys, seal }, null, 2)}\n`;
}

/** Makes a key, keeps its hash, and gives the key itself, which nobody can see again. */
export async function addKey(path: string, name: string, scope: Scope): Promise<string> {
  const keys = await readKeys(path);
  if (keys.some((key) => key.name === name)) {
    throw new Fault(
      "conflict",
      `There is a key named ${name} already. Remove it first or choose another name.`,
    );
  }
  const key = `lk_${randomBytes(32).toString("base64url")}`;
  if (keys.length === KEYS_MAX) {
    throw new Fault("conflict", `There are ${KEYS_MAX} keys already. Remove one that nobody uses.`);
  }
  const record = keyRecord.parse({
    name,
    scope,
    sha256: hashOf(key).toString("hex"),
    created_at: new Date().toISOString(),
  });
  await saveSmallFile(path, sealed([...keys, record]));
  return key;
}

/** True when there was a key of that name. */
export async function removeKey(path: string, name: string): Promise<boolean> {
  const keys = await readKeys(path);
  const left = keys.filter((key) => key.name !== name);
  if (left.length === keys.length) return false;
  await saveSmallFile(path, sealed(left));
  return true;
}

export type Authenticate = (headers: Headers) => Caller;

/** Finds the caller by the key that was shown. Throws `unauthorized` for none or a wrong one. */
export function authenticator(keys: readonly KeyRecord[]): Authenticate {
  if (keys.length === 0) return () => LOCAL_CALLER;
  const known = keys.map(({ name, scope, sha256 }) => ({
    hash: Buffer.from(sha256, "hex"),
    caller: { id: name, scopes: HELD[scope] },
  }));
  return (headers) => {
    const shown = bearerOf(headers);
    if (shown === undefined) {
      throw new Fault("unauthorized", "An API key is needed: send it as `authorization: Bearer <key>`.");
    }
    const hash = hashOf(shown);
    let found: Caller | undefined;
    // Every key is compared, so that the time taken tells nothing.
    for (const { hash: candidate, caller } of known) if (timingSafeEqual(hash, candidate)) found = caller;
    if (found === undefined) throw new Fault("unauthorized", "This API key is not known here.");
    return found;
  };
}

export function authorize(caller: Caller, scope: Scope): void {
  if (caller.scopes.includes(scope)) return;
  throw new Fault("forbidden", `The key ${caller.id} may not do this: it needs the scope ${scope}.`);
}

const SCHEME = "bearer ";

function bearerOf(headers: Headers): string | undefined {
  const header = headers.get("authorization");
  // The scheme's case does not matter (RFC 9110, 11.1).
  return header?.slice(0, SCHEME.length).toLowerCase() === SCHEME
    ? header.slice(SCHEME.length).trim()
    : undefined;
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const LOOPBACK = new Set(["127.0.0.1", "localhost", "::1", "[::1]"]);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
