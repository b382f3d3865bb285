// Builds one generation of a corpus: rows of a dataset at one snapshot, read to a file, turned into texts, embedded,
// and written to a new index in vectord. Nothing serves until all of it is there. What was embedded before is not
// embedded again: rows whose text the last generation has too bring its vector along, and a build that was cut off
// finds what it had written.

import type { SnapshotId } from "#contracts/shapes";
import { setImmediate } from "node:timers/promises";
import type { embed } from "#contracts/embed";
import type { Corpus, Meanings } from "#contracts/matrix";
import type { query } from "#contracts/query";
import type { FieldKind, vector } from "#contracts/vector";
import type { Point } from "#domain/places";
import { quoteIdentifier } from "#lib/sql-text";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault, toFault } from "#rpc/fault";
import { cityPoint, collectFacts, NONE, type RowFacts, stateOf } from "./row-facts.ts";
import { emptyWords, type Generation, newGeneration } from "./generation.ts";
import { spooledLines } from "./row-spool.ts";
import type { Title } from "../query/title.ts";
import { parseTemplate } from "./template.ts";
import { readTitleTable, type Spelling } from "./title-table.ts";
import {
  dayNumber,
  heldCertificates,
  QUALIFICATIONS_VERSION,
  rosterStatus,
  spokenLanguages,
} from "#domain/qualifications";
import { titleKey, TITLES_MAX, type TitleTable } from "./titles.ts";
import type { Understanding } from "../query/understand.ts";

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
  readonly meanings: Meanings;
  readonly model: string;
  readonly dimension: number;
  readonly engine: "hnsw" | "lance";
  readonly snapshotId: SnapshotId;
  readonly rowsTotal: number;
  /** vectord's name for the new index. */
  readonly index: string;
  /** Where rows are kept on disk while their texts are embedded; the folder is there. */
  readonly spool: string;
}

export type Progress = NonNullable<Corpus["build"]>;

/** Payload fields of our own: what tiers of a search are cut by. */
export const SOC_FIELD = "_soc";
export const STATE_FIELD = "_state";
export const PLACE_FIELD = "_place";
export const ROLE_FIELD = "_role";
export const STATUS_FIELD = "_status";
export const CERTIFICATES_FIELD = "_certificates";
export const LANGUAGES_FIELD = "_languages";
export const FREE_FROM_FIELD = "_free_from";
export const OWN_FIELDS = {
  [SOC_FIELD]: "keyword",
  [STATE_FIELD]: "keyword",
  [PLACE_FIELD]: "geo",
  [ROLE_FIELD]: "keyword",
  [STATUS_FIELD]: "keyword",
  [CERTIFICATES_FIELD]: "keyword",
  [LANGUAGES_FIELD]: "keyword",
  [FREE_FROM_FIELD]: "number",
} as const;

/** Changes with whatever a build writes besides its plan: what was written under another mark is written again. */
export async function buildMark({ understanding }: Pick<BuildDeps, "understanding">): Promise<string> {
  return `${await understanding.taxonomy()}-${Bun.hash(JSON.stringify([OWN_FIELDS, QUALIFICATIONS_VERSION])).toString(36)}`;
}

/** Rows that are embedded and written in one go: less than 20 ms of work before others get their turn. */
const BATCH_ROWS = 64;
/** The longest a query of queryd may take. */
const READ_TIMEOUT_MS = 300_000;

type Row = Readonly<Record<string, unknown>>;

export interface Built {
  readonly generation: Generation;
  /** Rows whose text had to be embedded; the others brought their vectors along. */
  readonly embedded: number;
}

