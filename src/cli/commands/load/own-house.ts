// A house for one load: a process of its own over a folder that goes away with it, or over the folder that --data names. Its
// model is the script of the load's scenarios.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuUsOf } from "#lib/process-cpu";
import { Fault } from "#rpc/fault";

export interface OwnHouse {
  readonly url: string;
  /** True when nothing of it stays. */
  readonly temporary: boolean;
  /** CPU time of its processes, in microseconds; null where that is not known. */
  cpuUs(): number | null;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../../main.ts", import.meta.url));
/** Many times what a start takes, for a folder with much in it on a busy machine. */
const START_MS_MAX = 120_000;
/** Of its output, as much as says why it did not start. */
const OUTPUT_CHARS_MAX = 4000;

export async function startOwnHouse(setup: {
  readonly apart: boolean;
  readonly data: string | undefined;
  readonly script: string;
}): Promise<OwnHouse> {
  const temporary = setup.data === undefined;
  const folder = setup.data ?? (await mkdtemp(join(tmpdir(), "lakehouse-load-")));
  const removeFolder = async (): Promise<void> => {
    if (temporary) await rm(folder, { recursive: true, force: true });
  };
  const surroundings = ["env", "NODE_ENV=production", `LAKEHOUSE_CHAT_SCRIPT=${setup.script}`];
  const flags = ["--data", folder, "--port", "0", "--log", "warn", "-o", "json"];
  const command = [process.execPath, "--no-env-file", MAIN, "up", ...flags];
  // Ctrl-C is for the load, which then stops its house. Over the channel nothing is sent: a house whose parent goes away ends.
  const child = Bun.spawn([...surroundings, ...command, ...(setup.apart ? ["--apart"] : [])], {
    stdio: ["ignore", "pipe", "pipe"],
    ipc: () => undefined,
    detached: true,
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await child.exited;
    await removeFolder();
  };
  const errors = lastWords(child.stderr);
  try {
    const url = await urlOf(child, errors);
    return { url, temporary, cpuUs: () => cpuUsOf([child.pid]), stop };
  } catch (thrown) {
    child.kill("SIGKILL");
    await child.exited;
    await removeFolder();
    throw thrown;
  }
}

/** What `up -o json` prints once it serves. */
async function urlOf(child: Bun.Subprocess<"ignore", "pipe", "pipe">, errors: () => string): Promise<string> {
  const output = lastWords(child.stdout);
  const giveUpAt = performance.now() + START_MS_MAX;
  for (;;) {
    const url = /"gateway":\s*"(http[^"]+)"/.exec(output())?.[1];
    if (url !== undefined) return url;
    if (child.exitCode !== null || performance.now() > giveUpAt)
      throw new Fault("unavailable", `The house for this load did not start: ${errors()}`);
    await Bun.sleep(POLL_MS);
  }
}

const POLL_MS = 50;

/** Reads a stream to its end, so that its writer never blocks, and keeps the last of it. */
function lastWords(stream: ReadableStream<Uint8Array>): () => string {
  let text = "";
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream)
      text = (text + decoder.decode(chunk, { stream: true })).slice(-OUTPUT_CHARS_MAX);
  };
  read().catch((error: unknown) => {
    text += String(error);
  });
  return () => text.trim();
}
