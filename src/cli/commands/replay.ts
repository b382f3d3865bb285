// `lakehouse replay`: loads the rejected rows of an ingest again, after the dataset or the types of its columns have
// changed.

import { CLIENT_ARGS, pair, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { LOAD_FIELDS, report } from "./ingest.ts";
import { emit, formatOf } from "../terminal/output.ts";

export const replay = command({
  name: "replay",
  summary: "Load the rejected rows of an ingest again",
  details:
    "Rows that pass validation now move from NAME$rejects to the dataset, the others stay there. Lines are parsed as they were the first time. NAME$rejects has each row's ingest_id, reason and text.",
  args: {
    dataset: { type: "positional", required: true, description: "The dataset that the file was loaded into" },
    ingest_id: { type: "positional", required: true, description: "The ingest_id in NAME$rejects" },
    types: {
      type: "string",
      valueHint: "COLUMN=TYPE",
      description: "The type of a column from now on (may be repeated): pay=double",
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
    report(`${dataset}$rejects`, outcome);
  },
});
