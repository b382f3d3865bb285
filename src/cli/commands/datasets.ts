// `lakehouse datasets`: lists datasets, shows one with its columns and snapshots, and changes it.

import { type Dataset, PERSONAL_KINDS } from "#contracts/catalog";
import type { House } from "#contracts/house";
import { didYouMean } from "#lib/nearest";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { rowsOf } from "../input-rows.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, type Field, type Format, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { count, counted, moment, size } from "../terminal/plain-text.ts";
import { say, stdinIsTty, write } from "../terminal/terminal.ts";

type Column = Dataset["columns"][number];
type Snapshot = Awaited<ReturnType<House["catalogd"]["snapshots"]>>["snapshots"][number];

const LIST: readonly Field<Dataset>[] = [
  { name: "name", value: ({ name }) => name },
  { name: "rows", align: "right", value: ({ rows }) => rows, show: ({ rows }) => count(rows) },
  { name: "columns", align: "right", value: ({ columns }) => columns.length },
  { name: "bytes", align: "right", value: ({ bytes }) => bytes, show: ({ bytes }) => size(bytes) },
  { name: "files", align: "right", value: ({ files }) => files },
  { name: "updated_at", value: ({ updated_at }) => updated_at, show: ({ updated_at }) => moment(updated_at) },
  { name: "snapshot_id", align: "right", value: ({ snapshot_id }) => snapshot_id },
];

const COLUMNS: readonly Field<Column>[] = [
  { name: "id", align: "right", value: ({ id }) => id },
  { name: "column", value: ({ name }) => name },
  { name: "type", value: ({ type }) => type },
  { name: "nullable", value: ({ nullable }) => nullable, show: ({ nullable }) => (nullable ? "yes" : "no") },
  { name: "personal", value: ({ personal }) => personal },
  { name: "doc", value: ({ doc }) => doc },
];

const SNAPSHOTS: readonly Field<Snapshot>[] = [
  { name: "snapshot_id", align: "right", value: ({ snapshot_id }) => snapshot_id },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "operation", value: ({ operation }) => operation },
  { name: "rows", align: "right", value: ({ rows }) => rows, show: ({ rows }) => count(rows) },
  { name: "files", align: "right", value: ({ files }) => files },
  { name: "tags", value: ({ tags }) => tags.join(" ") },
  { name: "current", value: ({ current }) => current, show: ({ current }) => (current ? "current" : "") },
];

const SNAPSHOTS_SHOWN = 20;

const NAME_ARG = { name: { type: "positional", description: "The dataset" } } as const;

const ls = command({
  name: "datasets ls",
  summary: "List datasets",
  args: CLIENT_ARGS,
  examples: ["lakehouse datasets", "lakehouse datasets ls -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    await list(house, formatOf(args.output));
  },
});

const show = command({
  name: "datasets show",
  summary: "Show a dataset's columns and its latest snapshots",
  details: "A snapshot's id, a tag or a time selects the state that `lakehouse sql --at` reads.",
  args: { ...NAME_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse datasets workers", "lakehouse datasets show workers -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    await describe(house, args.name, formatOf(args.output));
  },
});

