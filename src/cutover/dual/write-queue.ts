// The queue of dual writes on disk. A line is in the system's memory when `append` resolves, so a killed process loses nothing that
// was acknowledged; it reaches the disk within a fraction of a second. After a start everything that was due is due again, and a
// write of which only the intent is there is unclear: nobody knows what its first side did. A line that was damaged on the disk is
// kept in a file beside the queue, and counted until somebody has taken note of it.
//
// The file is rewritten when most of it is history, and after a flush that failed: what the disk did not take then may be gone
// from the system's memory too, and is still in ours.

import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isThere, makeFolder, syncFolder, temporaryPath, writeAll } from "#lib/durable";
import type { Log } from "#lib/log";
import { toFault, traceOf } from "#rpc/fault";
import type { Intent, QueueLine, Written } from "./dual-write.ts";
import { printLine, readLines } from "./queue-lines.ts";

/** Written ones that are remembered, for a comparison of what both sides hold. */
const WRITTEN_MAX = 10_000;
/** The file is rewritten when it has grown by as much. */
const REWRITE_BYTES = 32 * 1024 * 1024;
/** Until what was appended is flushed; a power cut may take that much. */
const SYNC_MS = 200;
/** After a flush that failed. */
const RETRY_MS = 1000;
/** Of damaged lines that are kept: those of a whole queue, twice. Lines beyond are counted alone. */
const ASIDE_BYTES_MAX = 64 * 1024 * 1024;

export interface Due {
  readonly write: Intent;
  readonly second: "native" | "upstream";
  readonly firstStatus: number;
  readonly reply: string | undefined;
}

export interface WriteQueue {
  /** Resolves when a kill can no longer take it. Rejects when the disk fails. */
  append(line: QueueLine): Promise<void>;
  /** In the order in which they became due. */
  readonly due: ReadonlyMap<string, Due>;
  readonly written: readonly Written[];
  /** By state, also of those that are no longer in `written`. */
  counts(): Readonly<Record<Written["state"], number>>;
  /** Lines that a crash of an earlier process cut off before they were acknowledged. */
  readonly unreadable: number;
  /** Lines that were damaged on the disk, since somebody took note of some. */
  readonly damaged: number;
  /** The damage is known: it is no longer told. Its lines stay where they are kept. */
  noteDamage(): Promise<void>;
  /** Why a power cut may take what is queued; null while the disk has it. */
  readonly unflushed: string | null;
  close(): Promise<void>;
}

interface Content {
  readonly intents: Map<string, Intent>;
  readonly due: Map<string, Due>;
  written: Written[];
  /** Of those that left `written`. */
  readonly gone: Map<string, number>;
  unreadable: number;
  damaged: number;
}

export function queuePath(data: string): string {
  return join(data, "cutover", "dual-writes.jsonl");
}

/** Where damaged lines are kept, as they were found. */
export function asidePath(queue: string): string {
  return queue.replace(/(\.jsonl)?$/, ".damaged");
}

export async function openQueue(path: string, log: Log, rewriteBytes = REWRITE_BYTES): Promise<WriteQueue> {
  await makeFolder(dirname(path));
  const content: Content = {
    intents: new Map(),
    due: new Map(),
    written: [],
    gone: new Map(),
    unreadable: 0,
    damaged: 0,
  };
  if (await isThere(path)) await take(path, content, log);
  for (const { id, at, route, method, path: target } of content.intents.values()) {
    remember(content, {
      id,
      at,
      route,
      method,
      path: target,
      state: "unclear",
      why: "the house ended before its reply",
    });
  }
  content.intents.clear();
  let file: FileHandle = await rewritten(path, content);
  await syncFolder(dirname(path));
  let since = 0;
  let texts: string[] = [];
  let writing: Promise<void> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let torn = false;
  let closed = false;

  /** What waits to be appended is in the content already, so that the file has it once. */
  const rewrite = async (): Promise<void> => {
    const old = file;
    const waiting = texts;
    texts = [];
    try {
      file = await rewritten(path, content);
    } catch (error) {
      texts = [...waiting, ...texts];
      throw error;
    }
    since = 0;
    torn = false;
    await old.close();
    await syncFolder(dirname(path));
  };

  const flush = async (): Promise<void> => {
    // What is appended in one turn of the event loop goes out together.
    await Promise.resolve();
    const text = texts.join("");
    texts = [];
    writing = undefined;
    if (text === "") return;
    // Behind a write that failed half-way a line of its own begins, which says so.
    const bytes = new TextEncoder().encode(torn ? `\n${printLine({ k: "cut" })}${text}` : text);
    torn = true;
    await writeAll(file, bytes);
    torn = false;
    since += bytes.byteLength;
    syncIn(SYNC_MS);
  };
  let chain: Promise<void> = Promise.resolve();
  let syncing: Promise<void> = Promise.resolve();
  let unflushed: string | null = null;
  const syncIn = (ms: number): void => {
    if (closed) return;
    timer ??= setTimeout(sync, ms);
    timer.unref();
  };
  /** Beside the appends, which must not wait for a disk; a rewrite takes their place. */
  const sync = (): void => {
    timer = undefined;
    const rewrites = unflushed !== null || since > rewriteBytes;
    const before = syncing;
    const work = rewrites ? chain.then(() => before).then(rewrite) : before.then(() => file.datasync());
    syncing = work.then(
      () => {
        unflushed = null;
      },
      (error: unknown) => {
        if (unflushed === null) log.error("the queue of dual writes cannot be flushed", traceOf(error));
        unflushed = toFault(error).message;
        syncIn(RETRY_MS);
      },
    );
    if (rewrites) chain = syncing;
  };

  const append = (line: QueueLine): Promise<void> => {
    apply(content, line);
    texts.push(printLine(line));
    if (writing === undefined) {
      writing = chain.then(flush);
      // Who appends gets its failure; the next one goes on after it.
      chain = writing.catch(() => undefined);
    }
    return writing;
  };

  return {
    append,
    due: content.due,
    get written() {
      return content.written;
    },
    counts: () => countsOf(content),
    unreadable: content.unreadable,
    get damaged() {
      return content.damaged;
    },
    noteDamage: () => append({ k: "noted" }),
    get unflushed() {
      return unflushed;
    },
    close: async () => {
      closed = true;
      await chain;
      clearTimeout(timer);
      await syncing;
      try {
        if (unflushed !== null) await rewrite();
        await file.sync();
      } catch (error) {
        log.error("the queue of dual writes cannot be flushed", traceOf(error));
      }
      await file.close();
    },
  };
}

