// The rows of a dataset, as NDJSON, into claims. All rows are on disk before the first is read, so that the statement that
// gives them ends as soon as it can, and no more than a batch is in memory.

import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { writeAll } from "#lib/durable";
import type { Bytes } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import type { ClaimTuple } from "../store/rows.ts";
import { millisOf } from "../store/time.ts";
import type { ImportPlan } from "./contract.ts";

/** As much as the temp folder's disk is likely to have. */
const SPOOL_BYTES_MAX = 16 * 1024 ** 3;
/** As the contract says of a value, and of an entity. */
const VALUE_CHARS_MAX = 4000;
const ENTITY_CHARS_MAX = 300;

export interface ImportedBatch {
  readonly rows: number;
  readonly claims: readonly ClaimTuple[];
  readonly empty: number;
  readonly skipped: number;
}

export async function* importedClaims(
  body: Bytes,
  spool: string,
  plan: ImportPlan,
  claimsMax: number,
): AsyncGenerator<ImportedBatch> {
  let batch = { rows: 0, claims: [] as ClaimTuple[], empty: 0, skipped: 0 };
  for await (const line of spooledLines(body, spool)) {
    const row = JSON.parse(line) as Readonly<Record<string, unknown>>;
    batch.rows += 1;
    const entity = entityOf(row["k"], plan.entity_prefix);
    const observedMs = plan.observed_ms ?? observedOf(row["o"]);
    for (const [at, attribute] of plan.attributes.entries()) {
      const cell = row[String(at)];
      if (cell === null || cell === undefined || cell === "") batch.empty += 1;
      else if (entity === undefined || observedMs === undefined || isUnfit(cell)) batch.skipped += 1;
      else {
        const { source, confidence } = plan;
        batch.claims.push([
          entity,
          attribute,
          source,
          observedMs,
          JSON.stringify(valueOf(cell)),
          confidence,
          null,
        ]);
      }
    }
    if (batch.claims.length < claimsMax) continue;
    yield batch;
    batch = { rows: 0, claims: [], empty: 0, skipped: 0 };
  }
  yield batch;
}

async function* spooledLines(body: Bytes, path: string): AsyncGenerator<string> {
  try {
    const file = await open(path, "w", 0o600);
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.byteLength;
        if (bytes > SPOOL_BYTES_MAX)
          throw new Fault("too_large", "The rows of the dataset are more than 16 GiB.");
        await writeAll(file, chunk);
      }
    } finally {
      await file.close();
    }
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      if (line !== "") yield line;
    }
  } finally {
    await rm(path, { force: true });
  }
}

function entityOf(key: unknown, prefix: string): string | undefined {
  if (key === null || key === undefined || key === "") return undefined;
  const entity = prefix + String(valueOf(key));
  return entity.length > ENTITY_CHARS_MAX || entity.includes("\0") ? undefined : entity;
}

function observedOf(cell: unknown): number | undefined {
  return typeof cell === "string" ? millisOf(cell) : undefined;
}

function isUnfit(cell: unknown): boolean {
  const text = String(valueOf(cell));
  return text.length > VALUE_CHARS_MAX || text.includes("\0");
}

/** Lists and structs are claimed as their JSON. */
function valueOf(cell: unknown): string | number | boolean {
  return typeof cell === "string" || typeof cell === "number" || typeof cell === "boolean"
    ? cell
    : JSON.stringify(cell);
}
