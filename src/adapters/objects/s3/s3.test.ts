// How the S3 backend handles failures of the server and the network. A scripted server stands in for a real one, because
// no real server resets, hangs or corrupts on demand.

import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import type { S3Timeouts } from "./client.ts";
import { etagOfParts, PART_BYTES } from "./multipart.ts";
import { s3Objects } from "./s3.ts";
import { faultOf } from "../objects.conformance.ts";
import { bytesOf, type Objects, readAll } from "../objects.ts";

const SECRET = "canary-secret";
const TOKEN = "canary-token";
const TIMEOUTS: S3Timeouts = { responseMsMax: 300, idleMsMax: 300, pauseMs: 1 };

interface S3TestRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type Script = (request: S3TestRequest) => Response | Promise<Response>;

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** Responds with each script in turn and repeats the last; `requests` records what came in. */
function scripted(...scripts: Script[]): { objects: Objects; requests: S3TestRequest[] } {
  const requests: S3TestRequest[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { method, headers } = request;
      requests.push({ method, url: new URL(request.url), headers, body: await request.bytes() });
      const script = scripts[Math.min(requests.length, scripts.length) - 1];
      return script?.(requests.at(-1) as S3TestRequest) ?? new Response(null, { status: 500 });
    },
  });
  servers.push(server);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const place = { endpoint, region: "us-east-1", bucket: "lab-bucket", prefix: "", pathStyle: true };
  const keys = { accessKeyId: "canary-id", secretAccessKey: SECRET, sessionToken: TOKEN };
  return { objects: s3Objects({ ...place, ...keys }, TIMEOUTS), requests };
}

const status =
  (code: number, error = "", headers: Record<string, string> = {}): Script =>
  ({ method }) =>
    new Response(method === "HEAD" ? null : `<Error><Code>${error}</Code></Error>`, {
      status: code,
      headers,
    });
const stored: Script = () => new Response(null, { headers: { etag: '"e1"' } });
/** Beyond every timeout here. */
const hangs: Script = () => Bun.sleep(2000).then(() => new Response(null));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const content = (text: string, headers: Record<string, string> = {}): Response =>
  new Response(text, { headers: { etag: '"e1"', ...headers } });
const text = async (objects: Objects): Promise<string> =>
  Buffer.from(await readAll((await objects.get("key")).body)).toString();
const methods = (requests: readonly S3TestRequest[]): string[] => requests.map(({ method }) => method);

describe("tries", () => {
  test.each([429, 500, 502, 503, 504])("%p is tried again", async (code) => {
    const { objects, requests } = scripted(status(code, "SlowDown"), () => content("x"));
    expect(await text(objects)).toBe("x");
    expect(requests).toHaveLength(2);
  });

  test("a server that stays down is unavailable after four tries", async () => {
    const { objects, requests } = scripted(status(503, "SlowDown"));
    expect(await faultOf(objects.head("key"))).toMatchObject({ code: "unavailable", retryAfterMs: 5000 });
    expect(requests).toHaveLength(4);
  });

  test("a request to a server that hangs is retried within the deadline", async () => {
    const { objects, requests } = scripted(hangs, () => content("x"));
    expect(await text(objects)).toBe("x");
    expect(requests).toHaveLength(2);
  });

  test("a clock that is wrong is set by the server's", async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    const skewed = status(403, "RequestTimeTooSkewed", { date: ahead.toUTCString() });
    const { objects, requests } = scripted(skewed, () => content("x"));
    expect(await text(objects)).toBe("x");
    const hour = ahead.toISOString().slice(0, 13).replaceAll("-", "");
    expect(requests[1]?.headers.get("x-amz-date")?.slice(0, 11)).toBe(hour);
  });

  test.each([
    [403, "AccessDenied", "LAKEHOUSE_S3_ACCESS_KEY"],
    [301, "PermanentRedirect", "LAKEHOUSE_S3_REGION"],
    [501, "NotImplemented", "lacks a part of S3"],
  ])("%p is not retried, and says what to correct", async (code, error, advice) => {
    const location = { location: "http://127.0.0.1:1/" };
    const { objects, requests } = scripted(status(code, error, location));
    expect(await faultOf(objects.get("key"))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining(advice),
    });
    expect(requests).toHaveLength(1);
  });
});