/** `before`: the generation that answers now, whose vectors are taken over where texts are the same. */
export async function buildGeneration(
  plan: BuildPlan,
  before: Generation | undefined,
  deps: BuildDeps,
  onProgress: (phase: Progress["phase"], done: number) => void,
  call: CallInit,
): Promise<Built> {
  const template = parseTemplate(plan.text);
  onProgress("read", 0);
  const former = before?.model === plan.model ? before : undefined;
  const taxonomy = await deps.understanding.taxonomy();
  const table = await titlesOf(plan, former?.taxonomy === taxonomy ? former.table : undefined, deps, call);
  const titleNumbers = new Map(table.all.map(({ text }, title) => [titleKey(text), title]));
  const fields = { ...plan.fields, ...OWN_FIELDS };
  const { created } = await deps.vector.create(
    { index: plan.index, dimension: plan.dimension, engine: plan.engine, fields },
    call,
  );
  const ids: string[] = [];
  const names: string[] = [];
  const seen = new Set<string>();
  const words = emptyWords();
  const facts = collectFacts();
  let embedded = 0;
  const described = (row: Row): Described => {
    const text = template.fill(row) || "-";
    const known = factsOf(row, plan.meanings, { table, titleNumbers, understanding: deps.understanding });
    return {
      id: idOf(row, plan, seen),
      text,
      facts: { ...known, textHash: Bun.hash.xxHash64(text) },
      name: nameOf(row, plan.meanings),
      metadata: { ...metadataOf(row, plan), ...ownMetadata(known, table.all[known.title]) },
    };
  };
  for await (const rows of batchesOf(readRows(plan, template.columns, deps.query, call), BATCH_ROWS)) {
    const batch = rows.map(described);
    const written = created ? new Map() : await vectorsOf(plan.index, batch, deps.vector, call);
    const missing = batch.filter(({ id }) => !written.has(id));
    const same = former === undefined ? [] : missing.filter((one) => isSame(one, former));
    const taken = former === undefined ? new Map() : await vectorsOf(former.index, same, deps.vector, call);
    const fresh = missing.filter(({ id }) => !taken.has(id));
    const texts = fresh.map(({ text }) => text);
    const vectors = new Map(taken);
    if (texts.length > 0) {
      const reply = await deps.embed.embed(
        { texts, model: plan.model, input: "document", encoding: "base64" },
        call,
      );
      for (const [at, { id }] of fresh.entries()) vectors.set(id, reply.vectors[at]);
    }
    const items = missing.map(({ id, metadata }) => ({ id, vector: vectors.get(id), metadata }));
    if (items.length > 0) await deps.vector.upsert({ index: plan.index, items }, call);
    for (const one of batch) {
      words.put(ids.push(one.id) - 1, one.text);
      facts.add(one.facts);
      names.push(one.name);
    }
    embedded += fresh.length;
    onProgress("embed", ids.length);
    await setImmediate();
  }
  onProgress("swap", ids.length);
  const { corpus, dataset, snapshotId, index, model } = plan;
  const generation = newGeneration({
    corpus,
    dataset,
    snapshotId,
    index,
    model,
    fields: plan.fields,
    coded: plan.meanings.soc !== undefined,
    taxonomy,
    meanings: plan.meanings,
    ids,
    names: names.some((name) => name !== "") ? names : [],
    words,
    facts: facts.finish(),
    table,
  });
  return { generation, embedded };
}

interface Described {
  readonly id: string;
  readonly text: string;
  readonly name: string;
  readonly facts: RowFacts;
  readonly metadata: Record<string, unknown>;
}

function isSame({ id, facts: { textHash } }: Described, { rows, facts }: Generation): boolean {
  const row = rows.get(id);
  return row !== undefined && facts.textHash[row] === textHash;
}

type Vectors = Map<string, string | number[] | undefined>;

/** The vectors that an index has of these rows. One that cannot be read has none: they are embedded instead. */
async function vectorsOf(
  index: string,
  rows: readonly Described[],
  vectors: BuildDeps["vector"],
  call: CallInit,
): Promise<Vectors> {
  if (rows.length === 0) return new Map();
  try {
    const { items } = await vectors.fetch({ index, ids: rows.map(({ id }) => id) }, call);
    return new Map(items.map(({ id, vector }) => [id, vector]));
  } catch (thrown) {
    const { code } = toFault(thrown);
    if (code === "internal" || code === "not_found") return new Map();
    throw thrown;
  }
}

/** The titles of the dataset's rows, read with as little asking as the last generation leaves. */
async function titlesOf(
  plan: BuildPlan,
  before: TitleTable | undefined,
  { query, understanding }: BuildDeps,
  call: CallInit,
): Promise<TitleTable> {
  const { role } = plan.meanings;
  const spellings: Spelling[] = [];
  if (role !== undefined) {
    const sql = `SELECT CAST(${quoteIdentifier(role)} AS VARCHAR) AS "text", count(*) AS "rows" FROM ${quoteIdentifier(plan.dataset)}
      WHERE ${quoteIdentifier(role)} IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${2 * TITLES_MAX}`;
    for await (const row of streamed(sql, plan, query, call))
      spellings.push({ text: String(row["text"]), rows: Number(row["rows"]) });
  }
  return readTitleTable(spellings, before, { understanding, model: plan.model }, call);
}

interface Titles {
  readonly table: TitleTable;
  readonly titleNumbers: ReadonlyMap<string, number>;
  readonly understanding: Understanding;
}

/** An occupation code of six digits; O*NET writes two more behind a point. */
const SOC_CODE = /^\d\d-\d{4}/;

function factsOf(
  row: Row,
  { role, soc, city, state, lat, lon, languages, available_from, ...meant }: Meanings,
  { table, titleNumbers, understanding }: Titles,
): Omit<RowFacts, "textHash"> {
  const written = textIn(row, role);
  const key = written === undefined ? "" : titleKey(written);
  const title = titleNumbers.get(key) ?? NONE;
  const code = SOC_CODE.exec(textIn(row, soc) ?? "")?.[0];
  const town = textIn(row, city);
  const stateText = textIn(row, state);
  const code2 = stateText === undefined ? undefined : stateOf(stateText);
  return {
    title,
    soc: code ?? (table.all.length === 0 ? undefined : occupationOf()),
    city: town,
    state: code2,
    point: pointOf(row, lat, lon) ?? cityPoint(town, code2),
    status: rosterStatus(textIn(row, meant.status) ?? "", valueIn(row, meant.do_not_hire)) || undefined,
    certificates: heldCertificates(
      valueIn(row, meant.certifications),
      valueIn(row, meant.certifications_expire),
    ),
    languages: languages === undefined ? [] : spokenLanguages(row[languages]),
    freeFrom: dayNumber(textIn(row, available_from) ?? ""),
  };

  /** Of a title that no taxonomy knows, an occupation of its own. */
  function occupationOf(): string | undefined {
    if (written === undefined || key === "") return undefined;
    return (table.all[title] ?? understanding.readTitle(written)).soc ?? `title ${key}`;
  }
}

