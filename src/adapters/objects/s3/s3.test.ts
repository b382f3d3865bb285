// What the S3 backend does when the server, or the line to it, fails. A server that plays a script stands in for
// one, because no real server resets, hangs or corrupts when asked.

import { afterEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import type { S3Patience } from "./client.ts";
import { etagOfParts, PART_BYTES } from "./multipart.ts";
import { s3Objects } from "./s3.ts";
import { faultOf } from "../objects.conformance.ts";
import { bytesOf, type Objects, readAll } from "../objects.ts";

const SECRET = "canary-secret";
const TOKEN = "canary-token";
const PATIENCE: S3Patience = { answerMsMax: 300, idleMsMax: 300, pauseMs: 1 };

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** Answers in turn, the last one for ever; `asked` is what came in. */
function scripted(...answers: Answer[]): { objects: Objects; asked: Asked[] } {
  const asked: Asked[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { method, headers } = request;
      asked.push({ method, url: new URL(request.url), headers, body: await request.bytes() });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      return answer?.(asked.at(-1) as Asked) ?? new Response(null, { status: 500 });
    },
  });
  servers.push(server);
  const endpoint = `http://127.0.0.1:${server.port}`;
  const place = { endpoint, region: "us-east-1", bucket: "lab-bucket", prefix: "", pathStyle: true };
  const keys = { accessKeyId: "canary-id", secretAccessKey: SECRET, sessionToken: TOKEN };
  return { objects: s3Objects({ ...place, ...keys }, PATIENCE), asked };
}

const status =
  (code: number, error = "", headers: Record<string, string> = {}): Answer =>
  ({ method }) =>
    new Response(method === "HEAD" ? null : `<Error><Code>${error}</Code></Error>`, {
      status: code,
      headers,
    });
const stored: Answer = () => new Response(null, { headers: { etag: '"e1"' } });
/** Never within anybody's patience. */
const hangs: Answer = () => Bun.sleep(2000).then(() => new Response(null));
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const content = (text: string, headers: Record<string, string> = {}): Response =>
  new Response(text, { headers: { etag: '"e1"', ...headers } });
const text = async (objects: Objects): Promise<string> =>
  Buffer.from(await readAll((await objects.get("key")).body)).toString();
const methods = (asked: readonly Asked[]): string[] => asked.map(({ method }) => method);

describe("tries", () => {
  test.each([429, 500, 502, 503, 504])("%p is tried again", async (code) => {
    const { objects, asked } = scripted(status(code, "SlowDown"), () => content("x"));
    expect(await text(objects)).toBe("x");
    expect(asked).toHaveLength(2);
  });

  test("a server that stays down is unavailable after four tries", async () => {
    const { objects, asked } = scripted(status(503, "SlowDown"));
    expect(await faultOf(objects.head("key"))).toMatchObject({ code: "unavailable", retryAfterMs: 5000 });
    expect(asked).toHaveLength(4);
  });

  test("a server that hangs is asked again within the deadline", async () => {
    const { objects, asked } = scripted(hangs, () => content("x"));
    expect(await text(objects)).toBe("x");
    expect(asked).toHaveLength(2);
  });

  test("a clock that is wrong is set by the server's", async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    const skewed = status(403, "RequestTimeTooSkewed", { date: ahead.toUTCString() });
    const { objects, asked } = scripted(skewed, () => content("x"));
    expect(await text(objects)).toBe("x");
    const hour = ahead.toISOString().slice(0, 13).replaceAll("-", "");
    expect(asked[1]?.headers.get("x-amz-date")?.slice(0, 11)).toBe(hour);
  });

  test.each([
    [403, "AccessDenied", "s3_access_key"],
    [301, "PermanentRedirect", "s3_region"],
    [501, "NotImplemented", "lacks a part of S3"],
  ])("%p is not, and says what to mend", async (code, error, advice) => {
    const location = { location: "http://127.0.0.1:1/" };
    const { objects, asked } = scripted(status(code, error, location));
    expect(await faultOf(objects.get("key"))).toMatchObject({
      code: "upstream",
      message: expect.stringContaining(advice),
    });
    expect(asked).toHaveLength(1);
  });
});

