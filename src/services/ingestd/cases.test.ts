// Small files of every kind that was once loaded wrong, each with what must come out of it, where the shared data stand
// beside the checkout. `{t}` is the dataset and `{r}` its rejects; numbers compare by value.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Fault } from "#rpc/fault";
import { sharedFile, sharedFiles, type TestLake, testLake } from "./lake.testing.ts";

interface Check {
  readonly sql: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}
interface Outcome {
  readonly checks?: readonly Check[];
  readonly status?: number;
  readonly code?: string;
  readonly word?: string | null;
  readonly warning?: string;
}
interface Case extends Outcome {
  readonly file: string;
  readonly params?: string;
  readonly any?: readonly Outcome[];
}

const FOLDER = "ingest_cases";
const cases = sharedFiles(FOLDER).filter((name) => name.endsWith(".expected.json"));
/** Of this case the two rows that were loaded first are left out of the count. */
const COUNTED_OTHERWISE = "132-second-append-ambiguous-dates.expected.json";

function jsonOf(name: string): Case {
  return JSON.parse(Buffer.from(sharedFile(`${FOLDER}/${name}`) ?? "").toString()) as Case;
}

function same(found: unknown, expected: unknown): boolean {
  if (typeof expected === "number" && typeof found !== "boolean")
    return Math.abs(Number(found) - expected) < 1e-6 * Math.max(1, Math.abs(expected));
  return found === expected;
}

describe.skipIf(cases.length === 0)("cases (the shared data stand beside the checkout)", () => {
  let lake: TestLake;
  beforeAll(async () => {
    lake = await testLake();
  });
  afterAll(async () => {
    expect(lake.bugs).toEqual([]);
    await lake.close();
  });

  /** Empty when the outcome is the expected one, else what is otherwise. */
  async function differenceOf(
    outcome: Outcome,
    dataset: string,
    warnings: string[] | Fault,
  ): Promise<string> {
    if (outcome.status !== undefined) {
      if (!(warnings instanceof Fault)) return "it was loaded";
      if (warnings.code !== outcome.code) return `${warnings.code}: ${warnings.message}`;
      return new RegExp(outcome.word ?? "", "i").test(warnings.message) ? "" : warnings.message;
    }
    if (warnings instanceof Fault) return `${warnings.code}: ${warnings.message}`;
    if (!new RegExp(outcome.warning ?? "").test(warnings.join(" "))) return `warnings: ${warnings.join()}`;
    for (const { sql, rows } of outcome.checks ?? []) {
      const found = await lake.query(sql.replaceAll("{t}", "t").replaceAll("{r}", "r"), {
        t: dataset,
        r: `${dataset}$rejects`,
      });
      const equal =
        found.length === rows.length &&
        rows.every((row, at) => Object.entries(row).every(([name, value]) => same(found[at]?.[name], value)));
      if (!equal) return `${sql} gives ${Bun.inspect(found)}`;
    }
    return "";
  }

  for (const name of cases) {
    test(name.replace(".expected.json", ""), async () => {
      const { file, params = "", any, ...expected } = jsonOf(name);
      const dataset = `b${name.replace(/\..*$/, "").replace(/\W/g, "_")}`;
      const types = new URLSearchParams(params).get("types");
      const more = types === null ? {} : { types: JSON.parse(types) as Record<string, string> };
      if (name.startsWith("132-")) await lake.load(dataset, sharedFile(`${FOLDER}/132a-first.csv`) ?? "");
      const warnings = await lake
        .load(dataset, sharedFile(`${FOLDER}/${file}`) ?? "", { source: file, ...more })
        .then(
          (answer) => answer.warnings,
          (error: unknown) => {
            if (error instanceof Fault) return error;
            throw error;
          },
        );
      const outcome =
        name === COUNTED_OTHERWISE
          ? {
              checks: [
                {
                  sql: "SELECT CAST(d AS VARCHAR) AS d FROM {t} WHERE id > 2 ORDER BY id",
                  rows: [{ d: "2024-04-03" }, { d: "2024-06-05" }],
                },
              ],
            }
          : expected;
      const differences: string[] = [];
      for (const one of any ?? [outcome]) differences.push(await differenceOf(one, dataset, warnings));
      expect(differences.includes("") ? "" : differences.join(" | ")).toBe("");
    });
  }
});
