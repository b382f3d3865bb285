// What is kept beside a cached reply counts against the same bound.

import { expect, test } from "bun:test";
import type { KeptForm } from "#rpc/contract";
import { VectorCache } from "./cache.ts";

const form = (bytes: number): KeptForm => ({ status: 200, headers: {}, body: new Uint8Array(bytes) });

test("bytes of other wires are counted, kept a few of each reply, and evicted with it", async () => {
  const cache = new VectorCache(20_000);
  const added = async (key: string): Promise<ReturnType<VectorCache["get"]>> =>
    cache.expect(key, "m", Promise.resolve(new Float32Array([1, 0])));
  const one = await added("one");
  const before = cache.stats().bytes;
  one?.forms.float.keep("go", form(5000));
  expect(cache.stats().bytes).toBe(before + 5000);
  one?.forms.float.keep("go", form(7000));
  expect(cache.stats().bytes).toBe(before + 5000);
  expect(cache.get("one")?.forms.float.get("go")?.body.byteLength).toBe(5000);
  expect(cache.get("one")?.forms.base64.get("go")).toBeUndefined();
  for (let n = 0; n < 20; n += 1) one?.forms.base64.keep(`wire ${n}`, form(100));
  expect(cache.stats().bytes).toBe(before + 5000 + 800);

  const two = await added("two");
  two?.forms.float.keep("go", form(15_000));
  expect(cache.get("one")).toBeUndefined();
  expect(cache.stats()).toMatchObject({ entries: 1, evicted: 1 });
  // Kept with an entry that is gone, it is nobody's.
  one?.forms.float.keep("rust", form(5000));
  expect(cache.stats().entries).toBe(1);
  expect(cache.stats().bytes).toBeLessThan(20_000);
});

test("a vector's base64 and its reply are counted once they were made", async () => {
  const cache = new VectorCache(20_000);
  const entry = await cache.expect("one", "m", Promise.resolve(new Float32Array([1, 0])));
  const before = cache.stats().bytes;
  expect([entry.base64, entry.base64]).toEqual(["AACAPwAAAAA=", "AACAPwAAAAA="]);
  expect(cache.stats().bytes).toBe(before + 12);
  expect(entry.json).toBe("[1,0]");
  const reply = '{"model":"m","dimension":2,"vectors":[[1,0]]}';
  expect(new TextDecoder().decode(entry.reply)).toBe(reply);
  expect(entry.reply).toBe(entry.reply);
  expect(cache.stats().bytes).toBe(before + 12 + reply.length);
});
