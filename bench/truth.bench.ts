// Claims of a source by the million: a dataset through the whole house into truth, against a bare SQLite that inserts the
// same claims with one index, flushes as rarely as it likes, and knows nothing of duplicates' counts, checksums or
// contradictions. Beside it what a read of an entity takes, over HTTP, while nothing else happens and while an import runs.

import { Database } from "bun:sqlite";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "#lib/assert";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const ENTITIES = 100_000;
const ATTRIBUTES = 10;
const CLAIMS = ENTITIES * ATTRIBUTES;
const SECONDS_MAX = 30;
const READ_MS_MAX = 1;
const READS = 300;
const MIB = 1024 * 1024;

export const bench: Bench = {
  name: "truth",
  summary: "A million claims from a dataset, and what holds of an entity meanwhile and afterwards",
  rows,
};

async function rows(): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    await load(house);
    const idle: number[] = [];
    const first = await importAll(house, "first", () => Promise.resolve());
    await readEntity(house, 0);
    for (let at = 0; at < READS; at += 1) idle.push(await readEntity(house, (at * 331) % ENTITIES));
    const during: number[] = [];
    const second = await importAll(house, "second", async () => {
      during.push(await readEntity(house, Math.floor(Math.random() * ENTITIES)));
    });
    const bare = bareSeconds();
    return [
      {
        name: "1 M claims from a dataset",
        unit: "s",
        subject: spreadOf([first.seconds]),
        reference: { name: "bare SQLite, one index", figure: bare },
        ratio: null,
        bar: { of: "figure", is: "<=", limit: SECONDS_MAX },
        figures: {
          claims_per_s: CLAIMS / first.seconds,
          second_source_s: second.seconds,
          resident_mib: first.residentMib,
        },
      },
      {
        name: "an entity of ten attributes, over HTTP",
        unit: "ms",
        subject: spreadOf(idle),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: READ_MS_MAX },
        figures: {
          p99_ms: quantile(idle, 0.99),
          during_import_p50_ms: quantile(during, 0.5),
          during_import_p99_ms: quantile(during, 0.99),
        },
      },
    ];
  } finally {
    await house.stop();
  }
}

async function load(house: HouseProcess): Promise<void> {
  const names = Array.from({ length: ATTRIBUTES }, (_, at) => `a${at}`);
  const lines = Array.from({ length: ENTITIES }, (_, row) =>
    [`w${row}`, ...names.map((name) => `${name} of ${row * 7}`)].join(","),
  );
  await house.call(
    "POST",
    "/v1/ingest?dataset=claims",
    `${["id", ...names].join(",")}\n${lines.join("\n")}\n`,
  );
}

async function importAll(
  house: HouseProcess,
  source: string,
  meanwhile: () => Promise<void>,
): Promise<{ seconds: number; residentMib: number }> {
  const mapping = Object.fromEntries(Array.from({ length: ATTRIBUTES }, (_, at) => [`a${at}`, `a${at}`]));
  const started = performance.now();
  const running = { done: false };
  const importing = house
    .call("POST", "/v1/truth/import", { dataset: "claims", entity_key: "id", mapping, source })
    .finally(() => (running.done = true));
  let residentMib = 0;
  while (!running.done) {
    residentMib = Math.max(residentMib, await residentOf(house));
    await meanwhile();
    await Bun.sleep(20);
  }
  const imported = (await importing) as { accepted: number };
  assert(imported.accepted === CLAIMS, "every claim was recorded");
  return { seconds: (performance.now() - started) / 1000, residentMib };
}

async function residentOf(house: HouseProcess): Promise<number> {
  const sizes = await Promise.all(
    house.pids().map(async (pid) => {
      const text = await Bun.file(`/proc/${pid}/statm`)
        .text()
        .catch(() => "0 0");
      return (Number(text.split(" ")[1]) * 4096) / MIB;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function readEntity(house: HouseProcess, row: number): Promise<number> {
  const started = performance.now();
  await house.call("GET", `/v1/truth/entities/w${row}`);
  return performance.now() - started;
}

function bareSeconds(): number {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-truth-"));
  const database = new Database(join(folder, "bare.sqlite"));
  try {
    database.run("PRAGMA journal_mode = WAL");
    database.run(
      "create table claims (entity text, attribute text, source text, observed_ms integer, value text, primary key (entity, attribute, source, observed_ms)) without rowid",
    );
    const insert = database.query("insert or ignore into claims values (?1, ?2, 'first', 1, ?3)");
    const batch = database.transaction((from: number, to: number) => {
      for (let row = from; row < to; row += 1) {
        for (let at = 0; at < ATTRIBUTES; at += 1) insert.run(`w${row}`, `a${at}`, `a${at} of ${row * 7}`);
      }
    });
    const started = performance.now();
    for (let row = 0; row < ENTITIES; row += 1000) batch(row, row + 1000);
    return (performance.now() - started) / 1000;
  } finally {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}
