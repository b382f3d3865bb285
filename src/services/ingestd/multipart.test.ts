import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import { bodyOf, type TestLake, testLake } from "./lake.testing.ts";
import { fileIn } from "./multipart.ts";

const MIB = 1024 * 1024;
const TYPE = "multipart/form-data; boundary=edge";

function part(head: string, content: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`--edge\r\n${head}\r\n\r\n`), Buffer.from(content), Buffer.from("\r\n")]);
}
const filePart = (content: string | Uint8Array, field = "file"): Buffer =>
  part(
    `Content-Disposition: form-data; name="${field}"; filename="jan.csv"\r\nContent-Type: text/csv`,
    content,
  );
const END = Buffer.from("--edge--\r\n");

/** The bytes in pieces of this size, as a socket may cut them. */
function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull: (controller) => {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

async function sha256(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
}

describe("the file in a form", () => {
  test("is what was put in, however the body is cut", async () => {
    const file = Buffer.from("id,note\r\n1,--edge\r\n2,\r\n--edg\r\n\r\n");
    const form = Buffer.concat([
      part('Content-Disposition: form-data; name="other"', "x"),
      filePart(file),
      END,
    ]);
    for (let size = 1; size < 60; size += 1) {
      const { body, name } = await fileIn(inPieces(form, size), TYPE);
      expect([name, await sha256(body)]).toEqual([
        "jan.csv",
        createHash("sha256").update(file).digest("hex"),
      ]);
    }
  });

  test("of 48 MiB passes through and is not held", async () => {
    const file = new Uint8Array(48 * MIB).map((_, at) => at % 251);
    const whole = createHash("sha256").update(file).digest("hex");
    const form = Buffer.concat([filePart(file), END]);
    const { body } = await fileIn(inPieces(form, 64 * 1024), TYPE);
    expect(await sha256(body)).toBe(whole);
  });

  test("is the first of two in its field, and no other field's", async () => {
    const form = Buffer.concat([filePart("no", "other"), filePart("yes"), filePart("no"), END]);
    const { body } = await fileIn(inPieces(form, 7), TYPE);
    expect(await new Response(body as unknown as ReadableStream).text()).toBe("yes");
  });

  test.each([
    ["without a boundary", "multipart/form-data", Buffer.concat([filePart("a"), END])],
    ["without a file", TYPE, Buffer.concat([part('Content-Disposition: form-data; name="file"', "a"), END])],
    ["of nothing", TYPE, Buffer.alloc(0)],
    ["that is something else", TYPE, Buffer.from("id,name\n1,Ada\n")],
    ["that is cut off in the file", TYPE, filePart("a\n1\n".repeat(1000)).subarray(0, 900)],
    ["that is cut off after the file", TYPE, filePart("a\n1\n")],
  ])("a form %s is invalid", async (_, type, form) => {
    const read = async (): Promise<string> => sha256((await fileIn(inPieces(form, 100), type)).body);
    const thrown = await read().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(Fault);
    expect((thrown as Fault).code).toBe("invalid");
  });

  test("a body that is no form is the file", async () => {
    for (const type of [undefined, "text/csv", "application/octet-stream"]) {
      const { body } = await fileIn(bodyOf("--edge"), type);
      expect(await new Response(body as ReadableStream).text()).toBe("--edge");
    }
  });
});

describe.each([
  ["together", false],
  ["apart", true],
])("an ingest of a form, %s", (_, apart) => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake({ apart });
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  test("is that of its file, whose name is the source", async () => {
    const file = `id,name\n${Array.from({ length: 200 }, (__, row) => `${row},n`).join("\n")}\nx,y\n`;
    const form = new Uint8Array(Buffer.concat([filePart(file), END]));
    const answer = await lake.load("formed", form, { content_type: TYPE });
    expect(answer).toMatchObject({ rows_in: 201, rows_loaded: 200, bytes_in: file.length });
    expect(await lake.rows("formed$rejects", "SELECT source FROM t")).toEqual([{ source: "jan.csv" }]);
    // The content is the file's, whatever it came in.
    expect(await lake.load("formed", file)).toMatchObject({ replayed: true });
  });
});
