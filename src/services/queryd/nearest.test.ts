import { expect, test } from "bun:test";
import { nearest } from "./nearest.ts";

test("offers what was probably meant, nearest first, and nothing far off", () => {
  const known = ["workers", "work_orders", "worker_pay", "invoices", "sites"];
  expect(nearest("worker", known)).toEqual(["worker_pay", "workers"]);
  expect(nearest("WORKRES", known)).toEqual(["workers"]);
  expect(nearest("site", known)).toEqual(["sites"]);
  expect(nearest("invoyces", known)).toEqual(["invoices"]);
  expect(nearest("customers", known)).toEqual([]);
  expect(nearest("x", [])).toEqual([]);
});
