// storaged: the HTTP interface of the object store. It enforces the rules for keys, the size limit and the number of
// concurrent writers; the backend does the rest.

import { z } from "zod";
import { realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import {
  bytesOf,
  checkKey,
  type ObjectHead,
  type Objects,
  type PutConditions,
  type Range,
  readAll,
} from "#adapters/objects/objects";
import type { storage, StorageProbe } from "#contracts/storage";
import { Semaphore } from "#lib/semaphore";
import type { Handlers, Raw } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import type { Log } from "#lib/log";
import { Fault } from "#rpc/fault";
import { FileBytes } from "#rpc/file-handoff";
import { pageCursor } from "#rpc/page-cursor";
import { Damage } from "./damage.ts";
import { SCRUB_RATE, type ScrubRate, startScrub, unverifiable, verifyAll } from "./scrub.ts";

/** Places are the cursors of the store. */
const PAGES = pageCursor("storage.list", z.string());

export interface StoragedDeps {
  readonly objects: Objects;
  /** Where neighbours write files that storaged may adopt; it adopts none from elsewhere. */
  readonly adoptFrom?: string;
  readonly log?: Log;
  readonly scrubRate?: ScrubRate;
}

/** Damaged objects that one response names. */
const DAMAGED_MAX = 1000;

/** Writers that wait for a slow disk share its flushes; more than threads wait for it (src/config.ts) gain nothing. */
const WRITERS_MAX = 16;
const WRITERS_WAITING_MAX = 64;
const WRITER_WAIT_MS_MAX = 5000;

/**
 * Up to this size an object is read before the reply begins, and sent with its length. A larger one is sent as a file
 * where the backend has one, otherwise streamed; the stream's end is marked, so that a reader detects a truncated reply.
 */
const BUFFERED_BYTES_MAX = 1024 * 1024;

export async function storaged({
  objects,
  adoptFrom,
  log,
  scrubRate = SCRUB_RATE,
}: StoragedDeps): Promise<Daemon<typeof storage>> {
  const writers = new Semaphore(WRITERS_MAX, WRITERS_WAITING_MAX);
  const probe = await probeStore(objects);
  const damage = new Damage(log);
  const stopScrub = startScrub(objects, damage, log, scrubRate);

  const handlers: Handlers<typeof storage> = {
    put: async ({ key, if_none_match, if_match, body }, { signal }) => {
      checkKey(key);
      const conditions = conditionsOf(if_none_match, if_match);
      const release = await writers.take(WRITER_WAIT_MS_MAX);
      if (release === undefined) {
        throw new Fault("unavailable", "Too many writes at once. Try again in a moment.", {
          retryAfterMs: 1000,
        });
      }
      try {
        // A writer that stops sending holds its slot until its call's deadline.
        const cut = body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal });
        const head = await objects.put(key, cut, conditions);
        damage.cleared(key);
        return stored(head);
      } finally {
        release();
      }
    },
    get: async ({ key, range, if_none_match }) => {
      checkKey(key);
      const wanted = range === undefined ? undefined : parseRange(range);
      if (if_none_match !== undefined) {
        const current = await damage.watch(key, () => objects.head(key));
        if (matches(if_none_match, current.etag)) return notModified(current);
      }
      const {
        head,
        body: stream,
        first,
        last,
        handOff = noFile,
        unverifiable: uncompared = false,
      } = await damage.watch(key, () => objects.get(key, wanted));
      if (uncompared) damage.note(key, unverifiable(key));
      const length = last - first + 1;
      const body = length <= BUFFERED_BYTES_MAX ? await readAll(stream) : new FileBytes(stream, handOff);
      const headers = { ...headersOf(head), "content-length": String(length) };
      if (wanted === undefined) return { status: 200, headers, body };
      return {
        status: 206,
        headers: { ...headers, "content-range": `bytes ${first}-${last}/${head.size}` },
        body,
      };
    },
    head: async ({ key, if_none_match }) => {
      checkKey(key);
      const head = await damage.watch(key, () => objects.head(key));
      if (if_none_match !== undefined && matches(if_none_match, head.etag)) return notModified(head);
      return {
        status: 200,
        headers: { ...headersOf(head), "content-length": String(head.size) },
        body: null,
      };
    },
    remove: async ({ key }) => {
      await objects.remove(checkKey(key));
      damage.cleared(key);
      return null;
    },
    list: async ({ prefix, delimiter, lost, limit, cursor }) => {
      const listing = await objects.list({ prefix, delimiter, lost, limit, cursor: PAGES.place(cursor) });
      return {
        objects: listing.objects.map((head) => ({
          ...stored(head),
          modified_at: new Date(head.modifiedAt).toISOString(),
        })),
        prefixes: [...listing.prefixes],
        ...(listing.cursor === undefined ? {} : { next_cursor: PAGES.next(listing.cursor) }),
      };
    },
    locate: async ({ key }) => {
      checkKey(key);
      const head = await damage.watch(key, () => objects.head(key));
      const path = objects.path(key);
      return { ...stored(head), ...(path === undefined ? {} : { path }) };
    },
    adopt: async ({ key, path, sha256 }) => {
      checkKey(key);
      const file = await adoptable(path, adoptFrom);
      const head = await objects.adopt?.(key, file, sha256);
      return { adopted: head === undefined ? null : stored(head) };
    },
    verify: async ({ prefix }, { signal }) => {
      const damaged: { key: string; problem: string; checksums_only?: boolean }[] = [];
      let [checked, unknown, damagedCount] = [0, 0, 0];
      for await (const { key, state, problem } of verifyAll(objects, damage, prefix)) {
        signal.throwIfAborted();
        checked += 1;
        if (state === "unknown") unknown += 1;
        if (problem === undefined) continue;
        damagedCount += 1;
        if (damaged.length >= DAMAGED_MAX) continue;
        damaged.push({ key, problem, ...(state === "unverifiable" ? { checksums_only: true } : {}) });
      }
      return { checked, unknown, damaged, damaged_count: damagedCount };
    },
    renewChecksums: async ({ key }) => {
      if ((await objects.renewChecksums?.(checkKey(key))) === true) damage.cleared(key);
      return null;
    },
    probe: () => withDamage(probe, damage),
  };
  return { handlers, stats: () => ({ queues: { "objects to write": writers.figures } }), close: stopScrub };
}

