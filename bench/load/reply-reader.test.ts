import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { MalformedReply, ReplyReader } from "./reply-reader.ts";

interface Sent {
  readonly status: number;
  readonly bytes: Buffer;
  readonly body: string;
}

const name = (text: string) => fc.mixedCase(fc.constant(text));

/** A reply as some server might frame it: names in any case, other headers between, interim replies before. */
const sent: fc.Arbitrary<Sent> = fc
  .record({
    status: fc.constantFrom(200, 201, 204, 304, 404, 500),
    body: fc.string({ maxLength: 80 }),
    chunked: fc.boolean(),
    chunkChars: fc.integer({ min: 1, max: 40 }),
    interim: fc.boolean(),
    extension: fc.constantFrom("", ";a=b"),
    trailer: fc.constantFrom("", "x-sum: 12\r\n"),
    lengthName: name("content-length"),
    chunkedName: name("transfer-encoding"),
  })
  .map((reply) => {
    const body = reply.status === 204 || reply.status === 304 ? "" : reply.body;
    const bodiless = reply.status === 204 || reply.status === 304;
    const bytes = Buffer.from(body);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += reply.chunkChars) {
      const piece = bytes.subarray(at, at + reply.chunkChars);
      pieces.push(
        Buffer.from(`${piece.length.toString(16)}${reply.extension}\r\n`),
        piece,
        Buffer.from("\r\n"),
      );
    }
    const framed = reply.chunked
      ? Buffer.concat([...pieces, Buffer.from(`0\r\n${reply.trailer}\r\n`)])
      : bytes;
    const framing = reply.chunked ? `${reply.chunkedName}: chunked` : `${reply.lengthName}: ${bytes.length}`;
    const head = `${reply.interim ? "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" : ""}HTTP/1.1 ${reply.status} As It Is\r\nDate: now\r\n${framing}\r\nx-content-length: 7\r\n\r\n`;
    return {
      status: reply.status,
      body,
      bytes: bodiless ? Buffer.from(head) : Buffer.concat([Buffer.from(head), framed]),
    };
  });

test("reads replies one after the other, however they are cut", () => {
  fc.assert(
    fc.property(
      fc.array(sent, { minLength: 1, maxLength: 4 }),
      fc.array(fc.integer({ min: 1, max: 60 })),
      (replies, cuts) => {
        const reader = new ReplyReader();
        let cut = 0;
        for (const reply of replies) {
          reader.begin(0, false);
          expect(reader.fresh).toBe(true);
          let ended = false;
          for (let at = 0; at < reply.bytes.length;) {
            const size = cuts.length === 0 ? reply.bytes.length : (cuts[cut++ % cuts.length] ?? 1);
            expect(ended).toBe(false);
            // A copy that is spoilt afterwards, as the buffer of a socket is.
            const chunk = new Uint8Array(reply.bytes.subarray(at, at + size));
            ended = reader.feed(chunk);
            chunk.fill(0);
            at += size;
          }
          expect(ended).toBe(true);
          expect(reader.status).toBe(reply.status);
          expect(reader.keepAlive).toBe(true);
          expect(reader.sample).toBe(Buffer.from(reply.body).toString("latin1"));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("keeps no sample of a reply with the expected status", () => {
  const reader = new ReplyReader();
  reader.begin(200, false);
  expect(reader.feed(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))).toBe(true);
  expect(reader.sample).toBe("");
});

test("takes no body after HEAD, and sees that the connection closes", () => {
  const reader = new ReplyReader();
  reader.begin(200, true);
  expect(reader.feed(Buffer.from("HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 10\r\n\r\n"))).toBe(
    true,
  );
  expect(reader.keepAlive).toBe(false);
});

test("a body without a length ends with the connection", () => {
  const reader = new ReplyReader();
  reader.begin(0, false);
  expect(reader.feed(Buffer.from("HTTP/1.1 200 OK\r\n\r\nall "))).toBe(false);
  expect(reader.feed(Buffer.from("of it"))).toBe(false);
  expect(reader.close()).toBe(true);
  expect(reader.sample).toBe("all of it");
  expect(reader.close()).toBe(false);
});

test.each([
  ["something else", "SSH-2.0-OpenSSH\r\n\r\n"],
  ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n"],
  ["bytes after the reply", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"],
  ["a chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"],
  ["a chunk size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
  ["a head that never ends", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(70_000)}`],
])("refuses %s", (_, text) => {
  const reader = new ReplyReader();
  reader.begin(200, false);
  expect(() => reader.feed(Buffer.from(text))).toThrow(MalformedReply);
});

test("a connection that closes within a reply is not an end", () => {
  const reader = new ReplyReader();
  reader.begin(200, false);
  expect(reader.feed(Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"))).toBe(false);
  expect(() => reader.close()).toThrow(MalformedReply);
});
