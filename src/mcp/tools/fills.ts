// Tools of a coordinator's work: open and propose a fill, check it, draft and check messages, record what became of it.

import { z } from "zod";
import { CHANNELS, fillOrder, PURPOSES, RESULTS } from "#contracts/fill";
import { ARTIFACT_KINDS } from "#contracts/validate";
import { Fault } from "#rpc/fault";
import { fillState, finding } from "../shapes.ts";
import { READS, tool } from "../tool.ts";

const artifact = z.record(z.string(), z.unknown());
const context = z
  .record(z.string(), z.unknown())
  .optional()
  .describe("As in POST /v1/validate: order, assignments, ...");
const verdict = z.object({ ok: z.boolean(), findings: z.array(finding), checked: z.array(z.string()) });

export const proposeFill = tool({
  name: "propose_fill",
  title: "Propose a fill",
  description:
    "Open a fill for an order and propose people for it, or propose for a fill that is open. People are ranked and checked by the house's rules; without worker_ids the best by rank are taken. A proposal holds its people for a while and sends nothing.",
  scope: "write",
  effects: { readOnly: false, destructive: false },
  input: z.strictObject({
    order_text: z.string().min(1).max(4000).optional().describe("A new order, as it was written"),
    order: fillOrder.optional().describe("Fields of a new order; they go before what is read"),
    fill_id: z.string().max(100).optional().describe("A fill that is open already"),
    version: z.int().optional().describe("With fill_id: the version you have seen"),
    worker_ids: z.array(z.string()).min(1).max(200).optional(),
    corpus: z.string().max(100).optional(),
  }),
  output: z.object({
    fill: fillState,
    shortlist: z.array(z.looseObject({ worker_id: z.string(), rank: z.int() })).optional(),
    excluded: z.array(z.looseObject({ worker_id: z.string(), code: z.string() })).optional(),
    note: z.string().optional(),
  }),
  run: async ({ filld }, { order_text, order, fill_id, version, worker_ids, corpus }, { call }) => {
    const people = worker_ids === undefined ? { auto: true as const } : { worker_ids };
    if (fill_id !== undefined) {
      const seen = version ?? (await filld.state({ fill_id }, call)).version;
      return { fill: await filld.propose({ fill_id, version: seen, ...people }, call) };
    }
    const { shortlist, excluded, order_findings, unchecked, ...opened } = await filld.open(
      {
        ...(order_text === undefined ? {} : { order_text }),
        ...(order === undefined ? {} : { order }),
        ...(corpus === undefined ? {} : { corpus }),
      },
      call,
    );
    const ranked = shortlist.map((candidate) => {
      const { metadata: _, ...short } = candidate;
      return short;
    });
    if (opened.missing.length > 0 || (shortlist.length === 0 && worker_ids === undefined)) {
      const note =
        opened.missing.length > 0
          ? `Nobody is proposed: the order does not say ${opened.missing.join(", ")}.`
          : "Nobody is proposed: nobody fits.";
      return { fill: opened, shortlist: ranked, excluded, note };
    }
    const notes = [...order_findings.map(({ message }) => `The order is refused: ${message}.`), ...unchecked];
    const fill = await filld.propose({ fill_id: opened.fill_id, version: opened.version, ...people }, call);
    return {
      fill,
      shortlist: ranked,
      excluded,
      ...(notes.length === 0 ? {} : { note: notes.join(" ") }),
    };
  },
});

export const validateFill = tool({
  name: "validate_fill",
  title: "Validate a fill",
  description:
    "Check a proposed fill ({order_id, fills: [{worker_id}]}) with the house's rules, without proposing it. ok is false when a finding is an error.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ artifact, context }),
  output: verdict,
  run: ({ validatord }, { artifact: proposed, context: given }, { call }) =>
    validatord.validate({ kind: "fill", artifact: proposed, ...contextOf(given) }, call),
});

export const draftMessage = tool({
  name: "draft_message",
  title: "Draft a message",
  description:
    "Draft an e-mail or a text message to people of a fill from the house's templates, each checked. Nothing is sent.",
  scope: "write",
  effects: { readOnly: false, destructive: false },
  input: z.strictObject({
    fill_id: z.string().max(100),
    worker_ids: z.array(z.string()).min(1).max(100),
    channel: z.enum(CHANNELS),
    purpose: z.enum(PURPOSES),
    language: z.enum(["en", "es"]).optional(),
  }),
  output: z.object({
    version: z.int(),
    messages: z.array(z.looseObject({ worker_id: z.string(), body: z.string(), ok: z.boolean() })),
  }),
  run: ({ filld }, input, { call }) => filld.draft(input, call),
});

export const validateMessage = tool({
  name: "validate_message",
  title: "Validate a message",
  description:
    "Check an e-mail or a text message ({worker_id, channel, purpose, to, subject?, body}) against its order: facts, consent, quiet hours, tone, links.",
  scope: "read",
  effects: READS,
  input: z.strictObject({ artifact, context }),
  output: verdict,
  run: ({ validatord }, { artifact: message, context: given }, { call }) =>
    validatord.validate({ kind: "email", artifact: message, ...contextOf(given) }, call),
});

export const iterateDraft = tool({
  name: "iterate_draft",
  title: "Draft until it passes",
  description:
    "Let the house's model draft a fill, a message or a playbook from a prompt, check the draft by the house's rules, and have it corrected until it passes. Nothing is sent and nothing proposed.",
  scope: "write",
  effects: { readOnly: false, destructive: false, openWorld: true },
  long: true,
  input: z.strictObject({
    kind: z.enum(ARTIFACT_KINDS),
    prompt: z.string().min(1).max(20_000),
    context,
    model: z.string().max(200).optional(),
    max_iterations: z.int().min(1).max(8).default(3),
  }),
  output: z.looseObject({
    ok: z.boolean(),
    artifact: z.unknown(),
    iterations: z.int(),
    stopped: z.string(),
    findings: z.array(finding),
    trace_id: z.string(),
  }),
  run: async ({ validatord }, { context: given, ...input }, { call, progress }) => {
    const steps = validatord.iterateEvents({ ...input, ...contextOf(given) }, call);
    let attempts = 0;
    for await (const step of steps) {
      if (step.event === "done") {
        const { event: _, history: __, ...ended } = step;
        return ended;
      }
      attempts += 1;
      progress(`attempt ${attempts} of ${input.max_iterations}`, attempts, input.max_iterations);
    }
    throw new Fault("unavailable", "The drafting ended without a result. Call it again.");
  },
});

export const recordOutcome = tool({
  name: "record_outcome",
  title: "Record an outcome",
  description:
    "Record what became of a person's place in a fill: confirmed, declined, completed, no_show, late_cancel, blocked or cancelled. The next ranking knows it.",
  scope: "write",
  effects: { readOnly: false, destructive: false },
  input: z.strictObject({
    fill_id: z.string().max(100),
    version: z.int().optional().describe("The version you have seen; the newest unless given"),
    worker_id: z.string().max(500),
    result: z.enum(RESULTS),
    rating: z.int().min(1).max(5).optional(),
    reason: z.string().max(2000).optional(),
  }),
  output: z.object({ fill: fillState }),
  run: async ({ filld }, { version, ...input }, { call }) => {
    const seen = version ?? (await filld.state({ fill_id: input.fill_id }, call)).version;
    return { fill: await filld.outcome({ ...input, version: seen }, call) };
  },
});

/** The service checks its form, and says where it is wrong. */
function contextOf(context: Record<string, unknown> | undefined): { context?: never } {
  return context === undefined ? {} : { context: context as never };
}
