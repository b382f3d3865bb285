// What worked is recorded and replayed: somebody who ranks low for an order is recorded as good for it, ranks before those
// alike in the next search, and falls back once the playbook is gone. Each client has a role and a place of its own, so that
// no two record for the same order at once.

import type { Playbook, Searched } from "#contracts/matrix";
import { orderFor } from "../material/orders.ts";
import { ASKED, PLACES } from "../material/roster.ts";
import { checkHits, isAsked } from "./answers.ts";
import { check, type LoadScenario, WrongAnswer } from "./scenario.ts";

const K = 10;
/** Records that act on a search at most, which is the default of the search. */
const LIFTED_MAX = 5;
const RECORD_FROM = 0x1000_0000;
const FACTOR_NOISE = 1e-6;
const ACTOR = "lakehouse-load";
/** A record of a run that was cut off acts on nobody for longer. */
const TTL_DAYS = 1;

export const playbookRecordReplay: LoadScenario = async (job) => {
  const { turn, client, run, corpus, ask } = job;
  const placeAt = Math.floor(client / ASKED.length) % PLACES.length;
  const order = orderFor(run, RECORD_FROM + turn, client % ASKED.length, placeAt);
  const search = async (usePlaybook: boolean): Promise<Searched> => {
    const body = { query_text: order.text, corpora: [corpus], k: K, use_playbook: usePlaybook };
    const label = `POST /v1/matrix/search, ${usePlaybook ? "with" : "without"} playbooks`;
    const found = (await ask({ method: "POST", path: "/v1/matrix/search", label, body })) as Searched;
    checkHits(found, order, job, K);
    return found;
  };
  const plain = await search(false);
  const answer = plain.hits.findLast((hit) => isAsked(hit, order));
  if (answer === undefined) throw new WrongAnswer("somebody to record", order.text);

  const record = async (): Promise<Playbook> =>
    (await ask(
      {
        method: "POST",
        path: "/v1/matrix/playbooks/record",
        body: {
          query_text: order.text,
          answer_id: answer.id,
          answer_corpus: corpus,
          score: 1,
          actor: ACTOR,
          ttl_days: TTL_DAYS,
        },
      },
      201,
    )) as Playbook;
  const { playbook_id, version, role, effect } = await record();
  check(role === order.role && effect === "lift", "a playbook of the role that lifts", { role, effect });

  const lifted = (await search(true)).hits.find(({ id }) => id === answer.id);
  check(lifted?.boost?.playbook_id === playbook_id, "the recorded answer is lifted", order.text);
  const { rank = K, distance = 1, distance_raw = 0, boost } = lifted ?? {};
  check(rank <= Math.min(answer.rank, LIFTED_MAX - 1), "it ranks before those alike", {
    rank,
    was: answer.rank,
  });
  const factor = boost?.factor ?? 1;
  check(
    factor < 1 && Math.abs(distance - factor * distance_raw) < FACTOR_NOISE,
    "its factor is told",
    lifted,
  );

  const again = await record();
  check(
    again.playbook_id === playbook_id && again.version === version,
    "the same record again changes nothing",
    again,
  );
  const label = "/v1/matrix/playbooks/{playbook_id}";
  const path = `/v1/matrix/playbooks/${playbook_id}`;
  await ask({ method: "DELETE", path, label: `DELETE ${label}` }, 204);
  await ask({ method: "GET", path, label: `GET ${label}` }, 404);
  const after = (await search(true)).hits.find(({ id }) => id === answer.id);
  check(after?.boost?.playbook_id !== playbook_id, "a removed playbook acts no more", order.text);
};