const rollback = command({
  name: "datasets rollback",
  summary: "Make an earlier snapshot the current one",
  details: "Nothing is lost: later snapshots stay, and a rollback can be undone by another one.",
  args: {
    ...NAME_ARG,
    snapshot: { type: "positional", description: "A snapshot id, as `lakehouse datasets NAME` lists them" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse datasets rollback workers 4711"],
  run: async (args) => {
    if (!/^\d{1,19}$/.test(args.snapshot)) {
      throw new UsageProblem(
        `SNAPSHOT is a snapshot id, not ${args.snapshot}. See: lakehouse datasets ${args.name}`,
      );
    }
    const { house } = await connect(settingsOf(args));
    const dataset = await known(
      house.catalogd.rollback({ dataset: args.name, snapshot_id: args.snapshot }),
      args.name,
      house,
    );
    await report(
      args.output,
      dataset,
      `${dataset.name} is at snapshot ${dataset.snapshot_id}: ${counted(dataset.rows, "row")}.`,
    );
  },
});

const tag = command({
  name: "datasets tag",
  summary: "Tag a snapshot, to read the dataset by that tag",
  args: {
    ...NAME_ARG,
    tag: { type: "positional", description: "The tag" },
    snapshot: {
      type: "positional",
      required: false,
      description: "A snapshot id; the current one unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse datasets tag workers before-import"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const tagged = await known(
      house.catalogd.tag({
        dataset: args.name,
        name: args.tag,
        ...(args.snapshot === undefined ? {} : { snapshot_id: args.snapshot }),
      }),
      args.name,
      house,
    );
    await report(args.output, tagged, `${args.tag} is snapshot ${tagged.snapshot_id} of ${args.name}.`);
  },
});

const rename = command({
  name: "datasets rename",
  summary: "Rename a column",
  details: "Data files do not change: they refer to columns by id.",
  args: {
    ...NAME_ARG,
    column: { type: "positional", description: "The present name of the column" },
    to: { type: "positional", description: "Its new name" },
    replace: {
      type: "boolean",
      description: "Drops the column that has the new name now; its values are given up",
    },
    ...YES_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse datasets rename workers zip postal_code",
    "lakehouse datasets rename workers zip postal_code --replace --yes",
  ],
  run: async (args) => {
    const replaces = args.replace === true;
    if (replaces && !(await confirmed(`Drop the column ${args.to} of ${args.name}?`, args.yes)))
      return EXIT.failure;
    const { house } = await connect(settingsOf(args));
    const dataset = await known(
      house.catalogd.schema({
        dataset: args.name,
        rename: { [args.column]: args.to },
        ...(replaces ? { drop: [args.to] } : {}),
      }),
      args.name,
      house,
    );
    await report(args.output, dataset, `${args.column} of ${dataset.name} is now named ${args.to}.`);
    return EXIT.ok;
  },
});

const personal = command({
  name: "datasets personal",
  summary: "Say what personal data a column holds, or that it holds none",
  details:
    "Loading finds it by the column's name and values; what is said here stays. Keys made with --masked see such columns masked.",
  args: {
    ...NAME_ARG,
    column: { type: "positional", description: "The column" },
    kind: { type: "positional", description: `${PERSONAL_KINDS.join(", ")}, or none` },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse datasets personal workers nickname name",
    "lakehouse datasets personal sites name none",
  ],
  run: async (args) => {
    const kind = [...PERSONAL_KINDS, "none" as const].find((one) => one === args.kind);
    if (kind === undefined)
      throw new UsageProblem(`KIND is one of ${PERSONAL_KINDS.join(", ")} or none; not ${args.kind}.`);
    const { house } = await connect(settingsOf(args));
    const dataset = await known(
      house.catalogd.schema({ dataset: args.name, personal: { [args.column]: kind } }),
      args.name,
      house,
    );
    const holds = kind === "none" ? "no personal data" : `personal data: ${kind}`;
    await report(args.output, dataset, `${args.column} of ${dataset.name} holds ${holds}.`);
  },
});

const append = command({
  name: "datasets append",
  summary: "Append rows, as JSON, to a dataset that is there",
  details:
    "Rows are objects by column name: a list, one object, or an object on each line, up to 10,000 of them. All are appended in one snapshot, or none. With --idempotency-key the same rows may be sent again after a failure; they count once.",
  args: {
    ...NAME_ARG,
    file: { type: "string", alias: "f", valueHint: "FILE", description: "Reads the rows from a file" },
    "idempotency-key": {
      type: "string",
      valueHint: "KEY",
      description: "Names this append: sent again under the same key, it is not done again",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    `echo '{"worker_id":"w9","name":"Ann Lee"}' | lakehouse datasets append workers`,
    "lakehouse datasets append workers -f rows.json --idempotency-key monday",
  ],
  run: async (args) => {
    if (args.file === undefined && stdinIsTty)
      throw new UsageProblem(
        `Which rows? For example: echo '{"id":7}' | lakehouse datasets append ${args.name}`,
      );
    const input = await inputFile(args.file ?? "-");
    const rows = await rowsOf(input.stream(), input.name);
    const key = args["idempotency-key"];
    const { house } = await connect(settingsOf(args));
    const appended = await known(
      house.catalogd.append({
        dataset: args.name,
        rows,
        ...(key === undefined ? {} : { idempotency_key: key }),
      }),
      args.name,
      house,
    );
    const what = `${counted(appended.rows, "row")}, snapshot ${appended.snapshot_id} of ${appended.dataset}`;
    await report(
      args.output,
      appended,
      appended.replayed ? `Appended before under this key: ${what}.` : `Appended ${what}.`,
    );
  },
});

const maintain = command({
  name: "datasets maintain",
  summary: "Merge small files, expire old snapshots, and remove files that nothing needs",
  details:
    "A house does this by itself. The current snapshot and those with a tag never expire; one that expired cannot be read or rolled back to.",
  args: {
    ...NAME_ARG,
    "dry-run": { type: "boolean", description: "Changes nothing, and says what would be done" },
    "keep-days": {
      type: "string",
      valueHint: "N",
      description: "Snapshots that are older expire; 30 unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse datasets maintain workers --dry-run",
    "lakehouse datasets maintain workers --keep-days 7",
  ],
  run: async (args) => {
    const keepDays = wholeNumber("--keep-days", args["keep-days"], 0, 36_500);
    const { house } = await connect(settingsOf(args));
    const done = await known(
      house.catalogd.maintain({
        dataset: args.name,
        dry_run: args["dry-run"] === true,
        ...(keepDays === undefined ? {} : { keep_days: keepDays }),
      }),
      args.name,
      house,
    );
    const { compacted, expired, removed } = done;
    const parts = [
      `${counted(compacted.files_before, "small file")} merged into ${compacted.files_after}`,
      `${counted(expired.snapshots, "snapshot")} expired`,
      `${counted(removed.files, "file")} (${size(removed.bytes)}) removed`,
    ];
    const would = done.dry_run ? "Nothing was changed. It would be: " : "";
    await report(args.output, done, `${would}${parts.join(", ")}.`);
  },
});

const drop = command({
  name: "datasets drop",
  summary: "Remove a dataset; with --purge its files too",
  args: {
    ...NAME_ARG,
    purge: { type: "boolean", description: "Also delete its data files; this cannot be undone" },
    ...YES_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse datasets drop scratch", "lakehouse datasets drop scratch --purge --yes"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const dataset = await known(house.catalogd.dataset({ dataset: args.name }), args.name, house);
    const what = `${dataset.name}, with ${counted(dataset.rows, "row")}`;
    const prompt = args.purge === true ? `Drop ${what}, and delete its files?` : `Drop ${what}?`;
    if (!(await confirmed(prompt, args.yes))) return EXIT.failure;
    await house.catalogd.drop({ dataset: args.name, purge: args.purge === true });
    await report(
      args.output,
      { dropped: dataset.name, rows: dataset.rows, purged: args.purge === true },
      `${dataset.name} is dropped.`,
    );
    return EXIT.ok;
  },
});

export const datasets = group({
  name: "datasets",
  summary: "List, show, append to, roll back, rename in, maintain or drop datasets",
  examples: ["lakehouse datasets", "lakehouse datasets workers", "lakehouse datasets rollback workers 4711"],
  commands: { ls, show, append, rollback, tag, rename, personal, maintain, drop },
  fallback: "ls",
  takesName: "show",
});

/** Reports a change: a sentence in the terminal, the response as JSON elsewhere. */
async function report(output: string | undefined, response: unknown, sentence: string): Promise<void> {
  if (isForPeople(formatOf(output))) say(sentence);
  else await write(jsonText(response));
}

async function list(house: House, format: Format): Promise<void> {
  await emit(format, {
    fields: LIST,
    rows: await allDatasets(house),
    empty: "There are no datasets yet. Load a file: lakehouse ingest people.csv --dataset people",
  });
}

function allDatasets(house: House): Promise<Dataset[]> {
  return allPages(
    (cursor) => house.catalogd.datasets({ limit: 1000, ...cursor }),
    (page) => page.datasets,
  );
}

async function describe(house: House, name: string, format: Format): Promise<void> {
  const [dataset, { snapshots }] = await known(
    Promise.all([
      house.catalogd.dataset({ dataset: name }),
      house.catalogd.snapshots({ dataset: name, limit: SNAPSHOTS_SHOWN }),
    ]),
    name,
    house,
  );
  await emit(format, { fields: COLUMNS, rows: dataset.columns, json: { ...dataset, snapshots } });
  if (!isForPeople(format)) return;
  say(
    `\n${dataset.name}: ${counted(dataset.rows, "row")} in ${counted(dataset.files, "file")}, ${size(dataset.bytes)}. Snapshots, newest first:\n`,
  );
  await emit(format, { fields: SNAPSHOTS, rows: snapshots });
}

/** The request's result; a fault `not_found` gets a suggestion of a similar name. */
async function known<T>(request: Promise<T>, name: string, house: House): Promise<T> {
  try {
    return await request;
  } catch (thrown) {
    throw await withGuess(thrown, name, house);
  }
}

/** An unknown name is most often a typing error. */
async function withGuess(thrown: unknown, name: string, house: House): Promise<unknown> {
  if (!(thrown instanceof Fault) || thrown.code !== "not_found") return thrown;
  const known = await allDatasets(house).catch(() => []);
  const guess = didYouMean(
    name,
    known.map((dataset) => dataset.name),
  );
  return new Fault("not_found", `There is no dataset ${name}.${guess}\nList all: lakehouse datasets`);
}
