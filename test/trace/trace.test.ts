// The list of files that a search passes, in ARCHITECTURE.md, is what a search really runs: of the coverage of two houses,
// one of which answers more searches, the lines that ran as often more as there were more searches. The list is rewritten
// on purpose with `TRACE=write bun test test/trace`.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ROOT } from "../sources.ts";

const DOCUMENT = join(ROOT, "ARCHITECTURE.md");
const BEGIN = "<!-- files of a search: TRACE=write bun test test/trace -->\n";
const END = "\n<!-- end of the files -->";
const SEARCHES = [20, 120] as const;
const MORE = SEARCHES[1] - SEARCHES[0];
/** Work of timers may add so many runs of a line. */
const STRAY_RUNS_MAX = 3;
/**
 * Runs with the load of the machine, whatever is searched: a watchdog, the lag probe, its wait queue, all connections, the clock; and
 * what is observed of requests, which is redacted behind their replies.
 */
const BESIDE: readonly string[] = [
  "/rpc/child.ts",
  "/lag-probe.ts",
  "/wait-queue.ts",
  "/listening-socket.ts",
  "/lib/clock.ts",
  "/observerd/redact.ts",
  "/domain/redact.ts",
];

const folder = mkdtempSync(join(tmpdir(), "trace-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** By file and line, how often the line ran: from lcov's `SF:path` and `DA:line,count`. */
async function countsOf(searches: number): Promise<Counts> {
  const out = join(folder, String(searches));
  const options = ["--coverage", "--coverage-reporter=lcov", `--coverage-dir=${out}`, "--timeout=120000"];
  const run = Bun.spawn([process.execPath, "test", ...options, "./test/trace/searches.ts"], {
    cwd: ROOT,
    env: { PATH: Bun.env["PATH"] ?? "", HOME: Bun.env["HOME"] ?? "", SEARCHES: String(searches) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const output = await new Response(run.stderr).text();
  if ((await run.exited) !== 0) throw new Error(output.slice(-2000));
  const counts = new Map<string, Map<string, number>>();
  let lines = new Map<string, number>();
  for (const record of readFileSync(join(out, "lcov.info"), "utf8").split("\n")) {
    const [kind, rest = ""] = record.split(/:(.*)/);
    if (kind === "SF") counts.set(rest, (lines = new Map()));
    const [line = "", count] = rest.split(",");
    if (kind === "DA") lines.set(line, Number(count));
  }
  return counts;
}

/** Files with a line that ran once, twice or n times in every search. */
function passed(fewer: Counts, more: Counts): string[] {
  return [...more]
    .filter(([path, lines]) => {
      const before = fewer.get(path);
      return [...lines].some(([line, count]) => {
        const runs = count - (before?.get(line) ?? 0);
        const each = Math.round(runs / MORE);
        return each > 0 && Math.abs(runs - each * MORE) <= STRAY_RUNS_MAX;
      });
    })
    .map(([path]) => path)
    .filter((path) => path.startsWith("src/") && !BESIDE.some((end) => path.endsWith(end)))
    .sort();
}

function tableOf(files: readonly string[]): string {
  const folders = Map.groupBy(files, dirname);
  const rows = [...folders].map(
    ([folder, all]) => `- \`${folder}\`: ${all.map((path) => basename(path, ".ts")).join(", ")}`,
  );
  return `${files.length} files:\n\n${rows.join("\n")}\n`;
}

function documented(): string {
  const [, rest = ""] = readFileSync(DOCUMENT, "utf8").split(BEGIN);
  return rest.slice(0, rest.indexOf(END)).trim();
}

async function measured(): Promise<string[]> {
  return passed(await countsOf(SEARCHES[0]), await countsOf(SEARCHES[1]));
}

/** On a busy machine timers run more often than `STRAY_RUNS_MAX`, and hide what a search runs. */
const TRIES_MAX = 4;

let files: string[];
beforeAll(async () => {
  files = await measured();
  // oxlint-disable-next-line node/no-process-env -- a switch of this test alone
  if (process.env["TRACE"] !== "write") {
    for (let tries = 2; tries <= TRIES_MAX && tableOf(files).trim() !== documented(); tries += 1)
      files = await measured();
    return;
  }
  const text = readFileSync(DOCUMENT, "utf8");
  const [head = "", rest = ""] = text.split(BEGIN);
  const tail = rest.slice(rest.indexOf(END));
  writeFileSync(DOCUMENT, `${head}${BEGIN}\n${tableOf(files)}${tail}`);
}, 240_000);

test("ARCHITECTURE.md names every file that a search passes, and no other", () => {
  expect(documented()).toBe(tableOf(files).trim());
});

test("every file that the steps of a search name is one of them", () => {
  const text = readFileSync(DOCUMENT, "utf8");
  const steps = text.slice(text.indexOf("## One request, file by file"), text.indexOf(BEGIN));
  const named = [...steps.matchAll(/`(src\/[\w./-]+\.ts)`/g)].map(([, path = ""]) => path);
  expect(named.length).toBeGreaterThan(15);
  // Contracts are read when the house starts: a search runs what was made of them.
  const beside = named.filter((path) => !files.includes(path) && !path.startsWith("src/contracts/"));
  expect(beside).toEqual([]);
});
