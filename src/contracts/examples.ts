// An example of each operation's input, for the API page: over the house of `lakehouse demo` each runs as it stands, from
// the first to the last. Operations that take nothing, and those that only neighbours call, have none.

import type { Wire } from "./house.ts";

type Input = Readonly<Record<string, unknown>>;

const DATASET = { dataset: "workers" } as const;
const INDEX = { index: "example" } as const;
const CORPUS = { corpus: "example" } as const;
/** What the example of a fill is for: fork lift work at the place of the demo's first orders. */
const FILL_ORDER = {
  order_id: "o-1",
  client_id: "c-1",
  role: "Forklift Operator",
  city: "Springfield",
  state: "IL",
  start_at: "2027-01-04T06:00:00-06:00",
  end_at: "2027-01-04T14:00:00-06:00",
  timezone: "America/Chicago",
  headcount: 1,
  pay_rate: 24,
} as const;
const FILL = { fill_id: "example" } as const;
const ALERT = { rule: "gateway-errors" } as const;
const PHONE = { entity: "worker:w8", attribute: "phone" } as const;
/** Of the record below: an id follows from query, answer, role and actor. */
const PLAYBOOK = { playbook_id: "pb_b8d3ff7797c0f1d80b0670b03a463ef0" } as const;
const ORDER = "Need 3 forklift operators in Springfield, IL Monday 6am";

