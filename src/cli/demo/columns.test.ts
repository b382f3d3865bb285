import { describe, expect, test } from "bun:test";
import { generateWorkers } from "./sample/sample.ts";
import { Fault } from "#rpc/fault";
import { corpusNotes, corpusOver, orderColumns, workerColumns } from "./columns.ts";
import { demoQuery } from "./queries.ts";

const [first] = generateWorkers({ seed: 1, count: 1, today: "2026-11-21" });
const SAMPLE = Object.keys(first ?? {});

describe("columns of a file", () => {
  test("of the sample are found by their own names, and nothing is missing", () => {
    const found = workerColumns(SAMPLE);
    expect(found).toMatchObject({
      id: "worker_id",
      name: "name",
      role: "role",
      city: "city",
      state: "state",
      lat: "lat",
    });
    expect(corpusNotes(SAMPLE)).toEqual([]);
  });

  test("are found however they are written", () => {
    expect(workerColumns(["Employee ID", "Full Name", "JobTitle", "home-city", "ST"])).toEqual({
      id: "Employee ID",
      name: "Full Name",
      role: "JobTitle",
      city: "home-city",
      state: "ST",
    });
  });
});

describe("the corpus over them", () => {
  test("of the sample embeds role, place and certifications, and has a geo field", () => {
    expect(corpusOver(SAMPLE, "workers.csv")).toMatchObject({
      corpus: "workers",
      dataset: "workers",
      id: "worker_id",
      text: "{role} in {city}, {state}; {certifications}",
      fields: { role: "keyword", status: "keyword", pay_floor: "number", location: "geo" },
    });
  });

  test("does without what it can, and notes what that costs", () => {
    const columns = ["id", "job_title", "city"];
    expect(corpusOver(columns, "x.csv")).toMatchObject({ id: "id", text: "{job_title} in {city}" });
    const notes = corpusNotes(columns).join(" ");
    expect(notes).toContain("no city and state");
    expect(notes).toContain("no status");
  });

  test("is refused with what is missing and what there is", () => {
    const refused = (columns: string[]): string => {
      try {
        corpusOver(columns, "people.csv");
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Fault);
        return (thrown as Fault).message;
      }
      return "";
    };
    expect(refused(["first", "last"])).toMatch(
      /people\.csv has no .*worker_id.* and no .*role.*\nIts columns are: first, last\./,
    );
    expect(refused(["worker_id", "city"])).not.toContain("names each person");
  });
});

describe("the SQL query", () => {
  test("uses only the columns that are there", () => {
    const bare = demoQuery(workerColumns(["id", "role"]), orderColumns(["role"]), {});
    expect(bare.sql).not.toMatch(/state|headcount|status/);
    expect(bare.summary).toContain("by role.");
    const none = demoQuery(workerColumns(["id"]), orderColumns(["client"]), {});
    expect(none.sql).toContain("count(*)");
  });

  test("quotes whatever a column is called", () => {
    const { sql } = demoQuery(workerColumns(["id", "Job Title"]), orderColumns(["JOB-TITLE"]), {});
    expect(sql).toContain('"Job Title" AS role');
    expect(sql).toContain('"JOB-TITLE" AS role');
  });
});
