// validatord's contract: statuses, bad input, rosters from every source, declared rules, many workers at once.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";
import { sourceLog } from "#adapters/source-log";
import type { Finding } from "#contracts/validate";
import type { Fault } from "#rpc/fault";
import { CHECKS } from "./checks/table.ts";
import {
  NOW,
  ORDER,
  startValidatord,
  type TestValidatord,
  TOPOLOGIES,
  WORKERS,
  writeRoster,
} from "./validatord.testing.ts";

const codesOf = (findings: readonly Finding[]): string[] => findings.map(({ code }) => code);
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  try {
    await work;
  } catch (thrown) {
    return thrown as Fault;
  }
  throw new Error("There was no fault.");
};
const FIFTY =
  "SELECT 'r-' || range AS worker_id, 'Person ' || range AS name, 'Forklift Operator' AS role, 'IL' AS state, 'active' AS status FROM range(50)";
const fill = (...ids: string[]) => ({ order_id: "o-1", fills: ids.map((worker_id) => ({ worker_id })) });

describe.each(TOPOLOGIES)("validatord, %s", (topology) => {
  let house: TestValidatord;
  beforeAll(async () => {
    house = await startValidatord(topology, () => Promise.resolve({ ruleMs: 30_000 }));
  });
  afterAll(() => house.close());

  const check = (artifact: unknown, more: Record<string, unknown> = {}) =>
    house.service.validate({
      kind: "fill",
      artifact,
      context: { now: NOW, order: ORDER },
      ...more,
    });

  test("what does not pass has the body of what does", async () => {
    const good = await check(fill("w-1"));
    const bad = await check(fill("w-3"));
    expect(Object.keys(bad).sort()).toEqual(Object.keys(good).sort());
    expect([good.ok, bad.ok]).toEqual([true, false]);
    expect(good.findings).toEqual([]);
  });

  test("an artifact of a wrong form is a finding, a context of one a fault", async () => {
    for (const artifact of ["text", 7, null, [], undefined])
      expect(codesOf((await check(artifact)).findings)).toEqual(["fill.schema"]);
    const wrong: unknown[] = [
      { order: { ...ORDER, headcount: "four" } },
      { order: { ...ORDER, start_at: "Monday" } },
      { order: { ...ORDER, timezone: "Chicago" } },
      { order: { ...ORDER, end_at: ORDER.start_at } },
      { assignments: {} },
      { policy: { max_hour: 40 } },
      { blocks: [{ worker_id: "w-1", scope: "world" }] },
      { now: "now" },
    ];
    for (const context of wrong)
      expect((await faultOf(check(fill("w-1"), { context }))).code).toBe("invalid");
    expect((await faultOf(check(fill("w-1"), { kind: "memo" }))).code).toBe("invalid");
  });

  test("a roster that is not there is unavailable", async () => {
    const fault = await faultOf(check(fill("w-1"), { roster: "nobody" }));
    expect([fault.code, fault.message]).toEqual([
      "unavailable",
      "No roster is loaded: there is no dataset nobody. Ingest one, or name another with `roster` or LAKEHOUSE_ROSTER.",
    ]);
  });

  test("a roster to load that is not there is not found", async () => {
    expect((await faultOf(house.service.loadRoster({ roster: "nobody" }))).code).toBe("not_found");
  });

  test("a dataset is a roster, and a newer snapshot of it another version", async () => {
    const people = (names: string): string =>
      `SELECT 'p-' || range AS employee_id, '${names} ' || range AS full_name, 'Forklift Operator' AS job_title, 'IL' AS state, 'active' AS status, [{'name': 'Forklift', 'expires': '2027-01-01'}] AS certifications FROM range(5)`;
    await house.lake.append("people", people("First"));
    const before = await check(fill("p-1"), { roster: "people" });
    expect(codesOf(before.findings)).toEqual([]);
    await house.lake.append(
      "people",
      "SELECT 'q-1' AS employee_id, 'New' AS full_name, 'Forklift Operator' AS job_title, 'IL' AS state, 'active' AS status, [{'name': 'Forklift', 'expires': '2027-01-01'}] AS certifications",
    );
    let after = await check(fill("q-1"), { roster: "people" });
    while (after.roster_version === before.roster_version)
      after = await check(fill("q-1"), { roster: "people" });
    expect(codesOf(after.findings)).toEqual([]);
    const { rosters } = await house.service.rosters({});
    expect(rosters.find(({ roster }) => roster === "people")).toMatchObject({ status: "ready", workers: 6 });
  });

  test("a call whose time ends before its roster is read is told how far that is, and the load goes on", async () => {
    await house.lake.append("slow", FIFTY);
    // Of three seconds none is left to wait in.
    const early = house.service.validate(
      { kind: "fill", artifact: fill("r-1"), context: { now: NOW, order: ORDER }, roster: "slow" },
      { timeoutMs: 3000 },
    );
    const { code, message, retryAfterMs } = await faultOf(early);
    expect([code, retryAfterMs]).toEqual(["unavailable", 1000]);
    expect(message).toMatch(
      /^The roster slow is (?:about to be read|being read: \d+ of 50 people)\. Try again/,
    );
    const { roster_version } = await check(fill("r-1"), { roster: "slow" });
    expect(roster_version).toStartWith("slow@");
    const { rosters } = await house.service.rosters({});
    expect(rosters.find(({ roster }) => roster === "slow")).toMatchObject({ status: "ready", workers: 50 });
    expect(rosters.every(({ reading }) => reading === undefined)).toBe(true);
  });

  test("a roster that is written again serves without a failed request; one that is damaged is told", async () => {
    const more = [
      ...WORKERS,
      { worker_id: "w-99", name: "Late Comer", role: "Forklift Operator", state: "IL" },
    ];
    expect(codesOf((await check(fill("w-99"))).findings)).toContain("fill.unknown_worker");
    writeRoster(house.rosterFile, more);
    let found = false;
    while (!found) {
      const answers = await Promise.all(Array.from({ length: 8 }, () => check(fill("w-99"))));
      found = answers.some(({ findings }) => !codesOf(findings).includes("fill.unknown_worker"));
    }
    writeFileSync(house.rosterFile, '{"worker_id":"w-1"}\n{"worker_id":');
    let status = (await house.service.rosters({})).rosters[0];
    while (status?.error === undefined) {
      expect(codesOf((await check(fill("w-99"))).findings)).not.toContain("fill.unknown_worker");
      status = (await house.service.rosters({})).rosters[0];
    }
    expect(status).toMatchObject({
      status: "ready",
      workers: WORKERS.length + 1,
      error: "Line 2 of the roster is not a JSON object.",
    });
    expect((await faultOf(house.service.loadRoster({ roster: "default" }))).message).toContain("Line 2");
    writeRoster(house.rosterFile, WORKERS);
    expect(await house.service.loadRoster({ roster: "default" })).toMatchObject({
      status: "ready",
      workers: WORKERS.length,
    });
  });

  test("rules of SQL find, and one that is broken takes no other with it", async () => {
    await house.lake.append("strikes", "SELECT 'w-2' AS worker_id, 3 AS strikes UNION ALL SELECT 'w-9', 1");
    const folder = join(house.lake.folder, "rules");
    mkdirSync(folder, { recursive: true });
    const rule = (name: string, text: string): void => writeFileSync(join(folder, `${name}.sql`), text);
    rule(
      "strikes",
      "-- severity: error\n-- law: house rule 7\nSELECT worker_id, strikes || ' strikes' AS message, 'Ask the manager.' AS hint FROM strikes WHERE worker_id IN $worker_ids AND strikes > 2 -- $nothing",
    );
    rule("typo", "SELECT worker_id FROM strike WHERE worker_id IN $worker_ids");
    rule("unknown", "SELECT $wokers");
    const told = await check(fill("w-2"));
    expect(told.findings.filter(({ code }) => code === "rule.strikes")).toEqual([
      {
        code: "rule.strikes",
        kind: "policy",
        severity: "error",
        path: "fills[0].worker_id",
        message: "3 strikes",
        hint: "Ask the manager.",
        law: "house rule 7",
      },
    ]);
    expect(told.checked).toContain("rule.strikes");
    expect(told.rules_failed?.map(({ rule: name }) => name).sort()).toEqual(["typo", "unknown"]);
    expect(JSON.stringify(told.rules_failed)).not.toContain(folder);
    expect((await house.service.rules({})).broken.map(({ rule: name }) => name)).toEqual(["unknown"]);
    rmSync(folder, { recursive: true });
    expect((await check(fill("w-2"))).rules_failed).toBeUndefined();
  });

  test("many workers are judged as each by itself", async () => {
    const ids = WORKERS.map(({ worker_id }) => worker_id);
    const context = { now: NOW, order: { ...ORDER, required_certs: ["Forklift"] } };
    const screened = await house.service.screen({
      worker_ids: [...ids, "ghost", "ghost"],
      context: { ...context, order: { ...ORDER, required_certs: ["Forklift"] } },
    });
    for (const id of [...ids, "ghost"]) {
      const alone = await house.service.validate({ kind: "fill", artifact: fill(id), context });
      const own = alone.findings.filter(({ path }) => path.startsWith("fills["));
      expect([id, (screened.workers[id] ?? []).map(({ code }) => code).sort()]).toEqual([
        id,
        codesOf(own).sort(),
      ]);
    }
    const errors = await house.service.screen({
      worker_ids: ids,
      context: { ...context, order: ORDER },
      severity: "error",
    });
    const severities = Object.values(errors.workers)
      .flat()
      .map(({ severity }) => severity);
    expect(new Set(severities)).toEqual(new Set(["error"]));
    expect(errors.excluded).toBe(Object.keys(errors.workers).length);
  });

  test("the checks are listed: 25 of a fill, 10 of a message, 6 of a playbook", async () => {
    const { checks } = await house.service.checks({});
    expect(checks).toEqual([...CHECKS]);
    expect(
      Map.groupBy(checks, ({ artifact }) => artifact)
        .values()
        .map(({ length }) => length)
        .toArray(),
    ).toEqual([25, 10, 6]);
    expect(new Set(checks.map(({ code }) => code)).size).toBe(checks.length);
  });

  test("text of more than 1 MiB is too large to look for JSON in", async () => {
    expect((await faultOf(house.service.extract({ text: "ä".repeat(600_000) }))).code).toBe("too_large");
    expect(await house.service.extract({ text: "" })).toEqual({ matched: false, value: null });
  });

  test("a model that is away is a failed attempt, and the run is answered", async () => {
    const run = await house.service.iterate({ kind: "fill", prompt: "x" });
    expect([run.ok, run.stopped, run.history[0]?.status]).toEqual([
      false,
      "provider_error",
      "provider_error",
    ]);
    expect(run.trace_id).toStartWith("iterate-");
  });
});

