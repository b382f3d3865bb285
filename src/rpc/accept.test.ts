import { expect, test } from "bun:test";
import { preferredType } from "./accept.ts";

const TYPES = ["application/x-ndjson", "text/csv"];

test.each([
  [null, undefined],
  ["", undefined],
  ["*/*", undefined],
  ["application/json", undefined],
  ["text/csv", "text/csv"],
  ["TEXT/CSV", "text/csv"],
  ["text/csv;charset=utf-8", "text/csv"],
  ["text/csv, */*;q=0.1", "text/csv"],
  ["text/csv;q=0.1, application/json", undefined],
  ["text/csv;q=0.1, */*", undefined],
  ["application/json;q=0.2, text/csv;q=0.3", "text/csv"],
  ["text/csv;q=0, application/x-ndjson;q=0.5", "application/x-ndjson"],
  ["text/csv;q=0", undefined],
  ["text/csv, application/json", "text/csv"],
  ["application/json, text/csv", undefined],
  ["application/x-ndjson;q=0.9, text/csv", "text/csv"],
  ["text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", undefined],
  ["text/csv;q=much", undefined],
  ["application/x-text/csv", undefined],
])("accept %p prefers %p", (accept, type) => {
  expect(preferredType(accept, TYPES)).toBe(type);
});