describe("a write", () => {
  test("sends its length, its hash and an id of its own", async () => {
    const { objects, requests } = scripted(stored);
    expect(await objects.put("key", bytesOf("hello"))).toMatchObject({ key: "key", size: 5, etag: "e1" });
    const headers = requests[0]?.headers;
    expect([headers?.get("content-length"), headers?.get("transfer-encoding")]).toEqual(["5", null]);
    expect(headers?.get("x-amz-meta-sha256")).toBe(sha256("hello"));
    expect(headers?.get("x-amz-meta-write-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  /** The HEAD response when the write `requests[at]` is what is stored. */
  const mine =
    (requests: S3TestRequest[]): Script =>
    () => {
      const id = requests[0]?.headers.get("x-amz-meta-write-id") ?? "";
      return new Response(null, { headers: { etag: '"e2"', "x-amz-meta-write-id": id } });
    };

  test.each<[string, Script]>([
    ["hangs", hangs],
    ["fails with 500", status(500, "InternalError")],
  ])("that was carried out although the server %s is not sent again", async (_, failure) => {
    const requests: S3TestRequest[] = [];
    const script = scripted(failure, (request) => {
      requests.push(...script.requests.slice(0, 1));
      return mine(requests)(request);
    });
    const put = await script.objects.put("key", bytesOf("x"), { ifAbsent: true });
    expect(put.etag).toBe("e2");
    expect(methods(script.requests)).toEqual(["PUT", "HEAD"]);
  });

  test("that was not carried out is sent again", async () => {
    const { objects, requests } = scripted(status(500), status(404), stored);
    expect((await objects.put("key", bytesOf("x"), { ifAbsent: true })).etag).toBe("e1");
    expect(methods(requests)).toEqual(["PUT", "HEAD", "PUT"]);
  });

  test("whose first attempt arrived late wins, although the second is refused", async () => {
    const script = scripted(
      status(500),
      status(404),
      status(412, "PreconditionFailed"),
      () =>
        new Response(null, {
          headers: {
            etag: '"e3"',
            "x-amz-meta-write-id": script.requests[0]?.headers.get("x-amz-meta-write-id") ?? "",
          },
        }),
    );
    expect((await script.objects.put("key", bytesOf("x"), { ifAbsent: true })).etag).toBe("e3");
  });

  test("that replaces an etag and can no longer be identified is neither done nor lost", async () => {
    const { objects } = scripted(status(500), () => content("", { etag: '"other"' }));
    expect(await faultOf(objects.put("key", bytesOf("x"), { ifMatch: "e0" }))).toMatchObject({
      code: "timeout",
    });
  });

  test("that meets another in progress is tried again", async () => {
    const { objects, requests } = scripted(status(409, "ConditionalRequestConflict"), stored);
    await objects.put("key", bytesOf("x"), { ifAbsent: true });
    expect(methods(requests)).toEqual(["PUT", "PUT"]);
  });

  test("in parts is aborted when a part cannot be sent", async () => {
    const begun: Script = () => new Response("<R><UploadId>u1</UploadId></R>");
    const { objects, requests } = scripted(begun, status(403, "AccessDenied"), status(204));
    const body = bytesOf(new Uint8Array(PART_BYTES + 1));
    expect(await faultOf(objects.put("key", body))).toMatchObject({ code: "upstream" });
    expect(methods(requests)).toEqual(["POST", "PUT", "DELETE"]);
    expect(requests[2]?.url.search).toBe("?uploadId=u1");
  });

  test("in parts fails when the parts cannot be put together, although the status is 200", async () => {
    const begun: Script = () => new Response("<R><UploadId>u1</UploadId></R>");
    const failed: Script = () => new Response("<Error><Code>InternalError</Code></Error>");
    const { objects, requests } = scripted(begun, stored, stored, failed, status(404), status(204));
    const body = bytesOf(new Uint8Array(PART_BYTES + 1));
    expect(await faultOf(objects.put("key", body))).toMatchObject({ code: "unavailable" });
    expect(methods(requests)).toEqual(["POST", "PUT", "PUT", "POST", "HEAD", "DELETE"]);
  });
});

describe("a read", () => {
  test("of other bytes than were stored fails before its end", async () => {
    const { objects } = scripted(() => content("hellO", { "x-amz-meta-sha256": sha256("hello") }));
    const { body } = await objects.get("key");
    const seen: string[] = [];
    const bytes = (async () => {
      for await (const chunk of body) seen.push(Buffer.from(chunk).toString());
    })();
    expect(await faultOf(bytes)).toMatchObject({
      code: "internal",
      message: expect.stringContaining("key"),
    });
    expect(seen.join("")).not.toBe("hellO");
  });

  test("of an object sent in parts is checked by its etag", async () => {
    const bytes = "abcdefghij";
    const parts = etagOfParts(4);
    parts.add(Buffer.from(bytes));
    const headers = { etag: `"${parts.etag()}"`, "x-amz-meta-part-bytes": "4" };
    expect(await text(scripted(() => content(bytes, headers)).objects)).toBe(bytes);
    const damaged = text(scripted(() => content("abcdeFghij", headers)).objects);
    expect(await faultOf(damaged)).toMatchObject({ code: "internal" });
  });

  test("that stops in the middle goes on from there", async () => {
    const half: Script = () => {
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          pulls += 1;
          if (pulls > 1) return Bun.sleep(2000);
          controller.enqueue(Buffer.from("hello "));
          return undefined;
        },
      });
      return new Response(body, {
        status: 206,
        headers: { etag: '"e1"', "content-range": "bytes 0-10/11" },
      });
    };
    const rest: Script = ({ headers }) => {
      expect([headers.get("range"), headers.get("if-match")]).toEqual(["bytes=6-10", '"e1"']);
      return new Response("world", {
        status: 206,
        headers: { etag: '"e1"', "content-range": "bytes 6-10/11" },
      });
    };
    const { objects } = scripted(half, rest);
    const { body } = await objects.get("key", { first: 0 });
    expect(Buffer.from(await readAll(body)).toString()).toBe("hello world");
  });
});

test("no fault and no inspection of it shows a credential", async () => {
  const echo: Script = ({ headers }) =>
    new Response(
      `<Error><Code>SignatureDoesNotMatch</Code><Key>${headers.get("authorization")}</Key></Error>`,
      {
        status: 403,
      },
    );
  for (const script of [echo, status(500), hangs]) {
    const { objects } = scripted(script);
    const fault = await faultOf(objects.get("key"));
    expect(fault).toBeInstanceOf(Fault);
    const shown = Bun.inspect(fault, { depth: 10 }) + Bun.inspect(objects, { depth: 10 });
    for (const secret of [SECRET, TOKEN, "canary-id", "Signature="]) expect(shown).not.toContain(secret);
  }
});

test.each([
  "file:///etc",
  "s3://bucket",
  "ftp://host",
  "http://user:pass@host",
  "http://host/path",
  "host",
  "http://host?x=1",
])("the endpoint %p is refused", (endpoint) => {
  const place = { endpoint, region: "r", bucket: "lab-bucket", prefix: "", pathStyle: true };
  const open = (): Objects => s3Objects({ ...place, accessKeyId: "a", secretAccessKey: "b" });
  expect(open).toThrow(Fault);
});
