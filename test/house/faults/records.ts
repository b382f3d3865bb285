// Provocations of what is recorded: events, claims, traces, alert rules. The fixture has an event `here`, a trace that is
// retired and has feedback, a dataset `numbers` whose column `value` is one, and as many alert rules as there may be.

import { erase, get, keyed, post, type Provocations, put } from "./provocation.ts";

const TRACE = "/v1/pathway/traces/{trace}";
const NOBODY = "/v1/pathway/traces/nobody";
const FEEDBACK = { result: "filled", score: 1 };
const CLAIM = {
  entity: "worker:w-1",
  attribute: "phone",
  value: "217-555-0134",
  source: "crm",
  observed_at: "2026-10-01T09:00:00Z",
};
const IMPORT = { dataset: "here", entity_key: "id", mapping: { id: "id" }, source: "crm" };

/** Of the fixture's alert rules, and of one that is too many. */
export const RULE = { measure: "count", threshold: 5 } as const;

export const RECORDS: Provocations = {
  "journald.append": {
    forbidden: post("/v1/journal/events", { id: "fill-1", type: "order.received", subject: "s" }),
    conflict: post("/v1/journal/events", { id: "here", type: "no_show", subject: "another" }),
    too_large: post("/v1/journal/events", {
      type: "no_show",
      subject: "s",
      data: { x: "x".repeat(300_000) },
    }),
  },
  "journald.event": { not_found: get("/v1/journal/events/nobody") },
  "pathwayd.add": {
    conflict: keyed(
      "added",
      post("/v1/pathway/traces", { kind: "order", subject: "s", task: "t", content: "another" }),
    ),
  },
  "pathwayd.trace": { not_found: get(NOBODY) },
  "pathwayd.history": { not_found: get(`${NOBODY}/history`) },
  "pathwayd.revise": {
    not_found: post(`${NOBODY}/revise`, { content: "c" }),
    conflict: post(`${TRACE}/revise`, { content: "c" }),
  },
  "pathwayd.retire": {
    not_found: post(`${NOBODY}/retire`, { reason: "r" }),
    conflict: post(`${TRACE}/retire`, { reason: "r" }),
  },
  "pathwayd.feedback": {
    not_found: post(`${NOBODY}/feedback`, FEEDBACK),
    conflict: keyed("fed", post(`${TRACE}/feedback`, { ...FEEDBACK, score: 0 })),
  },
  "observerd.putRule": { rejected: put("/v1/observer/rules/another", RULE) },
  "observerd.dropRule": { not_found: erase("/v1/observer/rules/nobody") },
  "truthd.entity": { not_found: get("/v1/truth/entities/nobody") },
  "truthd.history": { not_found: get("/v1/truth/claims?entity=nobody") },
  "truthd.import": {
    not_found: post("/v1/truth/import", { ...IMPORT, dataset: "nobody" }),
    rejected: post("/v1/truth/import", { ...IMPORT, entity_key: "nobody" }),
  },
  "truthd.export": {
    not_found: post("/v1/truth/export"),
    forbidden: post("/v1/truth/export", { dataset: "journal" }),
    rejected: {
      ...post("/v1/truth/export", { dataset: "numbers" }),
      first: post("/v1/truth/claims", { claims: [CLAIM] }),
    },
  },
};
