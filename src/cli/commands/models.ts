// `lakehouse models`: static embedding models of a data folder. They are files, so this works with and without a running
// house, which takes those that LAKEHOUSE_EMBED_MODELS names when it starts.

import { basename, resolve } from "node:path";
import {
  addStaticModel,
  described,
  modelsFolder,
  type StaticModel,
  staticModelNames,
  verifiedFiles,
} from "#adapters/embed/static/model-folder";
import { Fault } from "#rpc/fault";
import { DATA_ARG, OUTPUT_ARG, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { settingsOver } from "../data-folder.ts";
import { EXIT } from "../failure.ts";
import { emit, formatOf } from "../terminal/output.ts";
import { count, size } from "../terminal/plain-text.ts";
import { say } from "../terminal/terminal.ts";

const add = command({
  name: "models add",
  summary: "Copy a static embedding model into the data folder",
  details:
    "DIR holds one table of tokens that ends in .safetensors and its tokenizer.json, as models of model2vec do. Both are copied, with their SHA-256, which is compared whenever they are loaded. A house uses the model when LAKEHOUSE_EMBED_MODELS names it as static/NAME.",
  args: {
    dir: { type: "positional", required: true, description: "Folder of the model" },
    name: {
      type: "string",
      valueHint: "NAME",
      description: "What to call it; the folder's name unless given",
    },
    ...DATA_ARG,
  },
  examples: ["lakehouse models add ./potion-base-8M", "lakehouse models add ./download --name potion"],
  run: async (args) => {
    const from = resolve(args.dir);
    const { data } = settingsOf({ data: args.data });
    const model = await addStaticModel(modelsFolder(data), args.name ?? basename(from), from);
    say(
      `${model.name} is there: ${count(model.tokens)} tokens, vectors of ${model.dimension} numbers. To use it, start the house with LAKEHOUSE_EMBED_MODELS=static/${model.name},hashed-v1`,
    );
  },
});

interface Listed extends Partial<StaticModel> {
  readonly name: string;
  /** Why it cannot be used. */
  readonly problem?: string;
}

const ls = command({
  name: "models ls",
  summary: "List static embedding models, each compared with its SHA-256",
  details: "Exits with 1 when one is damaged.",
  args: { ...DATA_ARG, ...OUTPUT_ARG },
  examples: ["lakehouse models ls", "lakehouse models ls --json"],
  run: async (args) => {
    const folder = modelsFolder((await settingsOver(args)).data);
    const rows: Listed[] = [];
    for (const name of await staticModelNames(folder)) rows.push(await listed(folder, name));
    await emit(formatOf(args.output), {
      fields: [
        { name: "name", value: ({ name }) => name },
        { name: "use_as", value: ({ name }) => `static/${name}` },
        { name: "dimension", align: "right", value: ({ dimension }) => dimension },
        {
          name: "tokens",
          align: "right",
          value: ({ tokens }) => tokens,
          show: ({ tokens }) => (tokens === undefined ? "" : count(tokens)),
        },
        {
          name: "bytes",
          align: "right",
          value: ({ bytes }) => bytes,
          show: ({ bytes }) => (bytes === undefined ? "" : size(bytes)),
        },
        {
          name: "table_sha256",
          value: (one) => one.table_sha256,
          show: (one) => one.table_sha256?.slice(0, 12) ?? "",
        },
        { name: "problem", value: ({ problem }) => problem, show: ({ problem }) => problem ?? "" },
      ],
      rows,
      empty: "No static model was added yet: lakehouse models add DIR",
    });
    return rows.some(({ problem }) => problem !== undefined) ? EXIT.failure : EXIT.ok;
  },
});

async function listed(folder: string, name: string): Promise<Listed> {
  let model: StaticModel | undefined;
  try {
    model = await described(folder, name);
    await verifiedFiles(folder, model);
    return model;
  } catch (error) {
    if (error instanceof Fault) return { ...model, name, problem: error.message };
    throw error;
  }
}

export const models = group({
  name: "models",
  summary: "Add and list static embedding models",
  commands: { add, ls },
  fallback: "ls",
  examples: ["lakehouse models add ./potion-base-8M", "lakehouse models ls"],
});