/** By service and operation. Fields of the path, the query and headers stand among those of the body. */
export const EXAMPLES: Readonly<Record<keyof Wire, Readonly<Record<string, Input>>>> = {
  storaged: {
    put: { key: "notes/example.txt" },
    get: { key: "notes/example.txt" },
    head: { key: "notes/example.txt" },
    list: { prefix: "notes/" },
    remove: { key: "notes/example.txt" },
  },
  ingestd: { ingest: { dataset: "example" } },
  catalogd: {
    dataset: DATASET,
    snapshots: DATASET,
    tag: { ...DATASET, name: "example" },
    schema: { ...DATASET, doc: { role: "What the person does" } },
    append: {
      dataset: "example",
      rows: [{ worker_id: "w8", name: "Hana Cho", role: "Welder", city: "Reno", state: "NV" }],
    },
    maintain: { ...DATASET, dry_run: true },
    drop: { dataset: "example" },
  },
  queryd: {
    sql: {
      sql: "SELECT role, count(*) AS people FROM workers WHERE state = ? GROUP BY role ORDER BY people DESC",
      params: ["IL"],
      limit: 10,
    },
  },
  embedd: { embed: { texts: ["forklift operator", "line cook"] } },
  vectord: {
    create: { ...INDEX, dimension: 3, fields: { role: "keyword" } },
    upsert: {
      ...INDEX,
      items: [
        { id: "a", vector: [1, 0, 0], metadata: { role: "Forklift Operator" } },
        { id: "b", vector: [0.9, 0.1, 0], metadata: { role: "Line Cook" } },
        { id: "c", vector: [0, 0, 1], metadata: { role: "Line Cook" } },
      ],
    },
    import: INDEX,
    index: INDEX,
    search: {
      ...INDEX,
      vector: [1, 0, 0],
      k: 2,
      filter: { role: { in: ["Forklift Operator", "Line Cook"] } },
    },
    fetch: { ...INDEX, ids: ["a", "b"] },
    recall: { ...INDEX, sample: 3, k: 2 },
    snapshot: { ...INDEX, name: "monday" },
    snapshots: INDEX,
    repair: INDEX,
    delete: { ...INDEX, ids: ["c"] },
    restore: { ...INDEX, name: "monday" },
    dropSnapshot: { ...INDEX, name: "monday" },
    drop: INDEX,
  },
  matrixd: {
    search: { query_text: ORDER, corpora: ["workers"], k: 5, explain: true },
    retrieve: { query_text: ORDER, corpora: ["workers"], k: 5 },
    role: { text: ORDER },
    putCorpus: {
      ...CORPUS,
      ...DATASET,
      id: "worker_id",
      text: "{role} in {city}, {state}",
      fields: { role: "keyword", state: "keyword" },
    },
    corpus: CORPUS,
    corpusWeights: CORPUS,
    setWeights: {
      ...CORPUS,
      weights: {
        title: 2,
        lexical: 1,
        dense: 1,
        words: 0.1,
        words_alone: 0.005,
        role_power: 1.2,
        rarity: 0.5,
        state: 0.5,
        elsewhere: 0.1,
      },
    },
    // Told and not applied: the corpus of the demo ranks as before.
    tuneCorpus: {
      corpus: "workers",
      judgements: [
        { query_text: "forklift operator in Springfield, IL", id: "w-1", grade: 3 },
        { query_text: "line cook in Denver, CO", id: "w-2", grade: 3 },
      ],
      apply: false,
    },
    learnDataset: { ...DATASET, title: "role", soc: "soc_code", source: "example" },
    forgetTitles: { source: "example" },
    importPlaces: {
      source: "example",
      places: [{ name: "Plant 7", aliases: ["the old mill"], city: "Springfield", state: "IL" }],
    },
    forgetPlaces: { source: "example" },
    recordPlaybook: {
      query_text: ORDER,
      answer_id: "w-1",
      answer_corpus: "workers",
      score: 1,
      actor: "example",
    },
    importPlaybooks: { corpus: "workers" },
    playbooks: { role: "Forklift Operator" },
    playbook: PLAYBOOK,
    playbookLedger: { role: "Forklift Operator" },
    disablePlaybook: { ...PLAYBOOK, reason: "Left the company" },
    enablePlaybook: PLAYBOOK,
    dropPlaybook: PLAYBOOK,
    dropCorpus: CORPUS,
  },
  validatord: {
    validate: {
      kind: "fill",
      artifact: { order_id: "o-1", fills: [{ worker_id: "w-1" }] },
      context: { order: FILL_ORDER },
    },
    screen: { worker_ids: ["w-1", "w-2", "w-3"], context: { order: FILL_ORDER } },
    extract: { text: 'Here is the fill:\n```json\n{"order_id":"o-1","fills":[{"worker_id":"w-1"}]}\n```' },
    iterate: {
      kind: "fill",
      // The model echo replies what it was asked.
      prompt: '{"order_id":"o-1","fills":[{"worker_id":"w-1"}]}',
      model: "scripted/echo",
      context: { order: FILL_ORDER },
    },
    checks: { artifact: "fill" },
    loadRoster: { roster: "workers" },
  },
  pathwayd: {
    add: {
      kind: "order",
      subject: "Harbor Foods",
      task: "Fill a night shift at short notice",
      steps: ["Ask the two people who worked there last", "Call before texting"],
      content: "Harbor Foods night shift: two forklift operators were found within an hour by calling first.",
      outcome: { result: "filled", score: 1 },
    },
    search: { query: "night shift forklift at short notice", k: 5 },
  },
  observerd: {
    record: {
      source: "payroll-script",
      kind: "export",
      subject: "week 48",
      data: { rows: 214, took_ms: 830 },
    },
    events: { source: "payroll-script" },
    putRule: { ...ALERT, measure: "error_rate", source: "gateway", threshold: 0.05 },
    dropRule: ALERT,
  },
  truthd: {
    claims: {
      claims: [
        {
          ...PHONE,
          value: "(217) 555-0134",
          source: "crm",
          observed_at: "2026-10-01T09:00:00Z",
        },
        { ...PHONE, value: "+1 217 555 0199", source: "payroll", observed_at: "2026-11-02T09:00:00Z" },
      ],
    },
    putRule: { attribute: "phone", normaliser: "phone", sources: ["payroll", "crm"] },
    entity: { entity: PHONE.entity },
    history: PHONE,
    decide: { ...PHONE, value: "217-555-0134", actor: "Dana", reason: "Called the number" },
    decisions: { entity: PHONE.entity },
    import: {
      dataset: "workers",
      entity_key: "worker_id",
      entity_prefix: "worker:",
      mapping: { name: "name", role: "role", state: "state" },
      source: "roster",
    },
    export: { dataset: "truth" },
  },
  chatd: {
    chat: { model: "scripted/echo", messages: [{ role: "user", content: ORDER }] },
    setBudget: { key: "example", tokens_per_day: 1_000_000, usd_per_day: 5 },
    dropBudget: { key: "example" },
  },
  journald: {
    append: {
      id: "example-1",
      type: "order.received",
      subject: "order-1",
      actor: "coordinator",
      data: { text: ORDER },
    },
    events: { subject: "order-1", limit: 10 },
    event: { id: "example-1" },
  },
  filld: {
    open: { ...FILL, order_text: ORDER, order: { client_id: "c-1", pay_rate: 24 }, k: 5 },
    state: FILL,
    shortlist: { ...FILL, k: 5 },
    correct: { ...FILL, version: 1, order: { headcount: 1 }, reason: "The client called" },
    propose: { ...FILL, version: 2, worker_ids: ["w-1"] },
    draft: { ...FILL, worker_ids: ["w-1"], channel: "email", purpose: "offer" },
    messages: FILL,
    outcome: { ...FILL, version: 4, worker_id: "w-1", result: "declined", reason: "Has another shift" },
    history: FILL,
    backfill: { ...FILL, version: 5, k: 5 },
    close: { ...FILL, version: 6, result: "cancelled", reason: "The client cancelled" },
    blocks: { client: "c-1" },
    published: {},
  },
  gateway: {},
  distill: { start: { stages: ["materialize", "score", "export"] } },
};