/** What an earlier process left. What of it is damaged is kept aside before the file is rewritten without it. */
async function take(path: string, content: Content, log: Log): Promise<void> {
  const { lines, torn, damaged } = readLines(await readFile(path));
  for (const line of lines) apply(content, line);
  content.unreadable = torn;
  if (damaged.length === 0) return;
  await keepAside(asidePath(path), damaged);
  content.damaged += damaged.length;
  log.error("lines of the queue of dual writes are damaged: writes may be on one side alone", {
    lines: damaged.length,
  });
}

async function keepAside(path: string, damaged: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "a", 0o600);
  try {
    let { size } = await file.stat();
    for (const line of damaged) {
      size += line.byteLength + 1;
      if (size > ASIDE_BYTES_MAX) break;
      await writeAll(file, Buffer.concat([line, Buffer.from("\n")]));
    }
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(dirname(path));
}

function apply(content: Content, line: QueueLine): void {
  const { intents, due, gone } = content;
  switch (line.k) {
    case "intent":
      intents.set(line.write.id, line.write);
      return;
    case "due": {
      const write = intents.get(line.id);
      intents.delete(line.id);
      if (write !== undefined) {
        due.set(line.id, { write, second: line.second, firstStatus: line.first_status, reply: line.reply });
      }
      return;
    }
    case "void":
      intents.delete(line.id);
      return;
    case "written":
      intents.delete(line.write.id);
      due.delete(line.write.id);
      remember(content, line.write);
      return;
    case "cut":
      return;
    case "damaged":
      content.damaged += line.lines;
      return;
    case "noted":
      content.damaged = 0;
      return;
    case "counts":
      for (const [state, count] of Object.entries(line.counts))
        gone.set(state, (gone.get(state) ?? 0) + count);
  }
}

function remember(content: Content, write: Written): void {
  content.written.push(write);
  if (content.written.length <= WRITTEN_MAX) return;
  const [oldest] = content.written.splice(0, 1);
  if (oldest !== undefined) content.gone.set(oldest.state, (content.gone.get(oldest.state) ?? 0) + 1);
}

function countsOf({ written, gone }: Content): Record<Written["state"], number> {
  const counts = { done: 0, failed: 0, unclear: 0, lost: 0 };
  for (const state of Object.keys(counts) as Written["state"][]) counts[state] = gone.get(state) ?? 0;
  for (const { state } of written) counts[state] += 1;
  return counts;
}

/** The file with what counts now and nothing else, opened for appending; its folder is not flushed yet. */
async function rewritten(path: string, content: Content): Promise<FileHandle> {
  const { intents, due, written, gone, damaged } = content;
  const lines: QueueLine[] = [
    ...(damaged === 0 ? [] : [{ k: "damaged" as const, lines: damaged }]),
    ...(gone.size === 0 ? [] : [{ k: "counts" as const, counts: Object.fromEntries(gone) }]),
    ...written.map((write) => ({ k: "written" as const, write })),
    ...[...due.values()].flatMap(({ write, second, firstStatus, reply }): QueueLine[] => [
      { k: "intent", write },
      {
        k: "due",
        id: write.id,
        second,
        first_status: firstStatus,
        ...(reply === undefined ? {} : { reply }),
      },
    ]),
    ...[...intents.values()].map((write) => ({ k: "intent" as const, write })),
  ];
  const folder = dirname(path);
  const temporary = temporaryPath(folder, "dual-writes.jsonl");
  const file = await open(temporary, "ax", 0o600);
  try {
    await writeAll(file, new TextEncoder().encode(lines.map(printLine).join("")));
    await file.sync();
    await rename(temporary, path);
    return file;
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}
