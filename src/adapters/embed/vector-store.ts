// Vectors of paid or slow providers, kept on disk in SQLite across restarts. It is a cache: every failure is logged and
// handled by embedding the text again. Writes are batched into one transaction, so that no request waits for the disk;
// each row carries its own checksum, and a damaged row counts as a miss. A file that is not a database any more is moved
// aside and replaced.

import { Database } from "bun:sqlite";
import { renameSync } from "node:fs";
import type { Log } from "#lib/log";

export interface VectorStore {
  get(key: VectorKey): Float32Array | undefined;
  /** Written soon; dropped when too many writes are queued. */
  put(key: VectorKey, vector: Float32Array): void;
  /** The vector length of a model, as first stored; 0 for a model without vectors. */
  dimensionOf(provider: string, model: string): number;
  /** Rows on disk. */
  readonly rows: number;
  close(): void;
}

export interface VectorKey {
  readonly provider: string;
  readonly model: string;
  readonly dimension: number;
  /** In NFC. */
  readonly text: string;
}

export interface VectorStoreSetup {
  readonly file: string;
  /** Of the database; the oldest vectors make room. */
  readonly bytesMax: number;
  readonly log: Log;
}

/** Queued writes: some seconds of a fast model. */
const WAITING_MAX = 16_384;
const FLUSH_MS = 200;
/** The fraction of a full store that one eviction removes, so that not every write evicts. */
const EVICT_SHARE = 16;

const SCHEMA = [
  "PRAGMA journal_mode = WAL",
  // A cache may lose its last moments to a power cut, but not its shape.
  "PRAGMA synchronous = NORMAL",
  "CREATE TABLE IF NOT EXISTS vectors (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL, crc INTEGER NOT NULL)",
  "CREATE TABLE IF NOT EXISTS models (provider TEXT, model TEXT, dimension INTEGER NOT NULL, PRIMARY KEY (provider, model))",
];

export function vectorStore(setup: VectorStoreSetup): VectorStore {
  const { file, bytesMax, log } = setup;
  let open = opened(file, log);
  let waiting = new Map<string, { readonly key: VectorKey; readonly vector: Float32Array }>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lost = 0;

  /** A failing cache must not fail a request: the caller gets `otherwise` instead. */
  const safely = <T>(work: (database: Database) => T, otherwise: T): T => {
    if (open === undefined) return otherwise;
    try {
      return work(open.database);
    } catch (error) {
      const { code = "" } = error as { code?: string };
      log.warn("the store of vectors failed", { file, code });
      if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) {
        open.database.close();
        moveAside(file, log);
        open = opened(file, log);
      }
      return otherwise;
    }
  };

  const write = (database: Database): void => {
    const insert = database.query("INSERT OR REPLACE INTO vectors (key, vector, crc) VALUES (?1, ?2, ?3)");
    const learn = database.query(
      "INSERT OR IGNORE INTO models (provider, model, dimension) VALUES (?1, ?2, ?3)",
    );
    const learnt = new Set<string>();
    for (const { key, vector } of waiting.values()) {
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
      insert.run(digestOf(key), bytes, Bun.hash.crc32(bytes));
      const name = `${key.provider}\n${key.model}`;
      if (!learnt.has(name)) learn.run(key.provider, key.model, key.dimension);
      learnt.add(name);
    }
    for (let rows = rowsOf(database); rows > 0 && bytesOf(database) > bytesMax; rows = rowsOf(database)) {
      const going = Math.ceil(rows / EVICT_SHARE);
      database.run(
        "DELETE FROM vectors WHERE number IN (SELECT number FROM vectors ORDER BY number LIMIT ?)",
        [going],
      );
    }
  };

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    safely((database) => {
      database.transaction(() => write(database))();
      if (open !== undefined) open.rows = rowsOf(database);
    }, undefined);
    waiting = new Map();
    if (lost > 0) log.warn("vectors came faster than they could be kept on disk", { lost });
    lost = 0;
  };

  return {
    get: (key) =>
      waiting.get(nameOf(key))?.vector ??
      safely((database) => {
        const digest = digestOf(key);
        const row = database
          .query<{ vector: Uint8Array; crc: number }, [Uint8Array]>(
            "SELECT vector, crc FROM vectors WHERE key = ?1",
          )
          .get(digest);
        if (row === null) return undefined;
        const whole = row.vector.byteLength === key.dimension * 4 && Bun.hash.crc32(row.vector) === row.crc;
        if (whole) return new Float32Array(row.vector.slice().buffer);
        database.query("DELETE FROM vectors WHERE key = ?1").run(digest);
        log.warn("a vector on disk was damaged and is computed again", { file });
        return undefined;
      }, undefined),
    put: (key, vector) => {
      if (waiting.size >= WAITING_MAX) lost += 1;
      else waiting.set(nameOf(key), { key, vector });
      timer ??= setTimeout(flush, FLUSH_MS);
    },
    dimensionOf: (provider, model) =>
      safely(
        (database) =>
          database
            .query<{ dimension: number }, [string, string]>(
              "SELECT dimension FROM models WHERE provider = ?1 AND model = ?2",
            )
            .get(provider, model)?.dimension ?? 0,
        0,
      ),
    get rows() {
      return open?.rows ?? 0;
    },
    close: () => {
      flush();
      open?.database.close();
      open = undefined;
    },
  };
}

interface Open {
  readonly database: Database;
  rows: number;
}

/** Undefined when it cannot be opened: embedd then runs without it. */
function opened(file: string, log: Log, again = true): Open | undefined {
  try {
    const database = new Database(file, { create: true, strict: true });
    for (const statement of SCHEMA) database.run(statement);
    return { database, rows: rowsOf(database) };
  } catch (error) {
    const { code = "" } = error as { code?: string };
    log.warn("the store of vectors cannot be opened", { file, code });
    if (!again || !/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return undefined;
    moveAside(file, log);
    return opened(file, log, false);
  }
}

function moveAside(file: string, log: Log): void {
  const aside = `${file}.damaged-${Date.now()}`;
  for (const ending of ["", "-wal", "-shm"]) {
    try {
      renameSync(file + ending, aside + ending);
    } catch {
      // Not every database has all three.
    }
  }
  log.warn("a damaged store of vectors was moved aside", { file, aside });
}

function rowsOf(database: Database): number {
  return database.query<{ rows: number }, []>("SELECT count(*) AS rows FROM vectors").get()?.rows ?? 0;
}

/** Bytes of the file in use; freed pages are reused before it grows. */
function bytesOf(database: Database): number {
  const one = (pragma: string): number =>
    Object.values(database.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0;
  return (one("page_count") - one("freelist_count")) * one("page_size");
}

function nameOf({ provider, model, dimension, text }: VectorKey): string {
  return `${provider}\n${model}\n${dimension}\n${text}`;
}

function digestOf(key: VectorKey): Uint8Array {
  return new Bun.CryptoHasher("sha256").update(nameOf(key)).digest();
}
