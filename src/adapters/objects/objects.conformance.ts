// The conformance suite of `Objects`: conditions with exactly one winner, writes that are whole or absent, ranges as HTTP
// defines them, lists in byte order, streams with bounded memory. Each check works below a prefix of its own, so that a
// shared bucket does no harm.

import { describe, expect, test } from "bun:test";
import { createHash, randomUUID } from "node:crypto";
import fc from "fast-check";
import { memoryOf } from "#lib/memory.testing";
import { Fault, type FaultCode } from "#rpc/fault";
import {
  type Bytes,
  bytesOf,
  checkKey,
  type ObjectHead,
  type Objects,
  type Range,
  readAll,
} from "./objects.ts";

const MIB = 1024 * 1024;

export interface ObjectsBackend {
  readonly name: string;
  readonly objects: () => Objects;
  /** How much goes through the stream checks. */
  readonly streamBytes: number;
  /** What such a stream may add to the process; undefined where memory is where objects are kept. */
  readonly memoryBytesMax?: number;
}

/** For slow stores on busy machines. */
const CHECK_MS_MAX = 60_000;

export function objectsConformance({ name, objects, streamBytes, memoryBytesMax }: ObjectsBackend): void {
  const check = (what: string, work: (folder: string, store: Objects) => Promise<void>): void =>
    test(what, () => work(`check-${randomUUID()}`, objects()), CHECK_MS_MAX);

  const textAt = async (key: string, range?: Range): Promise<string> =>
    Buffer.from(await readAll((await objects().get(key, range)).body)).toString();

  describe(`objects ${name}`, () => {
    check("an object comes back as it was put, with its head", async (folder, store) => {
      const key = `${folder}/a/b.txt`;
      const put = await store.put(key, bytesOf("hello world"));
      const { head, body, first, last } = await store.get(key);
      expect(Buffer.from(await readAll(body)).toString()).toBe("hello world");
      expect([head.key, head.size, head.etag, first, last]).toEqual([key, 11, put.etag, 0, 10]);
      expect(await store.head(key)).toEqual(head);
      expect([put.key, put.size]).toEqual([key, 11]);
      expect(Math.abs(put.modifiedAt - Date.now())).toBeLessThan(60_000);
    });

    check("an empty object is an object", async (folder, store) => {
      const key = `${folder}/empty`;
      await store.put(key, bytesOf(""));
      const { head, body, first, last } = await store.get(key);
      expect([head.size, first, last]).toEqual([0, 0, -1]);
      expect((await readAll(body)).byteLength).toBe(0);
      expect((await store.head(key)).size).toBe(0);
      expect(await codeOf(store.get(key, { suffix: 1 }))).toBe("invalid");
      expect(await codeOf(store.get(key, { first: 0 }))).toBe("invalid");
    });

    check("what is not there is not_found, and can be removed", async (folder, store) => {
      const key = `${folder}/absent`;
      expect(await codeOf(store.get(key))).toBe("not_found");
      expect(await codeOf(store.get(key, { first: 0, last: 3 }))).toBe("not_found");
      expect(await codeOf(store.head(key))).toBe("not_found");
      await store.remove(key);
      await store.remove(`${folder}/absent/below`);
    });

    check("what is removed is gone", async (folder, store) => {
      const key = `${folder}/a/b/c`;
      await store.put(key, bytesOf("x"));
      await store.remove(key);
      expect(await codeOf(store.head(key))).toBe("not_found");
      expect((await store.list({ prefix: `${folder}/`, limit: 10 })).objects).toEqual([]);
    });

    check("the etag changes with the content", async (folder, store) => {
      const key = `${folder}/changing`;
      const etags = new Set<string>();
      for (const content of ["one", "two", "six", "a longer one"]) {
        const put = await store.put(key, bytesOf(content));
        expect((await store.head(key)).etag).toBe(put.etag);
        etags.add(put.etag);
      }
      expect(etags.size).toBe(4);
    });

    check("ranges from, from to, and of the end", async (folder, store) => {
      const key = `${folder}/ranges`;
      await store.put(key, bytesOf("0123456789"));
      const ranges: [Range, string][] = [
        [{ first: 0, last: 0 }, "0"],
        [{ first: 2, last: 4 }, "234"],
        [{ first: 7 }, "789"],
        [{ first: 9, last: 9 }, "9"],
        [{ suffix: 3 }, "789"],
        [{ suffix: 10 }, "0123456789"],
      ];
      for (const [range, text] of ranges) expect(await textAt(key, range)).toBe(text);
      const { head, first, last, body } = await store.get(key, { suffix: 3 });
      await body.cancel();
      expect([head.size, first, last]).toEqual([10, 7, 9]);
    });

    check("a range that reaches past the end is cut there", async (folder, store) => {
      const key = `${folder}/past`;
      await store.put(key, bytesOf("0123456789"));
      expect(await textAt(key, { first: 8, last: 1000 })).toBe("89");
      expect(await textAt(key, { suffix: 1000 })).toBe("0123456789");
    });

    check("a range with nothing in it is invalid", async (folder, store) => {
      const key = `${folder}/outside`;
      await store.put(key, bytesOf("0123456789"));
      for (const range of [{ first: 10 }, { first: 10, last: 12 }, { suffix: 0 }, { first: 5, last: 4 }]) {
        expect(await codeOf(store.get(key, range))).toBe("invalid");
      }
    });

    check("ifAbsent refuses to overwrite", async (folder, store) => {
      const key = `${folder}/once`;
      await store.put(key, bytesOf("first"), { ifAbsent: true });
      expect(await codeOf(store.put(key, bytesOf("second"), { ifAbsent: true }))).toBe("conflict");
      expect(await textAt(key)).toBe("first");
      await store.remove(key);
      await store.put(key, bytesOf("third"), { ifAbsent: true });
      expect(await textAt(key)).toBe("third");
    });

    check("of 20 that put one key if it is absent, exactly one wins", async (folder, store) => {
      const key = `${folder}/race`;
      const racers = Array.from({ length: 20 }, (_, at) => `racer ${at}`);
      const outcomes = await Promise.all(
        racers.map((racer) => codeOf(store.put(key, bytesOf(racer), { ifAbsent: true }))),
      );
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(outcomes.filter((code) => code === "conflict")).toHaveLength(19);
      expect(await textAt(key)).toBe(racers[outcomes.indexOf(undefined)] ?? "");
    });

    check("ifMatch with the right etag replaces", async (folder, store) => {
      const key = `${folder}/match`;
      const { etag } = await store.put(key, bytesOf("one"));
      const next = await store.put(key, bytesOf("two"), { ifMatch: etag });
      expect(await textAt(key)).toBe("two");
      expect(next.etag).not.toBe(etag);
    });

    check("ifMatch with another etag, or of nothing, is a conflict", async (folder, store) => {
      const key = `${folder}/mismatch`;
      expect(await codeOf(store.put(key, bytesOf("x"), { ifMatch: "none" }))).toBe("conflict");
      expect(await codeOf(store.head(key))).toBe("not_found");
      const { etag } = await store.put(key, bytesOf("one"));
      expect(await codeOf(store.put(key, bytesOf("two"), { ifMatch: `${etag}0` }))).toBe("conflict");
      await store.put(key, bytesOf("three"));
      expect(await codeOf(store.put(key, bytesOf("four"), { ifMatch: etag }))).toBe("conflict");
      expect(await textAt(key)).toBe("three");
    });

    check("of 20 that replace one etag, exactly one wins", async (folder, store) => {
      const key = `${folder}/swap`;
      const { etag } = await store.put(key, bytesOf("start"));
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          codeOf(store.put(key, bytesOf(`racer ${at}`), { ifMatch: etag })),
        ),
      );
      const winners = outcomes.flatMap((code, at) => (code === undefined ? [`racer ${at}`] : []));
      expect(winners).toEqual([await textAt(key)]);
    });

    check(
      "readers beside a writer see one content or the other, never parts of two",
      async (folder, store) => {
        const key = `${folder}/hot`;
        const contents = Array.from({ length: 4 }, (_, at) => Buffer.alloc((at + 1) * 150_000, `${at}`));
        const hashes = new Set(contents.map((content) => sha256(content)));
        await store.put(key, bytesOf(contents[0] ?? ""));
        const writer = { writing: true };
        const seen: string[] = [];
        const reader = async (): Promise<void> => {
          while (writer.writing) {
            const { head, body } = await store.get(key);
            const bytes = await readAll(body);
            if (bytes.byteLength !== head.size) seen.push(`${bytes.byteLength} bytes of ${head.size}`);
            seen.push(sha256(bytes));
            await Bun.sleep(1);
          }
        };
        const readers = [reader(), reader(), reader(), reader()];
        for (let round = 0; round < 24 || (seen.length < 20 && round < 2000); round += 1) {
          await store.put(key, bytesOf(contents[round % contents.length] ?? ""));
          // A store in memory never yields by itself.
          await Bun.sleep(0);
        }
        writer.writing = false;
        await Promise.all(readers);
        expect(seen.length).toBeGreaterThanOrEqual(20);
        expect(seen.filter((hash) => !hashes.has(hash))).toEqual([]);
      },
    );

    check("a body begun before an overwrite ends as it began, or fails", async (folder, store) => {
      const key = `${folder}/replaced`;
      const before = Buffer.alloc(4 * MIB, "a");
      await store.put(key, bytesOf(before));
      const { body } = await store.get(key);
      await store.put(key, bytesOf(Buffer.alloc(4 * MIB, "b")));
      const read = await readAll(body).catch((error: unknown) => error);
      if (read instanceof Uint8Array) expect(sha256(read)).toBe(sha256(before));
      else expect(read).toBeInstanceOf(Fault);
    });

    check("many writers of one key leave one whole content", async (folder, store) => {
      const key = `${folder}/busy`;
      const contents = Array.from({ length: 16 }, (_, at) => Buffer.alloc(100_000 + at, `${at % 10}`));
      await Promise.all(contents.map((content) => store.put(key, bytesOf(content))));
      const { body } = await store.get(key);
      expect(contents.map(sha256)).toContain(sha256(await readAll(body)));
    });

    check("writing and removing in one folder do not disturb each other", async (folder, store) => {
      const work = Array.from({ length: 24 }, async (_, at) => {
        const key = `${folder}/deep/folder/${at}`;
        await store.put(key, bytesOf(String(at)));
        await store.remove(key);
      });
      await Promise.all(work);
      expect((await store.list({ prefix: `${folder}/`, limit: 100 })).objects).toEqual([]);
    });

    check("a body that fails in the middle leaves nothing", async (folder, store) => {
      const key = `${folder}/failing`;
      const failing = (): Bytes => streamOf(3 * MIB, 2 * MIB);
      expect(await faultOf(store.put(key, failing()))).toMatchObject({ message: "the line broke" });
      expect(await codeOf(store.head(key))).toBe("not_found");
      await store.put(key, bytesOf("before"));
      expect(await faultOf(store.put(key, failing()))).toMatchObject({ message: "the line broke" });
      expect(await textAt(key)).toBe("before");
      expect((await store.list({ prefix: folder, limit: 10 })).objects.map(keyOf)).toEqual([key]);
    });

    check("a reader may go away in the middle, or before it begins", async (folder, store) => {
      const key = `${folder}/left`;
      await store.put(key, streamOf(4 * MIB));
      for (let round = 0; round < 10; round += 1) {
        const { body } = await store.get(key);
        const reader = body.getReader();
        if (round % 2 === 0) await reader.read();
        await reader.cancel();
      }
      expect((await store.head(key)).size).toBe(4 * MIB);
    });

    check("keys are any text that keeps the rules", async (folder, store) => {
      const names = [
        "ä ö ü ß",
        "日本語/東京",
        "🙂",
        "a+b&c=d?e#f",
        "100%25 %2e",
        "<tag> \"quoted\" 'it'",
        "(a)*!~$@:;,",
        ".hidden",
        "a..b",
      ];
      for (const name of names) await store.put(`${folder}/${name}`, bytesOf(name));
      for (const name of names) expect(await textAt(`${folder}/${name}`)).toBe(name);
      const { objects: listed } = await store.list({ prefix: `${folder}/`, limit: 100 });
      expect(listed.map(keyOf)).toEqual(inByteOrder(names.map((name) => `${folder}/${name}`)));
      expect(await textAt(`${folder}/🙂`, { suffix: 2 })).toBe(Buffer.from("🙂").subarray(-2).toString());
      for (const name of names) await store.remove(`${folder}/${name}`);
      expect((await store.list({ prefix: folder, limit: 10 })).objects).toEqual([]);
    });

    check("keys that break the rules are refused by every method", async (folder, store) => {
      const broken = [
        "",
        "/a",
        "a/",
        "a//b",
        "../a",
        `${folder}/../b`,
        ".",
        "a/./b",
        "a\\b",
        "a\nb",
        "a\0b",
        "e\u0301",
        "\ud800",
        "a".repeat(1025),
      ];
      for (const key of broken) {
        expect(await codeOf(store.put(key, bytesOf("x"))), JSON.stringify(key)).toBe("invalid");
        expect(await codeOf(store.get(key))).toBe("invalid");
        expect(await codeOf(store.head(key))).toBe("invalid");
        expect(await codeOf(store.remove(key))).toBe("invalid");
      }
    });

    check(
      "a key the rules allow is one object, another is refused before it goes anywhere",
      async (folder, store) => {
        const segments = fc.array(
          fc.oneof(
            fc.string({ unit: "binary", maxLength: 12 }),
            fc.constantFrom("..", ".", "", "%2e%2e", "a"),
          ),
          {
            minLength: 1,
            maxLength: 4,
          },
        );
        await fc.assert(
          fc.asyncProperty(segments, async (parts) => {
            const key = `${folder}/${randomUUID()}/${parts.join("/")}`;
            const allowed = keepsRules(key);
            const code = await codeOf(store.put(key, bytesOf(key)));
            expect(code).toBe(allowed ? undefined : "invalid");
            if (allowed) expect(await textAt(key)).toBe(key);
          }),
          { numRuns: 40 },
        );
      },
    );

    check("lists page in byte order, each key once", async (folder, store) => {
      const names = ["a", "a-b", "a/b", "b/1", "b/2", "b/sub/1", "b0", "é", "z", "Z", "～", "𝒳"];
      const keys = names.filter((name) => name !== "a").map((name) => `${folder}/${name}`);
      await Promise.all(keys.map((key) => store.put(key, bytesOf("x"))));
      for (const limit of [1, 2, 5, 100]) {
        const pages = await pagesOf(store, { prefix: `${folder}/`, limit });
        expect(pages.every((page) => page.objects.length <= limit)).toBe(true);
        expect(pages.flatMap((page) => page.objects.map(keyOf))).toEqual(inByteOrder(keys));
      }
    });

    check(
      "a delimiter folds what lies deeper into prefixes, each once over all pages",
      async (folder, store) => {
        const names = ["a", "b/1", "b/2", "b/sub/1", "b0", "c/1", "c/2", "d"];
        await Promise.all(names.map((name) => store.put(`${folder}/${name}`, bytesOf("x"))));
        for (const limit of [1, 2, 3, 100]) {
          const pages = await pagesOf(store, { prefix: `${folder}/`, delimiter: "/", limit });
          expect(pages.flatMap((page) => page.prefixes)).toEqual([`${folder}/b/`, `${folder}/c/`]);
          expect(pages.flatMap((page) => page.objects.map(keyOf))).toEqual(
            ["a", "b0", "d"].map((name) => `${folder}/${name}`),
          );
          expect(pages.every(({ objects, prefixes }) => objects.length + prefixes.length <= limit)).toBe(
            true,
          );
        }
        const deeper = await store.list({ prefix: `${folder}/b/`, delimiter: "/", limit: 10 });
        expect([deeper.objects.map(keyOf), deeper.prefixes]).toEqual([
          [`${folder}/b/1`, `${folder}/b/2`],
          [`${folder}/b/sub/`],
        ]);
      },
    );

    check("a prefix need not end at a slash, and may find nothing", async (folder, store) => {
      await Promise.all(
        ["part-1", "part-2", "parts", "other"].map((name) => store.put(`${folder}/${name}`, bytesOf("x"))),
      );
      const found = await store.list({ prefix: `${folder}/part-`, limit: 10 });
      expect(found.objects.map(keyOf)).toEqual([`${folder}/part-1`, `${folder}/part-2`]);
      expect(await store.list({ prefix: `${folder}/none`, limit: 10 })).toEqual({
        objects: [],
        prefixes: [],
      });
    });

    check("a list has the same sizes, etags and times as head", async (folder, store) => {
      const key = `${folder}/listed`;
      await store.put(key, bytesOf("content"));
      const [listed] = (await store.list({ prefix: key, limit: 10 })).objects;
      const head = await store.head(key);
      expect([listed?.key, listed?.size, listed?.etag]).toEqual([head.key, head.size, head.etag]);
      expect(Math.abs((listed?.modifiedAt ?? 0) - head.modifiedAt)).toBeLessThan(2000);
    });

    check("large objects stream in and out with flat memory, and have ranges", async (folder, store) => {
      const key = `${folder}/large`;
      const hash = createHash("sha256");
      const grown = await memoryOf(async () => {
        const put = await store.put(key, streamOf(streamBytes));
        expect(put.size).toBe(streamBytes);
        const { head, body } = await store.get(key);
        expect([head.size, head.etag]).toEqual([streamBytes, put.etag]);
        for await (const chunk of body) hash.update(chunk);
      });
      expect(hash.digest("hex")).toBe(await hashOf(streamOf(streamBytes)));
      if (memoryBytesMax !== undefined) expect(grown).toBeLessThan(memoryBytesMax);
      const last = streamBytes - 1;
      const tail = await store.get(key, { suffix: 5 });
      expect([tail.first, tail.last]).toEqual([last - 4, last]);
      expect(await readAll(tail.body)).toEqual(pattern(last - 4, 5));
      const crossing = await store.get(key, { first: MIB - 3, last: MIB + 2 });
      expect(await readAll(crossing.body)).toEqual(pattern(MIB - 3, 6));
      await store.remove(key);
    });

    check("a large body that fails in the middle leaves nothing", async (folder, store) => {
      const key = `${folder}/large-failing`;
      expect(await faultOf(store.put(key, streamOf(40 * MIB, 36 * MIB)))).toMatchObject({
        message: "the line broke",
      });
      expect(await codeOf(store.head(key))).toBe("not_found");
      expect((await store.list({ prefix: folder, limit: 10 })).objects).toEqual([]);
    });

    check("conditions hold for large objects too", async (folder, store) => {
      const key = `${folder}/large-once`;
      const { etag } = await store.put(key, streamOf(17 * MIB), { ifAbsent: true });
      expect(await codeOf(store.put(key, streamOf(17 * MIB), { ifAbsent: true }))).toBe("conflict");
      expect(await codeOf(store.put(key, streamOf(18 * MIB), { ifMatch: "other" }))).toBe("conflict");
      const next = await store.put(key, streamOf(18 * MIB), { ifMatch: etag });
      expect([next.size, (await store.head(key)).etag]).toEqual([18 * MIB, next.etag]);
    });

    check("a path, where there is one, is a file with the content", async (folder, store) => {
      const key = `${folder}/there.bin`;
      await store.put(key, bytesOf("content"));
      const path = store.path(key);
      expect(path === undefined).toBe(store.backend !== "disk");
      if (path !== undefined) expect(await Bun.file(path).text()).toBe("content");
      expect(store.baseUri).toMatch(/^(file|s3|memory):\/\/.*\/$/);
    });
  });
}

