// Codecs of every row over inputs of all kinds: none throws, what goes in natively comes out as it was, and what
// both sides can say survives the way there and back.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault, FAULT_CODES } from "#rpc/fault";
import { type Dialect, type DialectRow, fieldsOf, firstError, nativeFault, renamed } from "./dialect.ts";
import { go, goJson } from "./go.ts";
import { openai } from "./openai.ts";
import { rust } from "./rust.ts";
import { filled } from "./zero-fields.ts";

const DIALECTS = [go, rust, openai];
const rows = DIALECTS.flatMap((dialect) =>
  dialect.rows.map((row) => ({ title: `${dialect.name} ${row.method} ${row.path}`, row, dialect })),
);
const foreign = (body: unknown) => ({ params: {}, body });

function rowOf(
  { rows: all }: Dialect,
  path: string,
): Required<Pick<DialectRow, "request" | "reply">> & DialectRow {
  const row = all.find((one) => one.path === path && one.method === "POST");
  if (row?.reply === undefined) throw new Error(`no row ${path}`);
  return { ...row, request: row.request ?? (({ body }) => ({ body })), reply: row.reply };
}

const FIELDS = [
  "query",
  "query_text",
  "role",
  "text",
  "top_k",
  "k",
  "index",
  "texts",
  "input",
  "model",
  "messages",
  "hits",
  "rows",
  "columns",
  "findings",
  "vectors",
  "playbook",
  "metadata",
  "models",
  "tools",
  "stop",
  "n",
  "__proto__",
  "constructor",
  "content",
  "tool_calls",
  "response_format",
  "stream_options",
  "usage",
];

/** Half of them objects with the fields that codecs look at, under values of any kind. */
const wild = fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom(...FIELDS), fc.jsonValue()));

describe("any JSON", () => {
  test.each(rows)("$title is total", ({ row }) => {
    fc.assert(
      fc.property(wild, wild, (wildly, native) => {
        // As it comes in: JSON has no negative zero.
        const given = JSON.parse(JSON.stringify(wildly)) as unknown;
        const made = row.request?.(foreign(given));
        expect(() => JSON.stringify(made?.body)).not.toThrow();
        // In this process the body is not written and read again, which would drop fields without a value.
        if (made?.body !== undefined && row.stream === undefined) {
          expect(made.body).toStrictEqual(JSON.parse(JSON.stringify(made.body)));
        }
        const reply = row.reply?.(native, foreign(given));
        if (reply === undefined) return;
        expect(typeof reply.text).toBe("string");
        expect(() => JSON.parse(reply.text) as unknown).not.toThrow();
        const streamed = row.stream?.event(fieldsOf(native), row.stream.begin(foreign(given)));
        expect(typeof (streamed ?? "")).toBe("string");
      }),
      { numRuns: 60 },
    );
  });

  test("a fault of every code is the dialect's own", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FAULT_CODES), fc.string(), (code, message) => {
        const fault = nativeFault(new Fault(code, message));
        expect(go.fault(fault).text).toBe(`${message}\n`);
        expect(JSON.parse(rust.fault(fault).text)).toEqual({ error: message });
        expect(JSON.parse(openai.fault(fault).text)).toMatchObject({ error: { message, code } });
      }),
    );
  });

  test("goJson is JSON of the same value, and has none of the characters that Go escapes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = goJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(/[<>&\u2028\u2029]/);
      }),
    );
  });
});

const vector = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 8 });
const name = fc.string({ minLength: 1 });

