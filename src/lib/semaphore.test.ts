import { expect, test } from "bun:test";
import { Semaphore } from "./semaphore.ts";

test("so many at once, the rest in order", async () => {
  const slots = new Semaphore(2, 10);
  const first = await slots.take(1000);
  await slots.take(1000);
  const order: number[] = [];
  const third = slots.take(1000).then((release) => (order.push(3), release));
  const fourth = slots.take(1000).then((release) => (order.push(4), release));
  await Bun.sleep(5);
  expect([slots.used, order]).toEqual([2, []]);
  first?.();
  (await third)?.();
  await fourth;
  expect(order).toEqual([3, 4]);
  expect(slots.used).toBe(2);
});

test("a full queue and a long wait are refused, and a slot is given back once only", async () => {
  const slots = new Semaphore(1, 1);
  const release = await slots.take(10);
  const late = slots.take(20);
  expect(await slots.take(10)).toBeUndefined();
  expect(await late).toBeUndefined();
  release?.();
  release?.();
  expect(slots.used).toBe(0);
  expect(await slots.take(10)).toBeDefined();
});
