import { expect, test } from "bun:test";
import { csvOf, roster, textOf } from "../data/roster.ts";
import { changeOf } from "./baseline.ts";
import { inTurns, ratioOf, spreadOf } from "./rounds.ts";
import { type Row, verdictOf } from "./row.ts";
import { figure, table } from "./table.ts";

const row: Row = {
  name: "work",
  unit: "us",
  subject: { median: 12, low: 11, high: 14 },
  reference: { name: "bare", figure: 10 },
  ratio: { median: 1.2, low: 1.15, high: 1.3 },
  bar: { of: "ratio", is: "<=", limit: 1.1 },
  figures: { cpu_us_per_request: 12 },
};

test("medians and quartiles are interpolated", () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, low: 1.75, high: 3.25 });
  expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 });
});

test("ratios are taken round by round, so what slows both does not show", () => {
  const subject = [10, 20, 30, 10, 10];
  const reference = [5, 10, 15, 5, 5];
  expect(ratioOf(subject, reference, (value) => value)).toEqual({ median: 2, low: 2, high: 2 });
});

test("runs take turns, the order turning round, after a round that does not count", async () => {
  const order: string[] = [];
  const run = (name: string) => () => Promise.resolve(order.push(name));
  const results = await inTurns(5, { a: run("a"), b: run("b") });
  expect(order.join("")).toBe("ababbaabbaab");
  expect(results.a).toEqual([3, 6, 7, 10, 11]);
});

test("a bar within the spread is not decided", () => {
  expect(verdictOf(row)).toBe("fails");
  expect(verdictOf({ ...row, bar: { of: "ratio", is: "<=", limit: 1.35 } })).toBe("holds");
  expect(verdictOf({ ...row, bar: { of: "ratio", is: "<=", limit: 1.25 } })).toBe("noisy");
  expect(verdictOf({ ...row, bar: { of: "ratio", is: ">=", limit: 1.1 } })).toBe("holds");
  expect(verdictOf({ ...row, bar: { of: "figure", is: "<=", limit: 15 } })).toBe("holds");
});

test("changes are against the ratio where there is one, else against the figure", () => {
  const accepted = { figure: 10, unit: "us", ratio: 1, cpu_us_per_request: 10 };
  const baseline = { machine: { cpu: "", cores: 2, bun: "" }, rows: { "b: work": accepted } };
  const change = changeOf(baseline, "b", row);
  expect(change?.["ratio"]).toBeCloseTo(0.2);
  expect(change?.["CPU"]).toBeCloseTo(0.2);
  expect(changeOf(baseline, "b", { ...row, ratio: null })?.["figure"]).toBeCloseTo(0.2);
  expect(changeOf(baseline, "other", row)).toBeNull();
  expect(table([{ bench: "b", row }], baseline)).toContain(
    "1.20 (1.15 to 1.30)  <= 1.1x  NO     ratio +20 %, CPU +20 %",
  );
});

test.each([
  [0.1234, "0.123"],
  [12.345, "12.3"],
  [999.6, "1000"],
  [46_554.3, "46,554"],
])("%p is written %s", (value, text) => expect(figure(value)).toBe(text));

test("the roster is the same every time, and good CSV", () => {
  expect(roster(200)).toEqual(roster(200));
  const [head, first, ...rest] = csvOf(roster(200)).trimEnd().split("\n");
  expect(head).toBe("worker_id,role,city,state,certifications,reliability");
  expect(first?.split(",").length).toBe(6);
  expect(rest.length).toBe(199);
  for (const worker of roster(3))
    expect(textOf(worker)).toContain(`${worker.role} in ${worker.city}, ${worker.state}; `);
});
