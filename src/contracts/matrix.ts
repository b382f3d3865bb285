// matrixd: search over corpora, as coordinators type it.

import { z } from "zod";
import { op } from "#rpc/contract";
import { placeOperations } from "./places.ts";
import { datasetName, jsonObject, pageInput, plainName, timestamp, snapshotId } from "./shapes.ts";
import { taxonomyOperations } from "./taxonomy.ts";
import { tuningOperations } from "./tuning.ts";
import { fieldKind, filter } from "./vector.ts";

const role = z.object({
  role: z.string().nullable(),
  soc: z.string().nullable(),
  source: z.enum(["given", "pattern", "dictionary", "nearest", "llm", "none"]),
  confidence: z.number(),
});
export type ReadRole = z.infer<typeof role>;

const slots = z.object({
  headcount: z.int().optional(),
  site: z.string().optional().describe("A place of one's own, by the name it was imported with"),
  city: z.string().optional(),
  state: z.string().optional().describe("Two-letter postal code"),
  postal_code: z.string().optional(),
  metro: z.string().optional(),
  county: z.string().optional(),
  lat: z.number().optional(),
  lon: z.number().optional(),
  miles: z.number().optional().describe("The radius around the place"),
  timezone: z.string().optional(),
  city_ambiguous: z.boolean().optional().describe("Several states have such a city; this is the largest"),
  start: z
    .string()
    .optional()
    .describe("RFC 3339; a date when no time is said, -00:00 when the zone is not known"),
  end: z.string().optional().describe("The last day"),
  shift: z.string().optional().describe("Local hours, 22:00-06:00"),
  shift_name: z.enum(["1st", "2nd", "3rd", "night", "weekend"]).optional(),
  days: z.array(z.enum(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])).optional(),
  pay: z.number().optional(),
  pay_max: z.number().optional(),
  pay_unit: z.enum(["hour", "day", "week", "month", "year", "shift"]).optional(),
  urgent: z.boolean().optional(),
  languages: z.array(z.string()).optional().describe("ISO 639 codes"),
  certifications: z.array(z.string()).optional(),
  status: z.enum(["active", "inactive", "do_not_hire", "on_assignment"]).optional(),
});

/** What a text says besides its first role. */
const orderParts = {
  candidates: z
    .array(z.object({ role: z.string(), soc: z.string(), p: z.number() }))
    .describe("Roles that may be meant, the likeliest first"),
  roles: z
    .array(z.object({ role: z.string(), soc: z.string(), headcount: z.int().optional() }))
    .describe("Further requests of the same order"),
  exclude: z
    .object({
      roles: z.array(z.string()),
      persons: z
        .array(z.object({ id: z.string().optional(), name: z.string().optional() }))
        .optional()
        .describe("People who are not wanted; a first name alone is read and not applied"),
    })
    .optional(),
  person: z.object({ id: z.string().optional(), name: z.string().optional() }).optional(),
  slots,
  unread: z.array(z.string()).describe("Words that nothing was made of"),
  corrections: z
    .array(z.object({ typed: z.string(), read: z.string() }))
    .describe("Words that were read as others"),
};

/** The moment at which a text is meant, so that a past order is read as it was. */
const meantAt = z.iso
  .datetime({ offset: true })
  .optional()
  .describe("When the text was written; now unless given");

/** What a playbook did to a hit: `factor = 1 - 0.5 * score * weight * decay`, or its mirror above 1. */
const boost = z.object({
  factor: z.number().describe("Below 1 lifts, above 1 pushes down: distance = factor * distance_raw"),
  playbook_id: z.string(),
  version: z.int(),
  query_distance: z.number().describe("Cosine distance of the recorded query and this one"),
});

/** The score of each part of the ranking, 0 to 1. */
const explained = z.object({
  dense: z.number(),
  lexical: z.number(),
  title: z.number(),
  role: z.number(),
  place: z.number(),
  miles: z.number().optional(),
  matched_terms: z.array(z.string()),
  playbook: boost
    .extend({
      query_text: z.string().describe("The recorded query"),
      score: z.number().describe("As it was recorded"),
      weight: z.number().describe("1 for the same query, 0 at playbook_max_distance"),
      decay: z.number().describe("What age has left of the record, 0 to 1"),
    })
    .optional()
    .describe("The playbook that acts on the hit"),
  /** One sentence for a person. */
  why: z.string(),
});

