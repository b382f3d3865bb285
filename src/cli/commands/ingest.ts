// `lakehouse ingest`: files into a dataset, each streamed as it is read, with a progress bar and, at the end,
// a line of counts for each.

import type { Ingested } from "#contracts/ingest";
import type { House } from "#contracts/house";
import { present } from "#lib/assert";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, pair, settingsOf, wholeNumber } from "../args.ts";
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

/** One row of the result. */
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
    "CSV in any dialect and encoding, NDJSON, JSON, Parquet or Excel (.xlsx), plain or compressed. Rows that fail validation go to NAME$rejects, with line and reason. Loading the same file again changes nothing. With --mode replace the first file replaces the dataset's rows and further files are appended. With --mode upsert a row takes the place of those with the same --key; the last one wins, over all files in their order.",
  many: true,
  args: {
    file: { type: "positional", required: true, description: "Files to load; - reads standard input" },
    dataset: {
      type: "string",
      alias: "d",
      required: true,
      valueHint: "NAME",
      description: "The dataset; created when it does not exist",
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
      description: "Columns that identify a row, for --mode upsert: id,site",
    },
    format: {
      type: "enum",
      options: [...formats],
      valueHint: "FORMAT",
      description: `The file's format: ${formats.join(", ")}`,
    },
    sheet: {
      type: "string",
      valueHint: "SHEET",
      description: "The sheet of a workbook, by name or number from 1; needed where several have data",
    },
    types: {
      type: "string",
      valueHint: "COLUMN=TYPE",
      description: "The type of a column (may be repeated): zip=string",
    },
    delimiter: {
      type: "string",
      valueHint: "MARK",
      description: "What splits columns, where it is guessed wrong: ';', tab, '' for one column",
    },
    quote: {
      type: "string",
      valueHint: "MARK",
      description: "What cells are quoted with; '' for nothing",
    },
    encoding: {
      type: "string",
      valueHint: "NAME",
      description: "The encoding of the text: windows-1252, shift_jis",
    },
    "header-row": {
      type: "string",
      valueHint: "LINE",
      description: "The line that names the columns, from 1; 0 when none does",
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
    "lakehouse ingest export.txt --dataset shifts --delimiter tab --encoding windows-1252 --header-row 3",
    "lakehouse ingest roster.xlsx --dataset workers --sheet 'Week 12' --mode upsert --key worker_id",
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
        const label = files.length > 1 ? `${file.name} (${at + 1} of ${files.length})` : file.name;
        const work = ingestFile(house, file, input, interrupt.signal, label);
        const outcome = await work.catch((error: unknown) => {
          throw error instanceof Fault
            ? faultInFlags(error, files.length > 1 ? file.name : undefined)
            : error;
        });
        loaded.push({ file: file.name, outcome });
      }
    } finally {
      interrupt.stop();
      // Files loaded before the failure stay loaded, so they are reported too.
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
    for (const { file, outcome } of loaded) report(file, outcome);
  },
});

interface RawFlags {
  readonly mode: string | undefined;
  readonly key: string | undefined;
  readonly format: string | undefined;
  readonly sheet: string | undefined;
  readonly delimiter: string | undefined;
  readonly quote: string | undefined;
  readonly encoding: string | undefined;
  readonly "header-row": string | undefined;
  readonly contract: string | undefined;
  readonly "dry-run": boolean | undefined;
}

function flagsOf(args: RawFlags, given: Given): IngestFlags {
  const mode = modes.find((known) => known === args.mode);
  const key = args.key?.split(",").filter((column) => column !== "");
  if (mode === "upsert" && (key === undefined || key.length === 0)) {
    throw new UsageProblem("--mode upsert needs --key, the columns that identify a row: --key id");
  }
  if (mode !== "upsert" && key !== undefined) throw new UsageProblem("--key is for --mode upsert.");
  const format = formats.find((known) => known === args.format);
  const contract = contracts.find((known) => known === args.contract);
  const headerRow = wholeNumber("--header-row", args["header-row"], 0, 1_000_000);
  const types = given.all("types").map((text) => pair("--types", text));
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(key === undefined ? {} : { key }),
    ...(format === undefined ? {} : { format }),
    ...(args.sheet === undefined ? {} : { sheet: args.sheet }),
    ...(contract === undefined ? {} : { contract }),
    ...(types.length === 0 ? {} : { types: Object.fromEntries(types) }),
    ...(args.delimiter === undefined ? {} : { delimiter: args.delimiter === "tab" ? "\t" : args.delimiter }),
    ...(args.quote === undefined ? {} : { quote: args.quote }),
    ...(args.encoding === undefined ? {} : { encoding: args.encoding }),
    ...(headerRow === undefined ? {} : { header_row: headerRow }),
    ...(args["dry-run"] === true ? { dry_run: true } : {}),
  };
}

const PHASES: Readonly<Record<string, string>> = {
  receive: "sending",
  read: "reading",
  write: "writing",
  commit: "committing",
};

/** Sends one file and shows its progress until it is loaded. Throws the service's Fault. */
export async function ingestFile(
  house: Pick<House, "ingestd">,
  file: InputFile,
  input: IngestFlags & { readonly dataset: string },
  signal: AbortSignal,
  label = file.name,
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
        `${label}: ${PHASES[step.phase] ?? step.phase}, ${rows}`,
        total === undefined ? undefined : step.bytes / total,
      );
    }
    return present(outcome, "the end of an ingest");
  } finally {
    progress.end();
  }
}

const OPTION =
  /\b(mode|key|format|contract|sheet|types|delimiter|quote|encoding|header_row)(?:=|(?=: | names ))/g;

/** Messages name options as query parameters, `sheet=East`; the command line has flags instead. */
export function inFlags(text: string): string {
  return text.replace(
    OPTION,
    (found, name: string) => `--${name.replace("_", "-")}${found.endsWith("=") ? " " : ""}`,
  );
}

function faultInFlags(fault: Fault, file: string | undefined): Fault {
  const { code, message, details, retryAfterMs, reason } = fault;
  const text = inFlags(message);
  return new Fault(code, file === undefined ? text : `${file}: ${text}`, {
    details,
    retryAfterMs,
    reason,
    cause: fault,
  });
}

/** Prints what the counts do not show. */
export function report(file: string, outcome: Ingested): void {
  const { dataset } = outcome;
  if (outcome.dry_run) say(`${file}: nothing was loaded, this was a dry run.`);
  else if (outcome.replayed) say(`${file}: was loaded before; nothing changed.`);
  if (outcome.rows_replaced !== undefined && outcome.rows_replaced > 0)
    say(`${file}: ${counted(outcome.rows_replaced, "row")} of ${dataset} were replaced.`);
  for (const change of outcome.schema_changes) say(`${file}: ${change}`);
  for (const warning of outcome.warnings)
    say(`${paintTalk("yellow", "warning:")} ${file}: ${inFlags(warning)}`);
  if (outcome.rows_quarantined > 0 && !outcome.dry_run) {
    say(
      `${file}: ${counted(outcome.rows_quarantined, "row")} did not fit. See why: lakehouse sql 'SELECT line, reason, raw FROM "${dataset}$rejects"'`,
    );
  }
}
