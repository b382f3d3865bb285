import { expect, test } from "bun:test";
import fc from "fast-check";
import { preferred } from "./accept.ts";

const OFFERED = [
  "application/json",
  "application/x-ndjson",
  "text/csv",
  "application/vnd.apache.arrow.stream",
];

test.each([
  ["", undefined],
  ["*/*", "application/json"],
  ["application/json", "application/json"],
  ["text/csv", "text/csv"],
  ["Text/CSV ; charset=utf-8", "text/csv"],
  ["text/*", "text/csv"],
  ["text/html, */*;q=0.1", "application/json"],
  ["text/csv;q=0.5, application/x-ndjson;q=0.9", "application/x-ndjson"],
  ["application/x-ndjson;q=0.9, text/csv", "text/csv"],
  ["application/json, text/csv;q=0.1", "application/json"],
  ["application/json;q=0.2, text/csv;q=0.3", "text/csv"],
  ["text/csv;q=0, */*", "application/json"],
  ["application/json;q=0, */*;q=0.5", "application/x-ndjson"],
  ["application/*;q=0.4, text/csv;q=0.3", "application/json"],
  ["application/x-ndjson, application/json", "application/x-ndjson"],
  ["application/json, application/x-ndjson", "application/json"],
  ["text/csv;q=2, application/json;q=0.1", "application/json"],
  ["text/csv;q=nonsense", undefined],
  ["image/png", undefined],
  ["application/vnd.apache.arrow.stream;q=1.0;codec=zstd", "application/vnd.apache.arrow.stream"],
])("%j prefers %p", (header, type) => {
  expect(preferred(header, OFFERED)).toBe(type as never);
});

test("gives an offered type or none, whatever the header", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (header) => {
      const type = preferred(header, OFFERED);
      return type === undefined || OFFERED.includes(type);
    }),
  );
});
