// Bodies that are not what a route takes, on every route that takes one: no JSON, the wrong encoding, the wrong
// content type, files that are none, and bodies that are too large, said beforehand or found out on the way.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AnyOp, bodyBytesMaxOf } from "#rpc/contract";
import { FAULTS, type FaultBody } from "#rpc/fault";
import { seeded } from "#lib/random";
import { startHouse, type TestHouse } from "../house/house.ts";
import { asked, furnish, right, ROUTED, schemaOf } from "./inputs.ts";

type Body = string | Uint8Array<ArrayBuffer>;

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse("together");
  await furnish(house);
}, 240_000);
afterAll(() => house.close(), 240_000);

const taking = ROUTED.filter(([, { method }]) => ["POST", "PUT", "PATCH"].includes(method));
const json = taking.filter(([, { body }]) => body === "json");
const raw = taking.filter(([, { body }]) => body === "raw");

/** The fault of an answer; undefined for a success. Fails for an error of ours and for one that says nothing. */
async function faultOf(reply: Response, place: string): Promise<FaultBody["error"] | undefined> {
  const text = await reply.text();
  if (reply.ok) return undefined;
  const { error } = JSON.parse(text) as FaultBody;
  const right = FAULTS[error.code].status === reply.status && error.message.length > 10;
  if (error.code === "internal" || !right)
    throw new Error(`${place} -> ${reply.status} ${text.slice(0, 500)}`);
  return error;
}

const pathOf = ({ path }: AnyOp): string => path.replaceAll(/\{\w+\+?\}/g, "nobody");

const BODIES: readonly (readonly [name: string, body: Body])[] = [
  ["nothing", ""],
  ["a blank", " "],
  ["no JSON", "hello"],
  ["half an object", '{"a":'],
  ["a list", "[]"],
  ["null", "null"],
  ["a text", '"x"'],
  ["a number", "1"],
  ["two values", "{} {}"],
  ["a comment", "{} // done"],
  ["a trailing comma", '{"a":1,}'],
  ["NaN", '{"a":NaN}'],
  ["half a surrogate pair", '{"a":"\\ud800"}'],
  ["a key twice", '{"sql":"SELECT 1","sql":"SELECT 2"}'],
  ["__proto__", '{"__proto__":{"limit":1}}'],
  ["constructor", '{"constructor":{"prototype":{"limit":1}}}'],
  ["a thousand levels", `${'{"a":'.repeat(1000)}1${"}".repeat(1000)}`],
  ["a hundred thousand fields", `{${Array.from({ length: 50_000 }, (_, n) => `"f${n}":${n}`).join(",")}}`],
  ["a number of ten thousand digits", `{"limit":${"9".repeat(10_000)}}`],
  ["a mark for the order of bytes", "\ufeff{}x"],
  ["what is no UTF-8", Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["UTF-16", Uint8Array.from(Buffer.from("{}", "utf16le"))],
  ["what is compressed", Bun.gzipSync('{"texts":["x"]}')],
  ["a form", "sql=SELECT+1"],
  ["two megabytes", JSON.stringify({ stray: "x".repeat(2_000_000) })],
];

describe.each(BODIES)("every JSON route given %s", (name, body) => {
  test("refuses it and says why", async () => {
    for (const [route, operation] of json) {
      const reply = await house.ask(pathOf(operation), { method: operation.method, body });
      const error = await faultOf(reply, `${route}, ${name}`);
      // Where every field is optional, nothing is as good as {}.
      if (body.length === 0 && error === undefined) continue;
      const codes = body.length === 0 ? ["invalid", "not_found"] : ["invalid", "too_large"];
      if (error === undefined || !codes.includes(error.code))
        throw new Error(`${route}, ${name}: ${JSON.stringify(error)}`);
    }
  });
});

function bytes(...parts: readonly (string | readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(part as string))));
}

test("a text that is no UTF-8 in what is right otherwise is refused, not corrected", async () => {
  let tried = 0;
  for (const [route, operation] of json) {
    const { path, headers, body = "" } = asked(operation, right(schemaOf(operation)));
    const at = body.indexOf(':"') + 2;
    if (at === 1) continue;
    tried += 1;
    const bent = bytes(body.slice(0, at), [0xff], body.slice(at));
    const reply = await house.ask(path, { method: operation.method, headers, body: bent });
    const error = await faultOf(reply, route);
    expect([route, error?.code, error?.message.includes("UTF-8")]).toEqual([route, "invalid", true]);
  }
  expect(tried).toBeGreaterThan(5);
});

const TYPES = [
  "text/plain",
  "text/csv",
  "application/xml",
  "application/x-www-form-urlencoded",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  "multipart/form-data; boundary=x",
  "application/json; charset=utf-16",
  "application/octet-stream",
  "APPLICATION/JSON",
  "nonsense",
  ";;;",
];
const ENCODINGS = ["gzip", "deflate", "br", "zstd", "identity", "gzip, gzip", "nonsense"];