const hit = z.object({
  rank: z.int(),
  base_rank: z.int(),
  id: z.string(),
  corpus: z.string(),
  /** `dataset@snapshot#id` */
  cite: z.string(),
  distance: z.number(),
  distance_raw: z.number(),
  /** Higher is better; hits are ordered by it. */
  score: z.number(),
  score_raw: z.number().optional().describe("Without playbooks; present where one acts"),
  miles: z.number().optional(),
  boost: boost.optional(),
  injected: z.boolean().optional().describe("A playbook brought it among the candidates"),
  reranked_from: z
    .int()
    .optional()
    .describe("Its rank before a model moved it; it has the score of its new place"),
  status: z
    .enum(["inactive", "do_not_hire"])
    .optional()
    .describe("Present where the row has such a status, which a search shows only when it is asked for"),
  missing: z
    .array(z.string())
    .optional()
    .describe("Certificates, languages or availability that the text asks for and the row does not have"),
  metadata: jsonObject,
  explain: explained.optional(),
});
export type MatrixHit = z.infer<typeof hit>;

const near = z.union([
  z.strictObject({
    lat: z.number().min(-90).max(90),
    lon: z.number().min(-180).max(180),
    miles: z.number().positive(),
  }),
  z.strictObject({ city: z.string(), state: z.string(), miles: z.number().positive() }),
]);

/** The `reason` of a search with `near` over a corpus whose rows have no places. */
export const WITHOUT_PLACES = "corpus_without_places";

export const searchInput = z.strictObject({
  query_text: z.string().min(1).max(4000),
  query_role: z.string().max(200).optional(),
  now: meantAt,
  corpora: z.array(plainName).min(1).max(32).optional(),
  k: z.int().min(1).max(1000).default(10),
  per_corpus_k: z.int().min(1).max(1000).optional(),
  filter: filter.optional(),
  near: near.optional(),
  mode: z.enum(["hybrid", "dense", "lexical"]).default("hybrid"),
  use_playbook: z.boolean().default(true),
  playbook_top_k: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe("Recorded answers that are lifted at most, those of the nearest queries first"),
  playbook_max_distance: z
    .number()
    .min(0)
    .max(2)
    .default(0.5)
    .describe("Cosine distance at which a recorded query no longer acts"),
  gate: z
    .enum(["strict", "adjacent", "off"])
    .default("strict")
    .describe(
      "Records of which roles act: the same one, listed neighbours too, or all (scope admin). People of another role than the query's are never lifted",
    ),
  explain: z
    .union([z.boolean(), z.strictObject({ id: z.string().min(1).max(512) })])
    .default(false)
    .describe("The parts of each hit's score; with an id, also why that row is not among the hits"),
  rerank: z
    .boolean()
    .default(false)
    .describe("Let the chat model of LAKEHOUSE_RERANK_MODEL order the first 20 hits"),
  at: z.iso
    .datetime({ offset: true })
    .optional()
    .describe("Rank as at this moment: its playbooks, and its corpus where that is still there"),
  /** Milliseconds a corpus may take before the response is sent without it. */
  deadline_ms: z.int().min(1).max(60_000).default(5000),
});

/** Why a row is where it is, or not among the hits at all. */
const whyNot = z.object({
  id: z.string(),
  corpus: z.string().nullable(),
  reason: z.enum([
    "is_hit",
    "not_in_corpus",
    "not_embedded",
    "other_model",
    "status",
    "filtered",
    "not_related",
    "pushed_down",
    "below_cut",
  ]),
  /** Sentences for a person. */
  message: z.string(),
  failed: z.array(z.string()).optional().describe("The conditions that the row does not meet"),
  rank: z.int().optional().describe("Its place among all candidates, from 0"),
  score: z.number().optional(),
  cut: z.number().optional().describe("The score of the last hit"),
  below_by: z.number().optional().describe("What its score lacks"),
  distance: z.number().optional(),
  playbook: boost.optional(),
});
export type WhyNot = z.infer<typeof whyNot>;

const reranked = z.object({
  applied: z.boolean(),
  model: z.string(),
  moved: z.int().describe("Hits that have another place"),
  reason: z.string().optional().describe("Why the model did not order them"),
});
export type Reranked = z.infer<typeof reranked>;

