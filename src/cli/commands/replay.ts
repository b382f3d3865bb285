// `lakehouse replay`: the rejected rows of an ingest once more, after the dataset or what is asked of its columns
// has changed.

import { CLIENT_ARGS, pair, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { LOAD_FIELDS, tell } from "./ingest.ts";
import { emit, formatOf } from "../terminal/output.ts";

export const replay = command({
  name: "replay",
  summary: "Load the rejected rows of an ingest once more",
  details:
    "Rows that fit the dataset as it is now move out of NAME$rejects, the others stay there. Their lines are read as they were the first time. NAME$rejects tells each row's ingest_id, reason and text.",
  args: {
    dataset: { type: "positional", required: true, description: "The dataset they were sent to" },
    ingest_id: { type: "positional", required: true, description: "The ingest, as NAME$rejects names it" },
    types: {
      type: "string",
      valueHint: "COLUMN=TYPE",
      description: "Holds a column to a type from now on (may be repeated): pay=double",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse replay workers 3f2a9c1b5d7e8f60",
    "lakehouse replay workers 3f2a9c1b5d7e8f60 --types pay=double",
  ],
  run: async (args, given) => {
    const { dataset, ingest_id } = args;
    const types = given.all("types").map((text) => pair("--types", text));
    const { house } = await connect(settingsOf(args));
    const outcome = await house.ingestd.replay({
      dataset,
      ingest_id,
      ...(types.length === 0 ? {} : { types: Object.fromEntries(types) }),
    });
    const rows = [{ file: `${dataset}$rejects`, outcome }];
    await emit(formatOf(args.output), { fields: LOAD_FIELDS, rows, json: outcome });
    tell(`${dataset}$rejects`, outcome);
  },
});
