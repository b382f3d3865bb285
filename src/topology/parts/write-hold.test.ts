import { expect, test } from "bun:test";
import { z } from "zod";
import { op } from "#rpc/contract";
import { implement, local } from "#rpc/local";
import { createWriteHold } from "./write-hold.ts";

const shape = { input: z.strictObject({}), output: z.object({ n: z.int() }), errors: [] } as const;
const contract = {
  count: op({ ...shape, method: "GET", path: "/count", summary: "Count", scope: "read" }),
  add: op({ ...shape, method: "POST", path: "/add", summary: "Add", scope: "write" }),
  slow: op({ ...shape, method: "POST", path: "/slow", summary: "Add later", scope: "admin" }),
};

function counter() {
  const hold = createWriteHold();
  const gate = Promise.withResolvers<void>();
  let n = 0;
  const handlers = {
    count: () => ({ n }),
    add: () => ({ n: (n += 1) }),
    slow: async () => {
      await gate.promise;
      return { n: (n += 1) };
    },
  };
  const service = local(implement(contract, "countd", hold.around(contract, handlers)));
  return { hold, service, finish: gate.resolve };
}

test("writes wait while they are held, reads do not, and all that waited go on", async () => {
  const { hold, service } = counter();
  await service.add({});
  expect(await hold.hold(10_000, 100)).toBe(true);
  const waiting = [service.add({}), service.add({})];
  await Bun.sleep(20);
  expect(await service.count({})).toEqual({ n: 1 });
  expect(hold.resume()).toBe(true);
  expect(await Promise.all(waiting)).toEqual([{ n: 2 }, { n: 3 }]);
  expect(await service.add({})).toEqual({ n: 4 });
});

test("writes in flight end first, or are told not to have", async () => {
  const { hold, service, finish } = counter();
  const slow = service.slow({});
  expect(await hold.hold(10_000, 30)).toBe(false);
  const again = hold.hold(10_000, 10_000);
  finish();
  expect(await again).toBe(true);
  expect(await slow).toEqual({ n: 1 });
  hold.resume();
});

test("a hold that is forgotten ends by itself, and says so", async () => {
  const { hold, service } = counter();
  await hold.hold(20, 20);
  expect(await service.add({})).toEqual({ n: 1 });
  expect(hold.resume()).toBe(false);
});
