// `lakehouse ingest`: files into a dataset, each streamed as it is read, with a bar while it lasts and a line of
// counts for each at the end.

import type { Ingested } from "#contracts/ingest";
import type { House } from "#contracts/house";
import { present } from "#lib/assert";
import { CLIENT_ARGS, pair, settingsOf } from "../args.ts";
import { command, type Given } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { type InputFile, inputFile } from "../input-file.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, type Field, formatOf } from "../terminal/output.ts";
import { count, counted, duration, size } from "../terminal/plain-text.ts";
import { createProgress } from "../terminal/progress.ts";
import { paintTalk, say } from "../terminal/terminal.ts";

type IngestInput = Parameters<House["ingestd"]["ingestEvents"]>[0];
export type IngestFlags = Omit<IngestInput, "body" | "dataset" | "source">;

interface Loaded {
  readonly file: string;
  readonly outcome: Ingested;
}

const number = (name: string, value: (loaded: Loaded) => number): Field<Loaded> => ({
  name,
  align: "right",
  value,
  show: (loaded) => count(value(loaded)),
});

/** What one load is shown as. */
export const LOAD_FIELDS: readonly Field<Loaded>[] = [
  { name: "file", value: ({ file }) => file },
  { name: "dataset", value: ({ outcome }) => outcome.dataset },
  number("rows_in", ({ outcome }) => outcome.rows_in),
  number("rows_loaded", ({ outcome }) => outcome.rows_loaded),
  number("rows_quarantined", ({ outcome }) => outcome.rows_quarantined),
  number("rows_deduped", ({ outcome }) => outcome.rows_deduped),
  {
    name: "bytes_in",
    align: "right",
    value: ({ outcome }) => outcome.bytes_in,
    show: ({ outcome }) => size(outcome.bytes_in),
  },
  {
    name: "took_ms",
    align: "right",
    value: ({ outcome }) => outcome.took_ms,
    show: ({ outcome }) => duration(outcome.took_ms),
  },
];

const modes = ["append", "replace", "upsert"] as const;
const contracts = ["evolve", "freeze", "quarantine"] as const;
const formats = ["auto", "csv", "ndjson", "json", "parquet", "xlsx"] as const;

