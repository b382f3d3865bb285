// Objects in a bucket of any S3 server: AWS, Ceph, R2 and their like. Requests are our own (client.ts), because the
// interface's guarantees need conditional writes, retries and deadlines that hold.
//
// Every write carries an id of its own in the object's metadata. When a response is lost, the stored object's id shows
// whether the write arrived, so that a broken connection never makes a write reported as lost, or repeated over another
// writer's.
//
// What S3 servers do not agree on: a condition on a multipart upload (over 16 MiB). AWS enforces it; others ignore it, so
// it is checked once more just before completion, which leaves a short window in which two writers may both succeed.
// Objects that must have one winner are small.

import { Fault } from "#rpc/fault";
import { S3_TIMEOUTS, type S3Timeouts, type S3Place, type S3Reply, s3Client } from "./client.ts";
import { PART_BYTES, type Part, partsOf, type Uploaded, uploadParts } from "./multipart.ts";
import { bodyOf, PART_BYTES_HEADER, SHA256_HEADER } from "./read.ts";
import { sha256Of } from "./sign.ts";
import { parseXml, textOf } from "./xml.ts";
import {
  type Bytes,
  checkKey,
  conditionFailed,
  isKey,
  type Listing,
  type ListOptions,
  notFound,
  type ObjectHead,
  type Objects,
  type PutConditions,
  type Range,
  resolveRange,
} from "../objects.ts";

const WRITE_ID_HEADER = "x-amz-meta-write-id";
const KEY_BYTES_MAX = 1024;
/** One page of S3. */
const LIST_MAX = 1000;
const NOTHING: PutConditions = {};

export interface S3Settings extends S3Place {
  /** Prepended to every key, without a slash at its end; empty for none. */
  readonly prefix: string;
}

