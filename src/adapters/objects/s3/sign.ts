// AWS Signature Version 4 for S3: a request's method, path, query and headers, and the hash of its body, signed
// with a key that follows from the secret, the day and the region. The secret itself is never sent. The steps
// and their names are those of the "Signature Calculations for the Authorization Header" page of the S3 API
// reference, whose examples are the tests of this file.

import { createHash, createHmac } from "node:crypto";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface Unsigned {
  readonly method: string;
  readonly host: string;
  /** Encoded already, as it goes over the wire. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the body, in hex. */
  readonly sha256: string;
}

export const SHA256_OF_NOTHING = sha256Of("");

export function sha256Of(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The headers to send: those given and what the signature adds. `host` is signed, and left to the client to send. */
export function signed(
  request: Unsigned,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  region: string,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, "");
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const sent: Record<string, string> = {
    ...request.headers,
    "x-amz-content-sha256": request.sha256,
    "x-amz-date": time,
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const names = [...Object.keys(sent), "host"].sort();
  const lines = names.map(
    (name) => `${name}:${(name === "host" ? request.host : (sent[name] ?? "")).trim()}\n`,
  );
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    lines.join(""),
    names.join(";"),
    request.sha256,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", time, scope, sha256Of(canonical)].join("\n");
  const dayKey = hmac(`AWS4${secretAccessKey}`, day);
  const signingKey = hmac(hmac(hmac(dayKey, region), "s3"), "aws4_request");
  const signature = hmac(signingKey, text).toString("hex");
  sent["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${names.join(";")},Signature=${signature}`;
  return sent;
}

function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** Sorted by name, as the signature requires. */
export function queryText(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .sort()
    .map((name) => `${encoded(name)}=${encoded(query[name] ?? "")}`)
    .join("&");
}

/** Everything but RFC 3986's unreserved characters, which encodeURIComponent leaves a few more of. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export function encodedPath(key: string): string {
  return key.split("/").map(encoded).join("/");
}
