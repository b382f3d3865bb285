// Whoever writes something that must survive, each as a small program of numbered steps: a step is acknowledged
// by its number on standard output, after it is durable. The bench lets a writer die or fail at a system call
// of its choice; `check` then opens the same folder as a restarted daemon does and says what is wrong there.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { bytesOf, readAll } from "#adapters/objects/objects";
import { diskObjects } from "#adapters/objects/disk/disk";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { journal as journalContract, type NewEvent } from "#contracts/journal";
import { storage } from "#contracts/storage";
import { addKey, readKeys } from "#edge/access/key-file";
import { systemClock } from "#lib/clock";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { Appends } from "#services/journald/events/appends";
import { createJournal, Journal } from "#services/journald/journal";
import { readPage } from "#services/journald/query";
import { verifyJournal } from "#services/journald/verify";
import { collectFacts } from "#services/matrixd/corpus/row-facts";
import { emptyWords, newGeneration } from "#services/matrixd/corpus/generation";
import { loadGeneration, saveGeneration } from "#services/matrixd/corpus/generation-files";
import { storaged } from "#services/storaged/service";
import { openIndex } from "#services/vectord/index-folder";
import type { VectorIndex } from "#services/vectord/vector-index";
import type { IndexShape, Item } from "#services/vectord/rows/shape";

interface Open {
  step(n: number): Promise<void>;
  close(): Promise<void>;
}

interface Writer {
  open(folder: string): Promise<Open>;
  /** What is wrong in a folder where `acked` were acknowledged and steps below `tried` were begun. */
  check(folder: string, acked: readonly number[], tried: number): Promise<string[]>;
}

const onBug = (): void => undefined;

async function storageIn(folder: string): Promise<Service<typeof storage>> {
  const objects = await diskObjects(join(folder, "objects"));
  return local(implement(storage, "storaged", (await storaged({ objects })).handlers, { onBug }));
}

/** What object `n` holds: its number in every line, so that a piece of another one shows. */
function contentOf(n: number): string {
  return `line of ${n}\n`.repeat(3000 + (n % 7));
}

async function textAt(store: Service<typeof storage>, key: string): Promise<string | undefined> {
  try {
    const { body } = await store.get({ key });
    return body instanceof ReadableStream ? new TextDecoder().decode(await readAll(body)) : undefined;
  } catch (error) {
    if (error instanceof Fault && error.code === "not_found") return undefined;
    throw error;
  }
}

const storagedWriter: Writer = {
  open: async (folder) => {
    const store = await storageIn(folder);
    return {
      step: async (n) => {
        const body = (): ReadableStream<Uint8Array> => bytesOf(contentOf(n));
        await store.put({ key: `turn/${n % 2}`, body: body() });
        await store.put({ key: `once/${n}`, body: body(), if_none_match: "*" }).catch((error: unknown) => {
          // A step that is tried again may find what its first try has left.
          if (!(error instanceof Fault) || error.code !== "conflict") throw error;
        });
      },
      close: () => Promise.resolve(),
    };
  },
  check: async (folder, acked, tried) => {
    const store = await storageIn(folder);
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      const found = await textAt(store, `once/${n}`);
      if (found === undefined ? acked.includes(n) : found !== contentOf(n))
        wrong.push(`once/${n} is ${found === undefined ? "gone" : "torn"}`);
    }
    for (const parity of [0, 1]) {
      const last = Math.max(-1, ...acked.filter((n) => n % 2 === parity));
      const found = await textAt(store, `turn/${parity}`);
      const allowed = Array.from({ length: tried }, (_, n) => n).filter((n) => n % 2 === parity && n >= last);
      const fits = found === undefined ? last === -1 : allowed.some((n) => contentOf(n) === found);
      if (!fits) wrong.push(`turn/${parity} is not what step ${last} or a later one wrote`);
    }
    return wrong;
  },
};

async function catalogIn(
  folder: string,
): Promise<{ catalog: Service<typeof catalog>; close(): Promise<void> }> {
  const { handlers, close } = await catalogd({
    storage: await storageIn(folder),
    state: sqliteState(join(folder, "catalog.sqlite")),
  });
  return { catalog: local(implement(catalog, "catalogd", handlers, { onBug })), close };
}

function sha256Of(n: number): string {
  return new Bun.CryptoHasher("sha256").update(String(n)).digest("hex");
}

/** Where step `n` says that its rows lie; the catalog does not look. */
export function dataKeyOf(n: number): string {
  return `warehouse/roster/data/${sha256Of(n)}.parquet`;
}

