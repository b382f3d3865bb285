// What a house may learn for judged questions and for judged titles, in five folds: titles of real orders with their
// occupations, never from a client who may have asked the question, nor from the title that is asked. Files that may
// stand beside the checkout.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { textTable } from "../../src/cli/separated-values.ts";
import { type TitleLists, publishedTitles } from "../../src/cli/title-files.ts";

export const FOLDS = 5;
const folder = join(import.meta.dir, "../../../shared/data");

export interface UsedTitle {
  readonly title: string;
  readonly soc: string;
  readonly count: number;
}

export interface JudgedTitle {
  readonly title: string;
  readonly soc: string;
  readonly orders: number;
  /** How far the orders with this title agree about its occupation, 0 to 1. */
  readonly agreement: number;
  /** "unique", "ambiguous", "conflict" or "unseen" in O*NET. */
  readonly status: string;
}

function table(name: string): Readonly<Record<string, string>>[] | undefined {
  const path = join(folder, name);
  return existsSync(path) ? [...textTable(readFileSync(path, "utf8"), name).rows] : undefined;
}

/** O*NET's titles as `lakehouse taxonomy import` sends them; undefined where the files are not there. */
export function readOnet(): TitleLists | undefined {
  const names = ["occupations.csv", "alternate_titles.csv"];
  if (!names.every((name) => existsSync(join(folder, name)))) return undefined;
  return publishedTitles(
    names.map((name) => ({ name, ...textTable(readFileSync(join(folder, name), "utf8"), name) })),
  );
}

export function readJudgedTitles(): JudgedTitle[] | undefined {
  return table("role_titles_dev.csv")?.map((row) => ({
    title: row["title"] ?? "",
    soc: row["soc2019_code"] ?? "",
    orders: Number(row["orders"]),
    agreement: Number(row["label_agreement"]),
    status: row["dictionary_status"] ?? "",
  }));
}

/** The same for every run, and unrelated to what the title or the client is. */
export function foldOf(name: string): number {
  return Number(Bun.hash(name) % BigInt(FOLDS));
}

interface AskedOrder {
  readonly id: string;
  readonly gold: {
    readonly role_soc: string;
    readonly role_text: string;
    readonly city?: string;
    readonly state: string;
  };
}

export interface QueryFold {
  readonly queries: ReadonlySet<string>;
  readonly titles: readonly UsedTitle[];
}

/**
 * Judged questions in folds by client, each with what is learnt for it: a question was made from an order, and every client
 * with an order of that title at that place may be its client. None of them is learnt from in its fold.
 */
export function readQueryFolds(): QueryFold[] | undefined {
  const orders = table("h2b_orders.csv");
  const path = join(folder, "retrieval_queries_dev.jsonl");
  if (orders === undefined || !existsSync(path)) return undefined;
  const byPlace = Map.groupBy(orders, (row) => `${plain(row["city"])}|${row["state"]}`);
  const queries = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as AskedOrder);
  const clientsOf = (query: AskedOrder): string[] => {
    const { city, state, role_soc: soc, role_text: title } = query.gold;
    const near =
      city === undefined
        ? orders.filter((row) => row["state"] === state)
        : byPlace.get(`${plain(city)}|${state}`);
    const own = (near ?? []).filter(
      (row) =>
        row["soc2019_code"]?.startsWith(soc) === true && singular(row["job_title"]) === singular(title),
    );
    return [...new Set(own.map((row) => row["client_id"] ?? ""))].sort();
  };
  const asked = queries.map((query) => ({ id: query.id, clients: clientsOf(query) }));
  // One without a client cannot be kept apart from what is learnt.
  if (asked.some(({ clients }) => clients.length === 0)) throw new Error("a question has no client");
  return Array.from({ length: FOLDS }, (_, fold) => {
    const own = asked.filter(({ clients }) => foldOf(clients[0] ?? "") === fold);
    const barred = new Set(own.flatMap(({ clients }) => clients));
    const counts = new Map<string, UsedTitle>();
    for (const { job_title: title = "", soc2019_code: soc = "", client_id: client = "" } of orders) {
      if (barred.has(client) || foldOf(client) === fold || title === "" || !/^\d\d-\d{4}/.test(soc)) continue;
      const key = `${title}\t${soc}`;
      counts.set(key, { title: title.slice(0, 200), soc, count: (counts.get(key)?.count ?? 0) + 1 });
    }
    return { queries: new Set(own.map(({ id }) => id)), titles: [...counts.values()] };
  });
}

function plain(text: string | undefined): string {
  return (text ?? "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ")
    .trim();
}

function singular(title: string | undefined): string {
  return plain(title).replace(/s$/, "");
}
