// A house that is killed at random moments while clients write to it: objects, files, vectors, events, a corpus. After
// each restart everything that was acknowledged must be there and nothing torn be seen; what was not answered is
// sent again, as its client would, and must then count once. The folder lives through all rounds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seeded } from "#lib/random";
import { startHouseProcess } from "./house-process.ts";
import {
  acknowledgedIn,
  check,
  newLedger,
  prepare,
  startWriters,
  unansweredIn,
  WRITING_MS_MAX,
} from "./ledger.ts";

/** `together`, `apart`: the whole house dies. `daemons`: one daemon of a house apart does, and is started again by it. */
export const DEATHS = ["together", "apart", "daemons"] as const;
export type Death = (typeof DEATHS)[number];

export interface KillReport {
  readonly rounds: number;
  /** Writes that were acknowledged, and those that were sent and not answered. */
  readonly acknowledged: number;
  readonly unanswered: number;
  readonly wrong: readonly string[];
}

/** Those that can die and be started again while the others go on. */
export const DAEMONS = [
  "storaged",
  "catalogd",
  "ingestd",
  "queryd",
  "embedd",
  "vectord",
  "matrixd",
  "chatd",
  "journald",
] as const;

export async function killRounds(seed: number, rounds: number, death: Death): Promise<KillReport> {
  const data = mkdtempSync(join(tmpdir(), "fault-kill-"));
  const random = seeded(seed);
  const wrong: string[] = [];
  const ledger = newLedger();
  let unanswered = 0;
  let house = await startHouseProcess(data, death !== "together");
  try {
    for (let round = 0; round < rounds && wrong.length === 0; round += 1) {
      await prepare(house.url, ledger);
      const firstNew = ledger.next;
      let writing = true;
      const writers = startWriters(house.url, ledger, random, () => writing);
      await Bun.sleep(random.below(WRITING_MS_MAX));
      if (death === "daemons") {
        house.killDaemon(random.pick(DAEMONS));
        await Bun.sleep(random.below(WRITING_MS_MAX));
        writing = false;
      } else {
        await house.kill();
        writing = false;
      }
      await Promise.all(writers);
      unanswered += unansweredIn(ledger);
      if (death !== "daemons") house = await startHouseProcess(data, death === "apart");
      const found = await check(house.url, ledger, firstNew).catch((error: unknown) => [
        `the house does not answer: ${error instanceof Error ? error.message : String(error)}`,
      ]);
      wrong.push(...found.map((line) => `round ${round}: ${line}`));
    }
    return { rounds, acknowledged: acknowledgedIn(ledger), unanswered, wrong };
  } finally {
    await house.kill();
    if (wrong.length === 0) rmSync(data, { recursive: true, force: true });
    else wrong.push(`the folder is kept: ${data}`);
  }
}
