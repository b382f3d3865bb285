// Named snapshots in object storage. A snapshot is one small document that names immutable files by their hash;
// files are shared by all snapshots of an index and sent once:
//
//   vectors/<index>/snapshots/<name>          two lines: xxHash64 of the second, and a Document as JSON
//   vectors/<index>/files/<hash>-<bytes>.<n>  part n of a checksummed file of that hash and length
//
// The document is stored last and removed first, so that a snapshot that can be seen has all of its files. Parts of an
// upload that did not finish are reused by the next one, or removed with the next snapshot. Files are streamed, never
// held in memory.

import { open, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { damaged as damagedFile, diskFault, verifyChecksummed } from "#adapters/checksummed-file";
import type { storage } from "#contracts/storage";
import type { NamedSnapshot } from "#contracts/vector";
import { assert } from "#lib/assert";
import { makeFolder, syncFolder, writeAll } from "#lib/durable";
import type { CallInit } from "#rpc/call";
import type { Bytes, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { hashed, TABLE_FOLDER } from "../lance/files.ts";
import { type LanceState, writeState } from "../lance/state.ts";
import { type Artefact, ARTEFACT_NAME, filesOf, type Manifest, writeManifest } from "./snapshot.ts";

export interface Archive {
  readonly storage: Service<typeof storage>;
  readonly index: string;
}

interface Document extends NamedSnapshot {
  /** 1 for one with a manifest, 2 for one with a table. */
  readonly format: 1 | 2;
  /** As shape.ts writes it. */
  readonly shape: string;
  readonly manifest?: Manifest;
  readonly table?: LanceState;
  /** Bytes of each file as it lies on the disk, by name. */
  readonly lengths: Readonly<Record<string, number>>;
}

/** What a snapshot is of: the manifest of one in a folder, or the state of a table. */
export type SnapshotContent =
  | { readonly engine: "hnsw"; readonly manifest: Manifest }
  | { readonly engine: "lance"; readonly state: LanceState };

/** A snapshot on this machine, which stays as it is while it is sent. */
export type PlacedSnapshot = SnapshotContent & { readonly dir: string };

export interface Naming {
  readonly name: string;
  /** RFC 3339. */
  readonly at: string;
  readonly shape: string;
}

export function sequenceOf(content: SnapshotContent): number {
  return content.engine === "hnsw" ? content.manifest.sequence : content.state.sequence;
}

export function takenAt(content: SnapshotContent): string {
  return new Date(
    content.engine === "hnsw" ? content.manifest.taken_at : content.state.written_at,
  ).toISOString();
}

function artefactsOf(content: SnapshotContent): Artefact[] {
  if (content.engine === "hnsw") return filesOf(content.manifest);
  const { files, table } = content.state;
  return files.map(({ path, bytes, hash }) => ({ file: `${table}/${TABLE_FOLDER}/${path}`, bytes, hash }));
}

/** What an S3 store takes in one request; an upload that is tried again goes on at the first part that is missing. */
const PART_BYTES = 16 * 1024 * 1024;
/** A document names a file for about a thousand rows: 100 MB hold a billion rows. */
const DOCUMENT_BYTES_MAX = 100_000_000;
/** A table's files as a snapshot may name them: below their folder, and nowhere else. */
const TABLE_FILE =
  /^lance\/t\.lance\/(data|_versions|_transactions|_deletions|_indices)(\/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$/;
/** Documents that are read side by side for a list. */
const READS_AT_ONCE = 8;
const LIST_PAGE = 1000;
/** Where tables in a bucket lie; no index is called so. */
export const TABLES_PREFIX = "vectors/.tables/";

const snapshotsOf = ({ index }: Archive): string => `vectors/${index}/snapshots/`;
const filesPrefix = ({ index }: Archive): string => `vectors/${index}/files/`;

/** The keys of a file's parts, in order. */
function partsOf(archive: Archive, { hash }: Artefact, length: number): string[] {
  const parts = Math.ceil(length / PART_BYTES);
  return Array.from({ length: parts }, (_, part) => `${filesPrefix(archive)}${hash}-${length}.${part}`);
}

/** Sends what the snapshot in `dir` names and is not there yet, then the document. Throws `conflict` when the name is taken. */
export async function send(
  archive: Archive,
  placed: PlacedSnapshot,
  { name, at, shape }: Naming,
  call: CallInit,
): Promise<NamedSnapshot> {
  const { dir } = placed;
  const there = new Set(await keysUnder(archive, filesPrefix(archive), call));
  const lengths: Record<string, number> = {};
  for (const artefact of artefactsOf(placed)) {
    const path = join(dir, artefact.file);
    const { size } = await stat(path);
    lengths[artefact.file] = size;
    const parts = partsOf(archive, artefact, size);
    if (parts.every((key) => there.has(key))) continue;
    await verify(path, artefact, placed);
    for (const [part, key] of parts.entries()) {
      if (there.has(key)) continue;
      const body = Bun.file(path)
        .slice(part * PART_BYTES, Math.min(size, (part + 1) * PART_BYTES))
        .stream();
      await archive.storage.put({ key, body }, call);
    }
  }
  const snapshot = {
    name,
    sequence: sequenceOf(placed),
    count: placed.engine === "hnsw" ? placed.manifest.count : placed.state.count,
    bytes: Object.values(lengths).reduce((sum, length) => sum + length, 0),
    at,
  };
  const content =
    placed.engine === "hnsw"
      ? { format: 1 as const, manifest: placed.manifest }
      : { format: 2 as const, table: placed.state };
  const json = JSON.stringify({ ...snapshot, ...content, shape, lengths } satisfies Document);
  const text = `${hashOf(json)}\n${json}\n`;
  const body = new Response(text).body as Bytes;
  await archive.storage
    .put({ key: snapshotsOf(archive) + name, body, if_none_match: "*" }, call)
    .catch((error: unknown) => {
      throw error instanceof Fault && error.code === "conflict" ? taken(archive, name) : error;
    });
  return snapshot;
}

export function taken({ index }: Archive, name: string): Fault {
  return new Fault("conflict", `${index} has a snapshot ${name} already. Choose another name, or remove it.`);
}

/** All snapshots of the index, oldest first. One whose document is damaged is a Fault `internal` that names it. */
export async function snapshotsIn(archive: Archive, call: CallInit): Promise<NamedSnapshot[]> {
  const names = await namesOf(archive, call);
  const found: NamedSnapshot[] = [];
  for (let at = 0; at < names.length; at += READS_AT_ONCE) {
    const page = names.slice(at, at + READS_AT_ONCE).map((name) => documentOf(archive, name, call));
    for (const { name, sequence, count, bytes, at } of await Promise.all(page))
      found.push({ name, sequence, count, bytes, at });
  }
  return found.sort((a, b) => (a.at < b.at ? -1 : 1));
}

export async function namesOf(archive: Archive, call: CallInit): Promise<string[]> {
  const prefix = snapshotsOf(archive);
  return (await keysUnder(archive, prefix, call)).map((key) => key.slice(prefix.length));
}

/**
 * Fetches a snapshot into an empty folder: its files, each verified against the hash that the document names before
 * anything else reads it, and then its manifest. Throws `not_found`, or `internal` naming what is damaged.
 */
export async function receive(
  archive: Archive,
  name: string,
  call: CallInit,
  folderFor: (shape: string) => Promise<string>,
): Promise<SnapshotContent> {
  const document = await documentOf(archive, name, call);
  const content = contentOf(document);
  const dir = await folderFor(document.shape);
  const folders = new Set<string>();
  for (const artefact of artefactsOf(content)) {
    const path = join(dir, artefact.file);
    if (content.engine === "lance") await makeFolder(dirname(path));
    folders.add(dirname(path));
    await fetchParts(archive, partsOf(archive, artefact, document.lengths[artefact.file] ?? 0), path, call);
    await verify(path, artefact, content);
  }
  for (const folder of folders) await syncFolder(folder);
  if (content.engine === "hnsw") await writeManifest(dir, content.manifest);
  else await writeState(dir, { ...content.state, upkeep: false });
  await syncFolder(dir);
  return content;
}

function contentOf({ manifest, table }: Document): SnapshotContent {
  if (table !== undefined) return { engine: "lance", state: table };
  assert(manifest !== undefined, "a document has a manifest or a table");
  return { engine: "hnsw", manifest };
}

/** A damaged file is neither sent, since its name would vouch for it from then on, nor received. */
async function verify(path: string, { hash }: Artefact, { engine }: SnapshotContent): Promise<void> {
  const found = engine === "hnsw" ? await verifyChecksummed(path) : await hashed(path);
  if (found.hash === hash) return;
  throw damagedFile(path, "it is whole, but not the file that the snapshot names");
}

async function fetchParts(
  { storage }: Archive,
  keys: readonly string[],
  path: string,
  call: CallInit,
): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    for (const key of keys) {
      const { body } = await storage.get({ key }, call).catch((error: unknown) => {
        if (!(error instanceof Fault) || error.code !== "not_found") throw error;
        throw new Fault("internal", `The object ${key}, which a snapshot needs, is missing.`);
      });
      if (body !== null) for await (const part of body) await writeAll(file, part);
    }
    await file.sync();
  } catch (error) {
    throw diskFault(error, path);
  } finally {
    await file.close();
  }
}

/** Removes a snapshot, then the files of the index that none of those left names. */
export async function removeSnapshot(archive: Archive, name: string, call: CallInit): Promise<void> {
  const { storage, index } = archive;
  const names = await namesOf(archive, call);
  if (!names.includes(name)) throw noSnapshot(index, name);
  const needed = new Set<string>();
  for (const other of names) {
    if (other === name) continue;
    // One that cannot be read might need any of them, so that its fault stops the removal.
    const document = await documentOf(archive, other, call);
    for (const artefact of artefactsOf(contentOf(document)))
      for (const key of partsOf(archive, artefact, document.lengths[artefact.file] ?? 0)) needed.add(key);
  }
  await storage.remove({ key: snapshotsOf(archive) + name }, call);
  for (const key of await keysUnder(archive, filesPrefix(archive), call))
    if (!needed.has(key)) await storage.remove({ key }, call);
}

/** Names of indexes that have snapshots, whether or not there are such indexes. */
export async function archivedIndexes(
  { storage }: Pick<Archive, "storage">,
  call: CallInit,
): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.list(
      { prefix: "vectors/", delimiter: "/", limit: LIST_PAGE, ...(cursor === undefined ? {} : { cursor }) },
      call,
    );
    names.push(...page.prefixes.map((prefix) => prefix.slice("vectors/".length, -1)));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  const kept: string[] = [];
  for (const index of names)
    if (!index.startsWith(".") && (await namesOf({ storage, index }, call)).length > 0) kept.push(index);
  return kept;
}

