import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseTemplate } from "./template.ts";

describe("a template", () => {
  test("names its columns once each and fills them", () => {
    const { columns, fill } = parseTemplate("{role} in {city}, { state }; {role}");
    expect(columns).toEqual(["role", "city", "state"]);
    expect(fill({ role: "Cook", city: "Aspen", state: "CO" })).toBe("Cook in Aspen, CO; Cook");
  });

  test("a missing value says nothing, a nested one is JSON, and values are no templates", () => {
    const { fill } = parseTemplate("{a}|{b}");
    expect(fill({ a: null })).toBe("|");
    expect(fill({ a: ["x", 1], b: { c: true } })).toBe('["x",1]|{"c":true}');
    expect(fill({ a: "{b}", b: "$1 $& {a}" })).toBe("{b}|$1 $& {a}");
  });

  test.each(["", "plain", "{}", "a { } b"])("%p is refused", (text) => {
    expect(() => parseTemplate(text)).toThrow("column in braces");
  });

  test("any values come through as they are", () => {
    const { fill } = parseTemplate("<{a}>");
    fc.assert(fc.property(fc.string(), (a) => expect(fill({ a })).toBe(`<${a}>`)));
  });
});
