// truthd: what several sources say about a thing, reconciled into what holds.

import { z } from "zod";
import { op } from "#rpc/contract";
import { datasetName, pageInput, snapshotId, timestamp } from "./shapes.ts";

/** Claims of one request at most: as many are written in a few slices of the event loop. */
export const CLAIMS_MAX = 5000;

/** Halves of surrogate pairs and NUL are no text for the engines that read it later. */
const text = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine(
      (text) => text.isWellFormed() && !text.includes("\0"),
      "must be text without NUL or half a character",
    );
const name = (charsMax: number) => text(charsMax).refine((text) => text !== "", "must not be empty");

const entityName = name(300).describe("What the claim is about, such as worker:w-001");
const attributeName = name(100);
const sourceName = name(200);
/** Null withdraws what the source said before, and contradicts nothing. */
const value = z.union([text(4000), z.number(), z.boolean(), z.null()]);
export type TruthValue = z.infer<typeof value>;
const moment = z.iso.datetime({ offset: true });

const claim = z.strictObject({
  entity: entityName,
  attribute: attributeName,
  value,
  source: sourceName,
  observed_at: moment.describe("When the source saw it so"),
  confidence: z.number().min(0).max(1).default(1),
  evidence: text(2000).optional().describe("Where it can be looked up: a file, a row, a message"),
});

const normaliser = z.enum(["none", "text", "phone", "email", "name", "address"]);
export type Normaliser = z.infer<typeof normaliser>;

const ruleTraits = {
  attribute: attributeName,
  sources: z
    .array(sourceName)
    .max(100)
    .optional()
    .describe("From the most trusted one; a source that is not listed ranks below all of them"),
  half_life_days: z
    .number()
    .positive()
    .max(36_500)
    .optional()
    .describe("A claim counts half after so many days, and is stale after two half-lives"),
  majority: z.boolean().optional().describe("What more than half of the sources say holds"),
  tolerance: z.number().min(0).optional().describe("Numbers within so much of each other agree"),
  normaliser: normaliser
    .optional()
    .describe("How values are compared: phone as E.164, email without case, name, address, text"),
} as const;
const rule = z.strictObject(ruleTraits);
export type TruthRule = z.infer<typeof rule>;

/** What one source says now: its newest claim. */
const voice = z.object({
  source: z.string(),
  value,
  observed_at: timestamp,
  confidence: z.number(),
  evidence: z.string().optional(),
});

const decision = z.object({
  decision_id: z.string(),
  entity: z.string(),
  attribute: z.string(),
  value,
  actor: z.string(),
  reason: z.string(),
  at: timestamp,
});
export type Decision = z.infer<typeof decision>;

export const TRUTH_STATUSES = ["agreed", "resolved", "conflict", "stale", "decided"] as const;
const status = z.enum(TRUTH_STATUSES);

export const belief = z.object({
  value,
  status,
  confidence: z.number().describe("0 to 1"),
  rule: z
    .enum(["single", "agreement", "sources", "majority", "half_life", "decision", "none"])
    .describe("What settled it; none for a conflict"),
  supporting: z.array(voice),
  dissenting: z.array(voice),
  /** Since when what supports the value has been observed without interruption. */
  since: timestamp,
  decision: decision.omit({ entity: true, attribute: true, value: true }).optional(),
  /** A decision that evidence observed after it contradicts. */
  reopened: decision.omit({ entity: true, attribute: true }).optional(),
});
export type Belief = z.infer<typeof belief>;

const conflict = belief.extend({ entity: z.string(), attribute: z.string() });

/** Attributes of one import. */
const MAPPED_MAX = 200;

const importInput = z.strictObject({
  dataset: datasetName,
  entity_key: z.string().min(1).max(300).describe("The column that names the entity"),
  entity_prefix: z.string().max(100).default("").describe("Put before the key, such as worker:"),
  mapping: z
    .record(attributeName, z.string().min(1).max(300))
    .refine(
      (columns) => Object.keys(columns).length > 0 && Object.keys(columns).length <= MAPPED_MAX,
      `must map 1 to ${MAPPED_MAX} attributes to columns`,
    )
    .describe("Attribute to column"),
  source: sourceName,
  observed_at: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .describe("A time (RFC 3339), or the column that holds it; when the snapshot was made unless given"),
  confidence: z.number().min(0).max(1).default(1),
  at: z.union([z.int(), z.string()]).optional().describe("The snapshot, tag or time that is read"),
});

const imported = z.object({
  dataset: z.string(),
  snapshot_id: snapshotId.nullable(),
  rows: z.int(),
  accepted: z.int(),
  duplicates: z.int(),
  /** Cells without a value, which claim nothing. */
  empty: z.int(),
  /**
   * Cells that are no claim: their row has no key or a time of observation that cannot be read, or the value is longer
   * than 4,000 characters or holds NUL. Accepted, duplicates, empty and skipped add up to the cells of all rows.
   */
  skipped: z.int(),
  /** The same import of the same snapshot was done before. */
  replayed: z.boolean(),
  took_ms: z.number(),
});
export type Imported = z.infer<typeof imported>;

/** A million claims take half a minute, and a table may have more. */
const IMPORT_TIMEOUT_MS = 3_600_000;

const importTraits = {
  method: "POST",
  path: "/v1/truth/import",
  input: importInput,
  work: "bulk",
  idempotent: true,
  unheld: true,
  timeoutMs: IMPORT_TIMEOUT_MS,
  errors: ["not_found", "rejected"],
  scope: "write",
} as const;

const exportInput = z.strictObject({
  dataset: datasetName
    .default("truth")
    .describe("The dataset that is written, and replaced where it is there"),
});

