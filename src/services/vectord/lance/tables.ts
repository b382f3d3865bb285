// The handlers of a process that holds Lance tables (contract.ts). A table is opened by the first call for it. Distances
// are computed again from the stored vectors, as the other engine does, so that an item is as far whatever found it.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { LanceTable, type LanceRow } from "#adapters/lance";
import { damaged } from "#adapters/checksummed-file";
import { assert, present } from "#lib/assert";
import { nodeDisk } from "#lib/disk";
import { seeded } from "#lib/random";
import { base64OfVector, readVector } from "#lib/vector-text";
import type { Handlers } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { type Filter, matches, parseFilter } from "../rows/filter.ts";
import { type IndexShape, type Item, type Metadata, parseShape } from "../rows/shape.ts";
import { distanceBetween, Nearest, prepare, type Query } from "../search/scan.ts";
import { decodeRecord } from "../wal/record.ts";
import { salvageLog } from "#adapters/wal/salvage";
import { CHECKSUM, checksumOf, fieldColumns, ID, lanceShape, METADATA, rowsOfItems } from "./columns.ts";
import type { lanceTables, TableFile, TablePlace, TableState } from "./contract.ts";
import { damageIn, removeUnlisted, settleFiles, TABLE_FOLDER, withoutRemoved } from "./files.ts";
import { textSql, whereOf } from "./where.ts";

const TABLE = "t";
/** Below it a scan takes some ten milliseconds, and a build pays for itself late. */
const INDEXED_ROWS_MIN = 10_000;
/** Candidates for each row wanted: what the index's coarse scalars got wrong is corrected among them. */
const OVERSAMPLE = 3;
const CANDIDATES_MIN = 32;
/** Beyond it all rows that match are read: a filter that SQL cannot say leaves too few of the nearest. */
const CANDIDATES_MAX = 16_384;
const GROWTH = 4;
/** Ids in one condition: the planner's work grows with them. */
const IDS_A_CONDITION = 1_000;
/** Rows of a table that are written, or copied, in one go. */
const ROWS_A_BATCH = 5_000;
const IDS_A_PAGE = 20_000;
/** Rows that are looked for in one search through the whole table. */
const ITEM_COLUMNS = [ID, METADATA, CHECKSUM];
/** Tables at earlier versions that are kept open. */
const EARLIER_MAX = 8;

interface Open {
  readonly place: TablePlace;
  readonly shape: IndexShape;
  readonly table: LanceTable;
  files: Map<string, TableFile>;
  readonly earlier: Map<number, Promise<LanceTable>>;
}

