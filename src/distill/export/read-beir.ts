// A BEIR triple as it is read: a RAG export of the house, or anyone's of that form (https://github.com/beir-cellar/beir). What
// judges a ranking and what teaches one read the same files.

import { join } from "node:path";
import { readIfThere } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { jsonOr } from "#lib/json-or";

export interface BeirDocument {
  readonly id: string;
  readonly title: string;
  readonly text: string;
}

export interface BeirJudgement {
  readonly query_id: string;
  readonly query_text: string;
  /** Of a document. */
  readonly id: string;
  readonly grade: number;
}

export interface Beir {
  readonly documents: readonly BeirDocument[];
  readonly train: readonly BeirJudgement[];
  /** Queries of the hold-out. */
  readonly test: readonly BeirJudgement[];
}

/** Throws `invalid` for a folder that has no such files, or a line of one that is none. */
export async function readBeir(folder: string): Promise<Beir> {
  const textOf = async (name: string): Promise<string> => {
    const text = await readIfThere(join(folder, name));
    if (text !== undefined) return text;
    throw new Fault(
      "invalid",
      `There is no ${name} in ${folder}. Name a folder of a RAG export, as exports/rag/NAME.`,
    );
  };
  const rowsOf = async (name: string): Promise<Record<string, unknown>[]> =>
    linesOf(await textOf(name)).map((line, at) => {
      const row = jsonOr(line);
      if (typeof row === "object" && row !== null && typeof (row as { _id?: unknown })._id === "string")
        return row as Record<string, unknown>;
      throw new Fault("invalid", `${name}, line ${at + 1}, is no object with the field _id.`);
    });
  const string = (value: unknown): string => (typeof value === "string" ? value : "");
  const documents = (await rowsOf("corpus.jsonl")).map(({ _id, title, text }) => ({
    id: string(_id),
    title: string(title),
    text: string(text),
  }));
  const queries = new Map(
    (await rowsOf("queries.jsonl")).map(({ _id, text }) => [string(_id), string(text)]),
  );
  const judgementsOf = (name: string, text: string): BeirJudgement[] => {
    const [, ...lines] = linesOf(text);
    return lines.map((line, at) => {
      const [query_id = "", id = "", grade = ""] = line.split("\t");
      const query_text = queries.get(query_id);
      if (query_text === undefined || id === "" || !(Number(grade) >= 0))
        throw new Fault("invalid", `${name}, line ${at + 2}, is no judgement of a query in queries.jsonl.`);
      return { query_id, query_text, id, grade: Number(grade) };
    });
  };
  return {
    documents,
    train: judgementsOf("qrels/train.tsv", await textOf("qrels/train.tsv")),
    test: judgementsOf("qrels/test.tsv", await textOf("qrels/test.tsv")),
  };
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== "");
}
