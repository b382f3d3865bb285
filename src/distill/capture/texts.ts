// What the hits of a search say, by the text template of their corpus: a retriever learns from texts, and the journal has
// ids. Rows are read from the corpus's dataset as it is when it is captured; a corpus that is gone has none.

import type { Corpus, matrix } from "#contracts/matrix";
import type { query } from "#contracts/query";
import { quoteIdentifier } from "#lib/sql-text";
import type { Service } from "#rpc/contract";
import type { LogLine } from "./lines-of.ts";

export interface Corpora {
  readonly matrixd: Pick<Service<typeof matrix>, "corpora">;
  readonly queryd: Pick<Service<typeof query>, "sql">;
}

/** Of one statement. */
const IDS_MAX = 1000;
const COLUMN = /\{([^{}]+)\}/g;

type Texts = ReadonlyMap<string, ReadonlyMap<string, string>>;

interface Hit {
  readonly id: string;
}

/** The ids that lines name, by corpus. */
function namedBy(lines: readonly LogLine[]): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  for (const { log, line } of lines) {
    const { corpus } = line;
    if (typeof corpus !== "string") continue;
    const ids = named.get(corpus) ?? new Set<string>();
    if (log === "search") for (const { id } of line["hits"] as readonly Hit[]) ids.add(id);
    if (log === "playbook") ids.add(String(line["answer_id"]));
    named.set(corpus, ids);
  }
  return named;
}

/** The lines with the texts of their hits and answers, where there are any. */
export async function withTexts(lines: readonly LogLine[], from: Corpora): Promise<LogLine[]> {
  const named = namedBy(lines);
  if (named.size === 0) return [...lines];
  const { corpora } = await from.matrixd.corpora({});
  const texts = new Map<string, ReadonlyMap<string, string>>();
  for (const corpus of corpora) {
    const ids = named.get(corpus.name);
    if (ids !== undefined && corpus.status === "ready")
      texts.set(corpus.name, await textsOf(corpus, ids, from));
  }
  return lines.map((each) => filledIn(each, texts));
}

async function textsOf(
  { dataset, id, text: template }: Corpus,
  ids: ReadonlySet<string>,
  { queryd }: Corpora,
): Promise<Map<string, string>> {
  const columns = [...new Set([...template.matchAll(COLUMN)].map(([, name = ""]) => name))];
  const selected = [id, ...columns].map((name, at) => `${quoteIdentifier(name)} AS c${at}`).join(", ");
  const sql = `SELECT ${selected} FROM ${quoteIdentifier(dataset)} WHERE ${quoteIdentifier(id)}::VARCHAR IN ?`;
  const texts = new Map<string, string>();
  const all = [...ids].sort();
  for (let at = 0; at < all.length; at += IDS_MAX) {
    const { rows } = await queryd.sql({ sql, params: [all.slice(at, at + IDS_MAX)], limit: IDS_MAX });
    for (const row of rows) {
      const values = new Map(columns.map((name, n) => [name, row[`c${n + 1}`]]));
      const text = template.replaceAll(COLUMN, (_, name: string) => String(values.get(name) ?? ""));
      texts.set(String(row["c0"]), text);
    }
  }
  return texts;
}

function filledIn({ log, line }: LogLine, texts: Texts): LogLine {
  const of = typeof line["corpus"] === "string" ? texts.get(line["corpus"]) : undefined;
  if (of === undefined) return { log, line };
  if (log === "playbook") {
    const answer = of.get(String(line["answer_id"]));
    return { log, line: answer === undefined ? line : { ...line, answer_text: answer } };
  }
  const hits = (line["hits"] as readonly Hit[]).map((hit) => {
    const text = of.get(hit.id);
    return text === undefined ? hit : { ...hit, text };
  });
  return { log, line: { ...line, hits } };
}
