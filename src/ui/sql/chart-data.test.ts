import { expect, test } from "bun:test";
import { plotted, suggested } from "./chart-data.ts";

const COLUMNS = [
  { name: "state", type: "VARCHAR" },
  { name: "people", type: "BIGINT" },
  { name: "pay", type: "DECIMAL(6,2)" },
  { name: "day", type: "DATE" },
];

test("a chart begins with time or names along the bottom, and numbers above", () => {
  expect(suggested(COLUMNS)).toEqual({ x: "day", y: ["people", "pay"] });
  expect(suggested(COLUMNS.slice(0, 3))).toEqual({ x: "state", y: ["people", "pay"] });
  expect(suggested([])).toEqual({ x: "", y: [] });
});

test("numbers that came as text are numbers, times are put in order, and what has no place is counted", () => {
  const rows = [
    { day: "2026-11-02", people: 3, pay: "20.50" },
    { day: "2026-11-01", people: null, pay: "19" },
    { day: null, people: 9, pay: "1" },
  ];
  const { x, time, series, leftOut } = plotted({ columns: COLUMNS, rows }, "day", ["people", "pay"]);
  expect([x, time, leftOut]).toEqual([[Date.UTC(2026, 10, 1) / 1000, Date.UTC(2026, 10, 2) / 1000], true, 1]);
  expect(series).toEqual([
    { name: "people", values: [null, 3] },
    { name: "pay", values: [19, 20.5] },
  ]);
});
