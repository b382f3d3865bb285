// A house with very many people who can be searched: a made roster as the dataset `workers`, and a corpus over it.

import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import type { HouseProcess } from "../servers/house.ts";
import { PEOPLE_CORPUS } from "../../test/people-corpus.ts";

const BUILD_MS_MAX = 600_000;
const BUILD_POLL_MS = 500;

export async function loadPeople(house: HouseProcess, count: number): Promise<void> {
  const roster = generateWorkers({ seed: 11, count, today: new Date().toISOString().slice(0, 10) });
  await house.call("POST", "/v1/ingest?dataset=workers", [...toCsv(roster)].join(""));
  await house.call("PUT", "/v1/matrix/corpora/workers", PEOPLE_CORPUS);
  const giveUpAt = Date.now() + BUILD_MS_MAX;
  for (;;) {
    const corpus = (await house.call("GET", "/v1/matrix/corpora/workers")) as { status: string };
    if (corpus.status === "ready") return;
    if (corpus.status === "failed" || Date.now() > giveUpAt)
      throw new Error(`The corpus was not built: ${JSON.stringify(corpus)}`);
    await Bun.sleep(BUILD_POLL_MS);
  }
}

/** What the first fill after a start waits for, in milliseconds; on a busy machine longer than one request may take. */
export async function loadRoster(house: HouseProcess): Promise<number> {
  const started = performance.now();
  for (;;) {
    try {
      await house.call("POST", "/v1/validate/rosters/workers/load", {});
      return performance.now() - started;
    } catch (error) {
      if (performance.now() - started > BUILD_MS_MAX) throw error;
    }
  }
}

interface Place {
  readonly role: string;
  readonly city: string;
  readonly state: string;
}

/** Where the most people of one role are who may work. */
export async function largestPlace(house: HouseProcess): Promise<Place> {
  const sql = `SELECT role, city, state, count(*) AS n FROM workers WHERE status = 'active'
    GROUP BY ALL ORDER BY n DESC, role LIMIT 1`;
  const { rows } = (await house.call("POST", "/v1/sql", { sql })) as { rows: Place[] };
  const [place] = rows;
  if (place === undefined) throw new Error("The roster has nobody.");
  return place;
}
