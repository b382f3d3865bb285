// `lakehouse taxonomy`: the titles that people write for occupations. `import` takes published files, `learn` a list of one's
// own or the house's own orders; what was taken votes on the role of every order from then on.

import type { House } from "#contracts/house";
import type { Learnt } from "#contracts/taxonomy";
import { CLIENT_ARGS, pair, settingsOf } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { readTextTable } from "../separated-values.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { count, counted, moment } from "../terminal/plain-text.ts";
import { say, write } from "../terminal/terminal.ts";
import { type NamedTable, ownTitles, publishedTitles } from "../title-files.ts";

type Taxonomy = Awaited<ReturnType<House["matrixd"]["taxonomy"]>>;

const SOURCE_ARG = {
  source: { type: "string", valueHint: "NAME", description: "Names the list, to replace or forget it by" },
} as const;

const show = command({
  name: "taxonomy show",
  summary: "Show what the taxonomy is made of, or the titles of an occupation",
  args: {
    soc: {
      type: "string",
      valueHint: "CODE",
      description: "List imported and learnt titles of this occupation",
    },
    prefix: { type: "string", valueHint: "WORDS", description: "List those that begin with these words" },
    ...SOURCE_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse taxonomy show",
    "lakehouse taxonomy show --soc 37-3011",
    "lakehouse taxonomy show --prefix 'lead cook'",
  ],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { soc, prefix, source } = args;
    if (soc === undefined && prefix === undefined && source === undefined)
      return showWhole(await house.matrixd.taxonomy({}), args.output);
    const wanted = {
      ...(soc === undefined ? {} : { soc }),
      ...(prefix === undefined ? {} : { prefix }),
      ...(source === undefined ? {} : { source }),
    };
    const rows = await allPages(
      (cursor) => house.matrixd.taxonomyTitles({ ...wanted, limit: 1000, ...cursor }),
      (page) => page.titles,
    );
    await emit(formatOf(args.output), {
      fields: [
        { name: "title", value: ({ title }) => title },
        { name: "soc", value: (one) => one.soc },
        { name: "count", align: "right", value: (one) => one.count, show: (one) => count(one.count) },
        { name: "source", value: (one) => one.source },
      ],
      rows,
      empty: "No imported or learnt title is like that.",
    });
  },
});

async function showWhole(taxonomy: Taxonomy, output: string | undefined): Promise<void> {
  const format = formatOf(output);
  if (!isForPeople(format)) return write(jsonText(taxonomy));
  await write(
    `${pairLines([
      ["Roles", `${count(taxonomy.roles)} that ship`],
      ["Titles", `${count(taxonomy.titles)} imported or learnt, of ${count(taxonomy.titles_max)} at most`],
      ["Occupations", count(taxonomy.occupations)],
    ]).join("\n")}\n`,
  );
  await emit(format, {
    fields: [
      { name: "source", value: ({ source }) => source },
      { name: "titles", align: "right", value: ({ titles }) => titles, show: ({ titles }) => count(titles) },
      {
        name: "occupations",
        align: "right",
        value: ({ occupations }) => occupations,
        show: ({ occupations }) => count(occupations),
      },
      { name: "updated_at", value: (one) => one.updated_at, show: (one) => moment(one.updated_at) },
    ],
    rows: taxonomy.sources,
    empty: "Nothing was imported or learnt yet. See: lakehouse taxonomy import --help",
  });
}

const importFiles = command({
  name: "taxonomy import",
  summary: "Import the titles of O*NET or ESCO files",
  details:
    "Takes O*NET's occupation data, alternate titles and reported titles (text or csv), and ESCO's occupations with the crosswalk from O*NET. The files of one import replace what the source had.",
  many: true,
  args: {
    file: { type: "positional", required: true, description: "Files to import together" },
    ...SOURCE_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse taxonomy import 'Occupation Data.txt' 'Alternate Titles.txt'",
    "lakehouse taxonomy import occupations_en.csv ONET_to_ESCO.csv --source esco",
  ],
  run: async (args, given) => {
    const tables = await tablesOf(given.words);
    const lists = publishedTitles(tables);
    if (lists.titles.length === 0) throw new UsageProblem("The files hold no title with an occupation code.");
    const { house } = await connect(settingsOf(args));
    const { titles, occupations } = lists;
    const source = args.source ?? "onet";
    const done = await house.matrixd.learnTitles({ source, titles, occupations, replace: true });
    await told({ ...done, left_out: lists.leftOut }, args.output);
  },
});

