import { describe, expect, test } from "bun:test";
import { Fault } from "#rpc/fault";
import { AppendQueue, type Batch, UnwritableRows } from "./queue.ts";

const batch = (...lines: string[]): Batch => ({ lines, commitIds: [] });

describe("appends to one dataset", () => {
  test("that arrive while one is written are the next one together, in their order", async () => {
    const written: string[][] = [];
    const gates: PromiseWithResolvers<void>[] = [];
    const queue = new AppendQueue(async (_dataset, batches) => {
      written.push(batches.flatMap(({ lines }) => lines));
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      await gate.promise;
      return written.length;
    });
    const first = queue.add("t", batch("a"));
    await Promise.resolve();
    await Promise.resolve();
    const rest = ["b", "c", "d"].map((line) => queue.add("t", batch(line)));
    gates[0]?.resolve();
    expect(await first).toBe(1);
    await Promise.resolve();
    gates[1]?.resolve();
    expect(await Promise.all(rest)).toEqual([2, 2, 2]);
    expect(written).toEqual([["a"], ["b", "c", "d"]]);
    await queue.close();
  });

  test("that cannot be written harm their own sender alone", async () => {
    const queue = new AppendQueue<number>((_dataset, batches) => {
      const poisoned = batches.some(({ lines }) => lines.includes("poison"));
      if (poisoned) throw new UnwritableRows("no", { cause: new Fault("rejected", "This row is poison.") });
      return Promise.resolve(batches.length);
    });
    const all = ["a", "poison", "b"].map((line) => queue.add("t", batch(line)));
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await queue.close();
  });

  test("are not tried again when it is not known whether they are in", async () => {
    let writes = 0;
    const queue = new AppendQueue<number>(() => {
      writes += 1;
      throw new Fault("timeout", "No answer came in time.");
    });
    const settled = await Promise.allSettled(["a", "b"].map((line) => queue.add("t", batch(line))));
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(writes).toBe(1);
  });

  test("of more than can wait are refused, and none of those before is", async () => {
    const gate = Promise.withResolvers<void>();
    const queue = new AppendQueue(async (_dataset, batches) => {
      await gate.promise;
      return batches.length;
    });
    const large = "x".repeat(32 * 1024 * 1024);
    const waiting = Array.from({ length: 4 }, () => queue.add("t", batch(large)));
    expect(() => queue.add("t", batch(large))).toThrow(Fault);
    gate.resolve();
    expect((await Promise.all(waiting)).length).toBe(4);
    await queue.close();
  });
});