export const searched = z.object({
  query: z.object({
    text: z.string(),
    role,
    ...orderParts,
    not_applied: z.array(z.string()).describe("What was read as a condition and did not act on the hits"),
  }),
  hits: z.array(hit),
  further: z
    .array(z.object({ role: z.string(), soc: z.string(), headcount: z.int().optional(), hits: z.array(hit) }))
    .describe("The hits of each further request of the order, in its order; k at most for each"),
  no_match: z
    .string()
    .optional()
    .describe("Why nothing fits what was asked for; the hits, if there are any, are only related to it"),
  why_not: whyNot.optional(),
  playbook: z.object({
    matched: z.int().describe("Records whose query is near and whose role the gate lets through"),
    boosted: z.int().describe("Candidates that a record lifts or pushes down"),
    injected: z.int().describe("Recorded answers that were brought among the candidates"),
    blocked_by_gate: z.int().describe("Records whose query is near and whose role is another"),
    degraded: z.string().optional().describe("Why playbooks could not act"),
  }),
  reranked: reranked.optional().describe("Present where `rerank` asks for it"),
  per_corpus: z.record(
    z.string(),
    z.object({
      count: z.int(),
      plan: z.string(),
      took_ms: z.number(),
      degraded: z.string().optional(),
    }),
  ),
  degraded: z.boolean(),
  took_ms: z.number(),
});
export type Searched = z.infer<typeof searched>;

/** Columns by their meaning. */
export const meanings = z.strictObject({
  role: z.string().optional(),
  soc: z.string().optional(),
  city: z.string().optional(),
  state: z.string().optional(),
  lat: z.string().optional(),
  lon: z.string().optional(),
  status: z.string().optional(),
  do_not_hire: z.string().optional().describe("Says of a row that it must not be shown: anything but no"),
  certifications: z.string().optional(),
  certifications_expire: z
    .string()
    .optional()
    .describe("When the certificates end of which nothing else says so"),
  languages: z.string().optional(),
  name: z.string().optional(),
  first_name: z.string().optional(),
  last_name: z.string().optional(),
  available_from: z.string().optional(),
});
export type Meanings = z.infer<typeof meanings>;

const corpus = z.object({
  name: z.string(),
  dataset: z.string(),
  id: z.string(),
  text: z.string(),
  fields: z.record(z.string(), fieldKind),
  meanings,
  model: z.string(),
  engine: z.enum(["hnsw", "lance"]),
  refresh: z.enum(["on_snapshot", "manual"]),
  /** What its rows are: a search that names no corpus leaves orders out. */
  holds: z.enum(["people", "orders"]),
  status: z.enum(["building", "ready", "failed"]),
  /** The dataset's snapshot that is searched, null before the first build is through. */
  snapshot_id: snapshotId.nullable(),
  rows: z.int(),
  build: z
    .object({
      snapshot_id: snapshotId,
      phase: z.enum(["read", "embed", "index", "swap"]),
      done: z.int(),
      total: z.int(),
      error: z.string().optional(),
    })
    .optional(),
  updated_at: timestamp,
});
export type Corpus = z.infer<typeof corpus>;

const outcome = z.strictObject({
  order_id: z.string().max(200).optional(),
  event_id: z.string().max(200).optional(),
  result: z
    .string()
    .max(100)
    .optional()
    .describe("bad, no_show or rejected, with a score below 0.5, pushes the answer down"),
});

/** What is recorded: this answer was good, or bad, for this query. */
export const playbookRecord = z.strictObject({
  query_text: z.string().min(1).max(4000),
  role: z.string().max(200).optional().describe("The role of the query; read from its text unless given"),
  answer_id: z.string().min(1).max(512),
  answer_corpus: plainName,
  score: z.number().min(0).max(1),
  outcome: outcome.optional(),
  tags: z.array(z.string().max(100)).max(32).optional(),
  actor: z.string().min(1).max(200).optional().describe("Who says so; the API key unless given"),
  ttl_days: z.int().min(1).max(36_500).optional(),
});
export type PlaybookRecord = z.infer<typeof playbookRecord>;

const playbookVersion = z.object({
  version: z.int(),
  score: z.number(),
  outcome: outcome.optional(),
  tags: z.array(z.string()).optional(),
  recorded_at: timestamp,
  expires_at: timestamp.optional(),
  recorded_by: z.string().describe("The API key"),
});

