// Pieces that the schemas of several files share. Objects of source logs are loose: an older program's further fields are
// no reason to refuse its line.

import { z } from "zod";

export const moment = z.iso.datetime({ offset: true });
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");
export const text = z.string();

export const messages = z
  .array(z.looseObject({ role: z.enum(["system", "user", "assistant", "tool"]), content: text }))
  .min(1);

export const finding = z.looseObject({ code: z.string(), severity: z.string().optional() });

export const usage = z.looseObject({
  input_tokens: z.int().min(0).optional(),
  output_tokens: z.int().min(0).optional(),
  cost_usd: z.number().min(0).optional(),
});

export const score = z.number().min(0).max(1);

export const MADE_BY = ["model", "person", "house"] as const;
/** A model's text has a teacher, whose terms decide whether it may train. */
export const madeBy = z.enum(MADE_BY);

/** What every line of a source log may have. */
export const lineFields = {
  recorded_at: moment.optional(),
  trace_id: z.string().min(1).optional(),
  git_commit: z.string().optional(),
};

export const teacherFields = {
  provider: z.string().optional(),
  model: z.string().optional(),
  response_id: z.string().optional(),
  usage: usage.optional(),
};
