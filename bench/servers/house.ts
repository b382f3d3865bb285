// A whole house under load: `lakehouse up` as a process of its own, on a port that is free and in a folder that
// is new, and gone without a trace afterwards. It is started as the launcher starts it, without the launcher's
// look at what is installed, which would belong to no bench.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { familyOf } from "#lib/process-cpu";

/** Ten times what a start may take. */
const READY_MS_MAX = 20_000;
/** Resolution of the time to the first reply. */
const POLL_MS = 5;
const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

export interface HouseProcess {
  readonly url: string;
  /** Its data folder. */
  readonly data: string;
  /** From the start of the process to its first reply. */
  readonly startMs: number;
  /** The process and all it started. */
  pids(): number[];
  /** Sends JSON, or a raw body as it is; throws with the reply's text unless it is a success. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

function freePort(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  const { port } = probe;
  probe.stop(true);
  return port;
}

interface HouseSetup {
  /** Each service a process of its own. */
  readonly apart: boolean;
  /** Options of the house, as its environment has them. */
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startHouse({ apart, environment = {} }: HouseSetup): Promise<HouseProcess> {
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-"));
  // What its children keep while they run goes with the rest.
  const temporary = join(folder, "tmp");
  mkdirSync(temporary);
  const data = join(folder, "data");
  const url = `http://127.0.0.1:${freePort()}`;
  const options = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const settings = [...(apart ? ["--apart"] : []), "--data", data, "--port", new URL(url).port];
  const platform = ["NODE_ENV=production", "BUN_CONFIG_MAX_HTTP_REQUESTS=16384", "UV_THREADPOOL_SIZE=16"];
  const surroundings = ["env", ...platform, `TMPDIR=${temporary}`, ...options];
  const command = [...surroundings, process.execPath, "--no-env-file", main, "up", ...settings];
  const startedAt = performance.now();
  // Nothing is sent over the channel: a house whose parent goes away ends.
  const child = Bun.spawn(command, { stdio: ["ignore", "pipe", "pipe"], ipc: () => undefined });
  const output = lastWords([child.stdout, child.stderr]);
  const stop = async (): Promise<void> => {
    // Nothing of it is kept, so nothing is waited for. The first of the family would start the others again.
    for (const pid of familyOf(child.pid)) kill(pid);
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(child, url, startedAt, output);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    data,
    startMs: performance.now() - startedAt,
    pids: () => familyOf(child.pid),
    call: (method, path, body) => call(url, method, path, body),
    stop,
  };
}

async function ready(
  child: Bun.Subprocess,
  url: string,
  startedAt: number,
  output: () => string,
): Promise<void> {
  for (;;) {
    const answered = await fetch(`${url}/v1/health`, { keepalive: false }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    if (child.exitCode !== null)
      throw new Error(`lakehouse up ended with code ${child.exitCode}: ${output()}`);
    if (performance.now() - startedAt > READY_MS_MAX)
      throw new Error(`lakehouse up does not respond: ${output()}`);
    await Bun.sleep(POLL_MS);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** As much of an output as says why a start failed. */
const OUTPUT_CHARS_MAX = 2000;

/** Drains the streams, so that their writers never block, and keeps the last lines. */
function lastWords(streams: readonly ReadableStream<Uint8Array>[]): () => string {
  let text = "";
  for (const stream of streams) {
    const read = async (): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) {
        text = (text + decoder.decode(chunk, { stream: true })).slice(-OUTPUT_CHARS_MAX);
      }
    };
    read().catch(() => undefined);
  }
  return () => text.trim();
}

async function call(url: string, method: string, path: string, body: unknown): Promise<unknown> {
  const raw = typeof body === "string" || body === undefined;
  const response = await fetch(url + path, {
    method,
    ...(body === undefined ? {} : { body: raw ? body : JSON.stringify(body) }),
    headers: body === undefined ? {} : { "content-type": raw ? "text/csv" : "application/json" },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text.slice(0, 500)}`);
  return text === "" ? null : (JSON.parse(text) as unknown);
}
