// Every dataset of the house, page by page.

import type { Dataset } from "#contracts/catalog";
import { catalogd } from "../wire/client.ts";

/** Ten thousand datasets: a house with more is searched by SQL, in information_schema. */
const PAGES_MAX = 10;

export async function allDatasets(): Promise<readonly Dataset[]> {
  const all: Dataset[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { datasets, next_cursor } = await catalogd.datasets({
      limit: 1000,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(...datasets);
    if (next_cursor === undefined) break;
    cursor = next_cursor;
  }
  return all;
}
