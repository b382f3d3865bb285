// One search after the other by six bodies in turn, one for each asked role: the plain load, for any address that takes such
// bodies. Where the material of a load is searched the people are checked too; elsewhere only that there is an answer.

import type { Searched } from "#contracts/matrix";
import { orderAt } from "../material/orders.ts";
import { ASKED } from "../material/roster.ts";
import { checkHits, checkReading } from "./answers.ts";
import { check, type LoadScenario } from "./scenario.ts";

const K = 10;

export const rotatingSearch: LoadScenario = async (job) => {
  const { turn, roster, corpus, path, ask } = job;
  const order = orderAt(0, turn % ASKED.length);
  const body = { query_text: order.text, k: K, ...(corpus === "" ? {} : { corpora: [corpus] }) };
  const reply = await ask({ method: "POST", path, body });
  if (roster.workers > 0) {
    checkReading((reply as Searched).query, order);
    checkHits(reply as Searched, order, job, K);
  } else if (path === SEARCH_PATH) {
    const { hits } = reply as Partial<Searched>;
    check(Array.isArray(hits) && hits.length <= K, "an answer with hits", reply);
  }
};

export const SEARCH_PATH = "/v1/matrix/search";
