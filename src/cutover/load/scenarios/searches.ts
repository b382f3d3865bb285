// Searches. Cold: an order that nobody sent before, read, searched for, and searched for once more at its place alone.
// Warm: one of a few orders that everybody sends, twice and with another k, where the answers must agree to the last digit.

import type { ReadRole, Searched } from "#contracts/matrix";
import { countAt } from "../material/roster.ts";
import { orderAt } from "../material/orders.ts";
import { checkHits, checkReading, checkSame } from "./answers.ts";
import { check, type LoadScenario } from "./scenario.ts";

const K = 10;
const K_MORE = 20;
const WARM_ORDERS = 12;
/** Orders of the warm searches are far from those of the cold ones, which count from 0. */
const WARM_FROM = 0x4000_0000;

export const coldSearch: LoadScenario = async (job) => {
  const { turn, run, roster, corpus, ask } = job;
  const order = orderAt(run, turn);
  const read = (await ask({
    method: "POST",
    path: "/v1/matrix/role",
    body: { text: order.text },
  })) as ReadRole & {
    slots: Searched["query"]["slots"];
  };
  checkReading({ role: read, slots: read.slots }, order);

  const search = { query_text: order.text, corpora: [corpus], k: K };
  const found = (await ask({ method: "POST", path: "/v1/matrix/search", body: search })) as Searched;
  checkReading(found.query, order);
  checkHits(found, order, job, K);

  const filter = { role: order.role, city: order.place.city, state: order.place.state };
  const there = (await ask({
    method: "POST",
    path: "/v1/matrix/search",
    label: "POST /v1/matrix/search, filtered",
    body: { ...search, filter, use_playbook: false },
  })) as Searched;
  checkHits(there, order, job, K);
  const people = Math.min(K, countAt(roster, order.roleAt, order.placeAt, "active"));
  check(there.hits.length === people, "a filter is kept", `${there.hits.length} of ${people}: ${order.text}`);
};

export const warmSearch: LoadScenario = async (job) => {
  const { turn, corpus, ask } = job;
  const order = orderAt(0, WARM_FROM + (turn % WARM_ORDERS));
  const search = async (k: number): Promise<Searched> => {
    const body = { query_text: order.text, corpora: [corpus], k, use_playbook: false };
    const label = "POST /v1/matrix/search, warm";
    const found = (await ask({ method: "POST", path: "/v1/matrix/search", label, body })) as Searched;
    checkHits(found, order, job, k);
    return found;
  };
  const first = await search(K);
  checkReading(first.query, order);
  checkSame(first, await search(K), order.text);
  const more = await search(K_MORE);
  checkSame(first, { hits: more.hits.slice(0, K) }, order.text);
};
