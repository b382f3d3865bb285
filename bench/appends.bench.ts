// Many appends of one row, the way of events and forms: what the last costs beside the first, what a table of them costs
// to read beside one loaded at once, what they leave on the disk, and how many are answered when all clients append.

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { storaged } from "#services/storaged/service";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

/** Of one row each, through the whole house. */
const APPENDS = 1000;
/** Commits of the catalog alone: the same work without DuckDB, so that ten thousand take a minute. */
const COMMITS = 10_000;
/** How many of the first and of the last are compared. */
const COMPARED = 50;
const COUNT_RATIO_MAX = 2;
const COMMIT_RATIO_MAX = 1.5;
/** A list, a manifest, a data file and their checksums: more would grow with the past. */
const KIB_PER_APPEND_MAX = 40;
const APPENDERS = 25;
const READERS = 25;
const ANSWERED_PERCENT_MIN = 99;

export const bench: Bench = {
  name: "appends",
  summary:
    "Appends of one row: what the thousandth costs, and what a table of them costs to read and to keep",
  rows,
};

async function rows(settings: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    return [...(await small(house, settings)), await crowd(house, settings), ...(await commits())];
  } finally {
    await house.stop();
  }
}

async function small(house: HouseProcess, { rounds }: Settings): Promise<Row[]> {
  await ingest(house, "many", "id,name\n0,name 0\n");
  const times: number[] = [];
  for (let id = 1; id < APPENDS; id += 1) times.push(await timed(() => append(house, "many", id)));
  const lines = Array.from({ length: APPENDS }, (_, id) => `${id},name ${id}`);
  await ingest(house, "one", `id,name\n${lines.join("\n")}\n`);
  let asked = 0;
  // Another bound each time, so that no reply comes from a cache.
  const count = (dataset: string) => (): Promise<number> =>
    timed(() =>
      house.call("POST", "/v1/sql", { sql: `SELECT count(*) FROM ${dataset} WHERE id > ${-(asked += 1)}` }),
    );
  const counted = await inTurns(Math.max(rounds, COMPARED), { many: count("many"), one: count("one") });
  const { files } = (await house.call("GET", "/v1/catalog/datasets/many")) as { files: number };
  return [
    {
      name: `${APPENDS} rows appended one by one, count(*)`,
      unit: "ms",
      subject: spreadOf(counted.many),
      reference: { name: "the same rows in one file", figure: medianOf(counted.one) },
      ratio: ratioOf(counted.many, counted.one, (ms) => ms),
      bar: { of: "ratio", is: "<=", limit: COUNT_RATIO_MAX },
      figures: { files },
    },
    grown(`append of one row, the last ${COMPARED} of ${APPENDS}`, times),
  ];
}

function grown(name: string, times: readonly number[]): Row {
  const [first, last] = [times.slice(0, COMPARED), times.slice(-COMPARED)];
  return {
    name,
    unit: "ms",
    subject: spreadOf(last),
    reference: { name: `the first ${COMPARED}`, figure: medianOf(first) },
    ratio: ratioOf(last, first, (ms) => ms),
    bar: { of: "ratio", is: "<=", limit: COMMIT_RATIO_MAX },
    figures: {},
  };
}

async function crowd(house: HouseProcess, { seconds }: Settings): Promise<Row> {
  await ingest(house, "crowd", "id,name\n0,name 0\n");
  const until = performance.now() + seconds * 1000;
  let answered = 0;
  let refused = 0;
  const repeat = async (work: () => Promise<unknown>): Promise<void> => {
    while (performance.now() < until) await work();
  };
  const appender = async (n: number): Promise<void> => {
    try {
      await append(house, "crowd", n);
      answered += 1;
    } catch {
      refused += 1;
    }
  };
  const read = (): Promise<unknown> =>
    house.call("POST", "/v1/sql", { sql: "SELECT count(*) FROM many" }).catch(() => undefined);
  await Promise.all([
    ...Array.from({ length: APPENDERS }, (_, n) => repeat(() => appender(n))),
    ...Array.from({ length: READERS }, () => repeat(read)),
  ]);
  return {
    name: `${APPENDERS} appenders beside ${READERS} readers, answered`,
    unit: "%",
    subject: spreadOf([(100 * answered) / Math.max(1, answered + refused)]),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: ">=", limit: ANSWERED_PERCENT_MIN },
    figures: { answered_per_second: answered / seconds, refused },
  };
}

/** Commits of made-up files: what the catalog does for each, and what it keeps. */
async function commits(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-appends-"));
  const { handlers } = await storaged({ objects: await diskObjects(join(folder, "objects")) });
  const store = local(implement(storage, "storaged", handlers));
  const daemon = await catalogd({ storage: store, state: sqliteState(join(folder, "catalog.sqlite")) });
  const service = local(implement(catalog, "catalogd", daemon.handlers));
  try {
    const times: number[] = [];
    for (let n = 0; n < COMMITS; n += 1) {
      const columns = [{ name: "id", type: "BIGINT" }];
      const prepared = await service.prepare({ dataset: "t", mode: "append", columns });
      const sha256 = Bun.CryptoHasher.hash("sha256", String(n), "hex");
      const key = `${prepared.prefix}${sha256}.parquet`;
      const files = [{ key, rows: 1, bytes: 1000, sha256, stats: {} }];
      const commit = {
        dataset: "t",
        mode: "append" as const,
        columns: prepared.columns,
        files,
        commit_id: sha256,
      };
      times.push(await timed(() => service.commit(commit)));
    }
    const kib = bytesIn(folder) / 1024 / COMMITS;
    return [
      grown(`commit, the last ${COMPARED} of ${COMMITS}`, times),
      {
        name: `${COMMITS} commits, metadata each`,
        unit: "KiB",
        subject: spreadOf([kib]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: KIB_PER_APPEND_MAX },
        figures: {},
      },
    ];
  } finally {
    await daemon.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function append(house: HouseProcess, dataset: string, id: number): Promise<unknown> {
  return house.call("POST", `/v1/catalog/datasets/${dataset}/append`, { rows: [{ id, name: `name ${id}` }] });
}

async function ingest(house: HouseProcess, dataset: string, csv: string): Promise<void> {
  const reply = await fetch(`${house.url}/v1/ingest?dataset=${dataset}`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: csv,
  });
  if (!reply.ok) throw new Error(await reply.text());
}