/** The index's newest snapshot that can be read, with the shape of the index; null when there is none. */
export async function newestIn(
  archive: Archive,
  call: CallInit,
): Promise<{ readonly name: string; readonly shape: string; readonly at: string } | null> {
  let newest: Document | null = null;
  for (const name of await namesOf(archive, call)) {
    const document = await documentOf(archive, name, call).catch((error: unknown) => {
      if (error instanceof Fault && error.code === "internal") return null;
      throw error;
    });
    if (document !== null && (newest === null || document.at > newest.at)) newest = document;
  }
  return newest;
}

/** Versions of tables in a bucket that the index's snapshots name, by table. */
export async function pinnedIn(archive: Archive, call: CallInit): Promise<Map<string, number[]>> {
  const pinned = new Map<string, number[]>();
  for (const name of await namesOf(archive, call)) {
    const { table } = await documentOf(archive, name, call);
    if (table !== undefined) pinned.set(table.table, [...(pinned.get(table.table) ?? []), table.version]);
  }
  return pinned;
}

/** Removes a table that is in the bucket of the objects. */
export async function removeTable(archive: Archive, table: string, call: CallInit): Promise<void> {
  for (const key of await keysUnder(archive, `${TABLES_PREFIX}${table}/`, call))
    await archive.storage.remove({ key }, call);
}

