import { expect, test } from "bun:test";
import { deadline } from "./coarse-timer.ts";

test("deadlines fire once, in time, and not when cleared", async () => {
  const fired: string[] = [];
  const now = Date.now();
  deadline(now + 30, () => fired.push("soon"));
  const cleared = deadline(now + 30, () => fired.push("cleared"));
  deadline(now + 120, () => fired.push("later"));
  cleared.clear();
  await Bun.sleep(80);
  expect(fired).toEqual(["soon"]);
  await Bun.sleep(120);
  expect(fired).toEqual(["soon", "later"]);
});

test("one that fires may clear another that is due, or set a new one", async () => {
  const fired: string[] = [];
  const at = Date.now() + 10;
  const first = deadline(at, () => {
    fired.push("first");
    second.clear();
    deadline(Date.now(), () => fired.push("third"));
  });
  const second = deadline(at, () => fired.push("second"));
  await Bun.sleep(100);
  expect(fired).toEqual(["first", "third"]);
  first.clear();
});
