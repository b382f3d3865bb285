// The ledger on disk: of changes at once none is lost, a damaged file is never an emptier ledger, and a process that only looks holds
// to what another one wrote.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLog } from "#lib/log";
import { flipped } from "./changes.ts";
import { changeLedger, ledgerPath, openLedger, readLedger } from "./ledger-file.ts";
import { EMPTY, type Ledger } from "./ledger.ts";

const data = mkdtempSync(join(tmpdir(), "cutover-ledger-"));
const quiet = createLog({ level: "error", readable: false, write: () => undefined });
afterAll(() => rmSync(data, { recursive: true, force: true }));

const flip = (path: string, id: string): Promise<Ledger> =>
  changeLedger(path, (before) =>
    flipped(before, { route: "go:*", to: "primary", actor: "a", reason: "" }, { now: 0, id }),
  );

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !holds(); tries += 1) await Bun.sleep(50);
  expect(holds()).toBe(true);
}

describe("the ledger's file", () => {
  test("none is an empty ledger; of changes at once none is lost", async () => {
    const path = ledgerPath(join(data, "many"));
    expect(await readLedger(path)).toEqual(EMPTY);
    const ids = Array.from({ length: 12 }, (_, n) => `e-${n}`);
    await Promise.all(ids.map((id) => flip(path, id)));
    expect(new Set((await readLedger(path)).entries.map(({ id }) => id))).toEqual(new Set(ids));
  });

  test("one that was damaged or changed by hand is refused, also by who wants to change it", async () => {
    const path = ledgerPath(join(data, "damaged"));
    await flip(path, "one");
    const whole = readFileSync(path, "utf8");
    for (const text of ["", "{", whole.slice(0, -10), whole.replace('"primary"', '"off"'), "null", "[]"]) {
      writeFileSync(path, text);
      for (const work of [() => readLedger(path), () => flip(path, "two")]) {
        expect(await work().catch((error: Error) => error.message)).toContain("cutover.json is damaged");
      }
    }
  });

  test("a process that looks holds to a change of another, refuses to guess while it is damaged, and recovers", async () => {
    const path = ledgerPath(join(data, "live"));
    const changes: number[] = [];
    const live = await openLedger(path, quiet, ({ entries }) => void changes.push(entries.length));
    expect(live.current()).toEqual(EMPTY);
    await flip(path, "one");
    await until(() => live.current().entries.length === 1);
    const whole = readFileSync(path, "utf8");
    writeFileSync(path, "{}");
    await until(() => {
      try {
        live.current();
        return false;
      } catch {
        return true;
      }
    });
    writeFileSync(path, whole);
    await until(() => {
      try {
        return live.current().entries.length === 1;
      } catch {
        return false;
      }
    });
    live.close();
    expect(changes.at(-1)).toBe(1);
  }, 120_000);
});
