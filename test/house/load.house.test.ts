// `lakehouse load` against a small house: each class of scenarios runs and finds its answers right, in both topologies; what is
// wrong is found, what is not the load's own stays, and what it made is gone afterwards.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { start } from "#cli/spawned.testing";
import { callerOf } from "#cutover/load/caller";
import { systemLoadClock } from "#cutover/load/clock/load-clock";
import { lacks } from "#cutover/load/material/lacks";
import {
  makeMaterial,
  type MaterialCalls,
  materialName,
  removeMaterial,
} from "#cutover/load/material/material";
import { PROFILES } from "#cutover/load/profiles";
import type { LoadReport } from "#cutover/load/report/load-report";
import { type LoadPhase, type LoadRun, runPhases } from "#cutover/load/run";
import { SCRIPT_PATH } from "#cutover/load/scenarios/chat";
import { startHouse, type TestHouse, TOPOLOGIES } from "./house.ts";

const ROSTER = { seed: 3, workers: 1800 };
const { classes } = PROFILES.multitier;
const RUN: LoadRun = {
  classes,
  // Each class once, at the same time.
  clients: classes.length,
  seconds: 0.05,
  closed: true,
  rate: undefined,
  roster: ROSTER,
  corpus: materialName(ROSTER),
  path: "/v1/matrix/search",
  run: 1,
};
/** A machine that does other things too makes a house lag and refuse, or record a trace too late to tell its id. */
const STARVED = /503 unavailable|pathway\/traces.*404/;
const ROUNDS_MAX = 20;
/** Of two clients whose scenarios have three each: some scenarios have ended. */
const SEARCHES_MIN = 20;
const never = new AbortController().signal;

function callsOf({ url }: TestHouse): MaterialCalls {
  const call = callerOf(url, "", systemLoadClock.now);
  return { call, clock: systemLoadClock, signal: never, progress: () => undefined };
}

async function ran(house: TestHouse, run: LoadRun): Promise<LoadPhase | null> {
  const { call } = callsOf(house);
  const around = {
    clock: systemLoadClock,
    call,
    signal: never,
    cpuUs: () => 0,
    houseCpuUs: () => null,
    progress: () => undefined,
  };
  return (await runPhases(run, around)).load;
}

async function namesOf(house: TestHouse): Promise<string[]> {
  const { datasets } = await house.json<{ datasets: { name: string }[] }>("/v1/catalog/datasets");
  const { corpora } = await house.json<{ corpora: { name: string }[] }>("/v1/matrix/corpora");
  return [...datasets, ...corpora]
    .map(({ name }) => name)
    .filter((name) => name.startsWith("lakehouse_load"));
}

describe.each(TOPOLOGIES)("%s", (topology) => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse(topology, { chat_script: SCRIPT_PATH });
    expect(await makeMaterial(ROSTER, callsOf(house))).toBe(true);
  }, 300_000);
  afterAll(() => house.close());

  test("each class runs and finds its answers right", async () => {
    expect(await lacks(classes, callsOf(house).call, never)).toEqual([]);
    const passed = new Set<string>();
    for (let round = 0; passed.size < classes.length && round < ROUNDS_MAX; round += 1) {
      const load = await ran(house, { ...RUN, run: round + 1 });
      expect(load?.tally.samples.filter(({ check }) => !STARVED.test(check))).toEqual([]);
      for (const { class: name, done } of load?.tally.classFigures(1) ?? []) if (done > 0) passed.add(name);
    }
    expect([...passed].toSorted()).toEqual([...classes].toSorted());
  }, 300_000);

  test("material that is there is used again, and a house with other people is found out", async () => {
    expect(await makeMaterial(ROSTER, callsOf(house))).toBe(false);
    const others = { ...RUN, roster: { ...ROSTER, seed: 4 }, classes: ["cold_search"] as const };
    const load = await ran(house, others);
    expect(load?.tally.done).toBe(0);
    expect(load?.tally.samples[0]?.check).toBe("people as the roster has them");
  }, 300_000);

  test("data of the same name that is not a load's is refused, and stays", async () => {
    const mine = { seed: 9, workers: 2 };
    await house.ask(`/v1/ingest?dataset=${materialName(mine)}`, { method: "POST", body: "a,b\n1,2\n3,4\n" });
    for (const work of [makeMaterial, removeMaterial]) {
      const refused = await work(mine, callsOf(house)).then(
        () => "",
        (error: unknown) => String(error),
      );
      expect(refused).toContain("was not made by a load");
    }
    expect(await namesOf(house)).toContain(materialName(mine));
  }, 300_000);

  test("afterwards nothing of it is left, and others' data is", async () => {
    await removeMaterial(ROSTER, callsOf(house));
    expect(await namesOf(house)).toEqual([materialName({ seed: 9, workers: 2 })]);
    const { playbooks } = await house.json<{ playbooks: unknown[] }>("/v1/matrix/playbooks");
    expect(playbooks).toEqual([]);
  }, 300_000);
});