export function tableHandlers(): Handlers<typeof lanceTables> {
  const opened = new Map<string, Promise<Open>>();

  const openOf = (place: TablePlace): Promise<Open> => {
    const there = opened.get(place.uri);
    if (there !== undefined) return there;
    const opening = openTable(place, false);
    keep(place.uri, opening);
    return opening;
  };
  const keep = (uri: string, opening: Promise<Open>): void => {
    opened.set(uri, opening);
    opening.catch(() => {
      if (opened.get(uri) === opening) opened.delete(uri);
    });
  };

  return {
    open: async ({ version, files, interrupted, ...place }) => {
      const folder = folderOf(place);
      const given = new Map(files.map((file) => [file.path, file]));
      const { listed, doubtful } =
        folder === null
          ? { listed: given, doubtful: false }
          : await prepareFolder(folder, version, given, interrupted);
      const opening = openTable(place, version === 0);
      keep(place.uri, opening);
      const open = await opening;
      open.files = listed;
      if (version > 0 && (await open.table.version()) !== version) await open.table.putBack(version);
      if (doubtful) await open.table.dropIndexes();
      const versions = (await open.table.versions()).map((each) => each.version);
      return { ...(await stateOf(open)), versions };
    },
    nearest: async ({ vector, k, filter, exact, ef, vectors, at, ...place }) => {
      const open = await openOf(place);
      const table = await tableAt(open, at);
      const query = prepare(open.shape, numbersOf(vector));
      const parsed = filter === undefined ? undefined : parseFilter(filter);
      const found = await nearestRows(open, table, { query, k, filter: parsed, exact, ef });
      return {
        ...found,
        hits: found.hits.map(({ id, distance, metadata, vector: stored }) => ({
          id,
          distance,
          metadata: metadata as Record<string, unknown>,
          ...(vectors ? { vector: base64OfVector(stored) } : {}),
        })),
      };
    },
    existing: async ({ ids, at, ...place }) => {
      const table = await tableAt(await openOf(place), at);
      const found = await rowsById(table, ids, [ID], false);
      return { ids: found.map(({ values }) => values[ID] as string) };
    },
    fetch: async ({ ids, at, ...place }) => {
      const open = await openOf(place);
      const rows = await rowsById(await tableAt(open, at), ids, ITEM_COLUMNS, true);
      const items = rows.map(itemOf);
      return {
        items: items.map(({ id, vector, metadata }) => ({
          id,
          vector: base64OfVector(vector),
          metadata: metadata as Record<string, unknown>,
        })),
      };
    },
    matching: async ({ filter, version, from, ...place }) => {
      const open = await openOf(place);
      const parsed = parseFilter(filter);
      const rows = await (
        await tableAt(open, version)
      ).read({
        where: whereOf(parsed, open.shape),
        columns: [ID, METADATA],
        vectors: false,
        limit: IDS_A_PAGE,
        offset: from,
      });
      const ids = rows
        .filter(({ values }) => matches(parsed, metadataOf(values)))
        .map(({ values }) => values[ID] as string);
      return { ids, next: rows.length < IDS_A_PAGE ? null : from + rows.length };
    },
    recall: async ({ sample, k, seed, ...place }) => {
      const open = await openOf(place);
      return measured(open, sample, k, seed);
    },
    apply: async ({ log, after, upTo, beside, lenient, ...place }) => {
      const open = await openOf(place);
      // Upkeep in another process may have committed.
      if (beside) await open.table.refresh();
      await applyLog(open, log, { after, upTo, lenient });
      return stateOf(open, beside);
    },
    upkeep: async ({ keptFrom, rebuild, ...place }) => {
      const open = await openTable(place, false);
      await upkeep(open, new Date(keptFrom), rebuild);
      return null;
    },
    state: async (place) => {
      const open = await openOf(place);
      await open.table.refresh();
      const { indexed } = await open.table.stats();
      const versions = (await open.table.versions()).map((each) => each.version);
      return { ...(await stateOf(open)), indexed, versions };
    },
    pin: async ({ versions, ...place }) => {
      await (await openOf(place)).table.pin(versions);
      return null;
    },
    stats: async (place) => {
      const { indexed, fragments } = await (await openOf(place)).table.stats();
      return { indexed, fragments };
    },
    close: async ({ uri }) => {
      const open = await opened.get(uri)?.catch(() => undefined);
      opened.delete(uri);
      if (open === undefined) return null;
      for (const table of open.earlier.values()) (await table.catch(() => undefined))?.close();
      open.table.close();
      return null;
    },
    salvage: ({ version, files, to, ...place }) => salvage(place, version, files, to),
  };
}

/** Null for a table in a bucket. */
function folderOf({ uri }: TablePlace): string | null {
  return uri.startsWith("/") ? join(uri, TABLE_FOLDER) : null;
}

/** Verifies what is listed and removes what is not. `doubtful`: an index is there that nothing vouches for. */
async function prepareFolder(
  folder: string,
  version: number,
  given: ReadonlyMap<string, TableFile>,
  interrupted: boolean,
): Promise<{ listed: Map<string, TableFile>; doubtful: boolean }> {
  if (version === 0) {
    await rm(folder, { recursive: true, force: true });
    return { listed: new Map(), doubtful: false };
  }
  const listed = interrupted ? await withoutRemoved(folder, given, version) : new Map(given);
  const [worst] = await damageIn(folder, listed.values());
  if (worst !== undefined) throw new Fault("internal", worst.damage);
  return { listed, doubtful: await removeUnlisted(folder, listed, version) };
}

