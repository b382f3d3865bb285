// Objects too large for one request: uploaded in parts of a fixed size, each held in memory, hashed and signed, so that
// each can be retried by itself. Nothing is visible before the upload is completed, and an upload that fails is aborted, so
// that its parts cost nothing. An upload whose process is killed stays behind invisibly: give the bucket a lifecycle rule
// that aborts incomplete uploads after a day.
//
// The hash of the whole object is known too late to be stored with it. But its etag is the MD5 of the parts' MD5s, and
// because the part size is stored, a reader can verify that.

import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import type { S3Client, S3Reply } from "./client.ts";
import { sha256Of } from "./sign.ts";
import { escapedXml, parseXml, textOf } from "./xml.ts";
import type { Bytes } from "../objects.ts";

/** S3 takes parts from 5 MiB, and 10,000 of them: with this size objects of 156 GiB. */
export const PART_BYTES = 16 * 1024 * 1024;
const PARTS_MAX = 10_000;

export interface Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Nothing follows. */
  readonly last: boolean;
}

/** A stream cut into parts of exactly PART_BYTES and a last one that may be shorter, or empty if it is the only one. */
export async function* partsOf(body: Bytes): AsyncGenerator<Part> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.byteLength;) {
      if (bytes === PART_BYTES) {
        yield { bytes: Buffer.concat(pieces), last: false };
        pieces = [];
        bytes = 0;
      }
      const piece = chunk.subarray(at, at + PART_BYTES - bytes);
      pieces.push(piece);
      bytes += piece.byteLength;
      at += piece.byteLength;
    }
  }
  yield { bytes: Buffer.concat(pieces), last: true };
}

export interface Upload {
  readonly client: S3Client;
  readonly key: string;
  /** Stored with the object. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Checked by the server when the upload is completed, where it can. */
  readonly conditions: Readonly<Record<string, string>>;
  /** Throws when the condition does not hold; for servers that do not check it themselves. */
  check(): Promise<void>;
  settled(): Promise<S3Reply | undefined>;
}

/** The server's response to the last request, and the object's etag. */
export interface Uploaded {
  readonly reply: S3Reply;
  readonly etag: string | undefined;
}

export async function uploadParts(
  upload: Upload,
  first: Part,
  rest: AsyncGenerator<Part>,
): Promise<Uploaded> {
  const { client, key, metadata } = upload;
  const begun = await client.send({ method: "POST", key, query: { uploads: "" }, headers: metadata });
  if (begun.status !== 200) throw await client.refusal(begun);
  const uploadId = textOf(parseXml(await client.text(begun)), "UploadId") ?? "";
  try {
    const etags: string[] = [];
    for (let part: Part | undefined = first; part !== undefined; part = await following(rest, part)) {
      etags.push(await sendPart(upload, uploadId, etags.length + 1, part));
    }
    await upload.check();
    return await complete(upload, uploadId, etags);
  } catch (error) {
    const aborted = await client.send({ method: "DELETE", key, query: { uploadId } }).catch(() => undefined);
    aborted?.abort();
    throw error;
  }
}

async function following(rest: AsyncGenerator<Part>, part: Part): Promise<Part | undefined> {
  if (part.last) return undefined;
  const step = await rest.next();
  return step.done === true ? undefined : step.value;
}

async function sendPart(
  { client, key }: Upload,
  uploadId: string,
  partNumber: number,
  { bytes }: Part,
): Promise<string> {
  if (partNumber > PARTS_MAX) throw new Fault("too_large", "The object has more parts than S3 takes.");
  const query = { partNumber: String(partNumber), uploadId };
  const reply = await client.send({ method: "PUT", key, query, body: bytes, sha256: sha256Of(bytes) });
  const etag = reply.headers.get("etag");
  if (reply.status !== 200 || etag === null) throw await client.refusal(reply);
  reply.abort();
  return etag;
}

async function complete(upload: Upload, uploadId: string, etags: readonly string[]): Promise<Uploaded> {
  const { client, key, conditions, settled } = upload;
  const parts = etags.map(
    (etag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escapedXml(etag)}</ETag></Part>`,
  );
  const xml = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const body = new TextEncoder().encode(xml);
  const reply = await client.send(
    { method: "POST", key, query: { uploadId }, headers: { ...conditions }, body },
    settled,
  );
  if (reply.status !== 200) return { reply, etag: undefined };
  if (reply.body === null) return { reply, etag: reply.headers.get("etag") ?? undefined };
  // The response begins before the work is done, so that a failure comes with status 200.
  const document = await client.text(reply).then(parseXml, () => undefined);
  const etag = document?.name === "CompleteMultipartUploadResult" ? textOf(document, "ETag") : undefined;
  if (etag !== undefined && etag !== "") return { reply, etag };
  // Some servers leave the etag out.
  const known = await settled();
  if (known !== undefined) return { reply: known, etag: known.headers.get("etag") ?? undefined };
  throw new Fault("unavailable", "The object store could not put the parts together. Send it again.", {
    retryAfterMs: 1000,
  });
}

/** The etag of an object that was sent in parts of `partBytes`, from its bytes as they pass. */
export function etagOfParts(partBytes: number): { add(bytes: Uint8Array): void; etag(): string } {
  const whole = createHash("md5");
  let part = createHash("md5");
  let filled = 0;
  let parts = 0;
  const finish = (): void => {
    whole.update(part.digest());
    part = createHash("md5");
    filled = 0;
    parts += 1;
  };
  return {
    add: (bytes) => {
      for (let at = 0; at < bytes.byteLength;) {
        const piece = bytes.subarray(at, at + partBytes - filled);
        part.update(piece);
        filled += piece.byteLength;
        at += piece.byteLength;
        if (filled === partBytes) finish();
      }
    },
    etag: () => {
      if (filled > 0) finish();
      return `${whole.digest("hex")}-${parts}`;
    },
  };
}
