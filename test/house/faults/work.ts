// Provocations of fills, of models and of what is checked before it leaves the house. The fixture has a fill `here` whose
// order does not say where, a fill `closed`, and a budget of 1000 tokens.

import { erase, get, ofLength, patch, post, type Provocations } from "./provocation.ts";

const FILL = "/v1/fills/here";
const NOBODY = "/v1/fills/nobody";
/** Its version is one that neither fill has had. */
const UNSEEN = { version: 9 };
const ORDER = { order: { headcount: 2 } };
const OUTCOME = { worker_id: "w-9", result: "confirmed" };
const LOST = { result: "lost" };
const MESSAGE = { worker_ids: ["w-9"], channel: "sms", purpose: "offer" };
/** As each field may be, and together more than the journal keeps of one change. */
const LONG = "\u6f22".repeat(500);
const HUGE_ORDER = {
  order: {
    required_certs: Array(100).fill(LONG),
    required_screenings: Array.from({ length: 100 }, () => ({ name: LONG })),
  },
};
const CHAT = { model: "scripted/nobody", messages: [{ role: "user", content: "x" }] };

export const WORK: Provocations = {
  "chatd.chat": {
    not_found: post("/v1/chat", { ...CHAT, max_tokens: 10 }),
    rate_limited: post("/v1/chat", { ...CHAT, max_tokens: 2000 }),
    too_large: ofLength(17, "POST", "/v1/chat"),
  },
  "chatd.dropBudget": { not_found: erase("/v1/chat/budgets/nobody") },
  "validatord.validate": { too_large: ofLength(9, "POST", "/v1/validate") },
  "validatord.screen": { too_large: ofLength(9, "POST", "/v1/validate/workers") },
  "validatord.extract": { too_large: post("/v1/validate/extract", { text: "x".repeat(1024 * 1024 + 1) }) },
  "validatord.loadRoster": { not_found: post("/v1/validate/rosters/nobody/load") },
  "filld.open": {
    not_found: post("/v1/fills", { order_text: "a cook", corpus: "nobody" }),
    conflict: post("/v1/fills", { order_text: "a cook", fill_id: "here" }),
    too_large: post("/v1/fills", HUGE_ORDER),
  },
  "filld.state": { not_found: get(NOBODY) },
  "filld.shortlist": { not_found: get(`${NOBODY}/shortlist`) },
  "filld.correct": {
    not_found: patch(NOBODY, { version: 1, ...ORDER }),
    conflict: patch(FILL, { ...UNSEEN, ...ORDER }),
    rejected: patch("/v1/fills/closed", { version: 2, ...ORDER }),
    too_large: patch(FILL, { version: 1, ...HUGE_ORDER }),
  },
  "filld.propose": {
    not_found: post(`${NOBODY}/propose`, { version: 1, auto: true }),
    conflict: post(`${FILL}/propose`, { ...UNSEEN, auto: true }),
    rejected: post(`${FILL}/propose`, { version: 1, auto: true }),
  },
  "filld.draft": {
    not_found: post(`${NOBODY}/messages`, MESSAGE),
    rejected: post(`${FILL}/messages`, MESSAGE),
  },
  "filld.messages": { not_found: get(`${NOBODY}/messages`) },
  "filld.exportMessages": { not_found: { ...get(`${NOBODY}/messages`), headers: { accept: "text/csv" } } },
  "filld.outcome": {
    not_found: post(`${NOBODY}/outcomes`, { version: 1, ...OUTCOME }),
    conflict: post(`${FILL}/outcomes`, { ...UNSEEN, ...OUTCOME }),
    rejected: post(`${FILL}/outcomes`, { version: 1, ...OUTCOME }),
  },
  "filld.backfill": {
    not_found: post(`${NOBODY}/backfill`, { version: 1 }),
    conflict: post(`${FILL}/backfill`, UNSEEN),
    rejected: post("/v1/fills/closed/backfill", { version: 2 }),
  },
  "filld.close": {
    not_found: post(`${NOBODY}/close`, { version: 1, ...LOST }),
    conflict: post(`${FILL}/close`, { ...UNSEEN, ...LOST }),
    rejected: post("/v1/fills/closed/close", { version: 2, ...LOST }),
  },
  "filld.liftBlock": { not_found: post("/v1/fill-blocks/nobody/lift", { reason: "r" }) },
  "filld.history": { not_found: get(`${NOBODY}/events`) },
  "filld.fillEvents": { not_found: { ...get(`${NOBODY}/events`), headers: { accept: "text/event-stream" } } },
};
