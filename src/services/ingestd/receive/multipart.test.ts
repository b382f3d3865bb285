import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { Fault } from "#rpc/fault";
import { bodyOf, type TestLake, testLake } from "../lake.testing.ts";
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
      part('Content-Disposition: form-data; name="mode"', "replace"),
      filePart(file),
      part('Content-Disposition: form-data; name="types"', '{"id":"string"}'),
      END,
    ]);
    for (let size = 1; size < 60; size += 1) {
      const { body, name, fields } = await fileIn(inPieces(form, size), TYPE);
      expect([name, await sha256(body)]).toEqual([
        "jan.csv",
        createHash("sha256").update(file).digest("hex"),
      ]);
      expect(fields).toEqual([
        ["mode", "replace"],
        ["types", '{"id":"string"}'],
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

  test.each([
    ["two files", [filePart("a"), filePart("b")], "two files"],
    ["a file in another field, too", [filePart("a"), filePart("b", "more")], '"more"'],
    ["a file in another field first", [filePart("b", "more"), filePart("a")], '"more"'],
    [
      "a text in the field",
      [filePart("a"), part('Content-Disposition: form-data; name="file"', "b")],
      "no file",
    ],
    [
      "a field without end",
      [filePart("a"), part('Content-Disposition: form-data; name="types"', "x".repeat(MIB + 1))],
      '"types"',
    ],
    [
      "more parts than there are options",
      [filePart("a"), ...Array<Buffer>(101).fill(part('Content-Disposition: form-data; name="mode"', "x"))],
      "parts",
    ],
  ])("a form with %s is refused, whatever is dropped of it", async (_, parts, told) => {
    const form = Buffer.concat([...parts, END]);
    for (const size of [7, form.length]) {
      if (size === 7 && form.length > MIB) continue;
      const read = async (): Promise<string> => sha256((await fileIn(inPieces(form, size), TYPE)).body);
      const thrown = (await read().catch((error: unknown) => error)) as Fault;
      expect(thrown).toBeInstanceOf(Fault);
      expect(["invalid", "too_large"]).toContain(thrown.code);
      expect(thrown.message).toContain(told);
    }
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

  const field = (name: string, text: string): Buffer =>
    part(`Content-Disposition: form-data; name="${name}"`, text);
  const bytes = (...parts: Buffer[]): Uint8Array => new Uint8Array(Buffer.concat([...parts, END]));

  test("has its options in fields of their own or as JSON, before the file or after it", async () => {
    // Far more than a line of a request holds.
    const names = Array.from({ length: 2000 }, (__, column) => `a_rather_long_name_of_column_${column}`);
    const types = JSON.stringify(Object.fromEntries(names.map((name) => [name, "string"])));
    const file = `${names.join(",")}\n${names.map(() => "7").join(",")}\n`;
    const json = part(
      'Content-Disposition: form-data; name="options"; filename="o.json"\r\nContent-Type: application/json',
      `{"types":${types},"dry_run":true,"source":"wide.csv"}`,
    );
    for (const form of [
      bytes(filePart(file), field("types", types), field("dry_run", "true")),
      bytes(json, filePart(file)),
    ]) {
      const answer = await lake.load("wide", form, { content_type: TYPE });
      expect(answer.dry_run).toBe(true);
      expect(new Set(answer.columns.map(({ type }) => type))).toEqual(new Set(["VARCHAR"]));
    }
  });

  test.each([
    ["an unknown field", [field("typos", "{}")], {}, "typos"],
    ["a field of another kind", [field("dry_run", "perhaps")], {}, "dry_run"],
    ["options that are no object", [field("options", "[1]")], {}, "options"],
    ["options that are no JSON", [field("options", "{")], {}, "JSON"],
    ["an option twice", [field("mode", "append"), field("options", '{"mode":"append"}')], {}, "mode"],
    ["another option than the query", [field("format", "csv")], { format: "json" as const }, "format"],
    ["a rejects table", [field("dataset", "x$rejects")], {}, "dataset"],
  ])("with %s is refused", async (__, fields, more, told) => {
    const form = bytes(filePart("a\n1\n"), ...fields);
    const fault = (await lake
      .load("optioned", form, { content_type: TYPE, ...more })
      .catch((error: unknown) => error)) as Fault;
    expect([fault.code, fault.message]).toEqual(["invalid", expect.stringContaining(told)]);
    expect((await lake.catalog.datasets({})).datasets.map(({ name }) => name)).not.toContain("optioned");
  });
});
