// `lakehouse datasets`: what the lake holds; one of them with its columns and its history.

import type { Dataset } from "#contracts/catalog";
import type { House } from "#contracts/house";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { didYouMean } from "#lib/nearest";
import { emit, type Field, type Format, formatOf } from "../terminal/output.ts";
import { count, counted, moment, size } from "../terminal/plain-text.ts";
import { say } from "../terminal/terminal.ts";

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

export const datasets = command({
  name: "datasets",
  summary: "List datasets, or describe one",
  details:
    "With a name: its columns, and its latest snapshots, by which `lakehouse sql --at` reads it as it was.",
  args: {
    name: { type: "positional", required: false, description: "The dataset to describe" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse datasets", "lakehouse datasets workers", "lakehouse datasets -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const format = formatOf(args.output);
    if (args.name === undefined) await list(house, format);
    else await describe(house, args.name, format);
  },
});

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
  const [dataset, { snapshots }] = await Promise.all([
    house.catalogd.dataset({ dataset: name }),
    house.catalogd.snapshots({ dataset: name, limit: SNAPSHOTS_SHOWN }),
  ]).catch(async (thrown: unknown) => {
    throw await withGuess(thrown, name, house);
  });
  await emit(format, { fields: COLUMNS, rows: dataset.columns, json: { ...dataset, snapshots } });
  if (format !== "table") return;
  say(
    `\n${dataset.name}: ${counted(dataset.rows, "row")} in ${counted(dataset.files, "file")}, ${size(dataset.bytes)}. Snapshots, newest first:\n`,
  );
  await emit(format, { fields: SNAPSHOTS, rows: snapshots });
}

/** A name that is not there is most often one with a typing error. */
async function withGuess(thrown: unknown, name: string, house: House): Promise<unknown> {
  if (!(thrown instanceof Fault) || thrown.code !== "not_found") return thrown;
  const known = await allDatasets(house).catch(() => []);
  const guess = didYouMean(
    name,
    known.map((dataset) => dataset.name),
  );
  return new Fault(
    "not_found",
    `There is no dataset ${name}.${guess}\nSee what there is: lakehouse datasets`,
  );
}
