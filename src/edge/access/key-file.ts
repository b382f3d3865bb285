// The API keys of a house as they are kept: SHA-256 hashes with a name and a scope, in one checksummed file of the data
// folder. A turned bit must never let another key in, so a file whose checksum is wrong counts as damaged as a whole.
//
// That keys were made is remembered twice: by a second file beside it, `keys.required`, and by a row in the catalog's
// database, which cannot vanish without notice. A `keys.json` that is gone then means that it was lost, and never that the
// house is open. A file without any key in it is the way to say that on purpose.

import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { isFactKept, keepFact } from "#adapters/kept-facts";
import { saveSmallFile } from "#adapters/small-file";
import { makeFolder, readIfThere } from "#lib/durable";
import { lockWithin } from "#lib/file-lock";
import type { Scope } from "#rpc/call";
import { Fault } from "#rpc/fault";

const keyRecord = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/),
  scope: z.enum(["read", "write", "admin"]),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  created_at: z.string(),
  /** From this moment on (RFC 3339) the key is refused; without it never. */
  expires_at: z.iso.datetime().optional(),
  /** Sees no personal data. */
  masked: z.literal(true).optional(),
});
export type KeyRecord = z.infer<typeof keyRecord>;

/** Every call is compared with all keys. */
const KEYS_MAX = 1000;
/** `seal` is the SHA-256 of the keys as they are written. */
const keyFile = z.strictObject({ keys: z.array(keyRecord).max(KEYS_MAX), seal: z.string() });

/** Another command that changes keys takes some milliseconds; one that hangs is waited for no longer. */
const CHANGE_WAIT_MS_MAX = 5000;

/** What the key file says: undefined when there is none. Throws `internal` when it is damaged. */
export async function readKeys(path: string): Promise<readonly KeyRecord[] | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const { keys } = keyFile.parse(JSON.parse(text));
    if (text === printed(keys)) return keys;
  } catch {
    // Whatever is wrong with it, the same is to be done.
  }
  throw new Fault(
    "internal",
    "keys.json is damaged, or was changed by hand: its checksum does not fit its keys. Put back a copy, or remove it and make new keys with: lakehouse config add-key NAME",
  );
}

function printed(keys: readonly KeyRecord[]): string {
  const seal = hashOf(JSON.stringify(keys)).toString("hex");
  return `${JSON.stringify({ keys, seal }, null, 2)}\n`;
}

export interface NewKey {
  readonly name: string;
  readonly scope: Scope;
  readonly expiresAt?: Date | undefined;
  /** The key sees no personal data. */
  readonly masked?: boolean | undefined;
}

/** Makes a key, keeps its hash, and gives the key itself, which nobody can see again. */
export async function addKey(path: string, { name, scope, expiresAt, masked }: NewKey): Promise<string> {
  const key = `lk_${randomBytes(32).toString("base64url")}`;
  const record = keyRecord.parse({
    name,
    scope,
    sha256: hashOf(key).toString("hex"),
    created_at: new Date().toISOString(),
    ...(expiresAt === undefined ? {} : { expires_at: expiresAt.toISOString() }),
    ...(masked === true ? { masked } : {}),
  });
  await changeKeys(path, (keys) => {
    if (keys.some((known) => known.name === name)) {
      throw new Fault(
        "conflict",
        `There is a key named ${name} already. Remove it first or choose another name.`,
      );
    }
    if (keys.length === KEYS_MAX) {
      throw new Fault("conflict", `There are ${KEYS_MAX} keys already. Remove one that nobody uses.`);
    }
    return [...keys, record];
  });
  return key;
}

export interface KeyChange {
  readonly scope?: Scope | undefined;
  /** Null for a key that never expires. */
  readonly expiresAt?: Date | null | undefined;
  readonly masked?: boolean | undefined;
}

/** Changes what a key may do, and until when; the key itself stays as it is. Throws `not_found`. */
export function changeKey(path: string, name: string, change: KeyChange): Promise<void> {
  const { scope, expiresAt, masked } = change;
  return changeKeys(path, (keys) => {
    mustKnow(keys, name);
    return keys.map(({ expires_at, masked: was, ...key }) => {
      const isMasked = key.name === name ? (masked ?? was) : was;
      const expires = key.name !== name || expiresAt === undefined ? expires_at : expiresAt?.toISOString();
      return {
        ...key,
        ...(key.name === name && scope !== undefined ? { scope } : {}),
        ...(expires === undefined ? {} : { expires_at: expires }),
        ...(isMasked === true ? { masked: isMasked } : {}),
      };
    });
  });
}

/** Throws `not_found`. */
export function removeKey(path: string, name: string): Promise<void> {
  return changeKeys(path, (keys) => {
    mustKnow(keys, name);
    return keys.filter((key) => key.name !== name);
  });
}

function mustKnow(keys: readonly KeyRecord[], name: string): void {
  if (keys.some((key) => key.name === name)) return;
  throw new Fault("not_found", `There is no key ${name}. See: lakehouse config keys`);
}

/** Reads, changes and writes under a lock: of two changes at once neither is lost. */
async function changeKeys(
  path: string,
  change: (keys: readonly KeyRecord[]) => readonly KeyRecord[],
): Promise<void> {
  await makeFolder(dirname(path));
  const lock = await lockWithin(join(dirname(path), "keys.lock"), CHANGE_WAIT_MS_MAX);
  if (lock === undefined) {
    throw new Fault("unavailable", "Another command is changing the keys. Try again.");
  }
  try {
    const before = (await readKeys(path)) ?? [];
    const after = change(before);
    await saveSmallFile(path, printed(after));
    await requireKeys(path);
  } finally {
    lock.release();
  }
}

function requiredPath(path: string): string {
  return join(dirname(path), "keys.required");
}

const KEYS_REQUIRED = "API keys were made";

function catalogPath(path: string): string {
  return join(dirname(path), "catalog.sqlite");
}

/** Whether keys were ever made here. Throws `internal` when the second witness cannot be read. */
export async function areKeysRequired(path: string): Promise<boolean> {
  return existsSync(requiredPath(path)) || isFactKept(catalogPath(path), KEYS_REQUIRED);
}

/** From now on a key file that is gone closes the house. */
export async function requireKeys(path: string): Promise<void> {
  if (!existsSync(requiredPath(path))) {
    await saveSmallFile(
      requiredPath(path),
      "This house has API keys: while keys.json is missing, every call is refused.\n",
    );
  }
  await keepFact(catalogPath(path), KEYS_REQUIRED);
}

export function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
