import { expect, test } from "bun:test";
import { createLossyQueue } from "./lossy-queue.ts";

test("items go out in batches, in order, and what does not fit is counted and told", async () => {
  const sent: { readonly items: readonly number[]; readonly dropped: number }[] = [];
  const queue = createLossyQueue<number>({
    send: (items, dropped) => Promise.resolve(sent.push({ items, dropped })),
    itemsMax: 5,
    batchMax: 3,
    delayMs: 1,
  });
  for (let item = 0; item < 7; item += 1) queue.offer(item);
  await queue.close(5000);
  expect(sent).toEqual([
    { items: [0, 1, 2], dropped: 2 },
    { items: [3, 4], dropped: 0 },
  ]);
  queue.offer(8);
  expect(queue.dropped).toBe(3);
});

test("a batch that fails is lost and told with the next, and a receiver that hangs holds nobody", async () => {
  const answers = [() => Promise.reject(new Error("down")), () => Promise.resolve()];
  const told: number[] = [];
  const queue = createLossyQueue<number>({
    send: (_items, dropped) => {
      told.push(dropped);
      return (answers.shift() ?? (() => new Promise<never>(() => undefined)))();
    },
    itemsMax: 10,
    batchMax: 2,
    delayMs: 1,
  });
  for (let item = 0; item < 6; item += 1) queue.offer(item);
  while (told.length < 3) await Bun.sleep(1);
  expect(told).toEqual([0, 2, 0]);
  for (let item = 0; item < 100; item += 1) queue.offer(item);
  expect(queue.dropped).toBe(2 + 90);
  await queue.close(10);
});
