import { expect, test } from "bun:test";
import fc from "fast-check";
import { fairQueue } from "./fair-queue.ts";

const drain = (queue: { shift(): string | undefined }): string[] => {
  const out: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) out.push(item);
  return out;
};

test("callers take turns, each in the order of its own", () => {
  const queue = fairQueue<string>({ max: 100, perCallerMax: 100 });
  for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) queue.push(item.slice(0, 1), item);
  expect(drain(queue)).toEqual(["a1", "b1", "c1", "a2", "c2", "a3"]);
});

test("is full for one caller before it is full for all", () => {
  const queue = fairQueue<number>({ max: 3, perCallerMax: 2 });
  expect([queue.push("a", 1), queue.push("a", 2), queue.push("a", 3)]).toEqual([true, true, false]);
  expect([queue.push("b", 4), queue.push("c", 5)]).toEqual([true, false]);
  expect(queue.length).toBe(3);
});

test("who leaves is not served, and length is what is in it", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("push" as const), caller: fc.constantFrom("a", "b", "c") }),
    fc.record({ do: fc.constant("shift" as const) }),
    fc.record({ do: fc.constant("remove" as const), index: fc.nat(20) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = fairQueue<string>({ max: 8, perCallerMax: 4 });
      let inside: [caller: string, item: string][] = [];
      let made = 0;
      for (const each of steps) {
        if (each.do === "push") {
          const item = `${each.caller}${(made += 1)}`;
          const room = inside.length < 8 && inside.filter(([caller]) => caller === each.caller).length < 4;
          expect(queue.push(each.caller, item)).toBe(room);
          if (room) inside.push([each.caller, item]);
        } else if (each.do === "shift") {
          const item = queue.shift();
          expect(item === undefined).toBe(inside.length === 0);
          const firstOfCaller = inside.find(([caller]) => caller === item?.slice(0, 1));
          expect(item).toBe(firstOfCaller?.[1]);
          inside = inside.filter(([, other]) => other !== item);
        } else {
          const left = inside[each.index];
          if (left !== undefined) queue.remove(...left);
          queue.remove("a", "never there");
          inside = inside.filter((entry) => entry !== left);
        }
        expect(queue.length).toBe(inside.length);
      }
    }),
  );
});
