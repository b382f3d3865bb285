// A house of its own for a test: started over a folder that goes away with it, in either topology.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Overrides, readSettings, type Settings } from "#config";
import { REFUSED } from "#edge/load/admission";
import { createLog, type Log } from "#lib/log";
import { startApart } from "#topology/apart";
import { startTogether } from "#topology/together";
import { startOverSockets } from "./over-sockets.ts";

export const TOPOLOGIES = ["together", "apart"] as const;
export type Topology = (typeof TOPOLOGIES)[number];

export interface TestHouse {
  readonly topology: Topology;
  readonly url: string;
  readonly settings: Settings;
  /** Everything that was logged at `warn` and above. */
  readonly logged: readonly string[];
  /** Asks again when the house refuses because it is overloaded: tests of overload itself use `fetch`. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** The JSON of an answer; fails when its status is not the one expected. */
  json<T = Record<string, unknown>>(path: string, body?: unknown, expected?: number): Promise<T>;
  /** Ends the house and starts it again over the same folder; between the two, `meanwhile`. */
  restart(meanwhile?: () => void): Promise<TestHouse>;
  /** Ends the house and keeps its folder. */
  stop(): Promise<void>;
  /** Ends the house and removes its folder. */
  close(): Promise<void>;
}

export interface StartTestHouse {
  /** A house apart is one of processes, as `up --apart` starts it. Without, its daemons are servers of this process. */
  readonly processes?: boolean;
}

const ALWAYS_PROCESSES = Bun.env["LAKEHOUSE_TEST_PROCESSES"] === "1";

export async function startHouse(
  topology: Topology,
  overrides: Overrides = {},
  options: StartTestHouse = {},
): Promise<TestHouse> {
  const data = mkdtempSync(join(tmpdir(), "house-"));
  return startOver(topology, data, overrides, options);
}

/** The same over a folder that is there already. */
export async function startOver(
  topology: Topology,
  data: string,
  overrides: Overrides = {},
  options: StartTestHouse = {},
): Promise<TestHouse> {
  const { settings } = readSettings({ port: 0, log: "warn", check_outputs: true, ...overrides, data });
  const logged: string[] = [];
  const log: Log = createLog({ level: "warn", readable: true, write: (line) => void logged.push(line) });
  const apart = options.processes === true || ALWAYS_PROCESSES ? startApart : startOverSockets;
  const running = await (topology === "together" ? startTogether : apart)(settings, log);
  const ask = (path: string, init?: RequestInit): Promise<Response> => patiently(running.url + path, init);
  return {
    topology,
    url: running.url,
    settings,
    logged,
    ask,
    json: async <T>(path: string, body?: unknown, expected = 200): Promise<T> => {
      const reply = await ask(path, body === undefined ? {} : { method: "POST", body: JSON.stringify(body) });
      const text = await reply.text();
      if (reply.status !== expected)
        throw new Error(`${path} answered ${reply.status}: ${text.slice(0, 500)}`);
      return (text === "" ? null : JSON.parse(text)) as T;
    },
    restart: async (meanwhile) => {
      await running.close();
      meanwhile?.();
      return startOver(topology, data, overrides, options);
    },
    stop: () => running.close(),
    close: async () => {
      await running.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A machine that does other things too makes a house lag and refuse; a refused caller comes back, as it is told to. */
const TRIES_MAX = 120;

async function patiently(url: string, init?: RequestInit): Promise<Response> {
  for (let tries = 1; ; tries += 1) {
    const reply = await fetch(url, init);
    if (reply.status !== 503 || tries === TRIES_MAX || init?.body instanceof ReadableStream) return reply;
    const refused = (await reply.clone().text()).includes(REFUSED.message);
    if (!refused) return reply;
    await Bun.sleep(REFUSED.retryAfterMs ?? 0);
  }
}

/** The code of a fault's body. */
export async function codeOf(reply: Response): Promise<string> {
  const body = (await reply.json()) as { error?: { code?: string } };
  return body.error?.code ?? "none";
}

/** What a promise rejects with, as text. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error("it did not fail");
  return failure instanceof Error ? failure.message : JSON.stringify(failure);
}