export const ingest = command({
  name: "ingest",
  summary: "Load files into a dataset",
  details:
    "CSV in any dialect and encoding, NDJSON, JSON or Parquet, plain or compressed. Rows that do not fit are kept with line and reason in NAME$rejects. The same file again changes nothing. With --mode replace the first file replaces what is there and further files are added to it.",
  many: true,
  args: {
    file: { type: "positional", required: true, description: "Files to load; - reads standard input" },
    dataset: {
      type: "string",
      alias: "d",
      required: true,
      valueHint: "NAME",
      description: "The dataset, made when it is not there",
    },
    mode: {
      type: "enum",
      options: [...modes],
      valueHint: "MODE",
      description: "append (default), replace, or upsert with --key",
    },
    key: {
      type: "string",
      valueHint: "COLUMNS",
      description: "Columns that name a row, for --mode upsert: id,site",
    },
    format: {
      type: "enum",
      options: [...formats],
      valueHint: "FORMAT",
      description: `What the file is: ${formats.join(", ")}`,
    },
    types: {
      type: "string",
      valueHint: "COLUMN=TYPE",
      description: "Holds a column to a type (may be repeated): zip=string",
    },
    contract: {
      type: "enum",
      options: [...contracts],
      valueHint: "RULE",
      description:
        "When columns differ: evolve (default), freeze (refuse the file) or quarantine (refuse the rows)",
    },
    "dry-run": { type: "boolean", description: "Show what would be loaded, and load nothing" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse ingest workers.csv --dataset workers",
    "lakehouse ingest jan.csv feb.csv --dataset shifts --mode replace",
    "lakehouse ingest people.csv --dataset people --types zip=string --dry-run",
    "zcat orders.ndjson.gz | lakehouse ingest - --dataset orders",
  ],
  run: async (args, given) => {
    const flags = flagsOf(args, given);
    const paths = given.words;
    if (new Set(paths).size < paths.length) throw new UsageProblem("A file is named twice.");
    const files = await Promise.all(paths.map(inputFile));
    const { house } = await connect(settingsOf(args));
    const interrupt = watchInterrupt();
    const loaded: Loaded[] = [];
    try {
      for (const [at, file] of files.entries()) {
        const mode = at > 0 && flags.mode === "replace" ? "append" : flags.mode;
        const input = { ...flags, ...(mode === undefined ? {} : { mode }), dataset: args.dataset };
        loaded.push({ file: file.name, outcome: await ingestFile(house, file, input, interrupt.signal) });
      }
    } finally {
      interrupt.stop();
      // What was loaded before a failure was loaded: it is told, too.
      if (loaded.length > 0) {
        await emit(formatOf(args.output), {
          fields: LOAD_FIELDS,
          rows: loaded,
          json:
            paths.length === 1
              ? loaded[0]?.outcome
              : loaded.map(({ file, outcome }) => ({ file, ...outcome })),
        });
      }
    }
    for (const { file, outcome } of loaded) tell(file, outcome);
  },
});

interface RawFlags {
  readonly mode: string | undefined;
  readonly key: string | undefined;
  readonly format: string | undefined;
  readonly contract: string | undefined;
  readonly "dry-run": boolean | undefined;
}

function flagsOf(args: RawFlags, given: Given): IngestFlags {
  const mode = modes.find((known) => known === args.mode);
  const key = args.key?.split(",").filter((column) => column !== "");
  if (mode === "upsert" && (key === undefined || key.length === 0)) {
    throw new UsageProblem("--mode upsert needs the columns that name a row: --key id");
  }
  if (mode !== "upsert" && key !== undefined) throw new UsageProblem("--key is for --mode upsert.");
  const format = formats.find((known) => known === args.format);
  const contract = contracts.find((known) => known === args.contract);
  const types = given.all("types").map((text) => pair("--types", text));
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(key === undefined ? {} : { key }),
    ...(format === undefined ? {} : { format }),
    ...(contract === undefined ? {} : { contract }),
    ...(types.length === 0 ? {} : { types: Object.fromEntries(types) }),
    ...(args["dry-run"] === true ? { dry_run: true } : {}),
  };
}

const PHASES: Readonly<Record<string, string>> = {
  receive: "sending",
  read: "reading",
  write: "writing",
  commit: "committing",
};

/** Sends one file and follows it to its end. Throws the house's Fault. */
export async function ingestFile(
  house: Pick<House, "ingestd">,
  file: InputFile,
  input: IngestFlags & { readonly dataset: string },
  signal: AbortSignal,
): Promise<Ingested> {
  const progress = createProgress();
  try {
    const events = house.ingestd.ingestEvents(
      { ...input, source: file.name, body: file.stream() },
      { signal },
    );
    let outcome: Ingested | undefined;
    for await (const step of events) {
      if (step.event === "done") {
        const { event: _, ...rest } = step;
        outcome = rest;
        continue;
      }
      const total = step.bytes_total ?? file.bytes;
      const rows = step.rows === 0 ? size(step.bytes) : counted(step.rows, "row");
      progress.show(
        `${file.name}: ${PHASES[step.phase] ?? step.phase}, ${rows}`,
        total === undefined ? undefined : step.bytes / total,
      );
    }
    return present(outcome, "the end of an ingest");
  } finally {
    progress.end();
  }
}

/** What is worth a sentence beyond the counts. */
export function tell(file: string, outcome: Ingested): void {
  const { dataset } = outcome;
  if (outcome.dry_run) say(`${file}: nothing was loaded, this was a dry run.`);
  else if (outcome.replayed) say(`${file}: this was loaded before; nothing changed.`);
  for (const change of outcome.schema_changes) say(`${file}: ${change}`);
  for (const warning of outcome.warnings) say(`${paintTalk("yellow", "warning:")} ${file}: ${warning}`);
  if (outcome.rows_quarantined > 0 && !outcome.dry_run) {
    say(
      `${file}: ${counted(outcome.rows_quarantined, "row")} did not fit. See why: lakehouse sql 'SELECT line, reason, raw FROM "${dataset}$rejects"'`,
    );
  }
}
