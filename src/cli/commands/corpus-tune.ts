// `lakehouse corpus tune`: learns the weights of a corpus's ranking from queries whose right answers are known.

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

export const tune = command({
  name: "corpus tune",
  summary: "Learn the weights of a corpus's ranking from judged queries",
  details:
    "The judgements are a csv file with the columns query_text, id (of a row) and grade (0 does not answer, 3 is the best). What is told is cross-validated; weights are kept only where they rank better than those in use.",
  args: {
    name: { type: "positional", required: true, description: "The corpus" },
    judgements: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "Judged queries; - reads standard input",
    },
    "dry-run": { type: "boolean", description: "Tell what would be gained, and change nothing" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse corpus tune workers --judgements judged.csv",
    "lakehouse corpus tune workers --judgements judged.csv --dry-run",
  ],
  run: async (args) => {
    const file = await inputFile(args.judgements);
    const { columns, rows } = await readTextTable(file);
    const missing = COLUMNS.filter((column) => !columns.includes(column));
    if (missing.length > 0)
      throw new UsageProblem(
        `--judgements: ${file.name} has no column ${missing.join(", ")}. It has ${columns.join(", ")}.`,
      );
    const judgements = rows.map((row, at) => {
      const grade = Number(row["grade"]);
      if (row["grade"] === "" || !(grade >= 0 && grade <= 10))
        throw new UsageProblem(
          `--judgements: row ${at + 1} of ${file.name} has the grade ${row["grade"]}; a grade is 0 to 10.`,
        );
      return { query_text: row["query_text"] ?? "", id: row["id"] ?? "", grade };
    });
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