const learn = command({
  name: "taxonomy learn",
  summary: "Learn titles from a list with codes, from orders in a dataset, or one title",
  details:
    "A list is a csv file with a column of titles, one of occupation codes, and where there is one of how often each was used. The house's own filled orders teach most: --dataset.",
  args: {
    file: {
      type: "positional",
      required: false,
      description: "A list of titles with codes; - reads standard input",
    },
    dataset: { type: "string", valueHint: "NAME", description: "Learn from this dataset instead of a file" },
    title: {
      type: "string",
      valueHint: "COLUMN",
      description: "The column of titles; with --one the title itself",
    },
    soc: {
      type: "string",
      valueHint: "COLUMN",
      description: "The column of occupation codes; with --one the code itself",
    },
    count: { type: "string", valueHint: "COLUMN", description: "The column of how often a title was used" },
    where: {
      type: "string",
      valueHint: "COLUMN=VALUE",
      description: "Of the dataset, only rows with this value: status=filled",
    },
    one: { type: "boolean", description: "Learn the single title --title for the code --soc" },
    ...SOURCE_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse taxonomy learn titles.csv",
    "lakehouse taxonomy learn --dataset orders --title job_title --soc soc_code --where status=filled",
    "lakehouse taxonomy learn --one --title 'mow crew lead' --soc 37-1012",
  ],
  run: async (args) => {
    const { file, dataset, title, soc, source } = args;
    const named = source === undefined ? {} : { source };
    if ([file, dataset, args.one === true ? "" : undefined].filter((one) => one !== undefined).length !== 1)
      throw new UsageProblem("Name one of a file, --dataset NAME and --one.");
    if (args.where !== undefined && dataset === undefined)
      throw new UsageProblem("--where needs --dataset NAME.");
    if (file !== undefined) {
      const [table] = await tablesOf([file]);
      if (table === undefined) return;
      const lists = ownTitles(table, { title, soc, count: args.count });
      if (lists.titles.length === 0)
        throw new UsageProblem(`${file} holds no title with an occupation code.`);
      const { house } = await connect(settingsOf(args));
      const list = { titles: lists.titles, replace: true, source: source ?? sourceOf(table.name) };
      return told({ ...(await house.matrixd.learnTitles(list)), left_out: lists.leftOut }, args.output);
    }
    if (title === undefined || soc === undefined)
      throw new UsageProblem(
        `--title and --soc are missing${dataset === undefined ? "" : ": the columns of titles and of occupation codes"}.`,
      );
    const { house } = await connect(settingsOf(args));
    if (dataset === undefined)
      return told(await house.matrixd.learnTitles({ titles: [{ title, soc }], ...named }), args.output);
    const [column = "", is = ""] = args.where === undefined ? [] : pair("--where", args.where);
    const status = args.where === undefined ? {} : { status: { column, is } };
    await told(await house.matrixd.learnDataset({ dataset, title, soc, ...status, ...named }), args.output);
  },
});

const forget = command({
  name: "taxonomy forget",
  summary: "Forget the titles of a source",
  args: {
    source: { type: "positional", required: true, description: "The source" },
    ...YES_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse taxonomy forget esco"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    if (!(await confirmed(`Forget all titles of ${args.source}?`, args.yes))) return;
    await house.matrixd.forgetTitles({ source: args.source });
    say(`${args.source} is forgotten.`);
  },
});

const reset = command({
  name: "taxonomy reset",
  summary: "Start without imported and learnt titles where they are damaged",
  details:
    "The damaged file is kept beside, and nothing is lost that a backup has: lakehouse restore brings it back.",
  args: { ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse taxonomy reset"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    if (!(await confirmed("Start without imported and learnt titles?", args.yes))) return;
    await house.matrixd.resetTaxonomy({});
    say("The taxonomy is what ships. Import and learn again.");
  },
});

async function tablesOf(paths: readonly string[]): Promise<NamedTable[]> {
  const tables: NamedTable[] = [];
  for (const path of paths) {
    const file = await inputFile(path);
    tables.push({ name: file.name, ...(await readTextTable(file)) });
  }
  return tables;
}

/** A name that the house takes, from that of a file. */
function sourceOf(file: string): string {
  const name = file
    .replace(/\.[^.]*$/, "")
    .replaceAll(/[^A-Za-z0-9_.-]+/g, "-")
    .replace(/^[.-]+/, "");
  return name.slice(0, 100) || "list";
}

async function told(done: Learnt, output: string | undefined): Promise<void> {
  if (!isForPeople(formatOf(output))) return write(jsonText(done));
  const left =
    done.left_out === 0 ? "" : ` ${counted(done.left_out, "row")} without a title or a code left out.`;
  say(`${counted(done.learnt, "title")} learnt; ${done.source} has ${count(done.titles)} now.${left}`);
}

export const taxonomy = group({
  name: "taxonomy",
  summary: "Show, import, learn or forget the titles that people write for occupations",
  commands: { show, import: importFiles, learn, forget, reset },
  fallback: "show",
  examples: [
    "lakehouse taxonomy show",
    "lakehouse taxonomy import 'Alternate Titles.txt' 'Occupation Data.txt'",
  ],
});