async function openTable(place: TablePlace, create: boolean): Promise<Open> {
  const shape = parseShape(place.shape);
  const table = await LanceTable.open(place, TABLE, lanceShape(shape), create);
  return { place, shape, table, files: new Map(), earlier: new Map() };
}

async function stateOf(open: Open, beside = false): Promise<TableState> {
  const folder = folderOf(open.place);
  const version = await open.table.version();
  if (folder !== null) open.files = await settleFiles(folder, open.files, { version, beside });
  return {
    version,
    count: await open.table.count(),
    files: [...open.files.values()],
  };
}

async function tableAt(open: Open, at: number | undefined): Promise<LanceTable> {
  if (at === undefined || at === (await open.table.version())) return open.table;
  const kept = open.earlier.get(at);
  if (kept !== undefined) return kept;
  const [oldest] = open.earlier.keys();
  if (open.earlier.size >= EARLIER_MAX && oldest !== undefined) open.earlier.delete(oldest);
  const opening = openTable(open.place, false).then(async ({ table }) => {
    await table.checkout(at);
    return table;
  });
  open.earlier.set(at, opening);
  opening.catch(() => open.earlier.delete(at));
  return opening;
}

interface Scored {
  readonly id: string;
  readonly distance: number;
  readonly metadata: Metadata;
  readonly vector: Float32Array;
}

interface Wanted {
  readonly query: Query;
  readonly k: number;
  readonly filter: Filter | undefined;
  readonly exact: boolean;
  readonly ef: number;
}

interface FoundRows {
  readonly hits: Scored[];
  readonly plan: "lance" | "exact";
  readonly scanned: number;
  readonly exhausted: boolean;
}

async function nearestRows({ shape }: Open, table: LanceTable, wanted: Wanted): Promise<FoundRows> {
  const { query, k, filter, exact, ef } = wanted;
  const where = filter === undefined ? undefined : whereOf(filter, shape);
  let scanned = 0;
  for (
    let limit = exact ? k : Math.max(CANDIDATES_MIN, OVERSAMPLE * k);
    limit <= CANDIDATES_MAX;
    limit *= GROWTH
  ) {
    const { rows, byIndex } = await table.nearest({
      vector: query.vector,
      limit,
      where,
      columns: ITEM_COLUMNS,
      exact,
      ef,
    });
    scanned += rows.length;
    const hits = rows.flatMap((row) => scoredIf(row, query, filter)).sort(nearestFirst);
    const exhausted = rows.length < limit;
    // Fewer candidates than were wanted are all that match, and their distances are exact.
    if (hits.length >= k || exhausted)
      return {
        hits: hits.slice(0, k),
        plan: byIndex ? "lance" : "exact",
        scanned,
        exhausted: exhausted && hits.length <= k,
      };
  }
  return scanRows(table, where, wanted);
}

/** Reads every row that may match, batch by batch; only the nearest are held. */
async function scanRows(
  table: LanceTable,
  where: string | undefined,
  { query, k, filter }: Wanted,
): Promise<FoundRows> {
  const nearest = new Nearest(k);
  const held = new Map<number, Scored>();
  let [scanned, matching] = [0, 0];
  for await (const rows of table.scan({ where, columns: ITEM_COLUMNS, vectors: true })) {
    for (const row of rows) {
      scanned += 1;
      const [scored] = scoredIf(row, query, filter);
      if (scored === undefined) continue;
      matching += 1;
      if (scored.distance > nearest.bound) continue;
      nearest.offer(scanned, scored.distance);
      held.set(scanned, scored);
    }
    const kept = new Set(nearest.sorted().map(({ row }) => row));
    for (const row of held.keys()) if (!kept.has(row)) held.delete(row);
  }
  const hits = nearest.sorted().map(({ row }) => present(held.get(row), "a row that is among the nearest"));
  return { hits, plan: "exact", scanned, exhausted: matching <= k };
}

