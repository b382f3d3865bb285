// A writer that dies at its Nth system call of a kind, for N = 1, 2, ... until it lives to its end; and one whose
// Nth call fails. strace does both. Counts are per thread, so the writer runs with as few threads as Bun allows,
// and every N names at least one moment that no smaller N did.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type WriterName, WRITERS } from "./writers.ts";

/** Calls after which the disk is another than before. */
export const KILLED_AT = [
  "fsync",
  "fdatasync",
  "rename,renameat,renameat2",
  "link,linkat",
  "unlink,unlinkat",
  "mkdir,mkdirat",
  "ftruncate",
  "pwrite64",
  "write,writev",
] as const;

/** Calls that a disk may refuse. `write` is left out: Bun wakes its own threads with it. */
export const FAILED_AT = [
  "fsync",
  "fdatasync",
  "rename,renameat,renameat2",
  "link,linkat",
  "pwrite64",
] as const;

export const ERRORS = ["ENOSPC", "EIO"] as const;

export type Injection = "signal=SIGKILL" | `error=${(typeof ERRORS)[number]}`;

export const hasStrace = Bun.which("strace") !== null;

/** Steps of a writer: enough for each of its branches twice. */
const STEPS = 4;
/** A writer that takes longer hangs. */
const RUN_MS_MAX = 20_000;
/** No writer here makes as many calls of a kind on one thread. */
export const CALLS_MAX = 400;

export interface Run {
  /** How the writer ended: `killed` by the injection, or at its `end`, or otherwise. */
  readonly ended: string;
  readonly faults: readonly string[];
  readonly wrong: readonly string[];
}

/** One run of a writer with something done at its Nth call, and the check of what it leaves. */
export async function runAt(
  writer: WriterName,
  calls: string,
  n: number,
  injection: Injection,
): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "fault-syscalls-"));
  try {
    const inject = `inject=${calls}:${injection}:when=${n}`;
    const program = [process.execPath, "--no-env-file", WRITER, writer, folder, String(STEPS)];
    const child = Bun.spawn(
      [
        "strace",

        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        `trace=${calls}`,
        "-e",
        inject,
        ...program,
      ],
      {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        env: { ...Bun.env, UV_THREADPOOL_SIZE: "2", NODE_ENV: "production" },
      },
    );
    const timer = setTimeout(() => child.kill("SIGKILL"), RUN_MS_MAX);
    const [said, complaint] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    clearTimeout(timer);
    const lines = said.split("\n");
    const numbers = (word: string): number[] =>
      lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.slice(word.length + 1)));
    const acked = numbers("ack");
    const tried = Math.max(0, ...numbers("try").map((step) => step + 1));
    const killed = child.signalCode === "SIGKILL" || child.exitCode === 137;
    const ended = lines.includes("end")
      ? "end"
      : killed
        ? "killed"
        : `exit ${child.exitCode}: ${complaint.slice(-500)}`;
    const wrong = lines.filter((line) => line.startsWith("bug "));
    const { check } = await WRITERS[writer]();
    wrong.push(
      ...(await check(folder, acked, tried).catch((error: unknown) => [
        `it does not open: ${error instanceof Error ? error.message : String(error)}`,
      ])),
    );
    return { ended, faults: lines.filter((line) => /^(fault|raw) /.test(line)), wrong };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const WRITER = join(import.meta.dir, "writer-child.ts");

/** Writers that run side by side, each on its folder. */
const AT_ONCE = 2;

export interface InjectionRun {
  readonly runs: number;
  readonly killed: number;
  readonly faults: number;
  /** Errors of the system that reached the caller as they are, not as a fault. */
  readonly raw: readonly string[];
  /** One line a violation, with what makes it again. */
  readonly wrong: readonly string[];
}

/** All N, or every `stride`-th, until one run is not touched any more. */
export async function sweep(
  writer: WriterName,
  calls: string,
  injection: Injection,
  stride = 1,
  from = 1,
): Promise<InjectionRun> {
  let runs = 0;
  let killed = 0;
  let faults = 0;
  const raw = new Set<string>();
  const wrong: string[] = [];
  for (let first = from, ended = false; first <= CALLS_MAX && !ended; first += stride * AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, at) => first + at * stride);
    const done = await Promise.all(numbers.map((n) => runAt(writer, calls, n, injection)));
    for (const [at, run] of done.entries()) {
      const n = first + at * stride;
      runs += 1;
      faults += run.faults.length;
      for (const line of run.faults)
        if (line.startsWith("raw ")) raw.add(`${writer} at ${calls}: ${line.split(" '")[0]}`);
      const place = `run.ts syscall "${writer}" ${calls} ${n} ${injection}`;
      wrong.push(...run.wrong.map((line) => `${place}: ${line}`));
      const untouched = run.ended === "end" && run.faults.length === 0;
      if (run.ended === "killed") killed += 1;
      else if (run.ended !== "end") wrong.push(`${place}: ${run.ended}`);
      if (untouched && (injection === "signal=SIGKILL" || n > ERRORS_UNSEEN)) ended = true;
    }
  }
  return { runs, killed, faults, raw: [...raw], wrong };
}

/** An error may be swallowed where nothing depends on it, so one quiet run is not yet the end of the calls. */
const ERRORS_UNSEEN = 12;
