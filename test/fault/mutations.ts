// Damage to what lies on disk: one bit turned, a tail cut, a stretch of zeros, nothing at all. Whoever reads the
// artefact must say so, or read from it what was there before; it must not read something else, throw something
// that is no failure of its kind, or die. Kinds that carry a checksum must find all of it; of the others the
// bench counts what passes for whole.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesOf } from "#adapters/objects/objects";
import { diskObjects } from "#adapters/objects/disk/disk";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import { addKey, readKeys } from "#edge/access/key-file";
import { type Random, seeded } from "#lib/random";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { loadGeneration, saveGeneration } from "#services/matrixd/corpus/generation-files";
import { loadPlaybooks } from "#services/matrixd/playbooks/store";
import { storaged } from "#services/storaged/service";
import { acquireDataLock } from "#topology/data-lock";
import { readPidfile } from "#topology/pidfile";
import { startTogether } from "#topology/together";
import { createLog } from "#lib/log";
import { readSettings } from "#config";
import { indexArtefact } from "./index-artefact.ts";
import { journalArtefact } from "./journal-artefact.ts";
import { catalogWriter, dataKeyOf } from "./writers/catalogd.ts";
import { generationOf } from "./writers/generation.ts";
import { playbooksWriter } from "./writers/playbooks.ts";

export const DAMAGES = ["flip", "truncate", "zero", "empty"] as const;
export type Damage = (typeof DAMAGES)[number];

export interface Mutated {
  readonly mutations: number;
  /** Refused by name. */
  readonly found: number;
  /** Read as if nothing had happened, with the same content: the damage lay where nothing is. */
  readonly harmless: number;
  /** Read as something else. */
  readonly silent: number;
  readonly examples: readonly string[];
  /** Thrown, and no failure that its reader knows. */
  readonly bugs: readonly string[];
}

export interface Artefact {
  /** The file that is damaged. */
  readonly path: string;
  /** What a fresh reader makes of it, as text that can be compared. */
  read(): Promise<string>;
  /** Does this failure say what is damaged? */
  named(error: unknown): boolean;
  close(): Promise<void>;
}

interface Kind {
  /** A checksum vouches for every byte. */
  readonly checksummed: boolean;
  make(folder: string): Promise<Artefact>;
}

const EXAMPLES_MAX = 3;
const ZEROED_BYTES = 64;
/** Versions in the store of playbooks: several pages of its database. */
const PLAYBOOK_STEPS = 60;

function damaged(bytes: Uint8Array, damage: Damage, random: Random): Uint8Array {
  const at = random.below(bytes.length);
  const copy = Uint8Array.from(bytes);
  if (damage === "flip") copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  else if (damage === "zero") copy.fill(0, at, at + ZEROED_BYTES);
  else if (damage === "truncate") return copy.subarray(0, at);
  else return new Uint8Array();
  return copy;
}

/** Half of the mutations are single bits: the hardest to see. */
function damageOf(n: number): Damage {
  return n % 2 === 0 ? "flip" : n % 16 === 15 ? "empty" : n % 4 === 1 ? "truncate" : "zero";
}

