// The keys of a house while it runs. The key file is looked at a few times a second, so that a key that is added,
// changed or revoked counts within a second and nothing need be restarted. Whatever cannot be read closes the house:
// a file that is gone, damaged or unreadable refuses every call, until it is there again.

import { type BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import type { ListedKey } from "#contracts/gateway";
import type { Log } from "#lib/log";
import type { Caller } from "#rpc/call";
import { Fault } from "#rpc/fault";
import { type Authenticate, authenticator, closed } from "./auth.ts";
import { areKeysRequired, type KeyRecord, readKeys, requireKeys } from "./key-file.ts";

export interface LiveKeys {
  readonly authenticate: Authenticate;
  /** Why nobody is let in; undefined while keys are read, or none are needed. */
  readonly problem: string | undefined;
  /** Every key, without its hash. */
  list(): ListedKey[];
  close(): void;
}

export interface LiveKeysOptions {
  /** Of keys.json. */
  readonly path: string;
  /** Others than this machine's own users can reach the house, so there must be a key. */
  readonly exposed: boolean;
  readonly log: Log;
}

/** A quarter of the second within which a change counts; one look is one stat(2). */
const LOOK_MS = 250;

/** What the keys say at one moment. */
interface Access {
  readonly authenticate: Authenticate;
  readonly problem?: string;
  /** API keys that are known. */
  readonly keys: readonly KeyRecord[];
  /** Whether a key file was seen that had keys in it, or was damaged: a running house remembers that by itself. */
  readonly hadKeys: boolean;
}

interface ReadOptions {
  readonly exposed: boolean;
  /** Of the access before. */
  readonly hadKeys: boolean;
}

export async function openKeys({ path, exposed, log }: LiveKeysOptions): Promise<LiveKeys> {
  let version = await versionOf(path);
  let access = await readAccess(path, { exposed, hadKeys: false }, log);
  let looking = false;
  /** By name; of a key that was removed it stays, and a new key of that name is younger. */
  const usedAt = new Map<string, number>();
  if (access.problem !== undefined) log.error(`nobody is let in: ${access.problem}`);

  const look = async (): Promise<void> => {
    const found = await versionOf(path);
    if (found === version) return;
    const before = access;
    access = await readAccess(path, { exposed, hadKeys: before.hadKeys }, log);
    // Only now: a look that failed half-way is taken again.
    version = found;
    if (access.problem === undefined) log.info("the API keys changed", { keys: access.keys.length });
    else if (access.problem !== before.problem) log.error(`nobody is let in: ${access.problem}`);
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    void look()
      .catch((error: unknown) => {
        if (access.problem !== UNREADABLE) log.error("the API keys cannot be read", { error });
        access = refusing(UNREADABLE, access.hadKeys);
        version = UNREAD;
      })
      .finally(() => (looking = false));
  }, LOOK_MS);
  timer.unref();

  return {
    authenticate: (headers: Headers): Caller => {
      const caller = access.authenticate(headers);
      if (access.keys.length > 0) usedAt.set(caller.id, Date.now());
      return caller;
    },
    get problem() {
      return access.problem;
    },
    list: () => access.keys.map((key) => listed(key, usedAt.get(key.name))),
    close: () => clearInterval(timer),
  };
}

function listed(
  { name, scope, masked, created_at, expires_at }: KeyRecord,
  usedAt: number | undefined,
): ListedKey {
  const isUsed = usedAt !== undefined && usedAt >= Date.parse(created_at);
  return {
    name,
    scope,
    masked: masked === true,
    created_at,
    expires_at: expires_at ?? null,
    last_used_at: isUsed ? new Date(usedAt).toISOString() : null,
  };
}

const UNREADABLE = "keys.json cannot be read by the house; the log says why.";
const LOST =
  "keys.json is missing, and this house has API keys. Put back a copy, or make new keys with: lakehouse config add-key NAME --scope SCOPE";
const NEEDED =
  "the house can be reached from other machines, and it has no API key. Make one with: lakehouse config add-key NAME --scope SCOPE";

async function readAccess(path: string, { exposed, hadKeys }: ReadOptions, log: Log): Promise<Access> {
  try {
    const keys = await readKeys(path);
    if (keys === undefined && (hadKeys || (await areKeysRequired(path)))) return refusing(LOST, true);
    if (keys === undefined || keys.length === 0) {
      if (exposed) return refusing(NEEDED, false);
      return { authenticate: authenticator([]), keys: [], hadKeys: false };
    }
    // On a full disk the keys count all the same.
    await requireKeys(path).catch((error: unknown) =>
      log.warn("that there are API keys cannot be kept in a second place", { error }),
    );
    return { authenticate: authenticator(keys), keys, hadKeys: true };
  } catch (error) {
    return error instanceof Fault ? refusing(error.message, true) : refusing(UNREADABLE, hadKeys);
  }
}

function refusing(problem: string, hadKeys: boolean): Access {
  return { authenticate: closed(problem), problem, keys: [], hadKeys };
}

/** No file's version, so that the next look reads it. */
const UNREAD = "unread";

/** What tells one state of the file from another: every change makes a new file. */
async function versionOf(path: string): Promise<string> {
  const found: BigIntStats | undefined = await stat(path, { bigint: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  return found === undefined ? "none" : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ");
}
