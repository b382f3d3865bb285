import { describe, expect, test } from "bun:test";
import { UsageProblem } from "./failure.ts";
import { textTable } from "./separated-values.ts";
import { type NamedTable, ownTitles, publishedTitles } from "./title-files.ts";

const file = (name: string, text: string): NamedTable => ({ name, ...textTable(text, name) });

describe("a table of text", () => {
  test("is read with any of three separators, quotes, empty values and either line end", () => {
    const rows = [
      { a: 'x, "y"', b: "" },
      { a: "two\nlines", b: "3" },
    ];
    for (const separator of [",", "\t", ";"]) {
      const text = `\uFEFFa${separator}b\r\n"x, ""y"""${separator}\r\n"two\nlines"${separator}3`;
      expect(textTable(text, "file").rows).toEqual(rows);
    }
    expect(() => textTable("", "file")).toThrow(UsageProblem);
  });
});

describe("published titles", () => {
  test("are those of O*NET's occupations and alternate titles", () => {
    const { titles, occupations, leftOut } = publishedTitles([
      file(
        "Occupation Data.txt",
        "O*NET-SOC Code\tTitle\tDescription\n37-3011.00\tLandscaping Workers\tMow.",
      ),
      file(
        "Alternate Titles.txt",
        "O*NET-SOC Code\tTitle\tAlternate Title\tShort Title\n37-3011.00\tLandscaping Workers\tGreens Keeper\tn/a\nbad\tx\ty\tz",
      ),
    ]);
    expect(titles.map(({ title, soc, count }) => [title, soc, count])).toEqual([
      ["Landscaping Workers", "37-3011.00", 3],
      ["Greens Keeper", "37-3011.00", 1],
    ]);
    expect([occupations, leftOut]).toEqual([[{ soc: "37-3011.00", title: "Landscaping Workers" }], 1]);
  });

  test("name a code after the first of its occupations", () => {
    const { titles, occupations } = publishedTitles([
      file(
        "Occupation Data.txt",
        "O*NET-SOC Code\tTitle\tDescription\n37-3011.00\tLandscaping Workers\tMow.\n37-3011.01\tHedge Artists\tTrim.",
      ),
    ]);
    expect(titles.map(({ title }) => title)).toEqual(["Landscaping Workers", "Hedge Artists"]);
    expect(occupations.map(({ title }) => title)).toEqual(["Landscaping Workers"]);
  });

  test("are those of ESCO by the crosswalk, and refused without it", () => {
    const esco = file(
      "occupations_en.csv",
      'conceptUri,preferredLabel,altLabels\nurn:1,gardener,"lawn carer\nhedge trimmer"',
    );
    const crosswalk = file("crosswalk.csv", "O*NET Id,ESCO or ISCO URI\n37-3011.00,urn:1");
    expect(publishedTitles([esco, crosswalk]).titles.map(({ title }) => title)).toEqual([
      "gardener",
      "lawn carer",
      "hedge trimmer",
    ]);
    expect(() => publishedTitles([esco])).toThrow("crosswalk");
    expect(() => publishedTitles([file("x.csv", "a,b\n1,2")])).toThrow("taxonomy learn");
  });
});

describe("a list of one's own", () => {
  const table = file("mine.csv", "job_title,soc_code,n\nMow Lead,37-1012,4\n,37-1012,1\nHand,nothing,1");

  test("is read by the usual names of columns, and by those that are named", () => {
    const { titles, leftOut } = ownTitles(table, {});
    expect([titles, leftOut]).toEqual([[{ title: "Mow Lead", soc: "37-1012", count: 4 }], 2]);
    expect(ownTitles(table, { count: "soc_code" }).titles[0]?.count).toBe(1);
    expect(() => ownTitles(table, { title: "nme" })).toThrow("no column nme");
    expect(() => ownTitles(file("x.csv", "a,b\n1,2"), {})).toThrow("--title");
  });
});
