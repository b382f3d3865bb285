// A model is asked, then drafts a fill with somebody made up, is corrected by the checks, and passes. The model is a script
// (model-script.json), so that both drafts are known; what is under load is everything around a model.

import { join } from "node:path";
import type { ChatReply } from "#contracts/chat";
import type { Iterated } from "#contracts/validate";
import { orderAt, orderFields, orderIdOf, ORDER_NOW } from "../material/orders.ts";
import { idOf, nthAt } from "../material/roster.ts";
import { check, type LoadScenario } from "./scenario.ts";

/** The script, which a house plays by LAKEHOUSE_CHAT_SCRIPT. */
export const SCRIPT_PATH = join(import.meta.dir, "..", "material", "model-script.json");
/** Of the script. */
export const MODEL = "scripted/lakehouse-load";
/** What the script answers to a question. */
export const GREETING = "Ready for load ";
const CHAT_FROM = 0x3000_0000;

export const chatIterate: LoadScenario = async (job) => {
  const { turn, roster, corpus, run, ask } = job;
  const question = `Are you ready for load ${run}-${turn}?`;
  const messages = [{ role: "user", content: question }];
  const reply = (await ask({
    method: "POST",
    path: "/v1/chat",
    body: { model: MODEL, messages },
  })) as ChatReply;
  check(reply.message.content === `${GREETING}${run}-${turn}.`, "the script's reply", reply.message.content);
  check(reply.attempts.length === 1 && reply.finish_reason === "stop", "one attempt", reply.attempts);

  const order = orderAt(run, CHAT_FROM + turn);
  const people = [0, 1].flatMap((nth) => nthAt(roster, order.roleAt, order.placeAt, nth) ?? []).map(idOf);
  const orderId = orderIdOf(run, turn);
  const context = { order: orderFields(order, orderId, 2), assignments: [], blocks: [], now: ORDER_NOW };
  const drafted = (await ask({
    method: "POST",
    path: "/v1/iterate",
    body: {
      kind: "fill",
      model: MODEL,
      prompt: `Draft the fill of order ${orderId} with ${people.join(" and ")}.`,
      context,
      roster: corpus,
    },
  })) as Iterated;
  check(drafted.ok && drafted.stopped === "accepted", "a corrected draft passes", drafted.stopped);
  check(drafted.iterations === 2, "the first draft does not", drafted.iterations);
  const [first] = drafted.history;
  const codes = (first?.findings ?? []).map(({ code }) => code);
  check(codes.includes("fill.unknown_worker"), "the person made up is found", codes);
  const sent = (drafted.artifact as { fills?: { worker_id?: string }[] } | null)?.fills ?? [];
  check(sent.map(({ worker_id }) => worker_id).join() === people.join(), "the people of the draft", sent);

  const label = "GET /v1/pathway/traces/{trace_id}";
  const path = `/v1/pathway/traces/${drafted.trace_id}`;
  const trace = (await ask({ method: "GET", path, label })) as { trace_id?: string };
  check(trace.trace_id === drafted.trace_id, "a trace is kept", trace.trace_id);
};