test("as a command: a house that lacks the script, a stop with the figures so far, reports, exit codes", async () => {
  const house = await startHouse("together");
  const cwd = mkdtempSync(join(tmpdir(), "load-cli-"));
  try {
    const words = [
      "load",
      "--profile",
      "multitier",
      "--url",
      house.url,
      "--workers",
      "400",
      "--clients",
      "2",
    ];
    writeFileSync(join(cwd, "taken"), "a file");
    const astray = start([...words, "--reports", "taken"], { cwd });
    expect(await new Response(astray.stderr).text()).toContain(
      "--reports taken cannot hold reports: a file is in its place. Name another folder.",
    );
    expect(await astray.exited).toBe(2);
    const flags = ["--class", "warm_search", "--class", "chat_iterate", "--for", "10m", "-o", "json"];
    const command = start([...words, ...flags, "--closed"], { cwd });
    // Once scenarios have run, which the house's own figures tell.
    for (;;) {
      const metrics = await (await house.ask("/metrics")).text();
      const searches = /requests_total\{[^\n]*"matrixd\.search",status="200"\} (\d+)/.exec(metrics)?.[1];
      if (Number(searches ?? 0) > SEARCHES_MIN || command.exitCode !== null) break;
      await Bun.sleep(50);
    }
    command.kill("SIGINT");
    const [out, err] = await Promise.all([
      new Response(command.stdout).text(),
      new Response(command.stderr).text(),
    ]);
    expect(err).toContain("chat_iterate was left out: the house does not play the model");
    const report = JSON.parse(out) as LoadReport;
    expect([report.ended, report.classes.map((one) => one.class)]).toEqual(["interrupted", ["warm_search"]]);
    expect(report.failures.filter(({ check }) => !STARVED.test(check))).toEqual([]);
    expect(await command.exited).toBe(report.failed === 0 ? 130 : 1);
    expect(report.done).toBeGreaterThan(0);
    expect(report.generator.cpu_us_per_call).toBeGreaterThan(0);
    const written = readdirSync(join(cwd, "reports", "load")).toSorted();
    expect(written.map((name) => name.replace(/.*\./, ""))).toEqual(["json", "md"]);
    expect(readFileSync(join(cwd, "reports", "load", written[1] ?? ""), "utf8")).toContain(
      "# Load: multitier",
    );
    expect(await namesOf(house)).toEqual([]);

    // There is nothing to search any more: each request fails, and so does the command.
    const failing = start(["load", "--url", house.url, "--for", "1s", "--rate", "20"], { cwd });
    const told = await new Response(failing.stderr).text();
    expect(await failing.exited).toBe(1);
    expect(told).toContain("not_found instead of 200");
  } finally {
    await house.close();
    rmSync(cwd, { recursive: true, force: true });
  }
}, 300_000);
