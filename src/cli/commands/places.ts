// `lakehouse places`: names that orders use for plants, stores and yards of one's own, and where these are.

import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { placesOf } from "../place-file.ts";
import { readTextTable } from "../separated-values.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";

const list = command({
  name: "places ls",
  summary: "List places of one's own",
  args: {
    source: { type: "string", valueHint: "NAME", description: "Only those of this source" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse places ls"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const wanted = args.source === undefined ? {} : { source: args.source };
    const rows = await allPages(
      (cursor) => house.matrixd.places({ ...wanted, limit: 1000, ...cursor }),
      (page) => page.places,
    );
    await emit(formatOf(args.output), {
      fields: [
        { name: "name", value: ({ name }) => name },
        { name: "aliases", value: ({ aliases }) => aliases.join("; ") },
        { name: "city", value: ({ city }) => city ?? "" },
        { name: "state", value: ({ state }) => state ?? "" },
        { name: "lat", align: "right", value: ({ lat }) => lat },
        { name: "lon", align: "right", value: ({ lon }) => lon },
        { name: "source", value: ({ source }) => source },
      ],
      rows,
      empty: "No places were imported yet. See: lakehouse places import --help",
    });
  },
});

const importFile = command({
  name: "places import",
  summary: "Import places of one's own, so that orders that name them are read as being there",
  details:
    "The file has a column name and may have aliases (separated by ;), city, state, postal_code, lat, lon. Where a place is, is told by lat and lon, a postal code, or city and state. The file replaces what its source had.",
  args: {
    file: { type: "positional", required: true, description: "A csv file; - reads standard input" },
    source: {
      type: "string",
      valueHint: "NAME",
      description: "Names the list, to replace or forget it by; places unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse places import sites.csv", "lakehouse places import stores.csv --source stores"],
  run: async (args) => {
    const file = await inputFile(args.file);
    const { places, leftOut } = placesOf(await readTextTable(file), file.name);
    if (places.length === 0) throw new UsageProblem(`${file.name} names no place.`);
    const { house } = await connect(settingsOf(args));
    const named = args.source === undefined ? {} : { source: args.source };
    const done = await house.matrixd.importPlaces({ places, ...named });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(done));
    say(`${done.source} has ${counted(done.places, "place")} now.`);
    for (const { message } of done.reasons) say(message);
    if (leftOut > 0) say(`${counted(leftOut, "row")} without a name left out.`);
  },
});

const forget = command({
  name: "places forget",
  summary: "Forget the places of a source",
  args: {
    source: { type: "positional", required: true, description: "The source" },
    ...YES_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse places forget stores"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    if (!(await confirmed(`Forget all places of ${args.source}?`, args.yes))) return;
    await house.matrixd.forgetPlaces({ source: args.source });
    say(`${args.source} is forgotten.`);
  },
});

export const places = group({
  name: "places",
  summary: "List, import or forget places of one's own, which orders may name",
  commands: { ls: list, import: importFile, forget },
  fallback: "ls",
  examples: ["lakehouse places import sites.csv", "lakehouse places ls"],
});
