// `npm test`: the test files in as many processes as there are processors, each file with a global object of its own, and
// at the end the ten slowest files. Words after it go to `bun test` as they are: `npm test -- src/rpc`.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

/** For one test on a machine that others use too. No test relies on it: what waits, waits for a condition. */
const TEST_MS_MAX = 240_000;
const SLOWEST = 10;

const folder = await mkdtemp(join(tmpdir(), "lakehouse-tests-"));
const timings = join(folder, "timings.json");
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    `--parallel=${availableParallelism()}`,
    "--preload=./test/property-seed.ts",
    `--timeout=${TEST_MS_MAX}`,
    "--only-failures",
    `--timings=${timings}`,
    "--update-timings",
    ...process.argv.slice(2),
  ],
  { stdio: ["ignore", "inherit", "inherit"] },
);
const exitCode = await run.exited;
try {
  const { files } = JSON.parse(await readFile(timings, "utf8")) as { files: Record<string, number> };
  const slowest = Object.entries(files)
    .sort(([, a], [, b]) => b - a)
    .slice(0, SLOWEST);
  process.stdout.write(`\nThe slowest files, in seconds:\n`);
  for (const [file, ms] of slowest) process.stdout.write(`${(ms / 1000).toFixed(1).padStart(6)}  ${file}\n`);
} catch {
  process.stdout.write("\nNo file was timed.\n");
}
await rm(folder, { recursive: true, force: true });
process.exit(exitCode);
