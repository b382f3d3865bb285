// The checks of a message, in the order in which their findings come.

import type { Check } from "../check.ts";
import * as content from "./content.ts";
import * as form from "./form.ts";
import * as policy from "./policy.ts";
import type { EmailSubject } from "./subject.ts";

export const EMAIL_CHECKS: readonly Check<EmailSubject>[] = [
  form.schema,
  form.recipient,
  form.placeholders,
  content.factsCheck,
  content.requiredParts,
  policy.pii,
  policy.consent,
  policy.quietHours,
  policy.tone,
  policy.links,
];