const playbook = playbookVersion.extend({
  playbook_id: z.string(),
  query_text: z.string(),
  role: z.string().nullable(),
  answer_id: z.string(),
  answer_corpus: z.string(),
  actor: z.string(),
  effect: z.enum(["lift", "push_down"]),
  state: z.enum(["active", "disabled", "expired"]),
  disabled: z
    .object({ at: timestamp, by: z.string(), reason: z.string() })
    .optional()
    .describe("Present while it is disabled; by harm_limit when it was its own harm"),
  note: z.string().optional().describe("Why it acts on no search as things are"),
});
export type Playbook = z.infer<typeof playbook>;

const ledgerEntry = playbook
  .pick({
    playbook_id: true,
    version: true,
    role: true,
    answer_id: true,
    answer_corpus: true,
    actor: true,
    effect: true,
    state: true,
    disabled: true,
  })
  .extend({
    exposures: z.int().describe("Responses in which it acted on a hit"),
    last_exposed_at: timestamp.optional(),
    decay: z.number().describe("What age has left of it, 0 to 1"),
    judged: z.int().describe("Later outcomes that it was replayed against, with and without it"),
    lift: z.number().describe("Sum of what those replays gained by it, in DCG@10 as a share of the best"),
    harm: z.number().describe("Sum of what they lost by it"),
  });
export type LedgerEntry = z.infer<typeof ledgerEntry>;

const playbookName = { playbook_id: z.string().min(1).max(100) };

const searchTraits = {
  method: "POST",
  summary: "Search corpora for people who fit a shift order",
  input: searchInput,
  output: searched,
  idempotent: true,
  timeoutMs: 60_000,
  errors: ["not_found", "forbidden", "upstream"],
  scope: "read",
} as const;

