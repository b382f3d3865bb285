// Whoever writes something that must survive, each as a small program of numbered steps: a step is acknowledged
// by its number on standard output, after it is durable. The bench lets a writer die or fail at a system call
// of its choice; `check` then opens the same folder as a restarted daemon does and says what is wrong there.

import { Fault } from "#rpc/fault";
import type { OpenWriter, Writer } from "./writers/writer.ts";

/** Loaded by name: two hundred processes run one each, and reading sources is most of what they do. */
export const WRITERS = {
  "storaged put": async () => (await import("./writers/storaged.ts")).storagedWriter,
  "catalogd commit": async () => (await import("./writers/catalogd.ts")).catalogWriter,
  "vectord upsert and snapshot": async () => (await import("./writers/vectord.ts")).vectorWriter,
  "matrixd generation": async () => (await import("./writers/generation.ts")).generationWriter,
  "matrixd playbooks": async () => (await import("./writers/playbooks.ts")).playbooksWriter,
  "journald append": async () => (await import("./writers/journald.ts")).journalWriter,
  "pathwayd trace": async () => (await import("./writers/pathwayd.ts")).traceWriter,
  "keys.json": async () => (await import("./writers/keys.ts")).keysWriter,
} as const satisfies Readonly<Record<string, () => Promise<Writer>>>;
export type WriterName = keyof typeof WRITERS;
export const WRITER_NAMES = Object.keys(WRITERS) as WriterName[];

/** A disk that comes back lets a step through within so many tries. */
const TRIES_MAX = 6;

/**
 * The program that is let die or fail: steps from 0 on, `ack N` for each that is durable, `fault CODE` for each
 * try that failed as it should, `bug ...` for one that did not. Steps are tried again after a fault.
 */
export async function runWriter(name: WriterName, folder: string, steps: number): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  let open = await opened(name, folder, say);
  for (let n = 0; n < steps; n += 1) {
    say(`try ${n}`);
    for (let tries = 0; ; tries += 1) {
      try {
        await open.step(n);
        say(`ack ${n}`);
        break;
      } catch (error) {
        say(told(error));
        if (tries === TRIES_MAX) return say(`bug step ${n} never goes through`);
        await open.close().catch((thrown: unknown) => say(told(thrown)));
        open = await opened(name, folder, say);
      }
    }
  }
  await open.close().catch((error: unknown) => say(told(error)));
  say("end");
}

async function opened(name: WriterName, folder: string, say: (line: string) => void): Promise<OpenWriter> {
  for (let tries = 0; ; tries += 1) {
    try {
      const { open } = await WRITERS[name]();
      return await open(folder);
    } catch (error) {
      say(told(error));
      if (tries === TRIES_MAX) throw error;
    }
  }
}

/** Faults, and the system's own errors, say what is wrong; all else is a bug of ours. */
function told(error: unknown): string {
  if (error instanceof Fault) return `fault ${error.code}: ${error.message}`;
  const { code, message } = error as { code?: string; message?: string };
  const known = code !== undefined && /^(E[A-Z]+|SQLITE_)/.test(code);
  return `${known ? "raw" : "bug"} ${code ?? ""} ${message ?? String(error)}`;
}
