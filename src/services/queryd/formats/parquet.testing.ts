// A Parquet file that was sent, read by another DuckDB than the one that wrote it.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDuckdb } from "#adapters/duckdb";

const BYTES_MAX = 256 * 1024 * 1024;

/** What a statement over the file gives, which it names `t`. */
export async function askParquet(
  file: Uint8Array | ArrayBuffer,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), "parquet-"));
  const db = await openDuckdb({
    memoryBytesMax: BYTES_MAX,
    threads: 1,
    tempDir: folder,
    tempBytesMax: BYTES_MAX,
  });
  try {
    const path = join(folder, "sent.parquet");
    writeFileSync(path, new Uint8Array(file));
    await db.run(`CREATE VIEW t AS FROM read_parquet('${path}')`);
    return await db.rows(sql);
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}