function scoredIf(row: LanceRow, query: Query, filter: Filter | undefined): Scored[] {
  const metadata = metadataOf(row.values);
  if (filter !== undefined && !matches(filter, metadata)) return [];
  return [{ ...itemOf(row), metadata, distance: distanceBetween(query, row.vector) }];
}

/** Equal distances in the order of ids: rows lie in one order today and in another after upkeep. */
function nearestFirst(a: Scored, b: Scored): number {
  return a.distance - b.distance || (a.id < b.id ? -1 : 1);
}

function metadataOf(values: Readonly<Record<string, unknown>>): Metadata {
  return JSON.parse(values[METADATA] as string) as Metadata;
}

/** Throws Fault `internal` when the row is not what was written. */
function itemOf({ values, vector }: LanceRow): Item {
  const [id, metadata] = [values[ID] as string, values[METADATA] as string];
  if (checksumOf(id, metadata, vector) !== values[CHECKSUM])
    throw damaged("rows", "a row that was read does not match its checksum");
  return { id, vector, metadata: JSON.parse(metadata) as Metadata };
}

function numbersOf(text: string | readonly number[]): Float32Array {
  return present(readVector(text), "a vector that was checked");
}

async function rowsById(
  table: LanceTable,
  ids: readonly string[],
  columns: readonly string[],
  vectors: boolean,
): Promise<LanceRow[]> {
  const rows: LanceRow[] = [];
  for (let from = 0; from < ids.length; from += IDS_A_CONDITION)
    rows.push(
      ...(await table.read({ where: idsSql(ids.slice(from, from + IDS_A_CONDITION)), columns, vectors })),
    );
  return rows;
}

function idsSql(ids: readonly string[]): string {
  return `${ID} in (${ids.map(textSql).join(", ")})`;
}

/** What a stretch of the log says in the end of each id: rows that were there go, and those that stay come in. */
async function applyLog(
  { table, shape }: Open,
  log: string,
  { after, upTo, lenient }: { readonly after: number; readonly upTo: number; readonly lenient: boolean },
): Promise<void> {
  const last = new Map<string, Item | null>();
  const { lost } = await salvageLog({
    dir: log,
    disk: nodeDisk,
    after,
    replay: ({ sequence, record }) => {
      if (sequence > upTo || record.length === 0) return;
      for (const change of decodeRecord(record, shape.dimension)) {
        if (change.kind === "upsert") last.set(change.item.id, change.item);
        else last.set(change.id, null);
      }
    },
  });
  const missing = lost.find(({ from }) => from <= upTo);
  if (missing !== undefined && !lenient)
    throw damaged("log", `the acknowledged write ${missing.from} is not in it`);
  const ids = [...last.keys()];
  const there = (await rowsById(table, ids, [ID], false)).map(({ values }) => values[ID] as string);
  for (let from = 0; from < there.length; from += IDS_A_CONDITION)
    await table.remove(idsSql(there.slice(from, from + IDS_A_CONDITION)));
  const items = [...last.values()].filter((item) => item !== null);
  for (let from = 0; from < items.length; from += ROWS_A_BATCH)
    await table.add(rowsOfItems(shape, items.slice(from, from + ROWS_A_BATCH)));
}

async function upkeep({ table, shape }: Open, keptFrom: Date, rebuild: boolean): Promise<void> {
  const { rows, indexed } = await table.stats();
  if (indexed === null && rows >= INDEXED_ROWS_MIN) {
    await table.indexColumn(ID, "ordered");
    for (const { each } of fieldColumns(shape).values())
      if (each !== undefined) await table.indexColumn(each, "list");
  }
  if (rebuild || (indexed === null && rows >= INDEXED_ROWS_MIN)) await table.indexVectors();
  await table.optimize(keptFrom);
}

