// `npm test`: the test files in one process more than there are processors, since files also wait. The files of a process share its
// modules, which would otherwise be loaded and compiled for each anew, a fifth of all work; so no file may leave a global changed.
// At the end stand the ten slowest files. Words after it go to `bun test` as they are: `npm test -- src/rpc`. What tests leave in
// the temp folder goes away with it, unless one failed: then it is kept, and its path said.

import { mkdtemp, readFile, rm, statfs } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { s3Missing, shareS3 } from "./s3/rgw.ts";

/** For one test on a machine that others use too. No test relies on it: what waits, waits for a condition. */
const TEST_MS_MAX = 240_000;
const SLOWEST = 10;

/** Where temp folders are memory, a flush costs nothing; all tests together have at most 100 MiB there at one time. */
const IN_MEMORY = "/dev/shm";
const IN_MEMORY_BYTES_MIN = 2 * 2 ** 30;

async function tempFolder(): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(IN_MEMORY);
    const available =
      Number(/^MemAvailable:\s+(\d+) kB/m.exec(await readFile("/proc/meminfo", "utf8"))?.[1]) * 1024;
    // Some tests run what they install.
    const isExecutable = !/^\S+ \/dev\/shm .*\bnoexec\b/m.test(await readFile("/proc/mounts", "utf8"));
    if (isExecutable && Math.min(bavail * bsize, available) >= IN_MEMORY_BYTES_MIN) return IN_MEMORY;
  } catch {
    // Another system.
  }
  return tmpdir();
}

const words = process.argv.slice(2);
// Four suites need a server that takes twenty seconds to start.
const s3 =
  words.length === 0 && Bun.env["LAKEHOUSE_TEST_S3"] === undefined && s3Missing() === undefined
    ? shareS3()
    : undefined;
s3?.server.catch((error: unknown) => void process.stderr.write(`${String(error)}\n`));

const folder = await mkdtemp(join(await tempFolder(), "lakehouse-tests-"));
const timings = join(folder, "timings.json");
const run = Bun.spawn(
  [
    process.execPath,
    "test",
    `--parallel=${availableParallelism() + 1}`,
    "--no-isolate",
    "--preload=./test/property-seed.ts",
    `--timeout=${TEST_MS_MAX}`,
    "--only-failures",
    `--timings=${timings}`,
    "--update-timings",
    ...words,
  ],
  { stdio: ["ignore", "inherit", "inherit"], env: { ...Bun.env, ...s3?.environment, TMPDIR: folder } },
);
// What was started ends with it.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => run.kill(signal));
const exitCode = await run.exited;
// One that did not start was told above.
await s3?.server.then(
  (server) => server.stop(),
  () => undefined,
);
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
if (exitCode === 0) await rm(folder, { recursive: true, force: true });
else process.stdout.write(`\nWhat the tests left is in ${folder}\n`);
process.exit(exitCode);
