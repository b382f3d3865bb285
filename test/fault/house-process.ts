// A house as its user starts it, a process group of its own over a folder, so that all of it can be killed in one
// moment, with no chance to put anything in order.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "../../src/main.ts");
/** A start that takes longer has failed: a house over a few files is up in one second. */
const START_MS_MAX = 120_000;

export interface HouseProcess {
  readonly url: string;
  readonly pid: number;
  /** Everything it wrote to stdout and stderr so far. */
  output(): string;
  /** Ends it in order. */
  stop(): Promise<void>;
  /** kill -9 of every process of it at once. */
  kill(): Promise<void>;
  /** kill -9 of one daemon of a house apart; false when there is none of that name. */
  killDaemon(name: string): boolean;
}

export async function startHouseProcess(
  data: string,
  apart: boolean,
  environment: Readonly<Record<string, string>> = {},
): Promise<HouseProcess> {
  const child = Bun.spawn(
    [
      process.execPath,
      "--no-env-file",
      MAIN,
      "up",
      "--port",
      "0",
      "--data",
      data,
      ...(apart ? ["--apart"] : []),
    ],
    {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
      env: { ...Bun.env, ...environment, NODE_ENV: "production" },
    },
  );
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const ended = Promise.all([read(child.stdout), read(child.stderr)]);
  const kill = async (): Promise<void> => {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
    await child.exited;
    await ended;
  };
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    await ended;
  };
  const until = performance.now() + START_MS_MAX;
  for (;;) {
    // What it says itself comes also from a disk on which it could not write it down.
    const url = /^Gateway +(http\S+)$|"gateway": "(http[^"]+)"/m
      .exec(output)
      ?.slice(1)
      .find((found) => found);
    if (url !== undefined) {
      const killDaemon = (name: string): boolean => killChild(child.pid, name);
      return { url, pid: child.pid, output: () => output, stop, kill, killDaemon };
    }
    const late = performance.now() > until;
    if (late || child.exitCode !== null) {
      await kill();
      throw new Error(`the house ${late ? "is not up in time" : "ended"}: ${output.slice(-1000)}`);
    }
    await Bun.sleep(10);
  }
}

function killChild(parent: number, name: string): boolean {
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const itsParent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      if (Number(itsParent) !== parent || words[words.indexOf("serve") + 1] !== name) continue;
      process.kill(Number(pid), "SIGKILL");
      return true;
    } catch {
      // It ended while we looked.
    }
  }
  return false;
}
