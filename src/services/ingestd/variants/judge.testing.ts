// Generated files of every kind through the product's readers: one seed, one file, and a judge that says what differs from
// a reference. Thousands of files go through one DuckDB.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";
import { judgeCsv } from "./compare.testing.ts";
import type { Judged, Place } from "./judged.testing.ts";
import { judgeJson } from "./json.testing.ts";
import { judgeParquet } from "./parquet.testing.ts";
import { judgeSifted } from "./sifted.testing.ts";
import { judgeXlsx } from "./xlsx.testing.ts";

const JUDGES = {
  csv: judgeCsv,
  sifted: judgeSifted,
  json: judgeJson,
  parquet: judgeParquet,
  xlsx: judgeXlsx,
} as const satisfies Readonly<Record<string, (seed: number, place: Place) => Promise<Judged>>>;

export type VariantKind = keyof typeof JUDGES;
export const VARIANT_KINDS = Object.keys(JUDGES) as readonly VariantKind[];

export interface Compared {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** In words, with the seed that makes each again. */
  readonly differences: readonly string[];
}

interface CompareOptions {
  readonly rowsMax: number;
  readonly differencesMax: number;
  /** Told after each file. */
  readonly onFile?: (compared: Compared) => void;
}

/** As a worker has it. */
const MEMORY_BYTES_MAX = 2 ** 30;

export async function compareVariants(
  kind: VariantKind,
  from: number,
  files: number,
  { rowsMax, differencesMax, onFile }: CompareOptions,
): Promise<Compared> {
  const folder = mkdtempSync(join(tmpdir(), "ingest-variants-"));
  const db = await openDuckdb({
    memoryBytesMax: MEMORY_BYTES_MAX,
    threads: 1,
    tempDir: folder,
    tempBytesMax: 2 ** 30,
  });
  let compared: Compared = { files: 0, rows: 0, bytes: 0, differences: [] };
  try {
    for (let seed = from; seed < from + files && compared.differences.length < differencesMax; seed += 1) {
      const judged = await JUDGES[kind](seed, { db, folder, rowsMax }).catch((error: unknown): Judged => ({
        rows: 0,
        bytes: 0,
        difference: `refused: ${error}`,
      }));
      const { rows, bytes, difference } = judged;
      compared = {
        files: compared.files + 1,
        rows: compared.rows + rows,
        bytes: compared.bytes + bytes,
        differences:
          difference === undefined
            ? compared.differences
            : [...compared.differences, `${kind} seed ${seed}: ${difference}`],
      };
      onFile?.(compared);
    }
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return compared;
}