test("verdicts are captured, with the artifact and without personal data", async () => {
  let path = "";
  const house = await startValidatord("together", ({ lake }) => {
    path = join(lake.folder, "..", `captured-${crypto.randomUUID()}.jsonl`);
    return Promise.resolve({ captured: sourceLog({ path, mode: "full" }) });
  });
  try {
    const artifact = { ...fill("w-3"), note: "call (312) 555-0142" };
    await house.service.validate({ kind: "fill", artifact, context: { now: NOW, order: ORDER } });
  } finally {
    await house.close();
  }
  const line = JSON.parse(readFileSync(path, "utf8")) as { artifact: string };
  rmSync(path);
  expect(line).toMatchObject({ schema: "validation.v1", kind: "fill", ok: false });
  expect(JSON.parse(line.artifact)).toEqual({ ...fill("w-3"), note: "call [phone]" });
});

test("the house's own roster is loaded ahead of the first call where it is large, and only there", async () => {
  const statusWith = async (largeRows: number): Promise<string> => {
    const house = await startValidatord("together", async ({ lake }) => {
      await lake.append("people", FIFTY);
      return { roster: "people", largeRows };
    });
    try {
      for (let looks = 0; looks < 200; looks += 1) {
        const [own] = (await house.service.rosters({})).rosters;
        if (own?.status !== "absent" && own?.status !== "loading") return own?.status ?? "";
        if (own.status === "absent" && looks > 20 && largeRows > 50) return "absent";
        await Bun.sleep(50);
      }
      return "never";
    } finally {
      await house.close();
    }
  };
  expect(await statusWith(50)).toBe("ready");
  expect(await statusWith(51)).toBe("absent");
});