/** The fault's code, or undefined when it went well. Anything else that is thrown stays thrown. */
async function codeOf(work: Promise<unknown>): Promise<FaultCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}

/** What was thrown, for a closer look; undefined when nothing was. */
export async function faultOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error;
  }
}

function keepsRules(key: string): boolean {
  try {
    return checkKey(key) === key;
  } catch {
    return false;
  }
}

const keyOf = ({ key }: ObjectHead): string => key;

function inByteOrder(keys: readonly string[]): string[] {
  return [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** More pages than any check has objects: a cursor that does not advance must not loop without end. */
const PAGES_MAX = 50;

async function pagesOf(
  store: Objects,
  wanted: { prefix: string; delimiter?: string; limit: number },
): Promise<Awaited<ReturnType<Objects["list"]>>[]> {
  const pages = [await store.list(wanted)];
  for (let cursor = pages[0]?.cursor; cursor !== undefined; cursor = pages.at(-1)?.cursor) {
    pages.push(await store.list({ ...wanted, cursor }));
    expect(pages.length).toBeLessThan(PAGES_MAX);
  }
  return pages;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function hashOf(body: Bytes): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
}

/** Bytes that encode their position, so that a misplaced piece is found. */
const BLOCK = Uint8Array.from({ length: 65_521 }, (_, at) => (at * 31) % 251);

function pattern(first: number, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, at) => BLOCK[(first + at) % BLOCK.byteLength] ?? 0);
}

/** `size` bytes in pieces; with `breaksAt` the stream fails once so many have passed. */
function streamOf(size: number, breaksAt = Infinity): Bytes {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        if (at >= breaksAt) {
          controller.error(new Error("the line broke"));
          return;
        }
        if (at === size) {
          controller.close();
          return;
        }
        const piece = BLOCK.subarray(0, size - at);
        at += piece.byteLength;
        controller.enqueue(piece);
      },
    },
    { highWaterMark: 0 },
  );
}
