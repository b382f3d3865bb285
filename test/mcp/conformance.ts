// `npm run mcp:conformance`: the official conformance suite against a house, over HTTP, through the listener, guard and
// handler that serve everybody; only the fixtures are added. Prints for both revisions of the protocol, and for the tasks
// extension, how many of the scenarios pass, and which do not. The suite runs under Bun: it needs a newer Node than the
// house does.

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings } from "#config";
import { createLog } from "#lib/log";
import { frontsWith } from "#topology/fronts";
import { startTogether } from "#topology/together";
import { ROOT } from "../sources.ts";
import { withFixtures } from "./fixtures.ts";

const SUITE = join(ROOT, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
/** For one revision of the protocol, on a machine that others use too. */
const SUITE_MS_MAX = 300_000;
const TASKS = /^tasks-/;

interface Outcome {
  readonly scenario: string;
  readonly passed: boolean;
  /** Counts for the revision: neither an extension nor younger than it. */
  readonly required: boolean;
}

/** The summary that the suite prints: a line a scenario, and which of them are not scored. */
function outcomesIn(printed: string): Outcome[] {
  const summary = printed.slice(printed.lastIndexOf("=== SUMMARY ==="));
  const [scored = "", unscored = ""] = summary.split("Not scored for ");
  const others = new Set([...unscored.matchAll(/^\s+[✓✗] (\S+) \(/gm)].map(([, name]) => name));
  return [...scored.matchAll(/^([✓✗]) (\S+): \d+ passed/gm)].map(([, mark, scenario = ""]) => ({
    scenario,
    passed: mark === "✓",
    required: !others.has(scenario),
  }));
}

async function outcomesOf(revision: string, url: string, cwd: string): Promise<Outcome[]> {
  const run = Bun.spawn([process.execPath, SUITE, "server", "--url", url, "--requirements", revision], {
    cwd,
    stdio: ["ignore", "pipe", "ignore"],
    signal: AbortSignal.timeout(SUITE_MS_MAX),
  });
  return outcomesIn(await new Response(run.stdout).text());
}

/** One line, and whether all passed. */
function report(what: string, outcomes: readonly Outcome[]): boolean {
  const failed = outcomes.filter(({ passed }) => !passed).map(({ scenario }) => scenario);
  const line = `${outcomes.length - failed.length}/${outcomes.length}  ${what}${failed.map((name) => `\n       failed: ${name}`).join("")}`;
  process.stdout.write(`${line}\n`);
  return failed.length === 0 && outcomes.length > 0;
}

async function main(): Promise<boolean> {
  if (!existsSync(SUITE)) {
    process.stdout.write("skipped  MCP conformance: @modelcontextprotocol/conformance is not installed\n");
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), "mcp-conformance-"));
  const { settings } = readSettings({ port: 0, log: "warn", data: join(folder, "data") });
  const house = await startTogether(settings, createLog({ level: "warn", readable: true }), {
    fronts: (context) => frontsWith(context, { extend: withFixtures }),
  });
  try {
    const url = `${house.url}/mcp`;
    const of2025 = await outcomesOf("2025-11-25", url, folder);
    const of2026 = await outcomesOf("2026-07-28", url, folder);
    const tasks = of2026.filter(({ scenario }) => TASKS.test(scenario));
    return [
      report(
        "MCP 2025-11-25, required",
        of2025.filter(({ required }) => required),
      ),
      report(
        "MCP 2026-07-28, required",
        of2026.filter(({ required }) => required),
      ),
      report("tasks extension (the suite itself skips tasks-status-notifications)", tasks),
    ].every(Boolean);
  } finally {
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = (await main()) ? 0 : 1;
