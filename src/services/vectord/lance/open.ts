// Opening an index with engine lance: its state, its table at the state's version, and the log behind that. The table's
// files are verified by the process that holds it, before Lance reads any of them.

import { join } from "node:path";
import type { Clock } from "#lib/clock";
import { Fault } from "#rpc/fault";
import type { Failures } from "../failures.ts";
import { type IndexShape, shapeText } from "../rows/shape.ts";
import { Log } from "#adapters/wal/log";
import type { TablePlace } from "./contract.ts";
import { LanceIndex } from "./lance-index.ts";
import { applyToLayer, newLayer } from "./layer.ts";
import type { LancePool } from "./pool.ts";
import { type LanceState, readState, writeState } from "./state.ts";

/** Where tables lie in a bucket, and what Lance's client for it needs. */
export interface LanceBucket {
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly uri: string;
  readonly storage: Readonly<Record<string, string>>;
}

/** The folder of a table that is kept beside its log. */
export const LOCAL_TABLE = "lance";

/** A name for a new table: in a bucket one of its own, so that what takes the place of an index never meets its files. */
export function newTable(bucket: LanceBucket | undefined): string {
  return bucket === undefined ? LOCAL_TABLE : crypto.randomUUID();
}

export function placeOf(
  dir: string,
  shape: IndexShape,
  table: string,
  bucket: LanceBucket | undefined,
): TablePlace {
  if (table === LOCAL_TABLE) return { uri: join(dir, table), storage: {}, shape: shapeText(shape) };
  if (bucket !== undefined)
    return { uri: `${bucket.uri}/${table}`, storage: { ...bucket.storage }, shape: shapeText(shape) };
  throw new Fault("unavailable", "The rows of the index are in a bucket, and the settings name none.");
}

export async function openLance(options: {
  readonly dir: string;
  readonly shape: IndexShape;
  readonly clock: Clock;
  readonly failures: Failures;
  readonly pool: LancePool;
  readonly bucket?: LanceBucket | undefined;
}): Promise<LanceIndex> {
  const { dir, shape, clock, failures, pool, bucket } = options;
  const read = readState(dir);
  const place = placeOf(dir, shape, read.table, bucket);
  const { version, files, upkeep: interrupted } = read;
  const { versions: there, ...opened } = await pool.call((tables) =>
    tables.open({ ...place, version, files: [...files], interrupted }),
  );
  const state = await settled(dir, read, opened, there);
  const layer = newLayer(shape);
  const replay = async ({ record }: { readonly record: Uint8Array }): Promise<void> => {
    await applyToLayer(layer, null, record);
  };
  const wal = await Log.open({ dir, after: state.sequence, replay });
  return new LanceIndex({ shape, dir, clock, pool, place, state, layer, wal, failures });
}

/** What the opening changed of the table is written down before anything else is. */
async function settled(
  dir: string,
  read: LanceState,
  opened: Pick<LanceState, "version" | "count" | "files">,
  there: readonly number[],
): Promise<LanceState> {
  if (read.version === 0 || (!read.upkeep && opened.version === read.version)) return read;
  const kept = read.versions.filter(({ version }) => there.includes(version));
  const state = { ...read, ...opened, versions: kept, upkeep: false };
  await writeState(dir, state);
  return state;
}
