// An Idempotency-Key over kill -9: whatever moment the house dies at, the same file under the same key is loaded once
// in the end, and nothing of the dead house holds the key back.

import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HouseProcess, startHouseProcess } from "./house-process.ts";

const folder = mkdtempSync(join(tmpdir(), "house-keys-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ROWS = 60_000;
const fileOf = (round: number): string =>
  `id,round,note\n${Array.from({ length: ROWS }, (_, id) => `${id},${round},a note of some length`).join("\n")}\n`;

const send = (house: HouseProcess, round: number, body: string, mode: string): Promise<Response> =>
  fetch(`${house.url}/v1/ingest?dataset=keyed_${mode}${mode === "upsert" ? "&mode=upsert&key=id" : ""}`, {
    method: "POST",
    headers: { "idempotency-key": `k${round}` },
    body,
  });

async function countOf(house: HouseProcess, sql: string): Promise<number> {
  const reply = await fetch(`${house.url}/v1/sql`, { method: "POST", body: JSON.stringify({ sql }) });
  const { rows } = (await reply.json()) as { rows: { n: number }[] };
  return rows[0]?.n ?? -1;
}

test("a load under a key that was killed on its way is loaded once by the next try", async () => {
  let house = await startHouseProcess(folder, false);
  // From before the file was read to after the commit, on any machine: the pauses double.
  for (const [round, pauseMs] of [40, 160, 640].entries()) {
    for (const mode of ["append", "upsert"]) {
      const lost = send(house, round, fileOf(round), mode).catch(() => undefined);
      if (mode === "append") continue;
      await Bun.sleep(pauseMs);
      await house.kill();
      await lost;
    }
    house = await startHouseProcess(folder, false);
    for (const mode of ["append", "upsert"]) {
      const again = await send(house, round, fileOf(round), mode);
      expect([200, 201], await again.text()).toContain(again.status);
      expect((await send(house, round, fileOf(round), mode)).status).toBe(200);
      expect((await send(house, round, `${fileOf(round)}1,1,x\n`, mode)).status).toBe(409);
    }
    const appended = await countOf(
      house,
      `SELECT count(*)::INT AS n FROM keyed_append WHERE round = ${round}`,
    );
    const upserted = await countOf(
      house,
      `SELECT count(*)::INT AS n FROM keyed_upsert WHERE round = ${round}`,
    );
    expect([appended, upserted, await countOf(house, "SELECT count(*)::INT AS n FROM keyed_upsert")]).toEqual(
      [ROWS, ROWS, ROWS],
    );
  }
  await house.kill();
}, 240_000);