/**
 * A right body starts a process there, or writes tables for a tenth of a second, whatever its headers and its query say: the
 * first of each is enough.
 */
const HEAVY: ReadonlySet<string> = new Set([
  "catalogd.append",
  "catalogd.maintain",
  "catalogd.schema",
  "distill.refreshDatasets",
  "distill.start",
  "matrixd.learnDataset",
  "truthd.export",
  "vectord.restore",
]);

const takingHeader = (first: boolean): typeof taking =>
  taking.filter(([route]) => first || !HEAVY.has(route));

describe("a body that says it is something else", () => {
  test.each(TYPES)("content-type: %s", async (type) => {
    for (const [route, operation] of takingHeader(type === TYPES[0])) {
      const { path, headers, body } = asked(operation, right(schemaOf(operation)));
      const given = (sent: Body): Promise<Response> =>
        house.ask(path, {
          method: operation.method,
          headers: { ...headers, "content-type": type },
          body: sent,
        });
      await faultOf(await given(body ?? ""), `${route}, ${type}`);
      await faultOf(await given("--x\r\nhello"), `${route}, ${type}, a part without an end`);
      await faultOf(await given(""), `${route}, ${type}, nothing`);
    }
  });

  test.each(ENCODINGS)("content-encoding: %s", async (encoding) => {
    for (const [route, operation] of takingHeader(encoding === ENCODINGS[0])) {
      const { path, headers, body } = asked(operation, right(schemaOf(operation)));
      const given = (sent: Body): Promise<Response> =>
        house.ask(path, {
          method: operation.method,
          headers: { ...headers, "content-encoding": encoding },
          body: sent,
        });
      await faultOf(await given(body ?? ""), `${route}, ${encoding}, and is not`);
      const error = await faultOf(await given(Bun.gzipSync(body ?? "")), `${route}, ${encoding}`);
      if (operation.body === "json" && encoding === "gzip")
        expect(error?.message).toContain("send plain JSON");
    }
  });

  test("a form, where JSON is taken, is refused with what to send", async () => {
    const form = new FormData();
    form.set("file", new Blob(["a,b\n1,2\n"]), "a.csv");
    for (const [route, operation] of json) {
      const reply = await house.ask(pathOf(operation), { method: operation.method, body: form });
      expect((await faultOf(reply, route))?.message).toContain("send plain JSON");
    }
  });
});

const random = seeded(5);
const noise = Uint8Array.from({ length: 5000 }, () => random.below(256));
const FILES: readonly (readonly [name: string, body: Body])[] = [
  ["nothing", ""],
  ["a blank", " "],
  ["empty lines", "\n\n\r\n\n"],
  ["a mark for the order of bytes", "\ufeff"],
  ["bytes of zero", new Uint8Array(1000)],
  ["noise", noise],
  ["what is no UTF-8", bytes("id,name\n1,", [0xff, 0xfe, 0x41], "\n")],
  [
    "UTF-16 cut in the middle of a letter",
    bytes([0xff, 0xfe], Buffer.from("id,name\n1,x", "utf16le"), [0x41]),
  ],
  ["a gzip that is cut", Bun.gzipSync("id,name\n1,Ann\n".repeat(1000)).slice(0, 60)],
  ["a gzip of noise after its mark", bytes([0x1f, 0x8b, 8, 0], noise)],
  ["a gzip in a gzip", Bun.gzipSync(Bun.gzipSync("id\n1\n"))],
  ["a gzip that grows", Bun.gzipSync(new Uint8Array(20_000_000))],
  ["zstd that is cut", bytes([0x28, 0xb5, 0x2f, 0xfd], noise.slice(0, 100))],
  ["Parquet that is none", bytes("PAR1", noise, "PAR1")],
  ["Parquet with a footer that points outside", bytes("PAR1", [0xff, 0xff, 0xff, 0x7f], "PAR1")],
  ["a workbook", bytes("PK\u0003\u0004", noise)],
  ["a PDF", "%PDF-1.7\n%âãÏÓ\n1 0 obj\n"],
  ["a page", "<!doctype html><html><body><table><tr><td>1</td></tr></table></body></html>"],
  ["one long line", "x".repeat(3_000_000)],
  ["three thousand columns", `${Array.from({ length: 3000 }, (_, n) => `c${n}`).join(",")}\n`],
  ["a quote without an end", 'id,name\n1,"Ann\n2,Bo\n3,Cy\n'],
  ["a header alone", "id,name\n"],
  ["a header that is twice there", "id,id,ID\n1,2,3\n"],
  ["rows of every length", "a,b,c\n1\n1,2\n1,2,3,4,5\n"],
  ["names that are no names", '"","$x","a.b","select",""\n1,2,3,4,5\n'],
  ["half a JSON object", '{"a":'],
  ["a JSON number", "1"],
  ["JSON lists in a list", "[[1,2],[3]]"],
  ["JSON that nests deep", `${'{"a":'.repeat(200)}1${"}".repeat(200)}`],
  ["lines of JSON, one of which is none", '{"a":1}\n{"a":\n{"a":3}\n'],
];
const FORMATS = ["auto", "csv", "ndjson", "json", "parquet", "xlsx"];

