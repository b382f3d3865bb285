// The body of an object as it is read from S3. A connection that breaks is resumed at the same byte, provided that the
// object has not changed. A whole object is compared with its stored hash; its last chunk is held back until then, so that
// a damaged object is never taken for a whole one.

import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import type { S3Client, S3Reply } from "./client.ts";
import { etagOfParts } from "./multipart.ts";
import type { Bytes } from "../objects.ts";

export const SHA256_HEADER = "x-amz-meta-sha256";
export const PART_BYTES_HEADER = "x-amz-meta-part-bytes";

/** More breaks than this mean that the connection cannot carry an object of this size. */
const RESUMES_MAX = 3;

export interface ObjectRead {
  readonly client: S3Client;
  /** For messages. */
  readonly name: string;
  /** In the bucket. */
  readonly key: string;
  readonly etag: string;
  readonly first: number;
  readonly last: number;
  readonly whole: boolean;
}

export function bodyOf(read: ObjectRead, opened: S3Reply): Bytes {
  let current = opened;
  const source = checked(
    read,
    opened.headers,
    () => current,
    (next) => (current = next),
  );
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const step = await source.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: async () => {
        current.abort();
        await source.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* checked(
  read: ObjectRead,
  headers: Headers,
  current: () => S3Reply,
  resumed: (reply: S3Reply) => void,
): AsyncGenerator<Uint8Array> {
  const check = read.whole ? checkOf(headers, read.etag) : undefined;
  let held: Uint8Array | undefined;
  let at = read.first;
  for await (const chunk of unbroken(read, current, resumed)) {
    if (chunk.byteLength === 0) continue;
    check?.add(chunk);
    at += chunk.byteLength;
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (at !== read.last + 1 || check?.holds() === false) {
    throw new Fault(
      "internal",
      `The object ${read.name} is damaged: its bytes are not those that were stored.`,
    );
  }
  if (held !== undefined) yield held;
}

async function* unbroken(
  { client, name, key, etag, first, last }: ObjectRead,
  current: () => S3Reply,
  resumed: (reply: S3Reply) => void,
): AsyncGenerator<Uint8Array> {
  let at = first;
  for (let resumes = 0; at <= last; resumes += 1) {
    try {
      for await (const chunk of client.chunks(current())) {
        at += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (cause) {
      if (resumes === RESUMES_MAX) {
        throw new Fault("unavailable", `Reading ${name} broke off ${resumes + 1} times. Try again.`, {
          cause,
        });
      }
    }
    const range = `bytes=${at}-${last}`;
    const reply = await client.send({ method: "GET", key, headers: { range, "if-match": `"${etag}"` } });
    if (reply.status !== 206) {
      reply.abort();
      throw new Fault("unavailable", `${name} was replaced or removed while it was read. Read it again.`);
    }
    resumed(reply);
  }
}

interface Check {
  add(bytes: Uint8Array): void;
  holds(): boolean;
}

/** How the whole of an object is checked, if it was stored by us. */
function checkOf(headers: Headers, etag: string): Check | undefined {
  const sha256 = headers.get(SHA256_HEADER);
  if (sha256 !== null) {
    const hash = createHash("sha256");
    return { add: (bytes) => hash.update(bytes), holds: () => hash.digest("hex") === sha256 };
  }
  const partBytes = Number(headers.get(PART_BYTES_HEADER) ?? 0);
  // The etag of an object encrypted with AWS KMS is not a hash of its content.
  const encrypted = headers.get("x-amz-server-side-encryption")?.startsWith("aws:kms") === true;
  if (!(partBytes > 0) || encrypted || !/^[0-9a-f]{32}-\d+$/.test(etag)) return undefined;
  const parts = etagOfParts(partBytes);
  return { add: (bytes) => parts.add(bytes), holds: () => parts.etag() === etag };
}