async function measured(
  open: Open,
  sample: number,
  k: number,
  seed: number,
): Promise<{ recall: number; mean_us: number; p99_us: number; exact_mean_us: number; sample: number }> {
  const { table, shape } = open;
  const count = await table.count();
  const random = seeded(seed);
  const timesUs: number[] = [];
  let [exactUs, found, possible] = [0, 0, 0];
  for (let n = 0; n < (count > 1 ? sample : 0); n++) {
    const [row] = await table.at([random.below(count)], ITEM_COLUMNS);
    if (row === undefined) continue;
    // One more than k, since the row itself is among them.
    const wanted = { query: prepare(shape, row.vector), k: k + 1, filter: undefined, ef: 0 };
    const started = performance.now();
    const byPlan = await nearestRows(open, table, { ...wanted, exact: false });
    const between = performance.now();
    const nearest = await nearestRows(open, table, { ...wanted, exact: true });
    timesUs.push((between - started) * 1_000);
    exactUs += (performance.now() - between) * 1_000;
    const furthest = (nearest.hits.at(-1)?.distance ?? 0) + TOLERANCE;
    possible += nearest.hits.length - 1;
    found += Math.max(
      0,
      Math.min(nearest.hits.length, byPlan.hits.filter(({ distance }) => distance <= furthest).length) - 1,
    );
  }
  timesUs.sort((a, b) => a - b);
  const times = Math.max(1, timesUs.length);
  return {
    recall: possible === 0 ? 1 : found / possible,
    mean_us: timesUs.reduce((sum, time) => sum + time, 0) / times,
    p99_us: timesUs[Math.ceil(times * 0.99) - 1] ?? 0,
    exact_mean_us: exactUs / times,
    sample: timesUs.length,
  };
}

/** Distances of one pair of vectors agree to more digits than this. */
const TOLERANCE = 1e-9;

async function salvage(
  place: TablePlace,
  version: number,
  files: readonly TableFile[],
  to: string,
): Promise<TableState & { lost: number; damage: string[] }> {
  const folder = folderOf(place);
  const damage =
    folder === null ? [] : (await damageIn(folder, files)).map(({ damage: sentence }) => sentence);
  const target = await openTable({ ...place, uri: to, storage: {} }, true);
  let [count, lost] = [0, 0];
  try {
    const { table } = await openTable(place, false);
    if (version > 0) await table.checkout(version);
    const ids = await table.rowIds();
    for (let from = 0; from < ids.length; from += ROWS_A_BATCH) {
      const wanted = ids.slice(from, from + ROWS_A_BATCH);
      const items = await readable(table, wanted);
      if (items.length > 0) await target.table.add(rowsOfItems(target.shape, items));
      count += items.length;
      lost += wanted.length - items.length;
    }
  } catch (error) {
    damage.push(
      `Rows of the table cannot be read: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : "unknown"}.`,
    );
  }
  const state = await stateOf(target);
  assert(state.count === count, "every row that was read is copied");
  return { ...state, lost, damage };
}

/** Rows that verify. Where a read fails, its halves are read: a damaged block costs the rows in it. */
async function readable(table: LanceTable, ids: readonly bigint[]): Promise<Item[]> {
  try {
    return (await table.byRowIds(ids, ITEM_COLUMNS)).flatMap((row) => {
      try {
        return [itemOf(row)];
      } catch {
        // Not as it was written: its caller counts what is missing.
        return [];
      }
    });
  } catch (error) {
    if (ids.length <= 1) return [];
    if (error instanceof Fault) throw error;
    const half = ids.length >> 1;
    return [...(await readable(table, ids.slice(0, half))), ...(await readable(table, ids.slice(half)))];
  }
}