export async function mutate(kindName: KindName, seed: number, mutations: number): Promise<Mutated> {
  const folder = mkdtempSync(join(tmpdir(), "fault-mutations-"));
  const random = seeded(seed);
  const artefact = await KINDS[kindName].make(folder);
  const whole = new Uint8Array(readFileSync(artefact.path));
  const expected = await artefact.read();
  let found = 0;
  let harmless = 0;
  let silent = 0;
  const examples: string[] = [];
  const bugs: string[] = [];
  try {
    for (let n = 0; n < mutations; n += 1) {
      const damage = damageOf(n);
      const bytes = damaged(whole, damage, random);
      writeFileSync(artefact.path, bytes);
      try {
        const said = await artefact.read();
        if (said === expected) harmless += 1;
        else {
          silent += 1;
          if (examples.length < EXAMPLES_MAX)
            examples.push(`mutation ${n} (${damage}): ${difference(expected, said)}`);
        }
      } catch (error) {
        if (artefact.named(error)) found += 1;
        else if (bugs.length < EXAMPLES_MAX)
          bugs.push(
            `mutation ${n} (${damage}): ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`,
          );
      }
    }
    writeFileSync(artefact.path, whole);
    return { mutations, found, harmless, silent, examples, bugs };
  } finally {
    await artefact.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function difference(expected: string, said: string): string {
  let at = 0;
  while (at < said.length && said[at] === expected[at]) at += 1;
  const around = (text: string): string => text.slice(Math.max(0, at - 30), at + 30);
  return `...${around(expected)}... became ...${around(said)}...`;
}

const isFault = (error: unknown): boolean => error instanceof Fault;
const onBug = (): void => undefined;
const closeNothing = (): Promise<void> => Promise.resolve();

/** A catalog of three commits, one of whose files is damaged; a fresh catalogd reads it each time. */
function tableArtefact(pathOf: (folder: string) => string): (folder: string) => Promise<Artefact> {
  return async (folder) => {
    const writer = await catalogWriter.open(folder);
    for (const n of [0, 1, 2]) await writer.step(n);
    await writer.close();
    const objects = await diskObjects(join(folder, "objects"));
    const store = local(implement(storage, "storaged", (await storaged({ objects })).handlers, { onBug }));
    for (const n of [0, 1, 2]) await store.put({ key: dataKeyOf(n), body: bytesOf("rows") });
    return {
      path: pathOf(folder),
      read: async () => {
        const { handlers, close } = await catalogd({
          storage: store,
          state: sqliteState(join(folder, "catalog.sqlite")),
        });
        try {
          const known = local(implement(catalog, "catalogd", handlers, { onBug }));
          const scan = await known.scan({ dataset: "roster" });
          // A query finds its files next: one of another name is missed there.
          for (const { key } of scan.files) await store.locate({ key });
          return JSON.stringify(scan);
        } finally {
          await close();
        }
      },
      // What is no fault becomes `internal` on the way out, logged and without a name.
      named: (error) =>
        isFault(error) || /SQLITE_|SQLiteError/.test(`${(error as { code?: string }).code} ${String(error)}`),
      close: closeNothing,
    };
  };
}

/** A file of the table's last snapshot, in the order of its commits. */
function newest(folder: string, name: RegExp): string {
  const metadata = join(folder, "objects/warehouse/roster/metadata");
  const files = readdirSync(metadata).filter((entry) => name.test(entry));
  const made = (file: string): number => statSync(join(metadata, file)).mtimeMs;
  return join(metadata, files.sort((a, b) => made(b) - made(a))[0] ?? "");
}

async function parquetIn(folder: string): Promise<Artefact> {
  const { settings } = readSettings({ port: 0, log: "error", data: folder });
  const log = createLog({ level: "error", readable: true, write: onBug });
  const house = await startTogether(settings, log);
  const rows = Array.from({ length: 500 }, (_, n) => `${n},name ${n % 17},${(n * 7919) % 1000}`).join("\n");
  await fetch(`${house.url}/v1/ingest?dataset=roster`, { method: "POST", body: `id,name,pay\n${rows}\n` });
  const data = join(folder, "objects/warehouse/roster/data");
  const file = readdirSync(data).find((name) => name.endsWith(".parquet")) ?? "";
  let column = "pay";
  let reads = 0;
  return {
    path: join(data, file),
    read: async () => {
      // Checksums are compared when a snapshot is opened: under another column's name it is opened anew.
      reads += 1;
      const rename = { [column]: `pay${reads}` };
      column = `pay${reads}`;
      await fetch(`${house.url}/v1/catalog/datasets/roster/schema`, {
        method: "PATCH",
        body: JSON.stringify({ rename }),
      });
      const sql = `select count(*) n, sum(id) i, sum(${column}) p, min(name) a, max(name) z from roster`;
      const reply = await fetch(`${house.url}/v1/sql`, { method: "POST", body: JSON.stringify({ sql }) });
      const answer = (await reply.json()) as { rows?: unknown; error?: { code: string; message: string } };
      if (answer.error !== undefined) throw new Fault(answer.error.code as "internal", answer.error.message);
      return JSON.stringify(answer.rows);
    },
    named: (error) => isFault(error) && (error as Fault).message.includes("damaged"),
    close: house.close,
  };
}

function generationArtefact(suffix: "words" | "numbers" | "json"): (folder: string) => Promise<Artefact> {
  return async (folder) => {
    const generation = generationOf(1);
    await saveGeneration(folder, generation);
    return {
      path: join(folder, `${generation.index}.${suffix}`),
      read: async () => {
        const { words, facts, table, ids, snapshotId } = await loadGeneration(folder, generation.index);
        const { textHash, ...columns } = facts;
        const found = words.search("forklift w1-7", 5);
        return JSON.stringify({ ids, snapshotId, columns, hashes: textHash.join(), table, found });
      },
      named: isFault,
      close: closeNothing,
    };
  };
}

export const KINDS = {
  parquet: { checksummed: true, make: parquetIn },
  "manifest list": { checksummed: true, make: tableArtefact((folder) => newest(folder, /^snap-.*\.avro$/)) },
  manifest: { checksummed: true, make: tableArtefact((folder) => newest(folder, /-m0-.*\.avro$/)) },
  "catalog.sqlite": { checksummed: true, make: tableArtefact((folder) => join(folder, "catalog.sqlite")) },
  "playbooks.sqlite": {
    checksummed: true,
    make: async (folder) => {
      const path = join(folder, "playbooks.sqlite");
      const writer = await playbooksWriter.open(folder);
      for (let n = 0; n < PLAYBOOK_STEPS; n += 1) await writer.step(n);
      await writer.close();
      return {
        path,
        read: async () => {
          // A reader that finds damage changes nothing; one that finds none may write to the log beside the database.
          for (const beside of ["-wal", "-shm"]) rmSync(path + beside, { force: true });
          const state = sqliteState(path);
          try {
            return JSON.stringify(await loadPlaybooks(state));
          } finally {
            await state.close();
          }
        },
        named: (error) => isFault(error) && (error as Fault).message.includes("playbooks.sqlite"),
        close: closeNothing,
      };
    },
  },
  object: {
    checksummed: true,
    make: async (folder) => {
      const root = join(folder, "objects");
      const objects = await diskObjects(root);
      const store = local(implement(storage, "storaged", (await storaged({ objects })).handlers, { onBug }));
      await store.put({ key: "note", body: bytesOf("a line of it\n".repeat(3000)) });
      const [path, times] = [join(root, "note"), join(folder, "times")];
      writeFileSync(times, "");
      Bun.spawnSync(["touch", "-r", path, times]);
      return {
        path,
        read: async () => {
          // A disk that turns a bit does not note the time.
          Bun.spawnSync(["touch", "-r", times, path]);
          const { body } = await store.get({ key: "note" });
          return new Response(body).text();
        },
        named: (error) => isFault(error) && (error as Fault).message.includes("note is damaged"),
        close: closeNothing,
      };
    },
  },
  // Truth is the catalog's row; the file is for readers without a catalog, and nothing here rests on it.
  "metadata.json": {
    checksummed: true,
    make: tableArtefact((folder) => newest(folder, /\.metadata\.json$/)),
  },
  "index shape": { checksummed: true, make: indexArtefact(/^shape\.json$/) },
  "index manifest": { checksummed: true, make: indexArtefact(/^manifest$/) },
  "index rows": { checksummed: true, make: indexArtefact(/^rows-/) },
  "index table": { checksummed: true, make: indexArtefact(/^table-/) },
  "index head": { checksummed: true, make: indexArtefact(/^head$/) },
  "index graph": { checksummed: true, make: indexArtefact(/^graph-/) },
  "log segment": { checksummed: true, make: indexArtefact(/^log-/) },
  "log segment after kill -9": { checksummed: true, make: indexArtefact(/^log-/, "killed") },
  "journal segment": { checksummed: true, make: journalArtefact(/^log-0{15}1$/) },
  "journal segment that is written": { checksummed: true, make: journalArtefact(/^log-/) },
  "journal segment after kill -9": { checksummed: true, make: journalArtefact(/^log-/, "killed") },
  "journal head": { checksummed: true, make: journalArtefact(/^head$/) },
  "journal index": { checksummed: true, make: journalArtefact(/^index-/) },
  "generation words": { checksummed: true, make: generationArtefact("words") },
  "generation numbers": { checksummed: true, make: generationArtefact("numbers") },
  "generation header": { checksummed: true, make: generationArtefact("json") },
  "keys.json": {
    checksummed: true,
    make: async (folder) => {
      const path = join(folder, "keys.json");
      for (const name of ["one", "two"]) await addKey(path, { name, scope: "read" });
      return {
        path,
        read: async () => JSON.stringify((await readKeys(path)) ?? null),
        named: (error) => error instanceof Error && error.message.includes("keys.json"),
        close: closeNothing,
      };
    },
  },
  "running.json": {
    checksummed: false,
    make: async (folder) => {
      const path = join(folder, "running.json");
      // A house that runs: what is written of it is read only then.
      const { release } = await acquireDataLock(folder);
      return {
        path,
        read: async () => JSON.stringify((await readPidfile(folder)) ?? "unknown"),
        named: () => false,
        close: release,
      };
    },
  },
} as const satisfies Readonly<Record<string, Kind>>;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];
