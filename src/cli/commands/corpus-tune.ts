// `lakehouse corpus tune`: learns the weights of a corpus's ranking from queries whose right answers are known.

import { stat } from "node:fs/promises";
import { readBeir } from "#distill/export/read-beir";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { readTextTable } from "../separated-values.ts";
import { emit, formatOf, isForPeople } from "../terminal/output.ts";
import { count } from "../terminal/plain-text.ts";
import { say } from "../terminal/terminal.ts";

const COLUMNS = ["query_text", "id", "grade"] as const;

interface Judgement {
  readonly query_text: string;
  readonly id: string;
  readonly grade: number;
}

/** Of a file with the columns, or the training queries of a RAG export. */
async function judgementsOf(path: string): Promise<Judgement[]> {
  const found = path === "-" ? undefined : await stat(path).catch(goneIsNone);
  if (found?.isDirectory() === true) {
    const { train } = await readBeir(path);
    if (train.length === 0)
      throw new UsageProblem(`--judgements: the export ${path} has no judged queries outside its hold-out.`);
    return train.map(({ query_text, id, grade }) => ({ query_text, id, grade }));
  }
  const file = await inputFile(path);
  const { columns, rows } = await readTextTable(file);
  const missing = COLUMNS.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new UsageProblem(
      `--judgements: ${file.name} has no column ${missing.join(", ")}. It has ${columns.join(", ")}.`,
    );
  return rows.map((row, at) => {
    const grade = Number(row["grade"]);
    if (row["grade"] === "" || !(grade >= 0 && grade <= 10))
      throw new UsageProblem(
        `--judgements: row ${at + 1} of ${file.name} has the grade ${row["grade"]}; a grade is 0 to 10.`,
      );
    return { query_text: row["query_text"] ?? "", id: row["id"] ?? "", grade };
  });
}

/** The message of a missing file is that of every command. */
function goneIsNone(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}

export const tune = command({
  name: "corpus tune",
  summary: "Learn the weights of a corpus's ranking from judged queries",
  details:
    "The judgements are a csv file with the columns query_text, id (of a row) and grade (0 does not answer, 3 is the best), or the folder of a RAG export: what lakehouse distill learnt from outcomes. What is told is cross-validated; weights are kept only where they rank better than those in use.",
  args: {
    name: { type: "positional", required: true, description: "The corpus" },
    judgements: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "Judged queries, or a folder of a RAG export; - reads standard input",
    },
    "dry-run": { type: "boolean", description: "Tell what would be gained, and change nothing" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse corpus tune workers --judgements judged.csv",
    "lakehouse corpus tune workers --judgements judged.csv --dry-run",
    "lakehouse corpus tune workers --judgements lakehouse-data/distill/exports/rag/NAME",
  ],
  run: async (args) => {
    const judgements = await judgementsOf(args.judgements);
    const { house } = await connect(settingsOf(args));
    const apply = args["dry-run"] !== true;
    const done = await house.matrixd.tuneCorpus({ corpus: args.name, judgements, apply });
    const format = formatOf(args.output);
    const names = Object.keys(done.after.weights) as (keyof typeof done.after.weights)[];
    await emit(format, {
      fields: [
        { name: "weight", value: (name) => name },
        { name: "in_use", align: "right", value: (name) => done.before.weights[name] },
        { name: "learnt", align: "right", value: (name) => done.after.weights[name] },
      ],
      rows: names,
      json: done,
    });
    if (!isForPeople(format)) return;
    const gain = `nDCG@10 ${done.before.ndcg.toFixed(3)} before, ${done.after.ndcg.toFixed(3)} with weights learnt from other queries`;
    const outcome = done.applied
      ? `They rank ${args.name} from now on.`
      : apply
        ? "They are not better than those in use, which stay."
        : "Nothing was changed.";
    say(`${count(done.queries)} judged queries: ${gain}. ${outcome}`);
  },
});
