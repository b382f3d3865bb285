// Objects: whole files under keys, in a folder or in S3. The interface, and the rules that every backend keeps;
// objects.conformance.ts is the suite that each of them must pass.

import { Fault } from "#rpc/fault";
import type { FileHandoff } from "#rpc/file-handoff";

export type Bytes = ReadableStream<Uint8Array>;

export interface ObjectHead {
  readonly key: string;
  readonly size: number;
  /** Changes whenever the content does; without quotes. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number;
}

export interface PutConditions {
  /** Only when there is no object under the key. */
  readonly ifAbsent?: boolean;
  /** Only when the stored object has this etag. */
  readonly ifMatch?: string;
}

/** Inclusive at both ends, as in HTTP; `last` may lie past the end. */
export type Range =
  | { readonly first: number; readonly last?: number | undefined }
  | { readonly suffix: number };

export interface Listing {
  readonly objects: readonly ObjectHead[];
  readonly prefixes: readonly string[];
  readonly cursor?: string | undefined;
}

export interface ListOptions {
  readonly prefix: string;
  readonly delimiter?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** Also lists lost objects, with size 0, instead of throwing `internal`: for verification and repair. */
  readonly lost?: boolean;
}

export interface Got {
  readonly head: ObjectHead;
  readonly first: number;
  readonly last: number;
  readonly body: Bytes;
  /** The object's checksums are damaged, so its bytes were not compared with anything. */
  readonly unverifiable?: boolean;
  /** Instead of `body`: the open file, where it is one. */
  readonly handOff?: () => FileHandoff | undefined;
}

export interface Objects {
  readonly backend: "disk" | "s3" | "memory";
  /** Prefix of every object's address, ending in `/`: `file:///data/objects/`, `s3://bucket/prefix/`. */
  readonly baseUri: string;
  /** Atomic and durable when it resolves. Throws `conflict` when a condition does not hold. */
  put(key: string, body: Bytes, conditions?: PutConditions): Promise<ObjectHead>;
  /** Returns the bytes that were stored, or throws. Throws `not_found`, or `invalid` for a range outside the object. */
  get(key: string, range?: Range): Promise<Got>;
  head(key: string): Promise<ObjectHead>;
  /** No fault when there is no such object. */
  remove(key: string): Promise<void>;
  /** Throws `internal` when an object of the page is lost: never a list that is silently shorter. */
  list(options: ListOptions): Promise<Listing>;
  /** The object's path as a file of this host, where it is one. */
  path(key: string): string | undefined;
  /**
   * Makes a finished file of this host the object, without a copy: the file is moved, and the object is as durable as one
   * that was put. Undefined, and no change, when the two are on different disks. Missing where objects are not files. The
   * caller passes the file's SHA-256, in hex.
   */
  adopt?(key: string, path: string, sha256: string): Promise<ObjectHead | undefined>;
  /**
   * Compares the whole object with its checksums, without returning it; throws `internal` when it is damaged or lost.
   * "unknown" when it has no checksums, "unverifiable" when they are damaged themselves. Missing where the store itself
   * verifies.
   */
  verify?(key: string): Promise<"intact" | "unknown" | "unverifiable">;
  /** Replaces damaged checksums by those of the bytes that are there; false when they are not damaged. */
  renewChecksums?(key: string): Promise<boolean>;
}

/** The limit of S3. */
const KEY_BYTES_MAX = 1024;

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/u;

/**
 * The key, when it keeps the rules: 1 to 1,024 bytes of UTF-8 in NFC, no empty, `.` or `..` segment, no
 * control characters, no lone surrogate, no backslash. Throws `invalid` with the rule that is broken.
 */
export function checkKey(key: string): string {
  const broken = brokenRule(key);
  if (broken !== undefined) {
    throw new Fault("invalid", `The key ${broken}.`, { details: [{ path: "key", message: broken }] });
  }
  return key;
}

export function isKey(key: string): boolean {
  return brokenRule(key) === undefined;
}

function brokenRule(key: string): string | undefined {
  if (key.length === 0) return "is empty";
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `is longer than ${KEY_BYTES_MAX} bytes`;
  if (!key.isWellFormed()) return "has a lone surrogate";
  if (CONTROL.test(key)) return "has a control character";
  if (key.includes("\\")) return "has a backslash; segments are separated by /";
  if (key.normalize("NFC") !== key) return "is not in Unicode NFC; normalise it first";
  for (const segment of key.split("/")) {
    if (segment === "") return "has an empty segment";
    if (segment === "." || segment === "..") return `has a ${segment} segment`;
  }
  return undefined;
}

/** The absolute range within `size` bytes. Throws `invalid` when it holds no byte. */
export function resolveRange(range: Range | undefined, size: number): { first: number; last: number } {
  if (range === undefined) return { first: 0, last: size - 1 };
  const first = "suffix" in range ? Math.max(0, size - range.suffix) : range.first;
  const last = "suffix" in range ? size - 1 : Math.min(range.last ?? size - 1, size - 1);
  if (first >= size || first > last || ("suffix" in range && range.suffix === 0)) {
    throw new Fault("invalid", `The range lies outside the object, which has ${size} bytes.`, {
      details: [{ path: "range", message: `object has ${size} bytes` }],
    });
  }
  return { first, last };
}

export function notFound(key: string): Fault {
  return new Fault("not_found", `There is no object ${key}.`);
}

export function conditionFailed(key: string): Fault {
  return new Fault("conflict", `The condition on ${key} does not hold: it was written or removed meanwhile.`);
}

/** The whole of a stream, for small objects. */
export async function readAll(body: Bytes): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(body).arrayBuffer());
}

export function bytesOf(content: Uint8Array | string): Bytes {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return new ReadableStream({
    start: (controller) => {
      if (bytes.byteLength > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