export function s3Objects(settings: S3Settings, timeouts: S3Timeouts = S3_TIMEOUTS): Objects {
  const client = s3Client(settings, timeouts);
  const prefix = settings.prefix === "" ? "" : `${checkKey(settings.prefix.replace(/\/$/, ""))}/`;

  const fullKey = (key: string): string => {
    const full = prefix + checkKey(key);
    if (Buffer.byteLength(full) <= KEY_BYTES_MAX) return full;
    throw new Fault(
      "invalid",
      `The key is longer than ${KEY_BYTES_MAX} bytes, including LAKEHOUSE_S3_PREFIX.`,
      {
        details: [{ path: "key", message: "is too long" }],
      },
    );
  };

  const stat = async (key: string): Promise<S3Reply | undefined> => {
    const reply = await client.send({ method: "HEAD", key: fullKey(key) });
    if (reply.status === 200) return reply;
    if (reply.status === 404) return undefined;
    throw await client.refusal(reply);
  };

  const head = async (key: string): Promise<ObjectHead> => {
    const reply = await stat(key);
    if (reply === undefined) throw notFound(key);
    return headOf(key, reply.headers, Number(reply.headers.get("content-length")));
  };

  /** Whether the write with this id is what is stored now. Throws when that can no longer be determined. */
  const settling = (key: string, writeId: string, conditions: PutConditions) => async () => {
    const now = await stat(key);
    if (now?.headers.get(WRITE_ID_HEADER) === writeId) return now;
    if (
      conditions.ifMatch !== undefined &&
      (now === undefined || etagOf(now.headers) !== conditions.ifMatch)
    ) {
      throw new Fault(
        "timeout",
        `Whether ${key} was written is not known: it has changed since. Read it first.`,
      );
    }
    return undefined;
  };

  /** Throws when the conditions do not hold now; a server may or may not check them itself. */
  const check = async (key: string, { ifAbsent, ifMatch }: PutConditions): Promise<void> => {
    if (ifAbsent !== true && ifMatch === undefined) return;
    const now = await stat(key);
    const holds =
      ifAbsent === true ? now === undefined : now !== undefined && etagOf(now.headers) === ifMatch;
    if (!holds) throw conditionFailed(key);
  };

  const putOne = async (key: string, part: Part, conditions: PutConditions): Promise<Uploaded> => {
    const writeId = crypto.randomUUID();
    const sha256 = sha256Of(part.bytes);
    const settled = settling(key, writeId, conditions);
    const sending = (matching: Record<string, string>): Promise<S3Reply> => {
      const headers = { ...plainType, [SHA256_HEADER]: sha256, [WRITE_ID_HEADER]: writeId, ...matching };
      return client.send({ method: "PUT", key: fullKey(key), headers, body: part.bytes, sha256 }, settled);
    };
    let reply = await sending(conditionHeaders(conditions));
    if (reply.status === 412 || reply.status === 404) {
      const now = await stat(key);
      // An earlier attempt whose response was lost was carried out after all.
      if (now?.headers.get(WRITE_ID_HEADER) === writeId) return uploadedOf(now);
      // Ceph's gateway wants the etag without quotes and refuses the right one with them.
      const right = now !== undefined && etagOf(now.headers) === conditions.ifMatch;
      if (right) reply = await sending({ "if-match": conditions.ifMatch });
    }
    return uploadedOf(reply);
  };

  const putParts = (
    key: string,
    first: Part,
    rest: AsyncGenerator<Part>,
    conditions: PutConditions,
  ): Promise<Uploaded> => {
    const writeId = crypto.randomUUID();
    return uploadParts(
      {
        client,
        key: fullKey(key),
        metadata: { ...plainType, [PART_BYTES_HEADER]: String(PART_BYTES), [WRITE_ID_HEADER]: writeId },
        conditions: conditions.ifAbsent === true ? conditionHeaders(conditions) : {},
        check: () => check(key, conditions),
        settled: settling(key, writeId, conditions),
      },
      first,
      rest,
    );
  };

  const put = async (key: string, body: Bytes, conditions: PutConditions = NOTHING): Promise<ObjectHead> => {
    fullKey(key);
    let size = 0;
    const parts = partsOf(body.pipeThrough(counting((bytes) => (size += bytes))));
    try {
      const step = await parts.next();
      if (step.done === true)
        throw new Fault("internal", "A body without an end was taken for an empty one.");
      const { reply, etag } = step.value.last
        ? await putOne(key, step.value, conditions)
        : await putParts(key, step.value, parts, conditions);
      const conditional = conditions.ifAbsent === true || conditions.ifMatch !== undefined;
      if (conditional && (reply.status === 412 || reply.status === 404)) {
        const fault = await client.refusal(reply);
        throw fault.message.includes("NoSuchBucket") ? fault : conditionFailed(key);
      }
      if (reply.status !== 200 || etag === undefined) throw await client.refusal(reply);
      reply.abort();
      return { key, size, etag: unquoted(etag), modifiedAt: timeOf(reply.headers) };
    } finally {
      await parts.return(undefined);
    }
  };

  const get = async (key: string, range?: Range): ReturnType<Objects["get"]> => {
    // These mean something else to HTTP, or nothing.
    const empty =
      range !== undefined &&
      ("suffix" in range ? range.suffix === 0 : range.last !== undefined && range.last < range.first);
    if (empty) resolveRange(range, (await head(key)).size);
    const headers = range === undefined ? {} : { range: rangeText(range) };
    const reply = await client.send({ method: "GET", key: fullKey(key), headers });
    if (reply.status === 404) throw await absence(key, reply);
    if (reply.status === 416) {
      reply.abort();
      resolveRange(range, (await head(key)).size);
    }
    if (reply.status !== (range === undefined ? 200 : 206)) throw await client.refusal(reply);
    const { first, last, size } = contentRange(reply.headers);
    const found = headOf(key, reply.headers, size);
    const request = { client, name: key, key: fullKey(key), etag: found.etag, first, last };
    return { head: found, first, last, body: bodyOf({ ...request, whole: range === undefined }, reply) };
  };

  /** A missing bucket is not a missing object. */
  const absence = async (key: string, reply: S3Reply): Promise<Fault> => {
    const fault = await client.refusal(reply);
    return fault.message.includes("NoSuchBucket") ? fault : notFound(key);
  };

  return {
    backend: "s3",
    baseUri: `s3://${settings.bucket}/${prefix}`,
    put,
    get,
    head,
    remove: async (key) => {
      const reply = await client.send({ method: "DELETE", key: fullKey(key) });
      if (reply.status !== 204 && reply.status !== 200 && reply.status !== 404)
        throw await client.refusal(reply);
      reply.abort();
    },
    list: async (options) => {
      const reply = await client.send({ method: "GET", key: "", query: listQuery(prefix, options) });
      if (reply.status !== 200) throw await client.refusal(reply);
      return listingOf(await client.text(reply), prefix);
    },
    path: () => undefined,
  };
}