export const matrix = {
  search: op({ ...searchTraits, path: "/v1/matrix/search" }),
  retrieve: op({ ...searchTraits, path: "/v1/matrix/retrieve", summary: "The same as search" }),
  role: op({
    method: "POST",
    path: "/v1/matrix/role",
    summary: "Read an order: role, place, time, what is needed, and what was not understood",
    input: z.strictObject({ text: z.string().min(1).max(4000), now: meantAt }),
    output: role.extend({
      ...orderParts,
      title: z
        .string()
        .optional()
        .describe("The text without what the slots took: the words for the role, as they are learnt"),
    }),
    idempotent: true,
    errors: [],
    scope: "read",
  }),
  putCorpus: op({
    method: "PUT",
    path: "/v1/matrix/corpora/{corpus}",
    summary: "Define a corpus over a dataset and build it; the same again brings it up to date",
    input: z.strictObject({
      corpus: plainName,
      dataset: datasetName,
      id: z.string().min(1).describe("The column whose value names a row"),
      text: z
        .string()
        .min(1)
        .max(4000)
        .describe("What is embedded, columns in braces: {role} in {city}, {state}"),
      fields: z
        .record(z.string().min(1).max(100), fieldKind)
        .default({})
        .describe(
          "Columns that hits carry and filters use; a geo field is read from the columns of latitude and longitude",
        ),
      meanings: meanings
        .default({})
        .describe("Columns that say what ranking goes by; those left out are found by their usual names"),
      model: z.string().optional(),
      engine: z.enum(["hnsw", "lance"]).default("hnsw"),
      refresh: z.enum(["on_snapshot", "manual"]).default("on_snapshot"),
    }),
    output: corpus,
    status: 202,
    errors: ["not_found"],
    scope: "write",
  }),
  corpora: op({
    method: "GET",
    path: "/v1/matrix/corpora",
    summary: "List corpora",
    input: z.strictObject(pageInput),
    output: z.object({
      corpora:
        z.array(
          corpus,
        ) /** Names of corpora whose definitions are damaged: told until they are defined again, restored or dropped. */,
      damaged: z.array(z.string()).optional(),
      next_cursor: z.string().optional(),
    }),
    errors: [],
    scope: "read",
  }),
  corpus: op({
    method: "GET",
    path: "/v1/matrix/corpora/{corpus}",
    summary: "Describe a corpus and the build that is under way",
    input: z.strictObject({ corpus: plainName }),
    output: corpus,
    errors: ["not_found"],
    scope: "read",
  }),
  corpusEvents: op({
    method: "GET",
    path: "/v1/matrix/corpora/{corpus}",
    summary: "Follow the build of a corpus until it ends",
    reply: "events",
    accept: ["text/event-stream"],
    input: z.strictObject({ corpus: plainName }),
    output: z.union([
      z.object({ event: z.literal("progress"), phase: z.string(), done: z.int(), total: z.int() }),
      corpus.extend({ event: z.literal("done") }),
    ]),
    errors: ["not_found", "upstream"],
    scope: "read",
  }),
  dropCorpus: op({
    method: "DELETE",
    path: "/v1/matrix/corpora/{corpus}",
    summary: "Remove a corpus and its index",
    input: z.strictObject({ corpus: plainName }),
    output: z.null(),
    status: 204,
    errors: ["not_found"],
    scope: "write",
  }),
  ...tuningOperations,
  ...taxonomyOperations,
  ...placeOperations,
  recordPlaybook: op({
    method: "POST",
    path: "/v1/matrix/playbooks/record",
    summary: "Record what worked or did not, so that it ranks higher or lower next time",
    description:
      "A playbook is one query, answer, role and actor: the same record again changes nothing, one that says something " +
      "else is its next version. It acts on queries near the recorded one, of the same role, and lifts people of that role alone.",
    input: playbookRecord,
    output: playbook,
    status: 201,
    idempotent: true,
    errors: ["not_found", "conflict", "rejected", "upstream"],
    scope: "write",
  }),
  importPlaybooks: op({
    method: "POST",
    path: "/v1/matrix/playbooks/import",
    summary: "Record many playbooks from NDJSON, a line a record, or from a JSON array",
    description:
      "Each row is recorded as a whole or refused with its reason; the others are recorded all the same. Sending the same " +
      "again is harmless.",
    body: "raw",
    input: z.strictObject({
      corpus: plainName.optional().describe("The answer_corpus of rows that name none"),
    }),
    output: z.object({
      imported: z.int().describe("New playbooks and new versions"),
      unchanged: z.int(),
      rejected: z.int(),
      reasons: z
        .array(z.object({ row: z.int(), message: z.string() }))
        .describe("Of the first hundred refused rows, counted from 1"),
    }),
    idempotent: true,
    timeoutMs: 3_600_000,
    work: "upload",
    errors: ["too_large", "upstream"],
    scope: "write",
  }),
  playbooks: op({
    method: "GET",
    path: "/v1/matrix/playbooks",
    summary: "List playbooks, of one role or all",
    input: z.strictObject({
      role: z.string().max(200).optional(),
      corpus: plainName.optional(),
      ...pageInput,
    }),
    output: z.object({ playbooks: z.array(playbook), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  playbookLedger: op({
    method: "GET",
    path: "/v1/matrix/playbooks/ledger",
    summary: "What playbooks did: exposures, and lift and harm by replays with and without each",
    input: z.strictObject({
      role: z.string().max(200).optional(),
      corpus: plainName.optional(),
      ...pageInput,
    }),
    output: z.object({
      entries: z.array(ledgerEntry),
      totals: z.object({
        playbooks: z.int(),
        active: z.int(),
        disabled: z.int(),
        exposures: z.int(),
        lift: z.number(),
        harm: z.number(),
        waiting: z.int().describe("Outcomes that are still to be replayed"),
      }),
      next_cursor: z.string().optional(),
    }),
    timeoutMs: 60_000,
    errors: [],
    scope: "read",
  }),
  playbook: op({
    method: "GET",
    path: "/v1/matrix/playbooks/{playbook_id}",
    summary: "Read a playbook with all of its versions",
    input: z.strictObject(playbookName),
    output: playbook.extend({ versions: z.array(playbookVersion) }),
    errors: ["not_found"],
    scope: "read",
  }),
  dropPlaybook: op({
    method: "DELETE",
    path: "/v1/matrix/playbooks/{playbook_id}",
    summary: "Remove a playbook",
    input: z.strictObject(playbookName),
    output: z.null(),
    status: 204,
    errors: ["not_found"],
    scope: "write",
  }),
  disablePlaybook: op({
    method: "POST",
    path: "/v1/matrix/playbooks/{playbook_id}/disable",
    summary: "Keep a playbook from acting",
    input: z.strictObject({ ...playbookName, reason: z.string().max(500).optional() }),
    output: playbook,
    idempotent: true,
    errors: ["not_found"],
    scope: "write",
  }),
  enablePlaybook: op({
    method: "POST",
    path: "/v1/matrix/playbooks/{playbook_id}/enable",
    summary: "Let a disabled playbook act again; the harm so far no longer counts",
    input: z.strictObject(playbookName),
    output: playbook,
    idempotent: true,
    errors: ["not_found"],
    scope: "write",
  }),
};