describe("a write", () => {
  test("sends its length, its hash and an id of its own", async () => {
    const { objects, asked } = scripted(stored);
    expect(await objects.put("key", bytesOf("hello"))).toMatchObject({ key: "key", size: 5, etag: "e1" });
    const headers = asked[0]?.headers;
    expect([headers?.get("content-length"), headers?.get("transfer-encoding")]).toEqual(["5", null]);
    expect(headers?.get("x-amz-meta-sha256")).toBe(sha256("hello"));
    expect(headers?.get("x-amz-meta-write-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  /** What HEAD says when the write `asked[at]` is what is stored. */
  const mine =
    (asked: Asked[]): Answer =>
    () => {
      const id = asked[0]?.headers.get("x-amz-meta-write-id") ?? "";
      return new Response(null, { headers: { etag: '"e2"', "x-amz-meta-write-id": id } });
    };

  test.each<[string, Answer]>([
    ["hangs", hangs],
    ["fails with 500", status(500, "InternalError")],
  ])("that was carried out although the server %s is not sent again", async (_, failure) => {
    const asked: Asked[] = [];
    const script = scripted(failure, (request) => {
      asked.push(...script.asked.slice(0, 1));
      return mine(asked)(request);
    });
    const put = await script.objects.put("key", bytesOf("x"), { ifAbsent: true });
    expect(put.etag).toBe("e2");
    expect(methods(script.asked)).toEqual(["PUT", "HEAD"]);
  });

  test("that was not carried out is sent again", async () => {
    const { objects, asked } = scripted(status(500), status(404), stored);
    expect((await objects.put("key", bytesOf("x"), { ifAbsent: true })).etag).toBe("e1");
    expect(methods(asked)).toEqual(["PUT", "HEAD", "PUT"]);
  });

  test("whose first try arrived late wins, although the second is refused", async () => {
    const script = scripted(
      status(500),
      status(404),
      status(412, "PreconditionFailed"),
      () =>
        new Response(null, {
          headers: {
            etag: '"e3"',
            "x-amz-meta-write-id": script.asked[0]?.headers.get("x-amz-meta-write-id") ?? "",
          },
        }),
    );
    expect((await script.objects.put("key", bytesOf("x"), { ifAbsent: true })).etag).toBe("e3");
  });

  test("that replaces an etag and cannot be told any more is neither done nor lost", async () => {
    const { objects } = scripted(status(500), () => content("", { etag: '"other"' }));
    expect(await faultOf(objects.put("key", bytesOf("x"), { ifMatch: "e0" }))).toMatchObject({
      code: "timeout",
    });
  });

  test("that meets another in progress is tried again", async () => {
    const { objects, asked } = scripted(status(409, "ConditionalRequestConflict"), stored);
    await objects.put("key", bytesOf("x"), { ifAbsent: true });
    expect(methods(asked)).toEqual(["PUT", "PUT"]);
  });

  test("in parts is aborted when a part cannot be sent", async () => {
    const begun: Answer = () => new Response("<R><UploadId>u1</UploadId></R>");
    const { objects, asked } = scripted(begun, status(403, "AccessDenied"), status(204));
    const body = bytesOf(new Uint8Array(PART_BYTES + 1));
    expect(await faultOf(objects.put("key", body))).toMatchObject({ code: "upstream" });
    expect(methods(asked)).toEqual(["POST", "PUT", "DELETE"]);
    expect(asked[2]?.url.search).toBe("?uploadId=u1");
  });

  test("in parts fails when the parts cannot be put together, although the status is 200", async () => {
    const begun: Answer = () => new Response("<R><UploadId>u1</UploadId></R>");
    const failed: Answer = () => new Response("<Error><Code>InternalError</Code></Error>");
    const { objects, asked } = scripted(begun, stored, stored, failed, status(404), status(204));
    const body = bytesOf(new Uint8Array(PART_BYTES + 1));
    expect(await faultOf(objects.put("key", body))).toMatchObject({ code: "unavailable" });
    expect(methods(asked)).toEqual(["POST", "PUT", "PUT", "POST", "HEAD", "DELETE"]);
  });
});

describe("a read", () => {
  test("of other bytes than were stored fails before its end", async () => {
    const { objects } = scripted(() => content("hellO", { "x-amz-meta-sha256": sha256("hello") }));
    const { body } = await objects.get("key");
    const seen: string[] = [];
    const reading = (async () => {
      for await (const chunk of body) seen.push(Buffer.from(chunk).toString());
    })();
    expect(await faultOf(reading)).toMatchObject({
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
    const half: Answer = () => {
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
    const rest: Answer = ({ headers }) => {
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
  const echo: Answer = ({ headers }) =>
    new Response(
      `<Error><Code>SignatureDoesNotMatch</Code><Key>${headers.get("authorization")}</Key></Error>`,
      {
        status: 403,
      },
    );
  for (const answer of [echo, status(500), hangs]) {
    const { objects } = scripted(answer);
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
