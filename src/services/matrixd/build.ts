// Builds one generation of a corpus: rows of a dataset at one snapshot, read as a stream, turned into texts,
// embedded, and written to a new index in vectord. Nothing serves until all of it is there.

import type { embed } from "#contracts/embed";
import type { Corpus } from "#contracts/matrix";
import type { query } from "#contracts/query";
import type { FieldKind, vector } from "#contracts/vector";
import type { CallInit } from "#rpc/call";
import type { Bytes, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { emptyWords, type Generation, newGeneration } from "./generation.ts";
import { ROLE_FIELD, SOC_FIELD } from "./retrieve.ts";
import { parseTemplate } from "./template.ts";
import type { Understanding } from "./understand.ts";

export interface BuildDeps {
  readonly query: Service<typeof query>;
  readonly embed: Service<typeof embed>;
  readonly vector: Service<typeof vector>;
  readonly understanding: Understanding;
}

export interface BuildPlan {
  readonly corpus: string;
  readonly dataset: string;
  readonly id: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, FieldKind>>;
  readonly model: string;
  readonly dimension: number;
  readonly snapshotId: number;
  readonly rowsTotal: number;
  /** vectord's name for the new index. */
  readonly index: string;
}

export type Progress = NonNullable<Corpus["build"]>;

/** Rows that are embedded and written in one go: about 15 ms of work between two looks at the event loop. */
const BATCH_ROWS = 200;
/** The longest a query of queryd may take. */
const READ_TIMEOUT_MS = 300_000;

type Row = Readonly<Record<string, unknown>>;

export async function buildGeneration(
  plan: BuildPlan,
  deps: BuildDeps,
  onProgress: (phase: Progress["phase"], done: number) => void,
  call: CallInit,
): Promise<Generation> {
  const template = parseTemplate(plan.text);
  const fields = { ...plan.fields, [ROLE_FIELD]: "keyword", [SOC_FIELD]: "keyword" } as const;
  await deps.vector.create({ index: plan.index, dimension: plan.dimension, fields }, call);
  const ids: string[] = [];
  const seen = new Set<string>();
  const words = emptyWords();
  onProgress("read", 0);
  for await (const rows of batchesOf(readRows(plan, template.columns, deps.query, call), BATCH_ROWS)) {
    const texts = rows.map((row) => template.fill(row) || "-");
    const { vectors } = await deps.embed.embed({ texts, model: plan.model, encoding: "base64" }, call);
    const items = rows.map((row, at) => ({
      id: idOf(row, plan, seen),
      vector: vectors[at],
      metadata: metadataOf(row, plan.fields, deps.understanding),
    }));
    await deps.vector.upsert({ index: plan.index, items }, call);
    items.forEach(({ id }, at) => words.put(ids.push(id) - 1, [texts[at] ?? ""]));
    onProgress("embed", ids.length);
  }
  onProgress("swap", ids.length);
  return newGeneration({ ...plan, fields: plan.fields }, ids, words);
}

/** A row without an id, or with the id of another row, cannot be told apart in answers. */
function idOf(row: Row, { id, dataset }: BuildPlan, seen: Set<string>): string {
  const value = row[id];
  if (value === null || value === undefined || value === "") {
    throw new Fault(
      "invalid",
      `A row of ${dataset} has no ${id}. Choose a column that every row has as the corpus's id.`,
    );
  }
  const text = String(value);
  if (seen.has(text)) {
    throw new Fault(
      "invalid",
      // Whoever searches is told of a build that failed, and need not be one who may see the rows.
      `${dataset} has rows with the same ${id}. Choose a column that is different in every row; these are the rows: SELECT "${id}" FROM ${dataset} GROUP BY 1 HAVING count(*) > 1`,
    );
  }
  seen.add(text);
  return text;
}

function metadataOf(
  row: Row,
  fields: BuildPlan["fields"],
  understanding: Understanding,
): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(fields)) {
    const value = kind === "geo" ? placeOf(row) : row[name];
    if (value !== null && value !== undefined) metadata[name] = kind === "number" ? Number(value) : value;
  }
  const role = typeof row["role"] === "string" ? understanding.roleOf(row["role"]) : undefined;
  if (role !== undefined) {
    metadata[ROLE_FIELD] = role.name;
    metadata[SOC_FIELD] = role.soc;
  }
  return metadata;
}

function placeOf(row: Row): { lat: number; lon: number } | undefined {
  const [lat, lon] = [row["lat"], row["lon"]];
  if (lat === null || lat === undefined || lon === null || lon === undefined) return undefined;
  return { lat: Number(lat), lon: Number(lon) };
}

/** Columns of the dataset that a corpus needs: those of its template, its id, its fields. */
export function columnsNeeded(
  id: string,
  template: readonly string[],
  fields: BuildPlan["fields"],
): string[] {
  const named = Object.entries(fields).flatMap(([name, kind]) => (kind === "geo" ? ["lat", "lon"] : [name]));
  return [...new Set([id, ...template, ...named])];
}

async function* readRows(
  plan: BuildPlan,
  template: readonly string[],
  query: BuildDeps["query"],
  call: CallInit,
): AsyncGenerator<Row> {
  const columns = columnsNeeded(plan.id, template, plan.fields).map(quoted).join(", ");
  const sql = `SELECT ${columns} FROM ${quoted(plan.dataset)}`;
  const at = { [plan.dataset]: plan.snapshotId };
  const { body } = await query.sqlStream({ sql, at, timeout_ms: READ_TIMEOUT_MS }, call);
  if (!(body instanceof ReadableStream)) return;
  for await (const line of linesOf(body)) yield JSON.parse(line) as Row;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

async function* linesOf(body: Bytes): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
  }
  if (rest !== "") yield rest;
}

async function* batchesOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}
