// Validation: what ten thousand candidates cost, what a roster of half a million takes, and whether the search for JSON is
// linear. Workers are made up.

import { rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { timeSlicer } from "#lib/event-loop";
import { extractJson } from "#lib/extract-json";
import { BackgroundFailures } from "#rpc/background-failures";
import { screenWorkers } from "#services/validatord/checks/fill/run";
import { knowledge } from "#services/validatord/knowledge";
import type { Roster } from "#services/validatord/roster/roster";
import { Rosters } from "#services/validatord/roster/rosters";
import { fileSource } from "#services/validatord/roster/sources";
import { OWN_WAGES } from "#services/validatord/wages";
import { present } from "#lib/assert";
import { medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";

const WORKERS = 500_000;
const CANDIDATES = 10_000;
const LOOKUPS = 1_000_000;
const ROUNDS = 5;
const MIB = 1024 * 1024;
const CURVE = [50_000, 100_000, 200_000, 400_000];
/** The bar of the curve is a line: what is worse than in proportion to the text crosses it. */
const CHARS_A_MS_MIN = 2000;
const NOW = Date.parse("2026-12-04T18:00:00Z");

export const bench: Bench = {
  name: "validate",
  summary: `${CANDIDATES} candidates for an order, a roster of ${WORKERS}, JSON out of replies`,
  rows: async () => {
    const folder = await mkdtemp(join(tmpdir(), "validate-bench-"));
    try {
      const { roster, rows } = await loadRows(join(folder, "workers.jsonl"));
      return [...rows, lookupRow(roster), await screenRow(roster), ...CURVE.map(curveRow)];
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function writeWorkers(file: string): void {
  const roles = ["Forklift Operator", "Line Cook", "Welder"];
  const lines = Array.from({ length: WORKERS }, (_, at) =>
    JSON.stringify({
      worker_id: `w-${at}`,
      name: `Person${at % 9973} Family${at % 7919}`,
      role: roles[at % 3],
      city: "Springfield",
      state: "IL",
      lat: 39.7 + (at % 1000) * 1e-3,
      lon: -89.6,
      timezone: "America/Chicago",
      pay_floor: 15 + (at % 1000) / 100,
      status: at % 50 === 0 ? "inactive" : "active",
      certifications: [
        { name: "Forklift Operator Certification", expires: `2027-0${1 + (at % 9)}-1${at % 9}` },
      ],
      no_shows_90d: at % 4,
      email: `person.${at}@example.com`,
      phone: `+1217${String(at).padStart(7, "0")}`,
      sms_consent: "granted",
    }),
  );
  writeFileSync(file, lines.join("\n"));
}

async function loadRows(file: string): Promise<{ roster: Roster; rows: Row[] }> {
  writeWorkers(file);
  Bun.gc(true);
  const rosters = new Rosters({
    own: { name: "default", source: fileSource(file) },
    sourceOf: fileSource,
    failures: new BackgroundFailures(undefined),
    clock: { now: () => Date.now() },
  });
  const before = process.memoryUsage.rss();
  const cpu = process.cpuUsage();
  const roster = await rosters.use(undefined);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (user + system) / 1e6;
  Bun.gc(true);
  const resident = (process.memoryUsage.rss() - before) / MIB;
  return {
    roster,
    rows: [
      figureRow("roster load", "s CPU", [seconds], 5),
      figureRow("roster memory", "MiB", [Math.max(resident, roster.bytes / MIB)], 150),
    ],
  };
}

function lookupRow(roster: Roster): Row {
  const ids = Array.from({ length: LOOKUPS }, (_, at) => `w-${(at * 7919) % WORKERS}`);
  const bare = new Map(ids.map((id, at) => [id, at]));
  const times = rounds(() => {
    for (const id of ids) present(roster.get(id), id);
  });
  const reference = rounds(() => {
    for (const id of ids) present(bare.get(id), id);
  });
  const us = (ms: number): number => (ms * 1000) / LOOKUPS;
  const bareUs = us(medianOf(reference));
  return {
    ...figureRow("roster get", "us", times.map(us), 1),
    reference: { name: "a Map of numbers", figure: bareUs },
  };
}

async function screenRow(roster: Roster): Promise<Row> {
  const know = await knowledge();
  const ids = Array.from({ length: CANDIDATES }, (_, at) => `w-${(at * 41) % WORKERS}`);
  const order = {
    order_id: "o-1",
    client_id: "c-1",
    role: "Forklift Operator",
    city: "Springfield",
    state: "IL",
    start_at: "2026-12-07T06:00:00-06:00",
    end_at: "2026-12-07T14:00:00-06:00",
    timezone: "America/Chicago",
    headcount: 40,
    pay_rate: 20,
    required_certs: ["Forklift"],
  };
  const world = { lookup: roster, know, wages: OWN_WAGES, now: NOW };
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = process.cpuUsage();
    await screenWorkers(ids, { order }, world, false, timeSlicer());
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return figureRow(`${CANDIDATES} candidates`, "ms CPU", times, 100);
}

/** Open brackets and half objects: what a scan that starts anew at each brace would take the square of. */
function curveRow(units: number): Row {
  const text = `${"[{".repeat(units / 4)}${'{"a":"'.repeat(units / 12)}`;
  const times = rounds(() => void extractJson(text));
  return figureRow(`JSON in ${units} hostile characters`, "ms", times, units / CHARS_A_MS_MIN);
}

function figureRow(name: string, unit: string, figures: readonly number[], most: number): Row {
  return {
    name,
    unit,
    subject: spreadOf([...figures]),
    reference: null,
    ratio: null,
    bar: { of: "figure", is: "<=", limit: most },
    figures: {},
  };
}

function rounds(work: () => void): number[] {
  return Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    work();
    return performance.now() - started;
  });
}
