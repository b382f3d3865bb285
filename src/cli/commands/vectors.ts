// `lakehouse vectors`: vector indexes, and their named snapshots in the object store: created, listed, restored, removed.

import type { House } from "#contracts/house";
import type { Index, NamedSnapshot } from "#contracts/vector";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { allPages, connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { count, counted, duration, moment, size } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";

const INDEXES: readonly Field<Index>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "rows", align: "right", value: (index) => index.count, show: (index) => count(index.count) },
  { name: "dimension", align: "right", value: ({ dimension }) => dimension },
  { name: "metric", value: ({ metric }) => metric },
  { name: "model", value: ({ model }) => model ?? "" },
  {
    name: "memory",
    align: "right",
    value: (index) => index.bytes_memory,
    show: (index) => size(index.bytes_memory),
  },
  {
    name: "disk",
    align: "right",
    value: (index) => index.bytes_disk,
    show: (index) => size(index.bytes_disk),
  },
  { name: "state", value: ({ damaged, building }) => damaged ?? (building ? "building" : "ready") },
];

const SNAPSHOTS: readonly Field<NamedSnapshot>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "rows", align: "right", value: (kept) => kept.count, show: (kept) => count(kept.count) },
  { name: "sequence", align: "right", value: ({ sequence }) => sequence },
  { name: "size", align: "right", value: ({ bytes }) => bytes, show: ({ bytes }) => size(bytes) },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
];

const INDEX_ARG = { index: { type: "positional", required: true, description: "The index" } } as const;
const NAME_ARG = { name: { type: "positional", required: true, description: "The snapshot" } } as const;

const ls = command({
  name: "vectors ls",
  summary: "List vector indexes",
  args: CLIENT_ARGS,
  examples: ["lakehouse vectors ls"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) => house.vectord.indexes({ limit: 1000, ...cursor }),
      (page) => page.indexes,
    );
    await emit(formatOf(args.output), { fields: INDEXES, rows, empty: "There are no indexes yet." });
  },
});

