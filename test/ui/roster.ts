// A house with people to look among, as the console's tests and screenshots need it.

import { generateWorkers, toCsv } from "#cli/demo/sample/sample";
import type { SpawnedHouse } from "./spawned-house.ts";
import { PEOPLE_CORPUS } from "../people-corpus.ts";

const CORPUS = { ...PEOPLE_CORPUS, fields: { ...PEOPLE_CORPUS.fields, certifications: "text" } };

export async function loadRoster(house: SpawnedHouse, count = 1500): Promise<void> {
  const roster = generateWorkers({ seed: 11, count, today: new Date().toISOString().slice(0, 10) });
  const loaded = await house.ask("/v1/ingest?dataset=workers", {
    method: "POST",
    body: [...toCsv(roster)].join(""),
  });
  if (loaded.status !== 201) throw new Error(await loaded.text());
  await house.ask("/v1/matrix/corpora/workers", { method: "PUT", body: JSON.stringify(CORPUS) });
  while ((await house.json<{ status: string }>("/v1/matrix/corpora/workers")).status !== "ready")
    await Bun.sleep(20);
}