test("a Parquet file is a roster", async () => {
  const house = await startValidatord("together", async ({ lake }) => {
    const roster = join(lake.folder, "people.parquet");
    const db = await openDuckdb({ memoryBytesMax: 2e8, threads: 1, tempDir: lake.folder, tempBytesMax: 1e8 });
    await db.run(
      `COPY (SELECT 'p-' || range AS worker_id, 'Person ' || range AS name, 'Forklift Operator' AS role, 'Springfield' AS city, 'IL' AS state FROM range(3000)) TO '${roster}' (FORMAT parquet)`,
    );
    db.close();
    return { roster };
  });
  try {
    const { ok, findings } = await house.service.validate({
      kind: "fill",
      artifact: { order_id: "o-1", fills: [{ worker_id: "p-2999", name: "person 2999" }] },
      context: { now: NOW, order: ORDER },
    });
    expect([ok, findings]).toEqual([true, []]);
    const { rosters } = await house.service.rosters({});
    expect(rosters).toMatchObject([{ roster: "default", source: "parquet", workers: 3000 }]);
  } finally {
    await house.close();
  }
});

test("a rule that takes too long is told, and left out for a while", async () => {
  const house = await startValidatord("together", () => Promise.resolve({ ruleMs: 300 }));
  try {
    const folder = join(house.lake.folder, "rules");
    mkdirSync(folder);
    writeFileSync(
      join(folder, "slow.sql"),
      "SELECT count(*) FROM range(100000000000) a WHERE a.range % 7 = 8",
    );
    const failures = async (): Promise<string[]> => {
      const { rules_failed = [] } = await house.service.validate({ kind: "fill", artifact: fill("w-1") });
      return rules_failed.map(({ message }) => message);
    };
    expect((await failures())[0]).toStartWith("The rule slow could not be run");
    expect((await failures())[0]).toContain("left out for a minute");
  } finally {
    await house.close();
  }
});