const load = command({
  name: "vectors import",
  summary: "Write the items of a file into an index",
  details:
    "NDJSON has an object a line: id, vector or text, metadata. Of a Parquet file (by its ending, or --format) each row is an item: --id and --vector name its columns, all others become metadata. At an item that is refused the import ends, and says how many are in; sending the file again is harmless.",
  args: {
    ...INDEX_ARG,
    file: { type: "positional", required: false, description: "The file; - is standard input" },
    key: { type: "string", valueHint: "KEY", description: "An object in the store, in place of a file" },
    format: {
      type: "string",
      valueHint: "ndjson|parquet",
      description: "By the ending of the name otherwise",
    },
    id: { type: "string", valueHint: "COLUMN", description: "Of Parquet: the column with the id (id)" },
    vector: {
      type: "string",
      valueHint: "COLUMN",
      description: "Of Parquet: the column with the vector (vector)",
    },
    model: { type: "string", description: "The model that made the vectors" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse vectors import papers papers.ndjson",
    "lakehouse vectors import papers embeddings.parquet --id doc_id --vector embedding",
    "lakehouse vectors import papers --key uploads/embeddings.parquet",
  ],
  run: async (args) => {
    const { file, key, id, vector, model } = args;
    if ((file === undefined) === (key === undefined))
      throw new UsageProblem("Give a file, or --key with the name of an object, one of them.");
    const named = file ?? key ?? "";
    const format = args.format ?? (named.endsWith(".parquet") ? "parquet" : "ndjson");
    if (format !== "ndjson" && format !== "parquet")
      throw new UsageProblem(`--format is ndjson or parquet, not ${format}.`);
    const body = file === undefined ? new Blob().stream() : (await inputFile(file)).stream();
    const { house } = await connect(settingsOf(args));
    const started = performance.now();
    const done = await house.vectord.import({
      index: args.index,
      format,
      body,
      ...(key === undefined ? {} : { key }),
      ...(id === undefined ? {} : { id }),
      ...(vector === undefined ? {} : { vector }),
      ...(model === undefined ? {} : { model }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(done));
    say(
      `${counted(done.imported, "item")} of ${named} are in ${args.index}, in ${duration(performance.now() - started)}.`,
    );
  },
});

const snapshots = command({
  name: "vectors snapshots",
  summary: "List the snapshots of an index, also of a removed index",
  args: { ...INDEX_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse vectors snapshots papers"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { snapshots: rows } = await house.vectord.snapshots({ index: args.index });
    const empty = `${args.index} has no snapshots yet. Keep one: lakehouse vectors snapshot ${args.index}`;
    await emit(formatOf(args.output), { fields: SNAPSHOTS, rows, empty });
  },
});

const snapshot = command({
  name: "vectors snapshot",
  summary: "Store a snapshot of an index in the object store",
  args: {
    ...INDEX_ARG,
    name: { type: "positional", required: false, description: "A name; by default the time" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse vectors snapshot papers", "lakehouse vectors snapshot papers before-cleanup"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const started = performance.now();
    const named = args.name === undefined ? {} : { name: args.name };
    const kept = await house.vectord.snapshot({ index: args.index, ...named });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(kept));
    say(
      `Stored ${counted(kept.count, "row")} of ${args.index} as ${kept.name}, ${size(kept.bytes)} in ${duration(performance.now() - started)}.`,
    );
  },
});

const restore = command({
  name: "vectors restore",
  summary: "Restore an index from a snapshot; later writes are lost",
  args: { ...INDEX_ARG, ...NAME_ARG, ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse vectors restore papers before-cleanup"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const prompt = `Restore ${args.index} from ${args.name}? Later writes are lost.`;
    if (!(await confirmed(prompt, args.yes))) {
      say("Nothing was changed.");
      return EXIT.failure;
    }
    const index = await house.vectord.restore({ index: args.index, name: args.name });
    if (isForPeople(formatOf(args.output))) say(`${args.index} has ${counted(index.count, "row")} again.`);
    else await write(jsonText(index));
    return EXIT.ok;
  },
});

const repair = command({
  name: "vectors repair",
  summary: "Make a damaged index whole again from what can be read of it",
  details:
    "Every write whose record verifies is kept, and the lost ones are listed by their sequence numbers. The damaged files stay in a folder beside the index. An index that is whole is left as it is.",
  args: { ...INDEX_ARG, ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse vectors repair papers", "lakehouse vectors repair papers --yes"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const question = `Repair ${args.index}? What cannot be read of it is lost.`;
    if (!(await confirmed(question, args.yes))) {
      say("Nothing was changed.");
      return EXIT.failure;
    }
    const repaired = await house.vectord.repair({ index: args.index });
    if (isForPeople(formatOf(args.output))) for (const line of repairLines(args.index, repaired)) say(line);
    else await write(jsonText(repaired));
    return EXIT.ok;
  },
});

type Repaired = Awaited<ReturnType<House["vectord"]["repair"]>>;

/** What a repair did, for a person. */
export function repairLines(name: string, { index, repaired, damage, lost, ...rest }: Repaired): string[] {
  if (!repaired) return [`Every file of ${name} verifies: nothing was changed.`];
  const writes = lost.map(({ from, to }) => (from === to ? String(from) : `${from} to ${to}`));
  return [
    ...damage,
    `${name} answers again, with ${counted(index.count, "row")}.`,
    ...(writes.length === 0 ? [] : [`Lost writes, by sequence: ${writes.join(", ")}.`]),
    ...(rest.rows_lost === 0 ? [] : [`Lost of the last snapshot: ${counted(rest.rows_lost, "row")}.`]),
    ...(writes.length === 0 && rest.rows_lost === 0 ? ["No write was lost."] : []),
    ...(rest.kept_as === undefined ? [] : [`The damaged files are kept as vectors/${rest.kept_as}.`]),
  ];
}

const rm = command({
  name: "vectors rm",
  summary: "Remove a snapshot of an index; the index stays",
  args: { ...INDEX_ARG, ...NAME_ARG, ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse vectors rm papers before-cleanup"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    if (!(await confirmed(`Remove the snapshot ${args.name} of ${args.index}?`, args.yes))) {
      say("Nothing was removed.");
      return EXIT.failure;
    }
    await house.vectord.dropSnapshot({ index: args.index, name: args.name });
    say(`Removed the snapshot ${args.name}. The index ${args.index} is unchanged.`);
    return EXIT.ok;
  },
});

export const vectors = group({
  name: "vectors",
  summary: "List and repair vector indexes; create, list and restore their snapshots",
  examples: [
    "lakehouse vectors ls",
    "lakehouse vectors snapshot papers",
    "lakehouse vectors restore papers NAME",
  ],
  commands: { ls, import: load, snapshots, snapshot, restore, repair, rm },
  fallback: "ls",
});