function withDamage(probe: StorageProbe, { count, keys }: Damage): StorageProbe {
  if (count === 0) return probe;
  return {
    ...probe,
    status: probe.status === "down" ? "down" : "degraded",
    damaged: { count, keys },
    detail: `${count} ${count === 1 ? "object is" : "objects are"} damaged or lost: put again, restore or remove ${count === 1 ? "it" : "them"}.`,
  };
}

function noFile(): undefined {
  return undefined;
}

/** The file's own path, links resolved, when it is a plain file below the folder. */
async function adoptable(path: string, folder: string | undefined): Promise<string> {
  const refused = new Fault(
    "forbidden",
    "Only finished files of the spool folder are adopted: PUT this one.",
  );
  if (folder === undefined) throw refused;
  try {
    const [file, below] = await Promise.all([realpath(path), realpath(folder)]);
    if (file.startsWith(`${below}${sep}`) && (await stat(file)).isFile()) return file;
  } catch {
    // A path that cannot be resolved is refused like one outside the folder.
  }
  throw refused;
}

function stored({ key, size, etag }: ObjectHead): { key: string; size: number; etag: string } {
  return { key, size, etag };
}

function conditionsOf(ifNoneMatch: string | undefined, ifMatch: string | undefined): PutConditions {
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw new Fault("invalid", "If-None-Match on a PUT must be *: only then it is decided before writing.");
  }
  return {
    ...(ifNoneMatch === undefined ? {} : { ifAbsent: true }),
    ...(ifMatch === undefined ? {} : { ifMatch: unquoted(ifMatch) }),
  };
}

function unquoted(etag: string): string {
  return etag.replace(/^W\//, "").replace(/^"(.*)"$/, "$1");
}

function matches(ifNoneMatch: string, etag: string): boolean {
  return ifNoneMatch.split(",").some((one) => one.trim() === "*" || unquoted(one.trim()) === etag);
}

function headersOf(head: ObjectHead): Record<string, string> {
  return {
    "content-type": "application/octet-stream",
    // Whatever an object contains, a browser must not render it as a page of this origin.
    "content-disposition": "attachment",
    etag: `"${head.etag}"`,
    "accept-ranges": "bytes",
    "last-modified": new Date(head.modifiedAt).toUTCString(),
  };
}

function notModified(head: ObjectHead): Raw {
  return { status: 304, headers: { etag: `"${head.etag}"` }, body: null };
}

/** One range (RFC 9110, section 14): `bytes=0-99`, `bytes=100-`, `bytes=-100`. */
function parseRange(text: string): Range {
  const range = /^bytes=(\d*)-(\d*)$/.exec(text.trim());
  const [, first = "", last = ""] = range ?? [];
  if (range === null || (first === "" && last === "")) {
    throw new Fault("invalid", "The range is not understood; write bytes=0-99, bytes=100- or bytes=-100.", {
      details: [{ path: "range", message: "is not a single byte range" }],
    });
  }
  if (first === "") return { suffix: offset(last) };
  return { first: offset(first), last: last === "" ? undefined : offset(last) };
}

/** Larger numbers are not exact, and no object is that large. */
function offset(digits: string): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

/** Probes at the start what the store really supports, because S3 servers differ. */
async function probeStore(objects: Objects): Promise<StorageProbe> {
  const key = `.probe/${crypto.randomUUID()}`;
  const said = { backend: objects.backend, base_uri: objects.baseUri };
  try {
    const { etag } = await objects.put(key, bytesOf("probe"));
    const refuses = async (conditions: PutConditions): Promise<boolean> => {
      try {
        await objects.put(key, bytesOf("other"), conditions);
        return false;
      } catch (error) {
        return error instanceof Fault && error.code === "conflict";
      }
    };
    const suffixRanges = await readsSuffix(objects, key);
    const ifNoneMatch = await refuses({ ifAbsent: true });
    const ifMatch = (await refuses({ ifMatch: `${etag}x` })) && !(await refuses({ ifMatch: etag }));
    const able = ifNoneMatch && suffixRanges;
    return {
      ...said,
      status: able ? "ok" : "degraded",
      if_none_match: ifNoneMatch,
      if_match: ifMatch,
      suffix_ranges: suffixRanges,
      ...(able
        ? {}
        : { detail: "The store ignores conditions or ranges; commits rest on the catalog alone." }),
    };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { ...said, status: "down", if_none_match: false, if_match: false, suffix_ranges: false, detail };
  } finally {
    await objects.remove(key).catch(() => undefined);
  }
}

/** The object holds "probe". A server without suffix ranges refuses the request, or sends other bytes. */
async function readsSuffix(objects: Objects, key: string): Promise<boolean> {
  try {
    const { body } = await objects.get(key, { suffix: 3 });
    return Buffer.from(await readAll(body)).toString() === "obe";
  } catch (error) {
    if (error instanceof Fault && error.code === "upstream") return false;
    throw error;
  }
}
