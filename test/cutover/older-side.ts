// Starts a stand-in of an older side as a process of its own.

import { join } from "node:path";
import type { OlderFaults, SeenCall } from "./older-side-server.ts";

export interface OlderSide {
  readonly url: string;
  set(faults: Partial<OlderFaults>): Promise<void>;
  seen(): Promise<SeenCall[]>;
  /** How often each idempotency key was written under. */
  written(): Promise<Record<string, number>>;
  stop(): Promise<void>;
}

/** `prefix` is a sub-path below which it answers. */
export async function startOlderSide(side: "go" | "rust", prefix = ""): Promise<OlderSide> {
  const child = Bun.spawn(
    [process.execPath, "--no-env-file", join(import.meta.dir, "older-side-server.ts"), side, prefix],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  const url = `http://127.0.0.1:${new TextDecoder().decode(value).trim()}`;
  return {
    url,
    set: async (faults) => {
      await fetch(`${url}/_faults`, { method: "POST", body: JSON.stringify(faults) });
    },
    seen: async () => (await (await fetch(`${url}/_seen`)).json()) as SeenCall[],
    written: async () => (await (await fetch(`${url}/_written`)).json()) as Record<string, number>,
    stop: async () => {
      child.kill();
      await child.exited;
    },
  };
}