describe("there and back", () => {
  test("an embedding's text is written as its value is", () => {
    const native = fc.record({
      model: fc.string(),
      dimension: fc.nat(),
      vectors: fc.array(vector, { minLength: 1 }),
    });
    fc.assert(
      fc.property(native, (value) => {
        for (const row of [
          rowOf(go, "/v1/embed"),
          rowOf(rust, "/ai/embed"),
          rowOf(openai, "/v1/embeddings"),
        ]) {
          expect(row.replyText?.(JSON.stringify(value), foreign({}))).toEqual(row.reply(value, foreign({})));
        }
      }),
    );
    const base64 = fc.record({
      model: fc.string(),
      dimension: fc.nat(),
      vectors: fc.array(fc.base64String(), { minLength: 1 }),
    });
    fc.assert(
      fc.property(base64, fc.boolean(), (value, asked) => {
        const { reply, replyText } = rowOf(openai, "/v1/embeddings");
        const given = foreign(asked ? { encoding_format: "base64" } : {});
        expect(replyText?.(JSON.stringify(value), given)).toEqual(asked ? reply(value, given) : undefined);
        for (const row of [rowOf(go, "/v1/embed"), rowOf(rust, "/ai/embed")]) {
          expect(row.replyText?.(JSON.stringify(value), given)).toEqual(row.reply(value, given));
        }
      }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(rowOf(go, "/v1/embed").replyText?.(JSON.stringify(value), foreign({}))).toBeUndefined();
      }),
    );
  });

  test("embed: vectors, their dimension and the model", () => {
    fc.assert(
      fc.property(fc.array(vector), fc.nat(), name, (vectors, dimension, model) => {
        const native = { vectors, dimension, model };
        const sent = JSON.parse(JSON.stringify(native)) as unknown;
        expect(JSON.parse(rowOf(go, "/v1/embed").reply(native, foreign({})).text)).toEqual(sent);
        const said = JSON.parse(rowOf(rust, "/ai/embed").reply(native, foreign({})).text) as object;
        expect(renamed(said, { embeddings: "vectors", dimensions: "dimension" })).toEqual(sent);
      }),
    );
  });

  test("searches: every field, whether it has another name or none", () => {
    const fields = fc.record(
      { query_text: name, query_role: name, k: fc.nat(), corpus: name, filter: fc.jsonValue() },
      { requiredKeys: [] },
    );
    const inverse = (path: string, dialect: Dialect, value: object): unknown => {
      const { names = {}, request } = rowOf(dialect, path);
      const back = Object.fromEntries(Object.entries(names).map(([from, to]) => [to, from]));
      return request(foreign(renamed(value, back))).body;
    };
    fc.assert(
      fc.property(fields, (native) => {
        expect(inverse("/v1/matrix/search", go, native)).toEqual(native);
        expect(inverse("/v1/matrix/retrieve", go, native)).toEqual(native);
        expect(inverse("/vectors/hybrid", rust, native)).toEqual(native);
      }),
    );
  });

  test("hits: rank, id and distance", () => {
    const hits = fc.array(
      fc.record({ id: name, distance: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    );
    fc.assert(
      fc.property(hits, (native) => {
        for (const [dialect, path] of [
          [go, "/v1/vectors/search"],
          [rust, "/vectors/search"],
        ] as const) {
          const said = JSON.parse(rowOf(dialect, path).reply({ hits: native }, foreign({})).text) as {
            hits: { rank: number; id: string; distance: number }[];
          };
          expect(said.hits.map(({ id, distance }) => ({ id, distance }))).toEqual(
            JSON.parse(JSON.stringify(native)) as typeof native,
          );
          expect(said.hits.map(({ rank }) => rank)).toEqual(native.map((_, at) => at));
        }
      }),
    );
  });

  test("tables: rows as lists and as records are the same rows", () => {
    const table = fc
      .uniqueArray(
        fc.string().filter((text) => text !== "__proto__"),
        { minLength: 1, maxLength: 4 },
      )
      .chain((names) =>
        fc.array(fc.tuple(...names.map(() => fc.jsonValue()))).map((lists) => ({
          columns: names.map((column) => ({ name: column, type: "VARCHAR" })),
          rows: lists.map((list) => Object.fromEntries(names.map((column, at) => [column, list[at]]))),
          row_count: lists.length,
        })),
      );
    fc.assert(
      fc.property(table, (native) => {
        const lists = JSON.parse(rowOf(go, "/v1/sql").reply(native, foreign({})).text) as {
          columns: string[];
          rows: unknown[][];
        };
        const back = lists.rows.map((list) =>
          Object.fromEntries(lists.columns.map((column, at) => [column, list[at]])),
        );
        const records = JSON.parse(rowOf(rust, "/query").reply(native, foreign({})).text) as {
          rows: object[];
        };
        expect(back).toEqual(records.rows as Record<string, unknown>[]);
        expect(records.rows).toEqual(JSON.parse(JSON.stringify(native.rows)) as object[]);
      }),
    );
  });

  test("OpenAI's base64 holds the vector as 32-bit floats", () => {
    fc.assert(
      fc.property(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })), (values) => {
        const { reply } = rowOf(openai, "/v1/embeddings");
        const { data } = JSON.parse(
          reply({ vectors: [values] }, foreign({ encoding_format: "base64" })).text,
        ) as { data: { embedding: string }[] };
        const bytes = Buffer.from(data[0]?.embedding ?? "", "base64");
        const floats = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4));
        expect(floats).toEqual(values);
      }),
    );
  });
});

test("the first error goes by kind, then by row, wherever it stands", () => {
  const kinds = ["schema", "completeness", "consistency", "policy"];
  const finding = fc.record({
    kind: fc.constantFrom(...kinds),
    row: fc.nat(5),
    severity: fc.constantFrom("error", "warning", "info"),
  });
  fc.assert(
    fc.property(fc.array(finding), (all) => {
      const findings = all.map(({ row, ...rest }) => ({ ...rest, path: `fills[${row}].x` }));
      const first = firstError({ findings });
      const errors = all.filter(({ severity }) => severity === "error");
      const least = Math.min(...errors.map(({ kind, row }) => kinds.indexOf(kind) * 10 + row));
      if (first === undefined) return expect(errors).toEqual([]);
      const row = Number(/\d/.exec(String(first["path"]))?.[0]);
      expect(kinds.indexOf(String(first["kind"])) * 10 + row).toBe(least);
    }),
  );
});

test("go leaves no field out: what may be absent has its zero value, at every depth", () => {
  const page = filled("catalogd.datasets", { datasets: [{ dataset: "a" }] }) as { datasets: object[] };
  const [dataset] = page.datasets;
  expect(Object.values(dataset ?? {})).not.toContain(undefined);
  expect(Object.keys(dataset ?? {}).length).toBeGreaterThan(3);
  expect(filled("storaged.list", {})).toMatchObject({ next_cursor: "" });
  expect(filled("validatord.validate", { ok: true })).toMatchObject({
    rules_failed: null,
    kind: "",
    took_ms: 0,
  });
});

test("a fault names the field that the caller wrote", () => {
  const fault = new Fault("invalid", "query_text: is missing", {
    details: [{ path: "query_text", message: "is missing" }],
  });
  const { message, details } = nativeFault(fault, { query: "query_text" });
  expect([message, details[0]?.path]).toEqual(["query: is missing", "query"]);
});
