import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { Fault } from "#rpc/fault";
import { diskFault } from "./decode/files.ts";
import { bodyOf, sharedFile, type TestLake, testLake } from "./lake.testing.ts";
import { receive, Spool } from "./receive/spool.ts";
import { LoaderPool } from "./worker/pool.ts";

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Fault);
  return thrown as Fault;
}

const SHIFTS = "id,day,pay,remote,zip\n1,2026-01-05,$1,234.50,yes,02139\n";
const PEOPLE = `id,name,start,pay,remote,zip
1,Ada,2026-01-05,"$1,234.50",yes,02139
2,"Grace ""Amazing"" Hopper",2026-02-01,$99.00,no,10001
3,"Line
break",2026-03-09,$5,no,94105
`;

/** Two are loaded at once and 64 wait. */
const FILES_TAKEN = 66;
const FILES_AT_ONCE = 72;

describe.each([
  ["together", false],
  ["apart", true],
])("%s", (_, apart) => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake({ apart });
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    expect(readdirSync(lake.spoolDir)).toEqual([]);
    await lake.close();
  });

  describe("what comes in comes out", () => {
    test("a CSV becomes typed columns, and its rows are there", async () => {
      const answer = await lake.load("people", PEOPLE);
      expect(answer.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
        "id BIGINT",
        "name VARCHAR",
        "start DATE",
        "pay DECIMAL(18,2)",
        "remote BOOLEAN",
        "zip VARCHAR",
      ]);
      expect(answer).toMatchObject({
        rows_in: 3,
        rows_loaded: 3,
        rows_quarantined: 0,
        rows_deduped: 0,
        replayed: false,
      });
      expect(answer.bytes_in).toBe(PEOPLE.length);
      expect(answer.snapshot_id).not.toBeNull();
      expect(answer.dialect).toMatchObject({ delimiter: ",", quote: '"', encoding: "utf-8", header_row: 1 });
      expect(answer.dialect?.evidence.length).toBeGreaterThan(0);
      expect(answer.columns[5]?.samples).toEqual(["02139", "10001", "94105"]);
      const rows = await lake.rows(
        "people",
        "SELECT id, name, start::VARCHAR AS start, pay::VARCHAR AS pay, remote, zip FROM t",
      );
      expect(rows).toEqual([
        { id: 1n, name: "Ada", start: "2026-01-05", pay: "1234.50", remote: true, zip: "02139" },
        {
          id: 2n,
          name: 'Grace "Amazing" Hopper',
          start: "2026-02-01",
          pay: "99.00",
          remote: false,
          zip: "10001",
        },
        { id: 3n, name: "Line\nbreak", start: "2026-03-09", pay: "5.00", remote: false, zip: "94105" },
      ]);
    });

    test("gzip and zstd of the same file give the same rows", async () => {
      const csv = "a;b\n1;x\n2;y\n3;z\n";
      for (const [name, packed] of [
        ["zipped", gzipSync(csv)],
        ["squeezed", zstdCompressSync(csv)],
      ] as const) {
        const answer = await lake.load(name, packed);
        expect(answer).toMatchObject({ rows_loaded: 3, bytes_in: packed.byteLength });
        expect(await lake.rows(name, "SELECT sum(a)::INT AS a, string_agg(b, '') AS b FROM t")).toEqual([
          { a: 6, b: "xyz" },
        ]);
      }
    });

    test("a packed file that is cut off is refused with the reason", async () => {
      const cut = gzipSync("a,b\n1,2\n".repeat(1000)).subarray(0, 60);
      const fault = await faultOf(lake.load("cut", cut));
      expect(fault.code).toBe("rejected");
      expect(fault.message).toContain("gzip");
    });

    test("files that are no tables are named for what they are", async () => {
      for (const [bytes, told] of [
        ["PK\u0003\u0004....", "unpacked"],
        ["%PDF-1.7", "PDF"],
        ["{\\rtf1\\ansi Roster\\par}", "RTF"],
        ["%!PS-Adobe-3.0\nshowpage\n", "PostScript"],
        ["GIF89a....", "picture"],
        ["<rows>\n<row><id>1</id></row>\n</rows>\n", "XML"],
        ['<svg viewBox="0 0 1 1"/>', "XML"],
        ["<p>Signed out</p>", "HTML"],
        ["", "empty"],
        ["\n\n  \n", "empty"],
        [new Uint8Array([1, 2, 0, 0, 4, 5, 0, 9, 9, 9]), "not text"],
        ["PAR1 and nothing else", "Parquet"],
      ] as const) {
        const fault = await faultOf(lake.load("foreign", bytes));
        expect(fault.message).toContain(told);
        expect(["invalid", "rejected"]).toContain(fault.code);
      }
    });

    test("what is not served says so", async () => {
      expect((await faultOf(lake.load("x", PEOPLE, { format: "xlsx" }))).message).toContain("format=xlsx");
      expect((await faultOf(lake.load("x$rejects", PEOPLE))).code).toBe("invalid");
      expect((await faultOf(lake.load("x", PEOPLE, { format: "parquet" }))).code).toBe("invalid");
    });

    test("a header alone makes columns of texts and says so, and nothing new of an old dataset", async () => {
      const untyped = await lake.load("nothing", "id,name,hired\n");
      expect(untyped).toMatchObject({ rows_in: 0, rows_loaded: 0 });
      expect(untyped.columns.map(({ type }) => type)).toEqual(["VARCHAR", "VARCHAR", "VARCHAR"]);
      expect(untyped.warnings.join()).toContain("no rows");
      const typed = await lake.load("bare", "id,name\n", { types: { id: "bigint", name: "text" } });
      expect(typed).toMatchObject({ rows_in: 0, rows_loaded: 0 });
      expect(typed.columns.map(({ type }) => type)).toEqual(["BIGINT", "VARCHAR"]);
      await lake.load("bare", "id,name\n1,x\n2,y\n");
      expect(await lake.load("bare", "name,id\n")).toMatchObject({ rows_in: 0, replayed: false });
      expect(await lake.rows("bare", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 2 }]);
    });
  });

  describe("rows that do not fit", () => {
    test("are in the rejects table with line, reason and raw text", async () => {
      const lines = Array.from({ length: 300 }, (_, index) => `${index},2026-01-0${(index % 9) + 1},ok`);
      lines[10] = "10,2026-01-05";
      lines[20] = "20,soon,ok";
      const answer = await lake.load("dirty", `id,day,note\n${lines.join("\n")}\n`, { source: "dirty.csv" });
      expect(answer).toMatchObject({ rows_in: 300, rows_loaded: 298, rows_quarantined: 2 });
      expect(answer.columns.map(({ type }) => type)).toEqual(["BIGINT", "DATE", "VARCHAR"]);
      expect(answer.warnings[0]).toBe(
        '2 of 300 rows did not fit and are in dirty$rejects: SELECT * FROM "dirty$rejects"',
      );
      const rejects = await lake.rows("dirty$rejects", "SELECT * FROM t ORDER BY line");
      const { ingest_id } = answer;
      expect(rejects).toEqual([
        {
          line: 12n,
          reason: "2 cells where the table has 3",
          column: null,
          raw: "10,2026-01-05",
          source: "dirty.csv",
          ingest_id,
        },
        {
          line: 22n,
          reason: '"day": "soon" is no DATE',
          column: "day",
          raw: "20,soon,ok",
          source: "dirty.csv",
          ingest_id,
        },
      ]);
      expect(await lake.rows("dirty", "SELECT count(*)::INT AS n, count(day)::INT AS days FROM t")).toEqual([
        { n: 298, days: 298 },
      ]);
    });

    test("a column where too many do not fit stays text", async () => {
      const lines = Array.from(
        { length: 300 },
        (_, index) => `${index},${index % 50 === 0 ? "soon" : "2026-01-05"}`,
      );
      const answer = await lake.load("texts", `id,day\n${lines.join("\n")}\n`);
      expect(answer.columns[1]?.type).toBe("VARCHAR");
      expect(answer.rows_quarantined).toBe(0);
    });

    test("a type that is asked for holds whatever the values look like", async () => {
      const answer = await lake.load("asked", "id,code\n1,7\n2,8\n3,x9\n", {
        types: { id: "string", code: "bigint" },
      });
      expect(answer.columns.map(({ type }) => type)).toEqual(["VARCHAR", "BIGINT"]);
      expect(answer).toMatchObject({ rows_loaded: 2, rows_quarantined: 1 });
      expect((await faultOf(lake.load("asked", SHIFTS, { types: { nope: "bigint" } }))).message).toContain(
        "nope",
      );
      const exact = await lake.load("priced", "id,pay\n1,1.25\n2,1.255\n3,2\n", {
        types: { pay: "decimal(8,2)" },
      });
      expect(exact).toMatchObject({ rows_loaded: 2, rows_quarantined: 1 });
      const bad = await faultOf(lake.load("asked", SHIFTS, { types: { id: "BIGINT); DROP" } }));
      expect(bad).toMatchObject({ code: "invalid" });
    });

    test("a file of which nothing fits is refused, and nothing is left", async () => {
      const before = lake.keys();
      const fault = await faultOf(lake.load("hopeless", "id,n\n1,x\n2,y\n", { types: { n: "date" } }));
      expect(fault.code).toBe("rejected");
      expect(fault.message).toContain("line 2");
      expect(lake.keys()).toEqual(before);
      expect((await lake.catalog.datasets({})).datasets.map(({ name }) => name)).not.toContain(
        "hopeless$rejects",
      );
    });
  });

  describe("again and again", () => {
    const csv = "id,v\n1,a\n2,b\n";

    test("the same bytes change nothing and answer as before", async () => {
      const first = await lake.load("once", csv);
      const second = await lake.load("once", csv);
      expect(second).toMatchObject({
        replayed: true,
        snapshot_id: first.snapshot_id,
        rows_in: 2,
        rows_loaded: 2,
      });
      expect(second.ingest_id).toBe(first.ingest_id);
      expect(await lake.rows("once", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 2 }]);
    });

    test("a key with another file is a conflict, with the same file a replay", async () => {
      await lake.load("keyed", csv, { idempotency_key: "k1" });
      expect(await lake.load("keyed", csv, { idempotency_key: "k1" })).toMatchObject({ replayed: true });
      expect(await lake.load("keyed", csv)).toMatchObject({ replayed: true });
      const fault = await faultOf(lake.load("keyed", `${csv}3,c\n`, { idempotency_key: "k1" }));
      expect(fault.code).toBe("conflict");
    });

    test("a key that is raced with other files loads one of them, and the others are in conflict", async () => {
      const all = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) =>
          lake.load("raced", `n\n${index}\n`, { idempotency_key: "k" }),
        ),
      );
      const codes = all.map((one): string =>
        one.status === "fulfilled" ? "loaded" : (one.reason as Fault).code,
      );
      expect(codes.sort()).toEqual([...Array<string>(19).fill("conflict"), "loaded"]);
      expect(await lake.rows("raced", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 1 }]);
    });

    test.each([
      ["with a key", "k"],
      ["without", undefined],
    ])("equal bytes that are raced %s load once, and all but one say so", async (_, idempotency_key) => {
      const dataset = idempotency_key === undefined ? "raced_bytes" : "raced_keyed";
      const more = idempotency_key === undefined ? {} : { idempotency_key };
      const all = await Promise.all(Array.from({ length: 20 }, () => lake.load(dataset, PEOPLE, more)));
      expect(all.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(new Set(all.map(({ snapshot_id, ingest_id }) => `${snapshot_id} ${ingest_id}`)).size).toBe(1);
      expect(new Set(all.map(({ rows_in, rows_loaded }) => `${rows_in} ${rows_loaded}`))).toEqual(
        new Set(["3 3"]),
      );
      expect(await lake.rows(dataset, "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 3 }]);
    });

    test("a load that fails or is given up leaves its key and its bytes to the next", async () => {
      const controller = new AbortController();
      const slow = lake.ingest.ingest(
        { dataset: "left", body: bodyOf(PEOPLE), idempotency_key: "k" },
        { signal: controller.signal },
      );
      const next = lake.load("left", PEOPLE, { idempotency_key: "k" });
      controller.abort();
      await slow.catch(() => undefined);
      expect(await next).toMatchObject({ rows_loaded: 3 });
      lake.refusalsOf.set("left", new Fault("conflict", "Column a was changed meanwhile."));
      expect((await faultOf(lake.load("left", csv, { idempotency_key: "k2" }))).code).toBe("conflict");
      expect(await lake.load("left", csv, { idempotency_key: "k2" })).toMatchObject({ replayed: false });
    });

    test("a key and bytes that are raced over two processes load once, too", async () => {
      const other = await lake.another();
      const send = (index: number, dataset: string, file: string) =>
        (index % 2 === 0 ? other : lake.ingest).ingest({
          dataset,
          body: bodyOf(file),
          ...(dataset === "two_keyed" ? { idempotency_key: "k" } : {}),
        });
      const keyed = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => send(index, "two_keyed", `n\n${index}\n`)),
      );
      expect(keyed.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await lake.rows("two_keyed", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 1 }]);
      const same = await Promise.all(Array.from({ length: 10 }, (_, index) => send(index, "two_same", csv)));
      expect(same.filter(({ replayed }) => !replayed)).toHaveLength(1);
      expect(await lake.rows("two_same", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 2 }]);
    });

    test("a replacement counts only while nothing came after it", async () => {
      await lake.load("state", csv, { mode: "replace" });
      expect(await lake.load("state", csv, { mode: "replace" })).toMatchObject({ replayed: true });
      await lake.load("state", "id,v\n9,z\n");
      expect(await lake.load("state", csv, { mode: "replace" })).toMatchObject({ replayed: false });
      expect(await lake.rows("state", "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 2 }]);
    });

    test("after a rollback, or once it was replaced, a file is new again", async () => {
      const first = await lake.load("undone", csv);
      const second = await lake.load("undone", "id,v\n3,c\n");
      expect(first.snapshot_id).not.toBeNull();
      await lake.catalog.rollback({ dataset: "undone", snapshot_id: first.snapshot_id ?? 0 });
      const again = await lake.load("undone", "id,v\n3,c\n");
      expect(again).toMatchObject({ replayed: false, rows_loaded: 1 });
      expect(again.snapshot_id).not.toBe(second.snapshot_id);
      await lake.load("undone", "id,v\n9,z\n", { mode: "replace" });
      expect(await lake.load("undone", csv)).toMatchObject({ replayed: false });
      expect(await lake.rows("undone", "SELECT id::INT AS id FROM t ORDER BY id")).toEqual([
        { id: 1 },
        { id: 2 },
        { id: 9 },
      ]);
    });

    test("dry_run tells everything and writes nothing", async () => {
      const before = lake.keys();
      const answer = await lake.load("dry", PEOPLE, { dry_run: true });
      expect(answer).toMatchObject({ dry_run: true, snapshot_id: null, rows_in: 3, rows_loaded: 3 });
      expect(answer.columns).toHaveLength(6);
      expect(lake.keys()).toEqual(before);
      expect((await faultOf(lake.catalog.dataset({ dataset: "dry" }))).code).toBe("not_found");
    });
  });

  describe("a dataset that is there already", () => {
    test("gives its types, takes new columns, and matches names whatever their capitals", async () => {
      await lake.load("grown", "id,code\n1,A7\n2,B8\n");
      const answer = await lake.load("grown", "ID,code,extra\n3,77,x\n4,88,y\n");
      expect(answer.schema_changes).toEqual(["add column extra VARCHAR"]);
      expect(answer.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
        "id BIGINT",
        "code VARCHAR",
        "extra VARCHAR",
      ]);
      expect(await lake.rows("grown", "SELECT id::INT AS id, code, extra FROM t ORDER BY id")).toEqual([
        { id: 1, code: "A7", extra: null },
        { id: 2, code: "B8", extra: null },
        { id: 3, code: "77", extra: "x" },
        { id: 4, code: "88", extra: "y" },
      ]);
    });

    test("a file without a header is taken by position", async () => {
      await lake.load("headless", "id,day\n1,2026-01-01\n2,2026-01-02\n");
      const answer = await lake.load("headless", "3,2026-01-03\n4,2026-01-04\n");
      expect(answer.rows_loaded).toBe(2);
      expect(answer.columns.map(({ name }) => name)).toEqual(["id", "day"]);
    });

    test("contract=freeze refuses what would change it", async () => {
      await lake.load("frozen", "id\n1\n2\n");
      expect((await faultOf(lake.load("frozen", "id,new\n3,x\n", { contract: "freeze" }))).code).toBe(
        "rejected",
      );
      expect(await lake.load("frozen", "id\n3\n4\n", { contract: "freeze" })).toMatchObject({
        rows_loaded: 2,
      });
    });

    test("contract=quarantine sends aside what does not fit, row by row", async () => {
      await lake.load("guarded", "id,day\n1,2026-01-01\n2,2026-01-02\n");
      const answer = await lake.load(
        "guarded",
        "id,day,extra\n3,2026-01-03,\n4,soon,\nfive,2026-01-05,\n6,2026-01-06,x\n",
        {
          contract: "quarantine",
        },
      );
      expect(answer).toMatchObject({ rows_in: 4, rows_loaded: 1, rows_quarantined: 3, schema_changes: [] });
      const reasons = await lake.rows(
        "guarded$rejects",
        'SELECT line::INT AS line, "column", reason FROM t ORDER BY line',
      );
      expect(reasons).toEqual([
        { line: 3, column: "day", reason: '"day": "soon" is no DATE' },
        { line: 4, column: "id", reason: '"id": "five" is no BIGINT' },
        { line: 5, column: "extra", reason: '"extra": "x" the dataset has no such column' },
      ]);
    });
  });

  describe("progress, cancelling and accidents", () => {
    test("events tell the phases and end with the answer", async () => {
      const phases = new Set<string>();
      let done: unknown;
      for await (const event of lake.ingest.ingestEvents({ dataset: "told", body: bodyOf(PEOPLE) })) {
        if (event.event === "progress") phases.add(event.phase);
        else done = event;
      }
      expect([...phases]).toContain("commit");
      expect(done).toMatchObject({ event: "done", rows_loaded: 3 });
    });

    test("who stops listening leaves nothing behind", async () => {
      let sent = 0;
      const slow = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          await Bun.sleep(5);
          sent += 1;
          controller.enqueue(new TextEncoder().encode(`${sent},x\n`.repeat(1000)));
        },
      });
      const before = lake.keys();
      for await (const event of lake.ingest.ingestEvents({ dataset: "left", body: slow })) {
        expect(event.event).toBe("progress");
        break;
      }
      await Bun.sleep(100);
      const then = sent;
      await Bun.sleep(100);
      expect(sent - then).toBeLessThanOrEqual(1);
      expect(lake.keys()).toEqual(before);
      expect(readdirSync(lake.spoolDir)).toEqual([]);
    });

    test("a signal kills the child in the middle of its work", async () => {
      const controller = new AbortController();
      const rows = Array.from(
        { length: 200_000 },
        (_, index) => `${index},${index % 7},"text, ${index}"`,
      ).join("\n");
      const work = lake.ingest.ingest(
        { dataset: "aborted", body: bodyOf(`a,b,c\n${rows}`) },
        { signal: controller.signal },
      );
      const fault = faultOf(work);
      while (readdirSync(lake.spoolDir).length === 0) await Bun.sleep(1);
      controller.abort();
      expect((await fault).code).toBe("cancelled");
      // The caller is told at once, and what is left is tidied up behind.
      while (readdirSync(lake.spoolDir).length > 0) await Bun.sleep(1);
      expect((await faultOf(lake.catalog.dataset({ dataset: "aborted" }))).code).toBe("not_found");
    });

    test("a refused commit takes its files back", async () => {
      const before = lake.keys();
      lake.refusals.push(new Fault("conflict", "Column a was changed meanwhile."));
      expect((await faultOf(lake.load("refused", "a,b\n1,2\n"))).code).toBe("conflict");
      expect(lake.keys()).toEqual(before);
    });

    test("folders of a killed process are removed at start, other files are not", async () => {
      const folder = join(lake.folder, "old-spool");
      mkdirSync(join(folder, "ingest-1234"), { recursive: true });
      writeFileSync(join(folder, "ingest-1234", "body"), "half a file");
      writeFileSync(join(folder, "note.txt"), "mine");
      await Spool.open(folder);
      expect(existsSync(join(folder, "ingest-1234"))).toBe(false);
      expect(existsSync(join(folder, "note.txt"))).toBe(true);
    });
  });

  describe("limits", () => {
    test("a body that is too large, or whose sender has gone, ends early", async () => {
      const body = (): ReadableStream<Uint8Array> => bodyOf("x".repeat(5000));
      const path = join(lake.folder, "spooled");
      const none = new AbortController().signal;
      const fault = await faultOf(receive(body(), `${path}1`, none, () => undefined, 4999));
      expect(fault.code).toBe("too_large");
      const whole = await receive(body(), `${path}2`, none, () => undefined, 5000);
      expect(whole).toMatchObject({
        bytes: 5000,
        sha256: new Bun.CryptoHasher("sha256").update("x".repeat(5000)).digest("hex"),
      });
      const gone = AbortSignal.abort(new Fault("cancelled", "The caller went away."));
      expect((await faultOf(receive(body(), `${path}3`, gone, () => undefined))).code).toBe("cancelled");
    });

    test("more files than may wait are told to come back, and those that wait are served", async () => {
      const all = await Promise.allSettled(
        Array.from({ length: FILES_AT_ONCE }, (_, index) =>
          lake.load("crowd", `a,b\n${index},x\n${index},y\n`, { dry_run: true }),
        ),
      );
      const served = all.filter(({ status }) => status === "fulfilled").length;
      const refused = all.flatMap((outcome) =>
        outcome.status === "rejected" ? [outcome.reason as Fault] : [],
      );
      expect(served).toBeGreaterThanOrEqual(FILES_TAKEN);
      expect(refused.length).toBeGreaterThan(0);
      for (const { code, retryAfterMs } of refused)
        expect({ code, retryAfterMs }).toEqual({ code: "unavailable", retryAfterMs: 5000 });
    });

    test("a full disk is told as one", () => {
      expect(diskFault(Object.assign(new Error("no space"), { code: "ENOSPC" }))).toMatchObject({
        code: "unavailable",
      });
      expect(diskFault(new Error("other"))).toBeUndefined();
    });

    test("a child that is given too little memory is ended, and the file refused", async () => {
      const pool = new LoaderPool({ memoryBytesMax: 32 * 1024 * 1024 });
      const asked = pool.with(new AbortController().signal, () => Bun.sleep(5000));
      expect((await faultOf(asked)).code).toMatch(/too_large|unavailable/);
      await pool.close();
    });

    test("wild bytes are loaded or refused in words, and never a bug", async () => {
      const bytes = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .string({
            unit: fc.constantFrom(
              "a",
              "1",
              ",",
              ";",
              '"',
              "\n",
              "\r",
              "é",
              "\t",
              "{",
              "}",
              ":",
              "[",
              "]",
              "\0",
            ),
            maxLength: 120,
          })
          .map((text) => new TextEncoder().encode(text)),
        fc
          .uint8Array({ minLength: 4, maxLength: 60 })
          .map((rest) => Uint8Array.from([0x1f, 0x8b, 8, 0, ...rest])),
        fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.from([0x50, 0x41, 0x52, 0x31, ...rest])),
      );
      await fc.assert(
        fc.asyncProperty(bytes, async (body) => {
          const outcome = await lake.load("wild", body, { dry_run: true }).catch((error: unknown) => error);
          if (outcome instanceof Error) {
            expect(outcome).toBeInstanceOf(Fault);
            expect([outcome.message, (outcome as Fault).code]).toEqual([
              outcome.message,
              expect.stringMatching(/^(invalid|rejected)$/),
            ]);
          } else {
            const { rows_in, rows_loaded, rows_quarantined } = outcome as {
              rows_in: number;
              rows_loaded: number;
              rows_quarantined: number;
            };
            expect(rows_in).toBe(rows_loaded + rows_quarantined);
          }
        }),
        { numRuns: 80 },
      );
    });
  });

  const orders = sharedFile("h2b_orders.csv");

  describe.skipIf(orders === undefined)(
    "real staffing orders (the shared data stand beside the checkout)",
    () => {
      test("all are loaded as DuckDB itself reads them, with zeros and dates kept", async () => {
        const answer = await lake.load("orders", orders ?? "");
        expect(answer).toMatchObject({ rows_in: 30_281, rows_loaded: 30_281, rows_quarantined: 0 });
        const types = Object.fromEntries(answer.columns.map(({ name, type }) => [name, type]));
        expect(types).toMatchObject({
          begin_date: "DATE",
          end_date: "DATE",
          postal_code: "VARCHAR",
          fiscal_year: "BIGINT",
          lat: "DOUBLE",
          shift_start: "TIME",
          pay_rate: "DOUBLE",
          full_time: "BOOLEAN",
        });
        const path = join(lake.folder, "orders.csv");
        await Bun.write(path, orders ?? "");
        const columns = answer.columns.map(({ name }) => `"${name}"`).join(", ");
        const [same] = await lake.rows(
          "orders",
          `WITH o AS (SELECT * FROM read_csv('${path}')), x AS (SELECT state, fiscal_year, count(*) AS n FROM t GROUP BY ALL),
       y AS (SELECT state, fiscal_year, count(*) AS n FROM o GROUP BY ALL)
       SELECT (SELECT count(*)::INT FROM (FROM x EXCEPT FROM y)) AS more, (SELECT count(*)::INT FROM (FROM y EXCEPT FROM x)) AS fewer,
       (SELECT count(*)::INT FROM x) AS groups, (SELECT count(*)::INT FROM t WHERE postal_code LIKE '0%') AS zeros,
       (SELECT count(*)::INT FROM o WHERE postal_code LIKE '0%') AS zeros_there,
       (SELECT count(*)::INT FROM (SELECT ${columns.replace('"full_time"', "1").replace('"experience_required"', "2").replace('"training_required"', "3")} FROM t EXCEPT ALL SELECT ${columns.replace('"full_time"', "1").replace('"experience_required"', "2").replace('"training_required"', "3")} FROM o)) AS different`,
        );
        expect(same).toMatchObject({ more: 0, fewer: 0, different: 0 });
        expect(Number(same?.["groups"])).toBeGreaterThan(100);
        expect(Number(same?.["zeros"])).toBe(Number(same?.["zeros_there"]));
        expect(Number(same?.["zeros"])).toBeGreaterThan(100);
        expect(await lake.load("orders", orders ?? "")).toMatchObject({
          replayed: true,
          rows_loaded: 30_281,
        });
      });
    },
  );
});
