import { describe, expect, test } from "bun:test";
import { namesInText } from "./names-in-text.ts";

const ROWS = [
  ["ottoline", "vandersloot"],
  ["austin", "baker"],
  ["quartermain", "zebulon"],
];
const names = {
  byName: new Map(ROWS.map((words, row) => [words.join(" "), [row]])),
  isPartOfName: (word: string) => ROWS.flat().includes(word),
};

/** Row numbers, those who are not wanted with a minus before. */
function found(text: string, ...unread: string[]): { rows: string[]; unclear: boolean } {
  const { named, unclear } = namesInText(text.split(" "), new Set(unread), names);
  return { rows: named.map(({ rows, denied }) => `${denied ? "-" : ""}${rows.join()}`), unclear };
}

describe("names of a corpus's people within a text", () => {
  test("a whole name counts wherever it stands, in either order", () => {
    expect(found("send ottoline vandersloot to denver", "ottoline", "vandersloot").rows).toEqual(["0"]);
    expect(found("welder zebulon quartermain", "quartermain").rows).toEqual(["2"]);
  });

  test("words that something else was made of are no name", () => {
    expect(found("baker austin tx").rows).toEqual([]);
    expect(found("baker austin tx asap", "asap").rows).toEqual([]);
  });

  test.each([
    "welder but not zebulon quartermain",
    "welder no zebulon quartermain please",
    "welder anyone but zebulon quartermain",
    "welder other than zebulon quartermain",
    "welder dont send zebulon quartermain",
    "soldador excepto a zebulon quartermain",
  ])("who is denied is not wanted: %s", (text) => {
    expect(found(text, "zebulon", "quartermain").rows).toEqual(["-2"]);
  });

  test.each([
    "nobody but zebulon quartermain",
    "only zebulon quartermain",
    "welder zebulon quartermain not today",
  ])("who is asked for is wanted: %s", (text) => {
    expect(found(text, "zebulon", "quartermain").rows).toEqual(["2"]);
  });

  test("a part of a name that is denied may be anybody's", () => {
    expect(found("welder but not zebulon", "zebulon")).toEqual({ rows: [], unclear: true });
    expect(found("welder zebulon", "zebulon")).toEqual({ rows: [], unclear: false });
  });
});
