// Tools about what the house remembers: playbooks, traces, and what sources claim.

import { z } from "zod";
import { READS, tool } from "../tool.ts";

export const listPlaybooks = tool({
  name: "list_playbooks",
  title: "List playbooks",
  description:
    "List what worked before, and what did not: recorded answers that rank higher or lower for like orders.",
  scope: "read",
  effects: READS,
  input: z.strictObject({
    role: z.string().max(200).optional(),
    limit: z.int().min(1).max(200).default(50),
    cursor: z.string().optional(),
  }),
  output: z.object({
    playbooks: z.array(z.looseObject({ playbook_id: z.string() })),
    next_cursor: z.string().optional(),
  }),
  run: ({ matrixd }, input, { call }) => matrixd.playbooks(input, call),
});

export const getTrace = tool({
  name: "get_trace",
  title: "Get a trace",
  description: "Read a trace of how something was done, by id, or find traces by a query.",
  scope: "read",
  effects: READS,
  input: z.strictObject({
    trace_id: z.string().max(100).optional(),
    query: z.string().min(1).max(4000).optional(),
    k: z.int().min(1).max(20).default(5),
  }),
  output: z.object({ traces: z.array(z.looseObject({ trace_id: z.string() })) }),
  run: async ({ pathwayd }, { trace_id, query, k }, { call }) => {
    if (trace_id !== undefined) return { traces: [await pathwayd.trace({ trace_id }, call)] };
    if (query === undefined) return { traces: (await pathwayd.traces({ limit: k }, call)).traces };
    return { traces: (await pathwayd.search({ query, k }, call)).hits };
  },
});

export const reconcileClaim = tool({
  name: "reconcile_claim",
  title: "Reconcile a claim",
  description:
    "Read what holds of an entity and who says otherwise; with attribute, value and source, record that claim first.",
  scope: "write",
  effects: { readOnly: false, destructive: false, idempotent: true },
  input: z.strictObject({
    entity: z.string().min(1).max(300),
    attribute: z.string().min(1).max(100).optional(),
    value: z.union([z.string(), z.number(), z.boolean()]).optional(),
    source: z.string().min(1).max(200).optional(),
    observed_at: z.iso.datetime({ offset: true }).optional(),
  }),
  output: z.object({ entity: z.string(), attributes: z.record(z.string(), z.looseObject({})) }),
  run: async ({ truthd }, { entity, attribute, value, source, observed_at }, { call }) => {
    if (attribute !== undefined && value !== undefined && source !== undefined) {
      const at = observed_at ?? new Date().toISOString();
      await truthd.claims({ claims: [{ entity, attribute, value, source, observed_at: at }] }, call);
    }
    const { attributes } = await truthd.entity({ entity }, call);
    return { entity, attributes };
  },
});