export const truth = {
  claims: op({
    method: "POST",
    path: "/v1/truth/claims",
    summary: "Record what sources say",
    description:
      "All claims are recorded, durably, or none. One that is known already, equal in every field, is counted and not recorded twice.",
    input: z.strictObject({ claims: z.array(claim).min(1).max(CLAIMS_MAX) }),
    bodyBytesMax: 8 * 1024 * 1024,
    output: z.object({ accepted: z.int(), duplicates: z.int(), as_of: timestamp }),
    status: 201,
    timeoutMs: 60_000,
    idempotent: true,
    errors: [],
    scope: "write",
  }),
  entity: op({
    method: "GET",
    path: "/v1/truth/entities/{entity+}",
    summary: "What holds of an entity, and what speaks for and against it",
    description:
      "With `as_of` the answer is the one that was given at that time of recording: later claims, decisions and rules have no part in it. The `as_of` of an answer gives that answer again.",
    input: z.strictObject({
      entity: entityName,
      as_of: moment.optional().describe("A time of recording; now unless given"),
    }),
    output: z.object({
      entity: z.string(),
      as_of: timestamp,
      attributes: z.record(z.string(), belief),
    }),
    errors: ["not_found"],
    scope: "read",
  }),
  history: op({
    method: "GET",
    path: "/v1/truth/claims",
    summary:
      "List the claims about an entity with the time of recording, by attribute, source and time of observation",
    input: z.strictObject({ entity: entityName, attribute: attributeName.optional(), ...pageInput }),
    output: z.object({
      claims: z.array(claim.extend({ recorded_at: timestamp })),
      next_cursor: z.string().optional(),
    }),
    errors: ["not_found"],
    scope: "read",
  }),
  entities: op({
    method: "GET",
    path: "/v1/truth/entities",
    summary: "List entities by name",
    input: z.strictObject({ prefix: z.string().max(300).default(""), ...pageInput }),
    output: z.object({
      entities: z.array(z.string()),
      next_cursor: z.string().optional(),
    }),
    errors: [],
    scope: "read",
  }),
  conflicts: op({
    method: "GET",
    path: "/v1/truth/conflicts",
    summary: "List what sources contradict each other about and no rule or decision settles",
    description:
      "A page may have fewer items than its limit, or none, and a cursor all the same: what was looked at for it has an end. The list ends where there is no cursor.",
    input: z.strictObject({ attribute: attributeName.optional(), ...pageInput }),
    output: z.object({ conflicts: z.array(conflict), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  putRule: op({
    method: "POST",
    path: "/v1/truth/rules",
    summary: "Say how contradictions about an attribute are settled",
    description:
      "In the order ranking of sources, majority, recency: the first that decides holds. The rule replaces the attribute's last one from now on; answers as of earlier times keep to the one of their time.",
    input: rule,
    output: rule.extend({ since: timestamp }),
    status: 201,
    errors: [],
    scope: "write",
  }),
  rules: op({
    method: "GET",
    path: "/v1/truth/rules",
    summary: "List the rules in force",
    input: z.strictObject({}),
    output: z.object({ rules: z.array(rule.extend({ since: timestamp })) }),
    errors: [],
    scope: "read",
  }),
  decide: op({
    method: "POST",
    path: "/v1/truth/decisions",
    summary: "Decide what holds, as a person",
    description: "It is kept until a source contradicts it by what was observed after it.",
    input: z.strictObject({
      entity: entityName,
      attribute: attributeName,
      value,
      actor: name(200),
      reason: name(2000),
    }),
    output: decision,
    status: 201,
    errors: [],
    scope: "write",
  }),
  decisions: op({
    method: "GET",
    path: "/v1/truth/decisions",
    summary: "List decisions, newest first",
    input: z.strictObject({ entity: entityName.optional(), ...pageInput }),
    output: z.object({ decisions: z.array(decision), next_cursor: z.string().optional() }),
    errors: [],
    scope: "read",
  }),
  import: op({
    ...importTraits,
    summary: "Record the rows of a dataset as claims of a source",
    description:
      "Each row claims, of the entity that its key names, a value for each mapped attribute; an empty cell claims nothing. The same import of the same snapshot again records nothing.",
    output: imported,
  }),
  importEvents: op({
    ...importTraits,
    summary: "Record the rows of a dataset as claims, with progress as it goes",
    reply: "events",
    accept: ["text/event-stream"],
    output: z.union([
      z.object({ event: z.literal("progress"), rows: z.int(), rows_total: z.int(), claims: z.int() }),
      imported.extend({ event: z.literal("done") }),
    ]),
  }),
  verify: op({
    method: "POST",
    path: "/v1/truth-verify",
    summary: "Compare everything that was recorded with its checksums",
    input: z.strictObject({}),
    output: z.object({ claims: z.int() }),
    work: "bulk",
    idempotent: true,
    timeoutMs: IMPORT_TIMEOUT_MS,
    errors: [],
    scope: "read",
    internal: true,
  }),
  export: op({
    method: "POST",
    path: "/v1/truth/export",
    summary: "Write what holds now as a dataset, for SQL",
    description:
      "One row for each entity and attribute: value as text, status, confidence, rule, sources for and against, since.",
    input: exportInput,
    output: z.object({
      dataset: z.string(),
      snapshot_id: snapshotId.nullable(),
      rows: z.int(),
      as_of: timestamp,
      took_ms: z.number(),
    }),
    work: "bulk",
    idempotent: true,
    timeoutMs: IMPORT_TIMEOUT_MS,
    errors: ["not_found", "forbidden", "conflict", "rejected"],
    scope: "write",
  }),
};
