// The operations on the taxonomy: what it is made of, lists that are imported, titles that are learnt from a person's
// correction or from the house's own orders.

import { z } from "zod";
import { type Learnt, TITLES_A_REQUEST, TITLES_MAX } from "#contracts/taxonomy";
import type { matrix } from "#contracts/matrix";
import type { query } from "#contracts/query";
import { titleKey } from "#domain/occupations/title-index";
import { ROLES } from "#domain/roles";
import { quoteIdentifier } from "#lib/sql-text";
import type { CallInit } from "#rpc/call";
import type { Handlers, Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";
import { pageCursor } from "#rpc/page-cursor";
import type { KnownTitles, ListedTitle } from "./known-titles.ts";

const PAGES = pageCursor("matrix.taxonomyTitles", z.string());

export interface TaxonomyDeps {
  readonly titles: KnownTitles;
  readonly query: Service<typeof query>;
}

type Names =
  | "taxonomy"
  | "taxonomyTitles"
  | "learnTitles"
  | "learnDataset"
  | "forgetTitles"
  | "resetTaxonomy";

/** A statement that groups a whole dataset. */
const READ_TIMEOUT_MS = 240_000;
const SOC_CODE = /^(\d\d-\d{4})(?:\.\d\d)?$/;
const TITLE_CHARS_MAX = 200;

export function taxonomyHandlers({ titles, query }: TaxonomyDeps): Pick<Handlers<typeof matrix>, Names> {
  const whole = async (): Promise<void> => {
    await titles.loaded();
    if (titles.damage !== undefined) throw titles.damage;
  };
  const learn = async (
    source: string,
    list: Parameters<KnownTitles["learn"]>[1],
    replace: boolean,
    leftOut: number,
  ): Promise<Learnt> => {
    const done = await titles.learn(source, list, replace);
    return { source, ...done, left_out: leftOut, version: titles.version };
  };
  return {
    taxonomy: async () => {
      await whole();
      return {
        version: titles.version,
        roles: ROLES.length,
        titles: titles.size,
        titles_max: TITLES_MAX,
        occupations: titles.occupations,
        sources: titles.sources().map(({ updatedAt, ...source }) => ({ ...source, updated_at: updatedAt })),
      };
    },
    taxonomyTitles: async ({ soc, source, prefix, limit, cursor }) => {
      const after = PAGES.place(cursor);
      await whole();
      const wanted = prefix === undefined ? "" : titleKey(prefix);
      const found: ListedTitle[] = [];
      for (const title of titles.list()) {
        if (after !== undefined && markOf(title) <= after) continue;
        if (soc !== undefined && title.soc !== soc) continue;
        if (source !== undefined && title.source !== source) continue;
        if (!title.title.startsWith(wanted)) continue;
        found.push(title);
        if (found.length > limit) break;
      }
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        titles: page,
        ...(found.length > limit && last !== undefined ? { next_cursor: PAGES.next(markOf(last)) } : {}),
      };
    },
    learnTitles: ({ source, titles: list, occupations, replace }) =>
      learn(source, { titles: list, occupations }, replace, 0),
    learnDataset: async ({ dataset, title, soc, status, source = dataset }, call) => {
      const { list, leftOut } = await titlesOf({ dataset, title, soc, status }, query, call);
      return learn(source, { titles: list, occupations: [] }, true, leftOut);
    },
    forgetTitles: async ({ source }) => {
      await titles.forget(source);
      return null;
    },
    resetTaxonomy: async () => {
      await titles.reset();
      return null;
    },
  };
}

/** Sorts as the titles are listed. */
function markOf({ title, soc, source }: ListedTitle): string {
  return `${title}\t${soc}\t${source}`;
}

interface TitleColumns {
  readonly dataset: string;
  readonly title: string;
  readonly soc: string;
  readonly status: { readonly column: string; readonly is: string } | undefined;
}

async function titlesOf(
  { dataset, title, soc, status }: TitleColumns,
  query: TaxonomyDeps["query"],
  call: CallInit,
): Promise<{ list: { title: string; soc: string; count: number }[]; leftOut: number }> {
  const [titleColumn, socColumn] = [title, soc].map((name) => `CAST(${quoteIdentifier(name)} AS VARCHAR)`);
  const condition =
    status === undefined ? "" : `WHERE CAST(${quoteIdentifier(status.column)} AS VARCHAR) = ?`;
  const sql = `SELECT trim(${titleColumn}) AS "title", trim(${socColumn}) AS "soc", count(*) AS "rows" FROM ${quoteIdentifier(dataset)}
    ${condition} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ${TITLES_A_REQUEST}`;
  const params = status === undefined ? [] : [status.is];
  const { rows } = await query.sql(
    { sql, params, limit: TITLES_A_REQUEST, timeout_ms: READ_TIMEOUT_MS },
    { ...call, timeoutMs: READ_TIMEOUT_MS },
  );
  let leftOut = 0;
  const list: { title: string; soc: string; count: number }[] = [];
  for (const row of rows) {
    const written = row["title"];
    const known = SOC_CODE.exec(String(row["soc"] ?? ""))?.[1];
    const count = Number(row["rows"]);
    if (typeof written !== "string" || written === "" || known === undefined) leftOut += count;
    else list.push({ title: written.slice(0, TITLE_CHARS_MAX), soc: known, count });
  }
  if (list.length > 0) return { list, leftOut };
  throw new Fault(
    "invalid",
    `No row of ${dataset} has a title in ${title} and an occupation code such as 53-7051 in ${soc}.`,
    { details: [{ path: "soc", message: "has no occupation codes beside titles" }] },
  );
}
