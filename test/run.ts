// `npm test`: the test files in as many processes as there are processors, each file with a global object of its own, and
// at the end the ten slowest files. Words after it go to `bun test` as they are: `npm test -- src/rpc`.
//
// The slowest files start first, so that none of them still runs alone when all others are done. Which ones they are stands
// in `timings.json`, which `TIMINGS=write npm test` rewrites from its own run.

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

/** For one test on a machine that others use too. No test relies on it: what waits, waits for a condition. */
const TEST_MS_MAX = 240_000;
const SLOWEST = 10;
const KNOWN = join(import.meta.dir, "timings.json");
/** Those that take less may start in any order. */
const KNOWN_MS_MIN = 2000;

/** As `bun test --timings` has it: milliseconds of each file. */
interface Timings {
  readonly version: number;
  readonly files: Readonly<Record<string, number>>;
}

const readTimings = async (path: string): Promise<Timings> =>
  JSON.parse(await readFile(path, "utf8")) as Timings;

const folder = await mkdtemp(join(tmpdir(), "lakehouse-tests-"));
const measured = join(folder, "timings.json");
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    `--parallel=${availableParallelism()}`,
    `--timeout=${TEST_MS_MAX}`,
    "--only-failures",
    // Read in this order; what was measured goes to the first, beside what was known of files that did not run.
    `--timings=${measured}`,
    `--timings=${KNOWN}`,
    "--update-timings",
    ...process.argv.slice(2),
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const exitCode = await run.exited;
try {
  const known = await readTimings(KNOWN);
  const { version, files } = await readTimings(measured);
  const slowest = Object.entries(files)
    .filter(([file, ms]) => known.files[file] !== ms)
    .sort(([, a], [, b]) => b - a);
  process.stdout.write(`\nThe slowest files, in seconds:\n`);
  for (const [file, ms] of slowest.slice(0, SLOWEST))
    process.stdout.write(`${(ms / 1000).toFixed(1).padStart(6)}  ${file}\n`);
  // oxlint-disable-next-line node/no-process-env -- asks for the file to be written, as the contract lock does
  if (process.env["TIMINGS"] === "write") {
    const slow = slowest.filter(([, ms]) => ms >= KNOWN_MS_MIN);
    const rounded = slow.map(([file, ms]): [string, number] => [file, Math.round(ms / 1000) * 1000]);
    const content: Timings = { version, files: Object.fromEntries(rounded) };
    await writeFile(KNOWN, `${JSON.stringify(content, undefined, 2)}\n`);
  }
} catch {
  process.stdout.write("\nNo file was timed.\n");
}
await rm(folder, { recursive: true, force: true });
process.exit(exitCode);
