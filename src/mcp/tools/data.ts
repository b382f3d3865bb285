// Tools about data: which datasets there are, what is in one, SQL over them, a file in.

import { z } from "zod";
import { fieldKind } from "#contracts/vector";
import { OWNED_DATASETS } from "#contracts/owned-datasets";
import { datasetName, plainName } from "#contracts/shapes";
import { Fault } from "#rpc/fault";
import { READS, tool } from "../tool.ts";

const row = z.record(z.string(), z.unknown());
/** What a model reads at once. */
const ROWS_MAX = 500;
const FILE_CHARS_MAX = 1_000_000;

export const listDatasets = tool({
  name: "list_datasets",
  title: "List datasets",
  description: "List datasets with their columns, number of rows and last change.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ limit: z.int().min(1).max(200).default(100), cursor: z.string().optional() }),
  output: z.object({
    datasets: z.array(z.looseObject({ name: z.string() })),
    next_cursor: z.string().optional(),
  }),
  run: ({ catalogd }, input, { call }) => catalogd.datasets(input, call),
});

export const describeDataset = tool({
  name: "describe_dataset",
  title: "Describe a dataset",
  description: "Read a dataset's columns and snapshots, and a few of its rows.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ dataset: datasetName, sample: z.int().min(0).max(20).default(5) }),
  output: z.object({ dataset: z.looseObject({ name: z.string() }), sample: z.array(row) }),
  run: async ({ catalogd, queryd }, { dataset, sample }, { call }) => {
    const described = await catalogd.dataset({ dataset }, call);
    if (sample === 0) return { dataset: described, sample: [] };
    const { rows } = await queryd.sql({ sql: `SELECT * FROM "${dataset}" LIMIT ${sample}` }, call);
    return { dataset: described, sample: rows };
  },
});

export const querySql = tool({
  name: "query_sql",
  title: "Query with SQL",
  description:
    "Run one SELECT (DuckDB's dialect) over the datasets, each a table of its name. Nothing can be changed by it.",
  scope: "read",
  effects: READS,
  input: z.strictObject({
    sql: z
      .string()
      .min(1)
      .max(64 * 1024),
    params: z
      .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .max(100)
      .default([]),
    limit: z.int().min(1).max(ROWS_MAX).default(100),
  }),
  output: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
    rows: z.array(row),
    row_count: z.int(),
    truncated: z.boolean(),
  }),
  run: async ({ queryd }, input, { call }) => {
    const { columns, rows, row_count, truncated } = await queryd.sql(input, call);
    return { columns, rows, row_count, truncated };
  },
});

export const ingestFile = tool({
  name: "ingest_file",
  title: "Ingest a file",
  description:
    "Load the text of a CSV, NDJSON or JSON file into a dataset. Rows that do not fit go to NAME$rejects with their reason. Larger or binary files: POST /v1/ingest.",
  scope: "write",
  effects: { readOnly: false, destructive: false, idempotent: true },
  long: true,
  input: z.strictObject({
    dataset: datasetName,
    content: z.string().min(1).max(FILE_CHARS_MAX),
    format: z.enum(["auto", "csv", "ndjson", "json"]).default("auto"),
    mode: z.enum(["append", "upsert"]).default("append"),
    key: z.array(z.string()).optional().describe("With upsert: the columns that name a row"),
    dry_run: z.boolean().default(false),
  }),
  output: z.looseObject({ rows_in: z.int(), rows_loaded: z.int(), rows_quarantined: z.int() }),
  run: async ({ ingestd }, { content, key, ...options }, { call, progress }) => {
    // The edge refuses this for the house's own wire; a tool does not pass it.
    if (Object.hasOwn(OWNED_DATASETS, options.dataset.toLowerCase())) {
      throw new Fault(
        "forbidden",
        `The dataset ${options.dataset} is written by the house alone. Take another name.`,
      );
    }
    const input = {
      ...options,
      ...(key === undefined ? {} : { key }),
      source: "mcp",
      body: new Blob([content]).stream(),
    };
    for await (const step of ingestd.ingestEvents(input, call)) {
      if (step.event === "done") {
        const { event: _, ...ingested } = step;
        return ingested;
      }
      progress(`${step.phase}: ${step.rows} rows`, step.rows);
    }
    throw new Fault("unavailable", "The ingest ended without a result. The same file again changes nothing.");
  },
});

export const buildCorpus = tool({
  name: "build_corpus",
  title: "Build a corpus",
  description:
    "Make a dataset searchable: define a corpus over it and wait until it is built. The same again brings it up to date.",
  scope: "write",
  effects: { readOnly: false, destructive: true, idempotent: true },
  long: true,
  input: z.strictObject({
    corpus: plainName,
    dataset: datasetName,
    id: z.string().min(1).max(500).describe("The column whose value names a row"),
    text: z
      .string()
      .min(1)
      .max(4000)
      .describe("What is embedded, columns in braces: {role} in {city}, {state}"),
    fields: z
      .record(z.string().min(1).max(100), fieldKind)
      .optional()
      .describe("Columns that hits carry and filters use"),
  }),
  output: z.object({ corpus: z.looseObject({ name: z.string(), status: z.string(), rows: z.int() }) }),
  run: async ({ matrixd }, { corpus, fields, ...definition }, { call, progress }) => {
    await matrixd.putCorpus({ ...definition, corpus, ...(fields === undefined ? {} : { fields }) }, call);
    for await (const step of matrixd.corpusEvents({ corpus }, call)) {
      if (step.event === "done") {
        const { event: _, ...built } = step;
        if (built.status !== "failed") return { corpus: built };
        throw new Fault(
          "rejected",
          `The corpus ${corpus} could not be built. Read it with lakehouse://corpus/${corpus}.`,
        );
      }
      progress(step.phase, step.done, step.total);
    }
    throw new Fault("unavailable", "The build goes on without a report. Look at the corpus again.");
  },
});
