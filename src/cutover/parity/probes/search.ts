// Searches in the words of the trade, over the corpus that both sides have. Hits are compared as rankings: by which ids are
// among the first ten and by their order, where those that are equally near have none.

import { overlapAt } from "../../diff/measures.ts";
import { askBoth, jsonRequest } from "../http-probe.ts";
import { json, order, ROLES } from "../inputs.ts";
import type { HttpCase, Outcome, Probe, ProbeContext } from "../probe.ts";

const K_MAX = 20;
const SEEDS = ROLES.slice(0, 6);
const TOP = 10;

export const search: Probe = {
  name: "search",
  summary: "Hits of the same orders, as rankings",
  writes: false,
  run: (context) => askBoth(cases(context), context, { measure: overlap }),
};

function* cases(context: ProbeContext): Generator<HttpCase> {
  const { dialect, index } = context;
  const targets = dialect === "go" ? ["/v1/matrix/search", "/v1/matrix/retrieve"] : ["/vectors/hybrid"];
  for (const target of targets) yield* queries(context, target, dialect === "go" ? "k" : "top_k");
  if (index !== undefined)
    yield* nearest(context, dialect === "go" ? "/v1/vectors/search" : "/vectors/search", index);
}

function* queries({ random, count }: ProbeContext, target: string, k: string): Generator<HttpCase> {
  const endpoint = `POST ${target}`;
  const one = (body: unknown, seed?: string): HttpCase => ({
    endpoint,
    request: jsonRequest(target, body),
    ...(seed === undefined ? {} : { seed }),
  });
  for (const role of SEEDS) yield one({ query: `Need 3 ${role}s`, [k]: TOP }, role);
  for (let at = 0; at < count; at += 1) {
    const body = { query: order(random), [k]: 1 + random.below(K_MAX) };
    yield random.below(10) === 0 ? one({ ...body, query: json(random) }) : one(body);
  }
}

function* nearest({ random, count }: ProbeContext, target: string, index: string): Generator<HttpCase> {
  const [text, k] = target.startsWith("/v1") ? ["text", "k"] : ["query", "top_k"];
  for (let at = 0; at < count; at += 1) {
    const body = { index, [text]: order(random), [k]: 1 + random.below(K_MAX) };
    yield { endpoint: `POST ${target}`, request: jsonRequest(target, body) };
  }
}

function overlap(there: unknown, here: unknown): Outcome["measure"] {
  return { name: `overlap@${TOP}`, value: overlapAt(idsOf(there), idsOf(here), TOP) };
}

function idsOf(reply: unknown): string[] {
  const { hits } = (reply ?? {}) as { hits?: unknown };
  return Array.isArray(hits) ? hits.map((hit) => String((hit as { id?: unknown }).id)) : [];
}
