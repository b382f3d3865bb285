// A contract served by a child process of our own: work that may hold the processor, eat memory or crash
// (users' SQL, parsing big files, building graphs) runs there, and the serving process only waits. The child listens on a
// unix socket like any daemon; a watchdog kills it when it grows past its memory limit.

import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createLog, exitOnUncaught } from "#lib/log";
import { makeChildFolder } from "./child-folder.ts";
import type { Contract, Service } from "./contract.ts";
import { Fault } from "./fault.ts";
import { checkSocketPath, listen } from "./listen.ts";
import type { Implementation } from "./local.ts";
import { remote } from "./remote.ts";
import { routes } from "./serve.ts";

export interface Child<C extends Contract> {
  readonly service: Service<C>;
  readonly pid: number;
  /** Resolves when the process is gone, with why: killed by us, out of memory, crashed in its own code, or otherwise. */
  readonly exited: Promise<ChildEnd>;
  /** Bytes of memory it holds now; 0 where the system does not tell. */
  memoryBytes(): number;
  /** Ends it at once (SIGKILL), whatever it does, and removes its folder. */
  kill(): void;
}

export type ChildEnd = "killed" | "out_of_memory" | "crashed" | "exited";

/** Signals that a process gets for what its own code did. */
const CRASHES: ReadonlySet<string> = new Set(["SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP"]);

export interface ChildOptions {
  /** Absolute path of the module that calls `serveChild`. */
  readonly entry: string;
  readonly origin: string;
  /** Passed to the entry as JSON. */
  readonly settings: unknown;
  /** Resident bytes past which it is killed. */
  readonly memoryBytesMax?: number;
}

/** Twenty times the usual start: a machine may be busy. */
const READY_MS_MAX = 10_000;
/** A runaway query fills about 1 GiB a second, so this is how finely the limit holds. */
const MEMORY_POLL_MS = 20;
/** After so many polls without growth (a second) the child counts as idle. */
const QUIET_POLLS = 50;
const IDLE_POLL_MS = 250;
const GROWTH_BYTES = 1024 * 1024;
const PAGE_BYTES = 4096;

export async function spawnChild<C extends Contract>(contract: C, options: ChildOptions): Promise<Child<C>> {
  checkSocketPath(join(tmpdir(), "lakehouse-XXXXXX", "s"));
  const made = makeChildFolder();
  const folder = made.path;
  const socket = join(folder, "s");
  const ready = Promise.withResolvers<void>();
  const handed = JSON.stringify({ socket, folder, settings: options.settings });
  const process_ = Bun.spawn([process.execPath, "--no-env-file", options.entry, handed], {
    // A child needs no secret of the house.
    env: { NODE_ENV: "production", HOME: homedir(), TMPDIR: tmpdir() },
    stdio: ["ignore", "ignore", "inherit"],
    ipc: (message) => {
      if (message === "ready") ready.resolve();
    },
  });
  let end: ChildEnd = "exited";
  const kill = (why: ChildEnd): void => {
    end = why;
    process_.kill("SIGKILL");
  };
  const watchdog =
    options.memoryBytesMax === undefined
      ? undefined
      : watchMemory(process_.pid, options.memoryBytesMax, () => kill("out_of_memory"));
  const exited = process_.exited.then(() => {
    watchdog?.stop();
    if (end === "exited" && CRASHES.has(String(process_.signalCode))) end = "crashed";
    made.remove();
    ready.reject(new Fault("unavailable", `A worker of ${options.origin} ended before it was ready.`));
    return end;
  });
  const late = setTimeout(() => kill("killed"), READY_MS_MAX);
  try {
    await ready.promise;
  } finally {
    clearTimeout(late);
  }
  return {
    // The caller decides whether to retry, and with which child.
    service: waking(remote(contract, { unix: socket }, { origin: options.origin, triesMax: 1 }), watchdog),
    pid: process_.pid,
    exited,
    memoryBytes: () => residentBytes(process_.pid),
    kill: () => kill("killed"),
  };
}

interface Watchdog {
  /** Work begins: poll often. */
  wake(): void;
  stop(): void;
}

/**
 * Polls a process's memory every 20 ms while it works or grows, and every 250 ms while it does neither: an idle child
 * costs next to nothing. `onTooMuch` is called once.
 */
function watchMemory(pid: number, bytesMax: number, onTooMuch: () => void): Watchdog {
  let before = 0;
  let quiet = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    const bytes = residentBytes(pid);
    if (bytes > bytesMax) {
      onTooMuch();
      return;
    }
    quiet = bytes - before < GROWTH_BYTES ? quiet + 1 : 0;
    before = bytes;
    timer = setTimeout(look, quiet > QUIET_POLLS ? IDLE_POLL_MS : MEMORY_POLL_MS);
  };
  look();
  return {
    wake: () => {
      if (quiet <= QUIET_POLLS) return;
      quiet = 0;
      clearTimeout(timer);
      timer = setTimeout(look, MEMORY_POLL_MS);
    },
    stop: () => clearTimeout(timer),
  };
}

/** The same service, every call of which wakes the watchdog. */
function waking<S extends object>(service: S, watchdog: Watchdog | undefined): S {
  if (watchdog === undefined) return service;
  return Object.fromEntries(
    Object.entries(service).map(([name, call]) => [
      name,
      (...given: unknown[]): unknown => {
        watchdog.wake();
        return (call as (...given: unknown[]) => unknown)(...given);
      },
    ]),
  ) as S;
}

function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}

/** What the parent hands to a child's entry: its settings, and a folder of its own that is removed with it. */
export interface ChildSetup<S> {
  readonly settings: S;
  readonly folder: string;
}

/** For `onBug` of what a child implements: its standard error is the log of its house. */
export function reportBug(bug: unknown): void {
  process.stderr.write(`${bug instanceof Error ? (bug.stack ?? bug.message) : String(bug)}\n`);
}

/** The whole of a child's entry module: builds the implementation and serves it until the parent is gone. */
export async function serveChild<S>(
  build: (handed: ChildSetup<S>) => Promise<Implementation>,
): Promise<void> {
  const { socket, folder, settings } = JSON.parse(process.argv[2] ?? "") as ChildSetup<S> & {
    socket: string;
  };
  const log = createLog({ level: "warn", readable: process.stderr.isTTY });
  exitOnUncaught(log.with({ pid: process.pid }));
  process.on("disconnect", () => process.exit(0));
  const implementation = await build({ folder, settings });
  listen({ origin: implementation.origin, at: { unix: socket }, routes: routes(implementation) });
  process.send?.("ready");
}