async function documentOf(archive: Archive, name: string, call: CallInit): Promise<Document> {
  const key = snapshotsOf(archive) + name;
  const { body, headers } = await archive.storage.get({ key }, call).catch((error: unknown) => {
    throw error instanceof Fault && error.code === "not_found" ? noSnapshot(archive.index, name) : error;
  });
  if (Number(headers["content-length"]) > DOCUMENT_BYTES_MAX) throw damaged(key);
  const [hash, json] = (await new Response(body).text()).split("\n");
  if (json === undefined || hash !== hashOf(json)) throw damaged(key);
  const document = JSON.parse(json) as Document;
  // The names become paths here, and anyone who may write objects may have written them.
  if (document.format !== 1 && document.format !== 2) throw damaged(key);
  const named = document.format === 1 ? ARTEFACT_NAME : TABLE_FILE;
  if (!artefactsOf(contentOf(document)).every(({ file }) => named.test(file))) throw damaged(key);
  return document;
}

function hashOf(json: string): string {
  return Bun.hash.xxHash64(json).toString(16);
}

function damaged(key: string): Fault {
  return new Fault("internal", `The object ${key} is damaged: it does not match its checksum.`);
}

function noSnapshot(index: string, name: string): Fault {
  return new Fault(
    "not_found",
    `${index} has no snapshot ${name}. GET /v1/vectors/${index}/snapshots lists them.`,
  );
}

async function keysUnder({ storage }: Archive, prefix: string, call: CallInit): Promise<string[]> {
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await storage.list(
      { prefix, limit: LIST_PAGE, ...(cursor === undefined ? {} : { cursor }) },
      call,
    );
    keys.push(...page.objects.map(({ key }) => key));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return keys;
}