function valueIn(row: Row, column: string | undefined): unknown {
  return column === undefined ? undefined : row[column];
}

function textIn(row: Row, column: string | undefined): string | undefined {
  const value = column === undefined ? undefined : row[column];
  if (value === null || value === undefined || typeof value === "object") return undefined;
  return String(value).trim() || undefined;
}

/** Undefined unless both are degrees on the Earth. */
function pointOf(row: Row, lat: string | undefined, lon: string | undefined): Point | undefined {
  const [north, east] = [textIn(row, lat), textIn(row, lon)];
  if (north === undefined || east === undefined) return undefined;
  const point = { lat: Number(north), lon: Number(east) };
  return Math.abs(point.lat) <= 90 && Math.abs(point.lon) <= 180 ? point : undefined;
}

/** A title is excluded with a role when it was read as that role with at least this. */
const ROLE_CONFIDENCE_MIN = 0.5;

function nameOf(row: Row, { name, first_name, last_name }: Meanings): string {
  const whole = textIn(row, name);
  return (
    whole ?? [textIn(row, first_name), textIn(row, last_name)].filter((part) => part !== undefined).join(" ")
  );
}

function ownMetadata(facts: Omit<RowFacts, "textHash">, title: Title | undefined): Record<string, unknown> {
  const { soc, state, point, status, certificates = [], languages = [], freeFrom } = facts;
  const role = title !== undefined && title.confidence >= ROLE_CONFIDENCE_MIN ? title.role : null;
  return {
    ...(role === null ? {} : { [ROLE_FIELD]: role }),
    ...(status === undefined ? {} : { [STATUS_FIELD]: status }),
    ...(certificates.length === 0 ? {} : { [CERTIFICATES_FIELD]: certificates }),
    ...(languages.length === 0 ? {} : { [LANGUAGES_FIELD]: languages }),
    ...(freeFrom === undefined ? {} : { [FREE_FROM_FIELD]: freeFrom }),
    ...(soc === undefined ? {} : { [SOC_FIELD]: soc }),
    ...(state === undefined ? {} : { [STATE_FIELD]: state }),
    ...(point === undefined ? {} : { [PLACE_FIELD]: { lat: point.lat, lon: point.lon } }),
  };
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
      `${dataset} has rows with the same ${id}. Choose a column that is different in every row; these are the rows: SELECT ${quoteIdentifier(id)} FROM ${quoteIdentifier(dataset)} GROUP BY 1 HAVING count(*) > 1`,
    );
  }
  seen.add(text);
  return text;
}

function metadataOf(row: Row, { fields, meanings }: BuildPlan): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(fields)) {
    const value = kind === "geo" ? pointOf(row, meanings.lat, meanings.lon) : row[name];
    if (value !== null && value !== undefined) metadata[name] = kind === "number" ? numberOf(value) : value;
  }
  return metadata;
}

/** A value that no JSON number holds exactly (beyond 2^53 - 1, an infinity, NaN) stays text. */
function numberOf(value: unknown): number | string {
  const number = Number(value);
  const exact = Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return exact ? number : String(value);
}

/** Columns of the dataset that a corpus needs: those of its template, its id, its fields, and what ranking goes by. */
export function columnsNeeded(
  { id, fields, meanings }: Pick<BuildPlan, "id" | "fields" | "meanings">,
  template: readonly string[],
): string[] {
  const named = Object.entries(fields).flatMap(([name, kind]) =>
    kind === "geo" ? [meanings.lat ?? "lat", meanings.lon ?? "lon"] : [name],
  );
  const meant = Object.values(meanings).filter((column) => column !== undefined);
  return [...new Set([id, ...template, ...named, ...meant])];
}

async function* readRows(
  plan: BuildPlan,
  template: readonly string[],
  query: BuildDeps["query"],
  call: CallInit,
): AsyncGenerator<Row> {
  const columns = columnsNeeded(plan, template).map(quoteIdentifier).join(", ");
  yield* streamed(`SELECT ${columns} FROM ${quoteIdentifier(plan.dataset)}`, plan, query, call);
}

/** Rows of the dataset as it was at the plan's snapshot. All of them are on disk before the first is given. */
async function* streamed(
  sql: string,
  { dataset, snapshotId, spool }: BuildPlan,
  query: BuildDeps["query"],
  call: CallInit,
): AsyncGenerator<Row> {
  const at = { [dataset]: snapshotId };
  const { body } = await query.sqlStream({ sql, at, timeout_ms: READ_TIMEOUT_MS }, call);
  if (!(body instanceof ReadableStream)) return;
  for await (const line of spooledLines(body, spool)) yield JSON.parse(line) as Row;
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
