import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { counted, duration, moment, safe, size } from "./plain-text.ts";

describe("numbers in a line", () => {
  test.each([
    [0, "0 ms"],
    [0.04, "0 ms"],
    [8.26, "8.3 ms"],
    [41.4, "41 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [14_350, "14.3 s"],
    [125_000, "2 min 5 s"],
  ])("%p ms is %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [1_153_434, "1.1 MiB"],
    [25 * 1024 ** 3, "25 GiB"],
  ])("%p bytes is %s", (bytes, text) => {
    expect(size(bytes)).toBe(text);
  });

  test("counts are grouped, and one is one", () => {
    expect(counted(5000, "row")).toBe("5,000 rows");
    expect(counted(1, "row")).toBe("1 row");
    expect(counted(0, "row")).toBe("0 rows");
  });

  test("a moment is its minute", () => {
    expect(moment("2026-11-21T14:03:59.123Z")).toBe("2026-11-21 14:03");
  });
});

describe("safe", () => {
  test("leaves nothing that a terminal would act on, and letters as they are", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // eslint-disable-next-line no-control-regex
        expect(safe(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
    expect(safe("Zürich, 東京 – ok")).toBe("Zürich, 東京 – ok");
  });
});
