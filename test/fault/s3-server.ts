// An S3 server over objects in memory with configurable failures of S3 servers and of the network to them. It checks
// signatures and body hashes, knows conditions, ranges, lists and uploads in parts, and keeps a journal of every
// write that it carried out, so that a test knows what really happened, whatever its client received.

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { memoryObjects } from "#adapters/objects/memory.testing";
import { queryText, sha256Of, signed } from "#adapters/objects/s3/sign";
import { escapedXml, parseXml, textOf } from "#adapters/objects/s3/xml";
import { bytesOf, type ObjectHead, type PutConditions, type Range } from "#adapters/objects/objects";
import { Fault } from "#rpc/fault";

export const S3_FAULTS = [
  /** Answers that say no, and nothing is done. */
  "500",
  "503",
  "409",
  "400",
  /** Nothing is done and the connection breaks, or nothing ever comes. */
  "cut",
  "hang",
  /** It is done, and then the answer is a 500, or a break, or never comes. */
  "done then 500",
  "done then cut",
  "done then hang",
  /** Answers to a GET: one that breaks in the middle, one that ends early and says so little, a turned bit, the content of before. */
  "broken body",
  "short body",
  "turned bit",
  "stale body",
  /** An etag that is not the object's. */
  "wrong etag",
] as const;
export type S3Fault = (typeof S3_FAULTS)[number];

export interface S3ServerRequest {
  readonly method: string;
  readonly key: string;
  readonly query: Readonly<Record<string, string>>;
}

/** One write that was carried out. */
export interface Carried {
  readonly key: string;
  readonly writeId: string;
  readonly content: string;
}

export interface S3TestServer {
  readonly endpoint: string;
  readonly journal: readonly Carried[];
  readonly counts: ReadonlyMap<S3Fault, number>;
  /** What befalls a request; nothing unless said. */
  choose: (asked: S3ServerRequest) => S3Fault | undefined;
  close(): Promise<void>;
}

export const S3_PLACE = {
  region: "us-east-1",
  bucket: "lab-bucket",
  accessKeyId: "test-id",
  secretAccessKey: "test-secret",
  pathStyle: true,
} as const;

interface Stored {
  readonly etag: string;
  readonly storeEtag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly before: Uint8Array | undefined;
  readonly modifiedAt: number;
}

interface ScriptedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");
const refusal = (status: number, code: string): ScriptedReply => ({
  status,
  body: `<Error><Code>${code}</Code></Error>`,
});

