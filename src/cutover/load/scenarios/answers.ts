// Whether a search gave the right answer. Everybody of the roster is known, so the answer is too: the people of the role at
// the place, as many as there are, each as the roster has them, none of them one who must not be sent.

import type { MatrixHit, Searched } from "#contracts/matrix";
import type { LoadOrder } from "../material/orders.ts";
import { countAt, idOf, type LoadRoster, numberOf, SHOWN, shownAt } from "../material/roster.ts";
import { check, fail } from "./scenario.ts";

/** Scores of people alike differ by rounding alone. */
const SCORE_NOISE = 1e-9;

/** What was read of the order's text. */
export function checkReading(
  { role, slots }: { role: { role: string | null }; slots: Searched["query"]["slots"] },
  order: LoadOrder,
): void {
  check(role.role === order.role, "role read", `${role.role} instead of ${order.role}: ${order.text}`);
  const at = `${slots.city}, ${slots.state}`;
  check(at === `${order.place.city}, ${order.place.state}`, "place read", `${at}: ${order.text}`);
  check(slots.headcount === order.headcount, "headcount read", `${slots.headcount}: ${order.text}`);
  check(slots.shift === order.shift, "hours read", `${slots.shift}: ${order.text}`);
  check(slots.pay === order.pay, "pay read", `${slots.pay}: ${order.text}`);
}

/** The hits of an order of `k` people at most. */
export function checkHits(
  { hits, degraded }: Pick<Searched, "hits" | "degraded">,
  order: LoadOrder,
  { roster, corpus }: { readonly roster: LoadRoster; readonly corpus: string },
  k: number,
): void {
  check(!degraded, "not degraded", order.text);
  check(hits.length <= k, "k hits at most", `${hits.length} of ${k}`);
  check(new Set(hits.map(({ id }) => id)).size === hits.length, "each person once", order.text);
  let before = Infinity;
  for (const [at, hit] of hits.entries()) {
    if (hit.rank !== at) fail("ranks in order", `${hit.rank} at ${at}: ${order.text}`);
    if (hit.score > before + SCORE_NOISE)
      fail("scores in order", `${hit.score} after ${before}: ${order.text}`);
    before = hit.score;
    checkPerson(hit, roster, corpus);
  }
  const there = Math.min(k, countAt(roster, order.roleAt, order.placeAt, "active"));
  const found = hits.filter((hit) => isAsked(hit, order)).length;
  // A playbook of another caller may bring people of the role from elsewhere.
  const lifted = hits.filter((hit) => hit.boost !== undefined);
  check(
    found >= there - lifted.length,
    "people of the role at the place",
    `${found} of ${there}: ${order.text}`,
  );
  check(
    lifted.every(({ metadata }) => metadata["role"] === order.role),
    "playbooks lift their role alone",
    order.text,
  );
}

/** Of the role, at the place. */
export function isAsked({ metadata }: MatrixHit, { role, place }: LoadOrder): boolean {
  return metadata["role"] === role && metadata["city"] === place.city && metadata["state"] === place.state;
}

function checkPerson({ id, cite, corpus, metadata }: MatrixHit, roster: LoadRoster, asked: string): void {
  const number = numberOf(roster, id) ?? fail("hits are of the roster", id);
  const worker = shownAt(roster, number);
  for (const field of SHOWN) {
    if (metadata[field] !== worker[field])
      fail("people as the roster has them", `${id}: ${field} is ${String(metadata[field])}`);
  }
  if (worker.status !== "active") fail("only people who may be sent", `${id} is ${worker.status}`);
  if (corpus !== asked || !cite.startsWith(`${asked}@`) || !cite.endsWith(`#${id}`))
    fail("hits cite their row", `${cite} of ${corpus}`);
}

/** The same question, the same answer. */
export function checkSame(first: Pick<Searched, "hits">, again: Pick<Searched, "hits">, text: string): void {
  const key = ({ hits }: Pick<Searched, "hits">): string =>
    hits.map(({ id, score }) => `${id} ${score}`).join("\n");
  check(key(first) === key(again), "the same answer again", text);
}

/** Somebody who is not in any roster of this seed and size. */
export function nobody({ workers }: LoadRoster): string {
  return idOf(Math.max(9_000_000, workers));
}
