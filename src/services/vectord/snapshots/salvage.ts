// What can be read of a damaged snapshot: the rows of every chunk that verifies, and of every block that does in one
// that does not, when the table does, which has their ids and metadata. A lost manifest is made again from the table. Nothing is changed.

import { Fault } from "#rpc/fault";
import type { Rows } from "../rows/rows.ts";
import {
  graphsOf,
  type Manifest,
  manifestOfTables,
  readArtefact,
  readBlocks,
  readChunk,
  readManifest,
  readTable,
} from "./snapshot.ts";

export interface SalvagedRows {
  /** The sequence that the snapshot ends with; 0 when there is none. */
  readonly sequence: number;
  /** Rows of the snapshot whose vectors or metadata could not be read. */
  readonly rowsLost: number;
  /** A sentence for each thing that is wrong. */
  readonly damage: readonly string[];
}

/** Reads what verifies into an empty `rows`. */
export async function salvageRows(dir: string, rows: Rows): Promise<SalvagedRows> {
  const damage: string[] = [];
  const manifest = await manifestOrTables(dir, damage);
  if (manifest === null) return { sequence: 0, rowsLost: 0, damage };
  rows.restoreChunks(manifest.end);
  const whole = new Set<number>();
  const single = new Set<number>();
  for (const i of manifest.chunks.keys()) {
    if (await verifies(() => readChunk(dir, manifest, rows, i), damage)) whole.add(i);
    else for (const row of await readBlocks(dir, manifest, rows, i)) single.add(row);
  }
  // A row has a place in a chunk whether or not the chunk could be read.
  const inReadable = (row: number): boolean => whole.has(Math.floor(row / rows.chunkRows)) || single.has(row);
  await verifies(() => readTable(dir, manifest, rows, inReadable), damage);
  for (const graph of graphsOf(manifest)) await verifies(() => readArtefact(dir, graph), damage);
  return { sequence: manifest.sequence, rowsLost: manifest.count - rows.count, damage };
}

async function manifestOrTables(dir: string, damage: string[]): Promise<Manifest | null> {
  let manifest: Manifest | null = null;
  const read = await verifies(() => {
    manifest = readManifest(dir);
  }, damage);
  if (manifest !== null) return manifest;
  const found = await manifestOfTables(dir);
  if (found !== null && read) damage.push("manifest is damaged: it is missing.");
  return found;
}

/** False, with a sentence, when what is read does not verify; anything else that goes wrong is thrown. */
async function verifies(read: () => unknown, damage: string[]): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "internal") throw error;
    damage.push(error.message);
    return false;
  }
}