/** One file of `n + 1` rows, under the same commit id whenever it is tried. */
async function commitStep(known: Service<typeof catalog>, n: number): Promise<void> {
  const dataset = "roster";
  const wanted = [{ name: "id", type: "BIGINT" }];
  const { prefix, columns } = await known.prepare({ dataset, columns: wanted, mode: "append" });
  const sha256 = sha256Of(n);
  const files = [{ key: `${prefix}${sha256}.parquet`, rows: n + 1, bytes: 10, sha256, stats: {} }];
  await known.commit({ dataset, mode: "append", columns, files, commit_id: `step-${n}` });
}

const catalogWriter: Writer = {
  open: async (folder) => {
    const { catalog: known, close } = await catalogIn(folder);
    return { step: (n) => commitStep(known, n), close };
  },
  check: async (folder, acked, tried) => {
    const { catalog: known, close } = await catalogIn(folder);
    const wrong: string[] = [];
    const rowsThere = async (): Promise<number[]> => {
      const { files } = await known.scan({ dataset: "roster" });
      return files.map(({ rows }) => rows - 1).sort((a, b) => a - b);
    };
    const there = await rowsThere().catch((error: unknown): number[] => {
      if (error instanceof Fault && error.code === "not_found") return [];
      throw error;
    });
    for (const n of acked) if (!there.includes(n)) wrong.push(`commit ${n} is gone`);
    // What a client does that was not answered: the same again, which must count once.
    for (let n = 0; n < tried; n += 1) await commitStep(known, n);
    const after = tried === 0 ? [] : await rowsThere();
    if (after.join() !== Array.from({ length: tried }, (_, n) => n).join())
      wrong.push(`after all were sent again there are: ${after.join()}`);
    await close();
    return wrong;
  },
};

const shape: IndexShape = { dimension: 8, metric: "cosine", quantization: "i8", fields: {} };

function itemOf(n: number): Item {
  return {
    id: `id${n}`,
    vector: Float32Array.from({ length: 8 }, (_, i) => Math.sin(n * 8 + i) + 2),
    metadata: { n },
  };
}

const indexIn = (folder: string): Promise<VectorIndex> =>
  openIndex({ dir: join(folder, "index"), shape, clock: systemClock });

const vectorWriter: Writer = {
  open: async (folder) => {
    const index = await indexIn(folder);
    return {
      step: async (n) => {
        await index.upsert([itemOf(n)]);
        if (n % 2 === 1) await index.snapshot();
      },
      close: () => index.close(),
    };
  },
  check: async (folder, acked, tried) => {
    const index = await indexIn(folder);
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      const [found] = index.fetch([`id${n}`]);
      if (found === undefined ? acked.includes(n) : !Bun.deepEquals(found, itemOf(n)))
        wrong.push(`id${n} is ${found === undefined ? "gone" : "another"}`);
    }
    if (index.count() > tried) wrong.push(`there are ${index.count()} rows of ${tried}`);
    const { failure } = index.stats();
    if (failure !== null) wrong.push(`a file is damaged: ${failure}`);
    await index.close();
    return wrong;
  },
};

/** Segments of a few events: each step or two begins one. */
const JOURNAL_SEGMENT_BYTES = 2048;

export async function journalIn(folder: string): Promise<Journal> {
  const where = join(folder, "journal");
  if (!existsSync(where)) await createJournal(where);
  const raise = (error: unknown): never => {
    throw error;
  };
  // Its background work is tried again by itself.
  return Journal.open({
    folder: where,
    segmentBytes: JOURNAL_SEGMENT_BYTES,
    failed: () => undefined,
    damaged: raise,
  });
}

export function eventsOf(n: number): NewEvent[] {
  const text = `event of ${n} `.repeat(30 + (n % 5));
  return [0, 1].map((half) => ({
    id: `e${n}-${half}`,
    type: "order.received",
    subject: `order-${n}`,
    at: "2026-11-21T00:00:00Z",
    data: { n, half, text },
  }));
}