const plainType = { "content-type": "application/octet-stream" };

function conditionHeaders({ ifAbsent, ifMatch }: PutConditions): Record<string, string> {
  return {
    ...(ifAbsent === true ? { "if-none-match": "*" } : {}),
    ...(ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` }),
  };
}

function uploadedOf(reply: S3Reply): Uploaded {
  return { reply, etag: reply.headers.get("etag") ?? undefined };
}

function counting(add: (bytes: number) => void): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (chunk, controller) => {
      add(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
}

function rangeText(range: Range): string {
  return "suffix" in range ? `bytes=-${range.suffix}` : `bytes=${range.first}-${range.last ?? ""}`;
}

interface Extent {
  readonly first: number;
  readonly last: number;
  /** Of the whole object. */
  readonly size: number;
}

function contentRange(headers: Headers): Extent {
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers.get("content-range") ?? "");
  if (match !== null) return { first: Number(match[1]), last: Number(match[2]), size: Number(match[3]) };
  const size = Number(headers.get("content-length") ?? Number.NaN);
  if (Number.isSafeInteger(size)) return { first: 0, last: size - 1, size };
  throw new Fault("upstream", "The object store did not say how long the object is.");
}

function headOf(key: string, headers: Headers, size: number): ObjectHead {
  return { key, size, etag: etagOf(headers), modifiedAt: timeOf(headers) };
}

function etagOf(headers: Headers): string {
  return unquoted(headers.get("etag") ?? "");
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

/** In whole seconds, as S3 counts. */
function timeOf(headers: Headers): number {
  return Date.parse(headers.get("last-modified") ?? headers.get("date") ?? "") || Date.now();
}

function listQuery(
  prefix: string,
  { limit, delimiter, cursor, ...wanted }: ListOptions,
): Record<string, string> {
  return {
    "list-type": "2",
    "max-keys": String(Math.min(limit, LIST_MAX)),
    prefix: prefix + wanted.prefix,
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(cursor === undefined
      ? {}
      : { "continuation-token": Buffer.from(cursor, "base64url").toString("utf8") }),
  };
}

/** Keys that break our rules, such as folder markers, were written by other programs and are skipped. */
function listingOf(xml: string, prefix: string): Listing {
  const page = parseXml(xml);
  if (page.name !== "ListBucketResult")
    throw new Fault("upstream", "The object store did not respond with a list.");
  const named = (name: string) => page.children.filter((child) => child.name === name);
  const objects = named("Contents").flatMap((entry): ObjectHead[] => {
    const key = (textOf(entry, "Key") ?? "").slice(prefix.length);
    if (!isKey(key)) return [];
    const modifiedAt = Date.parse(textOf(entry, "LastModified") ?? "") || 0;
    return [
      { key, size: Number(textOf(entry, "Size")), etag: unquoted(textOf(entry, "ETag") ?? ""), modifiedAt },
    ];
  });
  const prefixes = named("CommonPrefixes").map((entry) =>
    (textOf(entry, "Prefix") ?? "").slice(prefix.length),
  );
  const token = textOf(page, "IsTruncated") === "true" ? textOf(page, "NextContinuationToken") : undefined;
  return {
    objects,
    prefixes,
    ...(token === undefined ? {} : { cursor: Buffer.from(token).toString("base64url") }),
  };
}
