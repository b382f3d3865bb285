// A surge of orders to be filled at once: people are found, screened as candidates, proposed and judged. The good proposal
// must pass; the same one with somebody who must not be sent must fail for that reason and at that place.

import type { Searched } from "#contracts/matrix";
import type { Validated } from "#contracts/validate";
import { orderAt, orderFields, orderIdOf, ORDER_NOW } from "../material/orders.ts";
import { ASKED, idOf, nthAt } from "../material/roster.ts";
import { checkHits, checkReading, isAsked, nobody } from "./answers.ts";
import { check, type ScenarioJob, type LoadScenario } from "./scenario.ts";

/** Those of a role at a place who must not be sent begin with this one. */
const DO_NOT_HIRE_NTH = 7;
const SURGE_FROM = 0x2000_0000;

interface Screened {
  readonly workers: Readonly<Record<string, readonly { readonly code: string }[]>>;
  readonly screened: number;
  readonly excluded: number;
}

export const surgeFillValidate: LoadScenario = async (job) => {
  const { turn, corpus, run, ask } = job;
  const order = orderAt(run, SURGE_FROM + turn);
  const search = { query_text: order.text, corpora: [corpus], k: order.headcount };
  const found = (await ask({
    method: "POST",
    path: "/v1/matrix/search",
    label: "POST /v1/matrix/search, surge",
    body: search,
  })) as Searched;
  checkReading(found.query, order);
  checkHits(found, order, job, order.headcount);

  const people = found.hits.filter((hit) => isAsked(hit, order)).map(({ id }) => id);
  check(people.length > 0, "people for a surge", order.text);
  const orderId = orderIdOf(run, turn);
  const context = {
    order: orderFields(order, orderId, people.length),
    assignments: [],
    blocks: [],
    now: ORDER_NOW,
  };

  const planted = plantedPerson(job, order.roleAt, order.placeAt);
  const screened = (await ask({
    method: "POST",
    path: "/v1/validate/workers",
    body: { worker_ids: [...people, planted.id], context, roster: corpus, severity: "error" },
  })) as Screened;
  check(screened.screened === people.length + 1, "everybody screened", screened.screened);
  check(screened.excluded === 1, "one is excluded", screened);
  const why = (screened.workers[planted.id] ?? []).map(({ code }) => code);
  check(why.includes(planted.code), `screening finds ${planted.code}`, why);

  const propose = (ids: readonly string[], expected: number): Promise<unknown> =>
    ask(
      {
        method: "POST",
        path: "/v1/validate",
        label: expected === 200 ? "POST /v1/validate" : "POST /v1/validate, planted fault",
        body: {
          kind: "fill",
          artifact: { order_id: orderId, fills: ids.map((worker_id) => ({ worker_id })) },
          context,
          roster: corpus,
        },
      },
      expected,
    );
  const good = (await propose(people, 200)) as Validated;
  check(good.ok, "a good fill passes", good.findings);
  check(good.checked.includes("fill.status"), "statuses were looked at", good.checked);

  const bad = (await propose([...people.slice(0, -1), planted.id], 422)) as Validated;
  const path = `fills[${people.length - 1}].worker_id`;
  const told = bad.findings.some((finding) => finding.code === planted.code && finding.path === path);
  check(!bad.ok && told, `validation finds ${planted.code}`, bad.findings);
};

/** In turn somebody who must not be hired, somebody of another role, and nobody at all, with what must be found. */
function plantedPerson(
  { turn, roster }: ScenarioJob,
  roleAt: number,
  placeAt: number,
): { id: string; code: string } {
  const banned = nthAt(roster, roleAt, placeAt, DO_NOT_HIRE_NTH);
  const kinds = [
    ...(banned === undefined ? [] : [{ id: idOf(banned), code: "fill.status" }]),
    { id: nobody(roster), code: "fill.unknown_worker" },
    ...otherRole(roster, roleAt, placeAt),
  ];
  return (
    kinds[Math.floor(turn / ASKED.length) % kinds.length] ?? {
      id: nobody(roster),
      code: "fill.unknown_worker",
    }
  );
}

/** A machinist is no forklift operator, and the other way round: trades that do not stand for each other. */
function otherRole(
  roster: ScenarioJob["roster"],
  roleAt: number,
  placeAt: number,
): readonly { id: string; code: string }[] {
  const machinist = 1;
  const other = nthAt(roster, roleAt === machinist ? 0 : machinist, placeAt, 0);
  return other === undefined ? [] : [{ id: idOf(other), code: "fill.role_mismatch" }];
}