describe.each(FILES)("a raw route given %s", (name, body) => {
  test("takes it or says why not", async () => {
    for (const [route, operation] of raw) {
      const { path, headers } = asked(operation, right(schemaOf(operation)));
      const formats = path.includes("format=") ? FORMATS : [""];
      for (const format of formats) {
        // A table of its own: nothing that was there has a say in what these rows may be.
        const url = path
          .replace(/format=\w+/, `format=${format}`)
          .replace("dataset=people", `dataset=fuzz_${format}`);
        const reply = await house.ask(url, { method: operation.method, headers, body });
        await faultOf(reply, `${route}, ${name}, ${format}`);
      }
    }
  }, 240_000);
});

/** What a peer sees that promises a body and sends none of it. */
async function promised(operation: AnyOp, length: number): Promise<string> {
  const { host, hostname, port } = new URL(house.url);
  const done = Promise.withResolvers<string>();
  const { path, headers } = asked(operation, right(schemaOf(operation)));
  const lines = [
    `${operation.method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Content-Length: ${length}`,
    ...Object.entries(headers).map(([header, value]) => `${header}: ${value}`),
  ];
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: { data: (_socket, data) => done.resolve(data.toString()), close: () => done.resolve("closed") },
  });
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  return done.promise.finally(() => socket.terminate());
}

describe("a body that is too large", () => {
  const limited = taking.filter(([, operation]) => bodyBytesMaxOf(operation) !== Infinity);

  test.each(limited)("%s refuses it before it comes", async (_route, operation) => {
    const answer = await promised(operation, bodyBytesMaxOf(operation) + 1);
    expect(answer).toStartWith("HTTP/1.1 413 ");
    expect(answer).toContain('"code":"too_large"');
  });

  /** Larger ones take longer to send than there is to learn from it. */
  const BYTES_SENT_MAX = 2 * 1024 * 1024;
  const small = limited.filter(([, operation]) => bodyBytesMaxOf(operation) <= BYTES_SENT_MAX);
  test.each(small)("%s refuses it when it comes without a length", async (route, operation) => {
    const chunk = new Uint8Array(100_000).fill(0x20);
    let left = bodyBytesMaxOf(operation) + 200_000;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        left -= chunk.length;
        if (left < 0) controller.close();
        else controller.enqueue(chunk);
      },
    });
    const reply = await house.ask(pathOf(operation), { method: operation.method, body });
    expect((await faultOf(reply, route))?.code).toBe("too_large");
  });
});

const QUERIES = [
  "%",
  "%zz=1",
  "limit=%ff",
  "&&==&",
  "limit=1&limit=2",
  "limit[]=1",
  "limit=",
  "cursor=%00",
  "cursor=x",
  "__proto__=1",
  "constructor[prototype]=1",
  `limit=${"1".repeat(5000)}`,
  Array.from({ length: 500 }, (_, n) => `a${n}=1`).join("&"),
];

test.each(QUERIES)("every route given the query %s", async (query) => {
  for (const [route, operation] of ROUTED) {
    if (HEAVY.has(route) && query !== QUERIES[0]) continue;
    const { method } = operation;
    const { path, headers, body } = asked(operation, right(schemaOf(operation)));
    const joined = `${path}${path.includes("?") ? "&" : "?"}${query}`;
    // What is not there cannot be taken away by a query that is not understood.
    const url = method === "DELETE" ? joined.replace(/people|shapes/, "nobody") : joined;
    const reply = await house.ask(url, { method, headers, ...(body === undefined ? {} : { body }) });
    if (method === "HEAD") expect(reply.status).toBeLessThan(500);
    else await faultOf(reply, `${route}?${query.slice(0, 50)}`);
  }
});

test("the routes that are left out are routes", () => {
  const names = new Set(ROUTED.map(([route]) => route));
  expect([...HEAVY].filter((route) => !names.has(route))).toEqual([]);
});

test("afterwards the house is well", async () => {
  expect(await house.json("/v1/health")).toMatchObject({ status: "ok" });
  expect(house.logged.filter((line) => line.includes(" error "))).toEqual([]);
});