export async function startS3Server(): Promise<S3TestServer> {
  const objects = memoryObjects();
  const stored = new Map<string, Stored>();
  const uploads = new Map<string, { headers: Record<string, string>; parts: Map<number, Uint8Array> }>();
  const journal: Carried[] = [];
  const counts = new Map<S3Fault, number>();
  const state: { choose: S3TestServer["choose"] } = { choose: () => undefined };

  const write = async (
    key: string,
    bytes: Uint8Array,
    { asked, kept, etag }: { asked: IncomingMessage; kept: Record<string, string>; etag: string },
  ): Promise<ScriptedReply> => {
    const wanted = unquoted(asked.headers["if-match"] ?? "");
    const conditions: PutConditions = {
      ...(asked.headers["if-none-match"] === "*" ? { ifAbsent: true } : {}),
      ...(wanted === "" ? {} : { ifMatch: storeEtagOf(key, wanted) }),
    };
    try {
      const before = stored.get(key)?.bytes;
      const head = await objects.put(key, bytesOf(bytes), conditions);
      stored.set(key, {
        etag,
        storeEtag: head.etag,
        headers: kept,
        bytes,
        before,
        modifiedAt: head.modifiedAt,
      });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return error.code === "conflict" ? refusal(412, "PreconditionFailed") : refusal(400, "InvalidRequest");
    }
    journal.push({ key, writeId: kept["x-amz-meta-write-id"] ?? "", content: Buffer.from(bytes).toString() });
    return { status: 200, headers: { etag: `"${etag}"` } };
  };
  const storeEtagOf = (key: string, etag: string): string => {
    const found = stored.get(key);
    return found !== undefined && found.etag === etag ? found.storeEtag : "another";
  };

  const read = (asked: IncomingMessage, key: string): ScriptedReply => {
    const found = stored.get(key);
    if (found === undefined) return refusal(404, "NoSuchKey");
    const { etag, headers, bytes, modifiedAt } = found;
    const wanted = asked.headers["if-match"];
    if (wanted !== undefined && unquoted(wanted) !== etag) return refusal(412, "PreconditionFailed");
    const said = { ...headers, etag: `"${etag}"`, "last-modified": new Date(modifiedAt).toUTCString() };
    const range = rangeOf(asked.headers.range, bytes.length);
    if (range === undefined) return { status: 200, headers: said, body: bytes };
    if (range.first > range.last) return refusal(416, "InvalidRange");
    return {
      status: 206,
      headers: { ...said, "content-range": `bytes ${range.first}-${range.last}/${bytes.length}` },
      body: bytes.subarray(range.first, range.last + 1),
    };
  };

  const list = async (query: Readonly<Record<string, string>>): Promise<ScriptedReply> => {
    const { prefix = "", delimiter, "continuation-token": token } = query;
    const cursor = token === undefined ? undefined : Buffer.from(token).toString("base64url");
    const limit = Number(query["max-keys"] ?? 1000);
    const page = await objects.list({ prefix, delimiter, limit, cursor });
    const next = page.cursor === undefined ? "" : Buffer.from(page.cursor, "base64url").toString();
    const entry = ({ key, size, modifiedAt }: ObjectHead): string =>
      `<Contents><Key>${escapedXml(key)}</Key><Size>${size}</Size><ETag>&quot;${stored.get(key)?.etag}&quot;</ETag><LastModified>${new Date(modifiedAt).toISOString()}</LastModified></Contents>`;
    const common = (name: string): string =>
      `<CommonPrefixes><Prefix>${escapedXml(name)}</Prefix></CommonPrefixes>`;
    const more = next === "" ? "" : `<NextContinuationToken>${escapedXml(next)}</NextContinuationToken>`;
    return {
      status: 200,
      body: `<ListBucketResult><IsTruncated>${next !== ""}</IsTruncated>${more}${page.objects.map(entry).join("")}${page.prefixes.map(common).join("")}</ListBucketResult>`,
    };
  };

  const upload = async (
    asked: IncomingMessage,
    { method, key, query }: S3ServerRequest,
    body: Uint8Array,
  ): Promise<ScriptedReply> => {
    if (query["uploads"] !== undefined) {
      const id = `upload-${uploads.size + 1}`;
      uploads.set(id, { headers: keptOf(asked), parts: new Map() });
      return { status: 200, body: `<Result><UploadId>${id}</UploadId></Result>` };
    }
    const id = query["uploadId"] ?? "";
    const found = uploads.get(id);
    if (found === undefined) return refusal(404, "NoSuchUpload");
    if (method === "DELETE") {
      uploads.delete(id);
      return { status: 204 };
    }
    if (method === "PUT") {
      found.parts.set(Number(query["partNumber"]), body);
      return { status: 200, headers: { etag: `"${md5(body)}"` } };
    }
    const named = parseXml(Buffer.from(body).toString()).children.map((part) =>
      found.parts.get(Number(textOf(part, "PartNumber"))),
    );
    const parts = named.filter((part) => part !== undefined);
    if (parts.length < named.length || parts.length === 0) return refusal(400, "InvalidPart");
    const etag = `${md5(Buffer.from(parts.map(md5).join(""), "hex"))}-${parts.length}`;
    const answer = await write(key, Buffer.concat(parts), { asked, kept: found.headers, etag });
    if (answer.status !== 200) return answer;
    uploads.delete(id);
    return {
      status: 200,
      body: `<CompleteMultipartUploadResult><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`,
    };
  };

  const carryOut = async (
    asked: IncomingMessage,
    request: S3ServerRequest,
    body: Uint8Array,
  ): Promise<ScriptedReply> => {
    const { method, key, query } = request;
    if (query["uploads"] !== undefined || query["uploadId"] !== undefined)
      return upload(asked, request, body);
    if (key === "") return list(query);
    if (method === "PUT") return write(key, body, { asked, kept: keptOf(asked), etag: md5(body) });
    if (method === "DELETE") {
      await objects.remove(key);
      stored.delete(key);
      return { status: 204 };
    }
    return read(asked, key);
  };

  const serve = async (asked: IncomingMessage, reply: ServerResponse): Promise<void> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of asked) pieces.push(piece as Uint8Array);
    const body = new Uint8Array(Buffer.concat(pieces));
    const { url, request } = requestOf(asked);
    const refused = signatureTrouble(asked, url, request.query, body);
    if (refused !== undefined) return send(asked, reply, refused);
    const fault = state.choose(request);
    if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1);
    if (fault === "500") return send(asked, reply, refusal(500, "InternalError"));
    if (fault === "503") return send(asked, reply, refusal(503, "SlowDown"));
    if (fault === "409") return send(asked, reply, refusal(409, "ConditionalRequestConflict"));
    if (fault === "400") return send(asked, reply, refusal(400, "RequestTimeout"));
    if (fault === "cut") return void asked.socket.destroy();
    if (fault === "hang") return;
    const answer = await carryOut(asked, request, body);
    if (fault === "done then cut") return void asked.socket.destroy();
    if (fault === "done then hang") return;
    if (fault === "done then 500") return send(asked, reply, refusal(500, "InternalError"));
    const content = answer.body;
    const isBody = request.method === "GET" && request.key !== "" && typeof content === "object";
    if (fault === "wrong etag" && answer.headers?.["etag"] !== undefined)
      return send(asked, reply, { ...answer, headers: { ...answer.headers, etag: '"0123456789abcdef"' } });
    if (!isBody || fault === undefined) return send(asked, reply, answer);
    if (fault === "broken body") return breakOff(asked, reply, answer, content);
    if (fault === "short body")
      return send(asked, reply, { ...answer, body: content.subarray(0, content.length >> 1) });
    if (fault === "stale body") {
      const before = stored.get(request.key)?.before ?? content;
      return send(asked, reply, { ...answer, body: before });
    }
    const turned = Uint8Array.from(content);
    turned[turned.length >> 1] = (turned[turned.length >> 1] ?? 0) ^ 4;
    return send(asked, reply, { ...answer, body: turned });
  };

  const server = createServer((asked, reply) => {
    serve(asked, reply).catch(() => asked.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    journal,
    counts,
    get choose() {
      return state.choose;
    },
    set choose(choose) {
      state.choose = choose;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function requestOf(asked: IncomingMessage): { url: string; request: S3ServerRequest } {
  const [path = "", search = ""] = (asked.url ?? "").split("?");
  const [, , ...segments] = path.split("/");
  const query = Object.fromEntries(new URLSearchParams(search.replaceAll("+", "%2B")));
  const key = segments.map(decodeURIComponent).join("/");
  return { url: path, request: { method: asked.method ?? "", key, query } };
}

/** Signs the request once more, from what arrived of it, and compares. */
function signatureTrouble(
  asked: IncomingMessage,
  path: string,
  query: S3ServerRequest["query"],
  body: Uint8Array,
): ScriptedReply | undefined {
  const { authorization = "", host = "", "x-amz-date": time = "" } = asked.headers as Record<string, string>;
  const sha256 = String(asked.headers["x-amz-content-sha256"]);
  if (sha256 !== sha256Of(body)) return refusal(400, "XAmzContentSHA256Mismatch");
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(";") ?? [];
  const added = new Set(["host", "x-amz-content-sha256", "x-amz-date"]);
  const headers = Object.fromEntries(
    names.filter((name) => !added.has(name)).map((name) => [name, String(asked.headers[name])]),
  );
  const at = new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (Number.isNaN(at.getTime())) return refusal(403, "AccessDenied");
  const method = asked.method ?? "";
  const again = signed({ method, host, path, query, headers, sha256 }, S3_PLACE, S3_PLACE.region, at);
  const exact =
    again["authorization"] === authorization && (asked.url?.split("?")[1] ?? "") === queryText(query);
  return exact ? undefined : refusal(403, "SignatureDoesNotMatch");
}

function keptOf(asked: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asked.headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-meta-") ? [[name, String(value)]] : [],
    ),
  );
}

function rangeOf(header: string | undefined, size: number): { first: number; last: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (match === null) return undefined;
  const [, first = "", last = ""] = match;
  const range: Range =
    first === ""
      ? { suffix: Number(last) }
      : { first: Number(first), last: last === "" ? size - 1 : Number(last) };
  if ("suffix" in range) return { first: size === 0 ? 1 : Math.max(0, size - range.suffix), last: size - 1 };
  return { first: range.first, last: Math.min(range.last ?? size - 1, size - 1) };
}

function send(
  asked: IncomingMessage,
  reply: ServerResponse,
  { status, headers, body = "" }: ScriptedReply,
): void {
  const bytes = Buffer.from(body as string);
  reply.writeHead(status, { ...headers, ...(status === 204 ? {} : { "content-length": bytes.length }) });
  reply.end(asked.method === "HEAD" ? undefined : bytes);
}

/** The head promises all, half of it comes, and the connection breaks. */
function breakOff(
  asked: IncomingMessage,
  reply: ServerResponse,
  answer: ScriptedReply,
  content: Uint8Array,
): void {
  reply.writeHead(answer.status, { ...answer.headers, "content-length": content.length });
  reply.write(content.subarray(0, content.length >> 1), () => setImmediate(() => asked.socket.destroy()));
}

function unquoted(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}
