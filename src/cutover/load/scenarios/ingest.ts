// A file comes in and is asked about: rows loaded and rejected are counted, sums computed from the made-up rows must come
// back from SQL, the rejected line is found with its reason, and the same bytes again load nothing.

import type { Ingested } from "#contracts/ingest";
import type { SqlResult } from "#contracts/query";
import { check, type ScenarioJob, type LoadScenario } from "./scenario.ts";

const ROWS_MIN = 40;
const ROWS_SPREAD = 40;
const HOURS_MAX = 12;
const CENTS_MAX = 10_000;

/** What a client loads its files into: one of its own, so that each knows all of its rows. */
function rowsDataset(corpus: string, client: number): string {
  return `${rowsPrefix(corpus)}${client}`;
}

/** What the names of all such datasets begin with. */
export function rowsPrefix(corpus: string): string {
  return `${corpus}_rows_`;
}

interface ShiftsFile {
  readonly csv: string;
  readonly rows: number;
  readonly hours: number;
  readonly cents: number;
  readonly best: number;
}

export function shiftsFile({ run, turn, random }: Pick<ScenarioJob, "run" | "turn" | "random">): ShiftsFile {
  const rows = ROWS_MIN + random.below(ROWS_SPREAD);
  const lines: string[] = [];
  let hours = 0;
  let cents = 0;
  let best = 0;
  for (let row = 0; row < rows; row += 1) {
    const worked = 1 + random.below(HOURS_MAX);
    const paid = random.below(CENTS_MAX);
    hours += worked;
    cents += worked * paid;
    best = Math.max(best, paid);
    lines.push(`${run}-${turn}-${row},${worked},${paid}`);
  }
  // Hours that are none: the one line that must be rejected.
  lines.splice(random.below(rows), 0, `${run}-${turn}-bad,many,1`);
  return { csv: `shift_id,hours,cents\n${lines.join("\n")}\n`, rows, hours, cents, best };
}

const TYPES = encodeURIComponent(JSON.stringify({ shift_id: "VARCHAR", hours: "BIGINT", cents: "BIGINT" }));

export const ingestAndQuery: LoadScenario = async (job) => {
  const { corpus, client, ask } = job;
  const dataset = rowsDataset(corpus, client);
  const file = shiftsFile(job);
  const send = async (expected: 200 | 201): Promise<Ingested> =>
    (await ask(
      {
        method: "POST",
        path: `/v1/ingest?dataset=${dataset}&mode=replace&types=${TYPES}`,
        label: expected === 201 ? "POST /v1/ingest" : "POST /v1/ingest, again",
        body: file.csv,
      },
      expected,
    )) as Ingested;
  const sql = async (text: string): Promise<SqlResult["rows"]> =>
    ((await ask({ method: "POST", path: "/v1/sql", body: { sql: text } })) as SqlResult).rows;

  const loaded = await send(201);
  const { rows_in, rows_loaded, rows_quarantined } = loaded;
  const counts = [rows_in, rows_loaded, rows_quarantined];
  check(counts.join() === [file.rows + 1, file.rows, 1].join(), "rows in, loaded and rejected", counts);

  const [sums] = await sql(
    `SELECT count(*) AS n, sum(hours)::BIGINT AS hours, sum(hours * cents)::BIGINT AS cents, max(cents) AS best FROM ${dataset}`,
  );
  const expected = { n: file.rows, hours: file.hours, cents: file.cents, best: file.best };
  check(JSON.stringify(sums) === JSON.stringify(expected), "sums of the rows", { sums, expected });

  const rejects = await sql(
    `SELECT reason FROM "${dataset}$rejects" WHERE ingest_id = '${loaded.ingest_id}' AND raw LIKE '%,many,1'`,
  );
  check(rejects.length === 1 && /hours/.test(String(rejects[0]?.["reason"])), "the rejected row", rejects);

  const again = await send(200);
  check(again.replayed && again.snapshot_id === loaded.snapshot_id, "the same bytes again load nothing", {
    replayed: again.replayed,
  });
};
