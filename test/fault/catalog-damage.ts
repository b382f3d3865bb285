// A catalog with a past: datasets loaded, replaced, dropped, dropped with their files, and made again. Its folder is
// copied as a killed process leaves it, or as one that closed does; every file found by listing the copy is damaged in
// turn, and a fresh catalogd is asked for everything. It must answer as before, or refuse with a fault that says so:
// fewer datasets, fewer files or another snapshot without a word is the one thing that must not be.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { diskObjects } from "#adapters/objects/disk/disk";
import { bytesOf } from "#adapters/objects/objects";
import { sqliteState } from "#adapters/state";
import { catalog } from "#contracts/catalog";
import { storage } from "#contracts/storage";
import { type Random, seeded } from "#lib/random";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { implement, local } from "#rpc/local";
import { catalogd } from "#services/catalogd/service";
import { storaged } from "#services/storaged/service";

export const DAMAGES = ["flip", "truncate", "zero", "empty", "delete"] as const;
export type Damage = (typeof DAMAGES)[number];

const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "name", type: "VARCHAR" },
];
const ZEROED_BYTES = 64;

export async function openStore(folder: string): Promise<Service<typeof storage>> {
  const objects = await diskObjects(join(folder, "objects"));
  return local(implement(storage, "storaged", (await storaged({ objects })).handlers));
}

export interface Opened {
  readonly service: Service<typeof catalog>;
  close(): Promise<void>;
}

/** A catalogd over a folder that remembers nothing. */
export async function openCatalog(folder: string): Promise<Opened> {
  const state = sqliteState(join(folder, "catalog.sqlite"));
  try {
    const { handlers, close } = await catalogd({ storage: await openStore(folder), state });
    return { service: local(implement(catalog, "catalogd", handlers)), close };
  } catch (error) {
    await state.close();
    throw error;
  }
}

/** Prepares, stores and commits one file of ten made-up rows. */
export async function load(
  service: Service<typeof catalog>,
  store: Service<typeof storage>,
  dataset: string,
  n: number,
  mode: "append" | "replace" = "append",
): Promise<number | string> {
  const { prefix, columns } = await service.prepare({ dataset, mode, columns: COLUMNS });
  const content = `${dataset} ${n} ${mode}`;
  const sha256 = Bun.CryptoHasher.hash("sha256", content, "hex");
  const key = `${prefix}${sha256}.parquet`;
  await store.put({ key, body: bytesOf(content) });
  const stats = { 1: { values: 10, nulls: 0, bytes: 80, min: "0", max: String(n) } };
  const files = [{ key, rows: 10, bytes: content.length, sha256, stats }];
  const committed = await service.commit({ dataset, mode, columns, files, commit_id: content });
  return committed.snapshot_id;
}

/** The folder of a catalog whose process did not close it, and what the catalog answered last. */
export async function catalogWithPast(): Promise<{ folder: string; closed: string; answers: string }> {
  const folder = mkdtempSync(join(tmpdir(), "catalog-past-"));
  mkdirSync(folder, { recursive: true });
  const { service, close } = await openCatalog(folder);
  const store = await openStore(folder);
  for (let n = 0; n < 4; n += 1) for (const name of ["a", "b", "c"]) await load(service, store, name, n);
  await load(service, store, "b", 9, "replace");
  await service.tag({ dataset: "a", name: "first" });
  for (const [name, purge] of [
    ["dropped", false],
    ["purged", true],
    ["again", false],
  ] as const) {
    await load(service, store, name, 1);
    await service.drop({ dataset: name, purge });
  }
  await load(service, store, "again", 2);
  const answers = await everything(service);
  const killed = mkdtempSync(join(tmpdir(), "catalog-killed-"));
  cpSync(folder, killed, { recursive: true });
  await close();
  return { folder: killed, closed: folder, answers };
}

/** All that a catalog says, as text. */
export async function everything(service: Service<typeof catalog>): Promise<string> {
  const { datasets } = await service.datasets({ limit: 1000 });
  const said: unknown[] = [];
  for (const dataset of datasets) {
    const name = dataset.name;
    said.push(dataset, await service.snapshots({ dataset: name, limit: 1000 }));
    said.push(await service.scan({ dataset: name }));
  }
  return JSON.stringify(said);
}

export interface Verdict {
  /** Answered as before. */
  readonly harmless: number;
  /** Refused, with the reason. */
  readonly told: number;
  /** Answered something else, or threw what is no fault. */
  readonly wrong: readonly string[];
}

/** Damages each file of a copy of `folder` by listing it, `rounds` times each. */
export async function damageEach(
  folder: string,
  answers: string,
  { rounds, seed }: { rounds: (file: string) => number; seed: number },
): Promise<Verdict> {
  const random = seeded(seed);
  const work = mkdtempSync(join(tmpdir(), "catalog-damaged-"));
  cpSync(folder, work, { recursive: true });
  // Opening changes the database's files; of the others only the damaged one is another.
  const whole = listed(folder).filter((file) => file.startsWith("catalog.sqlite"));
  const restore = (file: string): void => {
    for (const name of listed(work)) if (name.startsWith("catalog.sqlite")) rmSync(join(work, name));
    for (const name of new Set([...whole, file])) cpSync(join(folder, name), join(work, name));
  };
  const verdict = { harmless: 0, told: 0, wrong: [] as string[] };
  try {
    for (const [index, file] of listed(folder).entries()) {
      for (let round = 0; round < rounds(file); round += 1) {
        // Each kind of damage in turn, from another one for each file; then bits.
        const turn = (index + round) % DAMAGES.length;
        const damage = round < DAMAGES.length ? (DAMAGES[turn] ?? "flip") : "flip";
        hurt(join(work, file), damage, random);
        const said = await ask(work);
        if (said === answers) verdict.harmless += 1;
        else if (said instanceof Fault && said.code === "internal") verdict.told += 1;
        else verdict.wrong.push(`${file} (${damage}, round ${round}, seed ${seed}): ${describe(said)}`);
        restore(file);
      }
    }
    return verdict;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function ask(folder: string): Promise<unknown> {
  let opened: Opened | undefined;
  try {
    opened = await openCatalog(folder);
    return await everything(opened.service);
  } catch (error) {
    return error;
  } finally {
    await opened?.close();
  }
}

function describe(said: unknown): string {
  return said instanceof Error ? `${said.name} ${said.message}` : String(said).slice(0, 200);
}

export function listed(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

function hurt(path: string, damage: Damage, random: Random): void {
  if (damage === "delete") return rmSync(path);
  const bytes = readFileSync(path);
  const at = random.below(Math.max(1, bytes.length));
  if (damage === "flip" && bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  if (damage === "zero") bytes.fill(0, at, Math.min(bytes.length, at + ZEROED_BYTES));
  const kept = damage === "empty" ? 0 : damage === "truncate" ? at : bytes.length;
  writeFileSync(path, bytes.subarray(0, kept));
}
