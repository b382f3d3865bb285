// The firewall of exports: what never trains a model, whatever was asked for. Pure, applied to every row before it is
// written and again to what was written. No option opens it.

import { personalData } from "#domain/redact";
import type { Category, Draft, Evidence } from "../schemas/evidence.ts";
import { termsOf } from "./terms.ts";

export type Barred =
  | "unscored"
  | "rejected"
  | "needs_human_review"
  | "no_teacher"
  | "teacher_terms"
  | "personal_data"
  | "protected_term"
  | "failed_validation";

/** Why no text of this row may be in any export; undefined where it may. `texts` is all that would be written of it. */
export function neverExported(evidence: Evidence, texts: readonly string[]): Barred | undefined {
  const { teacher, output } = evidence;
  if (teacher === undefined && output.made_by === "model") return "no_teacher";
  if (teacher !== undefined && termsOf(teacher.provider, teacher.model) !== "allowed") return "teacher_terms";
  if (brokeProtectedTerm(evidence)) return "protected_term";
  if (texts.some((text) => personalData(text).length > 0)) return "personal_data";
  return undefined;
}

/** Why this row may be in no SFT file and on no chosen side of a pair; undefined where it may. */
export function sftNever(
  evidence: Evidence,
  category: Category | undefined,
  texts: readonly string[],
): Barred | undefined {
  const never = neverExported(evidence, texts);
  if (never !== undefined) return never;
  if (evidence.validation?.ok === false) return "failed_validation";
  if (category === undefined) return "unscored";
  return category === "rejected" || category === "needs_human_review" ? category : undefined;
}

/** Why a draft may not be the rejected side of a pair. */
export function draftNever({ text, labels, teacher }: Draft): Barred | undefined {
  if (labels.some(isProtected)) return "protected_term";
  if (teacher !== undefined && termsOf(teacher.provider, teacher.model) !== "allowed") return "teacher_terms";
  return [text, ...labels].some((each) => personalData(each).length > 0) ? "personal_data" : undefined;
}

/** A correction of an artifact asks for it with the artifact itself, so it is barred with what that broke. */
function brokeProtectedTerm({ kind, validation, output }: Evidence): boolean {
  const isQuoted =
    kind === "validation" && (output.rejected ?? []).some(({ labels }) => labels.some(isProtected));
  return isQuoted || (validation?.findings ?? []).some(({ code }) => isProtected(code));
}

/** Tone is one check for rudeness and for protected traits; its code alone does not tell which it found. */
function isProtected(code: string): boolean {
  return code.includes("protected_term") || code === "email.tone";
}
