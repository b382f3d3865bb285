// Shapes that several tools give. They are wider than the native wire's, so that a field that is added there does not break
// a client that validates what it gets.

import { z } from "zod";

export const hit = z.looseObject({
  id: z.string(),
  corpus: z.string(),
  rank: z.int(),
  score: z.number(),
  miles: z.number().optional(),
  cite: z.string().describe("dataset@snapshot#id"),
  why: z.string(),
  metadata: z.record(z.string(), z.unknown()),
});

export const orderRead = z.looseObject({
  role: z.string().nullable(),
  confidence: z.number(),
  slots: z.record(z.string(), z.unknown()),
  unread: z.array(z.string()),
});

export const finding = z.looseObject({
  code: z.string(),
  severity: z.string(),
  path: z.string(),
  message: z.string(),
});

export const fillState = z.looseObject({
  fill_id: z.string(),
  version: z.int(),
  status: z.string(),
  short: z.int(),
  seats: z.array(z.looseObject({ worker_id: z.string(), status: z.string() })),
});