const journalWriter: Writer = {
  open: async (folder) => {
    const journal = await journalIn(folder);
    const appends = new Appends(systemClock);
    return {
      step: async (n) => {
        await appends.append(journal, journalContract.append.input.parse({ events: eventsOf(n) }));
      },
      close: () => journal.close(),
    };
  },
  check: async (folder, acked, tried) => {
    const appends = new Appends(systemClock);
    const journal = await journalIn(folder);
    const wrong: string[] = [];
    const idsThere = async (): Promise<string[]> => {
      const { events, more } = await readPage(journal, {}, 0, 10_000);
      if (more) wrong.push("there are too many events");
      return events.map(({ id }) => id);
    };
    const there = await idsThere();
    for (const n of acked)
      for (const { id = "" } of eventsOf(n)) if (!there.includes(id)) wrong.push(`event ${id} is gone`);
    for (let n = 0; n < tried; n += 1) {
      const { events } = await readPage(journal, { subject: `order-${n}` }, 0, 10);
      const found = events.map(({ data }) => data);
      const whole = eventsOf(n).map(({ data }) => data);
      if (found.length > 0 && !Bun.deepEquals(found, whole)) wrong.push(`the events of ${n} are torn`);
      await appends.append(journal, journalContract.append.input.parse({ events: eventsOf(n) }));
    }
    const after = (await idsThere()).sort().join();
    const all = Array.from({ length: tried }, (_, n) => eventsOf(n).map(({ id }) => id)).flat();
    if (after !== all.sort().join()) wrong.push(`after all were sent again there are: ${after}`);
    await journal.close();
    const { ok, problem } = await verifyJournal(join(folder, "journal"), undefined, new AbortController().signal);
    if (!ok) wrong.push(`it does not verify: ${problem}`);
    return wrong;
  },
};

const generationNamed = (n: number): string => `corpus.people.${n}`;

export function generationOf(n: number): Parameters<typeof saveGeneration>[1] {
  const words = emptyWords();
  const ids = Array.from({ length: 50 }, (_, row) => `w${n}-${row}`);
  const collected = collectFacts();
  ids.forEach((id, row) => {
    words.put(row, `forklift driver ${id} in Houston`);
    const at = { city: "Houston", state: "TX", point: { lat: 29.8, lon: -95.4 } };
    collected.add({ ...at, title: 0, soc: "53-7051", textHash: BigInt(row) });
  });
  const title = { text: "forklift driver", role: "Forklift Operator", soc: "53-7051", confidence: 1 };
  return newGeneration({
    corpus: "people",
    dataset: "people",
    snapshotId: n,
    index: generationNamed(n),
    model: "m",
    fields: {},
    coded: false,
    meanings: {},
    names: [],
    taxonomy: "t",
    ids,
    words,
    facts: collected.finish(),
    table: { all: [title], vectors: Float32Array.of(0.6, 0.8) },
  });
}

const generationWriter: Writer = {
  open: (folder) =>
    Promise.resolve({
      step: (n) => saveGeneration(join(folder, "corpora"), generationOf(n)),
      close: () => Promise.resolve(),
    }),
  check: async (folder, acked, tried) => {
    const wrong: string[] = [];
    for (let n = 0; n < tried; n += 1) {
      try {
        const { ids, snapshotId } = await loadGeneration(join(folder, "corpora"), generationNamed(n));
        if (snapshotId !== n || ids.join() !== generationOf(n).ids.join())
          wrong.push(`generation ${n} is another`);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        if (acked.includes(n)) wrong.push(`generation ${n} is gone: ${error.message}`);
      }
    }
    return wrong;
  },
};

const keysWriter: Writer = {
  open: (folder) =>
    Promise.resolve({
      step: async (n) => {
        await addKey(join(folder, "keys.json"), { name: `key${n}`, scope: "write" }).catch(
          (error: unknown) => {
            if (!(error instanceof Fault) || error.code !== "conflict") throw error;
          },
        );
      },
      close: () => Promise.resolve(),
    }),
  check: async (folder, acked, tried) => {
    const names = ((await readKeys(join(folder, "keys.json"))) ?? []).map(({ name }) => name);
    const wrong = acked.filter((n) => !names.includes(`key${n}`)).map((n) => `key${n} is gone`);
    if (names.length > tried) wrong.push(`there are ${names.length} keys of ${tried}`);
    return wrong;
  },
};

export const WRITERS = {
  "storaged put": storagedWriter,
  "catalogd commit": catalogWriter,
  "vectord upsert and snapshot": vectorWriter,
  "matrixd generation": generationWriter,
  "journald append": journalWriter,
  "keys.json": keysWriter,
} as const satisfies Readonly<Record<string, Writer>>;
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

async function opened(name: WriterName, folder: string, say: (line: string) => void): Promise<Open> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await WRITERS[name].open(folder);
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
