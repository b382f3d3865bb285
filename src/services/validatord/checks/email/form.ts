// Message checks of the form: fields and lengths, the one recipient, and what a template left open.

import { phoneDigits } from "../../roster/worker.ts";
import type { Check } from "../check.ts";
import type { EmailSubject } from "./subject.ts";

type EmailCheck = Check<EmailSubject>;

const SUBJECT_CHARS_MAX = 998;
const SUBJECT_CHARS_SEEN = 78;
const SEGMENTS_MAX = 3;

export const schema: EmailCheck = {
  code: "email.schema",
  kind: "schema",
  severity: "error",
  tests:
    "worker_id, to, body and an e-mail's subject are texts; no line break in to, subject or a header; a subject of at most 998 characters (above 78 a warning); a text message of one segment (above three an error)",
  whole: function* ({ message, defects }) {
    yield* defects;
    const { to, subject, channel, body, headers } = message;
    for (const [name, value] of headers)
      if (/[\r\n:]/.test(name) || /[\r\n]/.test(value))
        yield { path: "headers", message: "holds a line break, which could add headers" };
    for (const [path, value] of Object.entries({ to, subject })) {
      if (!/[\r\n]/.test(value)) continue;
      const fixed = value.replaceAll(/[\r\n]+/g, " ").trim();
      const fix = path === "subject" ? { fix: { path, value: fixed } } : {};
      yield { path, message: "holds a line break, which could add headers", ...fix };
    }
    if (subject.length > SUBJECT_CHARS_SEEN && channel === "email") {
      const tooLong = subject.length > SUBJECT_CHARS_MAX;
      yield {
        path: "subject",
        severity: tooLong ? "error" : "warning",
        message: `has ${subject.length} characters; ${tooLong ? `at most ${SUBJECT_CHARS_MAX} are allowed` : "many programs cut it"}`,
        expected: tooLong ? SUBJECT_CHARS_MAX : SUBJECT_CHARS_SEEN,
        actual: subject.length,
      };
    }
    const segments = channel === "sms" ? smsSegments(body) : 1;
    if (segments > 1)
      yield {
        path: "body",
        severity: segments > SEGMENTS_MAX ? "error" : "warning",
        message: `takes ${segments} segments`,
        expected: segments > SEGMENTS_MAX ? SEGMENTS_MAX : 1,
        actual: segments,
        hint: "Shorten it, and write without emoji and typographic marks.",
      };
  },
};

/** The alphabet of GSM 03.38; letters of its extension count twice. */
const GSM =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM_EXTENDED = "^{}\\[~]|€\f";

/** 160 units of seven bits, or 70 of sixteen; a few less each when there are several. */
export function smsSegments(text: string): number {
  let units = 0;
  for (const letter of text) {
    if (GSM.includes(letter)) units += 1;
    else if (GSM_EXTENDED.includes(letter)) units += 2;
    else return text.length <= 70 ? 1 : Math.ceil(text.length / 67);
  }
  return units <= 160 ? 1 : Math.ceil(units / 153);
}

/** Why an address is not written to any more. */
const DEAD = /bounce|suppress|unsubscrib|invalid|complain/;

export const recipient: EmailCheck = {
  code: "email.recipient",
  kind: "consistency",
  severity: "error",
  tests:
    "to is the worker's own address of the roster, alone (no cc, bcc or such header), and neither suppressed nor bounced",
  whole: function* ({ message, worker, policy }) {
    const { worker_id, to, channel, copies } = message;
    if (worker_id !== "" && worker === undefined)
      yield { path: "worker_id", message: `${worker_id} is not in the roster`, actual: worker_id };
    for (const path of copies)
      yield { path, message: "shows the message to others", hint: "Send one message a worker." };
    if (to === "") return;
    const addresses = to.split(/[;,]/).filter((part) => part.trim() !== "");
    if (addresses.length > 1) {
      yield {
        path: "to",
        message: `names ${addresses.length} recipients`,
        hint: "Send one message a worker.",
      };
      return;
    }
    const given = channel === "email" ? plainAddress(to) : phoneDigits(to);
    if (worker !== undefined) {
      const own = channel === "email" ? plainAddress(worker.email) : phoneDigits(worker.phone);
      const value = channel === "email" ? worker.email : worker.phone;
      if (own === "")
        yield {
          path: "to",
          message: `the roster has no ${channel === "email" ? "address" : "number"} of ${worker_id}`,
        };
      else if (own !== given)
        yield {
          path: "to",
          message: `is not the ${channel === "email" ? "address" : "number"} of ${worker_id}`,
          hint: "Take it from the roster.",
          fix: { path: "to", value },
        };
      if (channel === "email" && own === given && DEAD.test(worker.email_status))
        yield { path: "to", message: `the address has the status ${worker.email_status}` };
    }
    const suppressed = policy.suppressed?.some(
      (address) =>
        (channel === "email" ? plainAddress(address) : phoneDigits(address)) === given && given !== "",
    );
    if (suppressed === true)
      yield { path: "to", message: "is suppressed: its owner does not want messages", hint: "Call instead." };
  },
};

/** The address without a display name, in lower case. */
function plainAddress(text: string): string {
  return (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim().toLowerCase();
}

const PLACEHOLDERS: readonly RegExp[] = [
  /\{\{[^{}]{0,100}\}\}/,
  /\$\{[^{}]{0,100}\}/,
  /(?<![{$])\{ {0,3}[A-Za-z][\w .-]{0,60}\}(?!\})/,
  /\[[A-Z][A-Z0-9_ /-]{1,60}\]/,
  /\[(?:(?:insert|your|worker|first|last|client|company|agency|enter|name|date|time|city|role|shift|nombre|fecha|hora)\b[\w '/-]{0,60})\]/i,
  /<(?!https?:)(?:[a-z_][\w -]{0,40})>(?!.*<\/)/i,
  /\bT\.?B\.?[DA]\b/i,
  /\blorem ipsum\b|\blorem\b/i,
  /%[A-Z][A-Z_]{2,}%/,
  /_{3,}|\bX{4,}\b/,
];

export const placeholders: EmailCheck = {
  code: "email.placeholders",
  kind: "completeness",
  severity: "error",
  tests: "nothing of a template is left open: {{x}}, {field}, [NAME], <name>, TBD, lorem",
  whole: function* ({ message }) {
    for (const path of ["subject", "body"] as const) {
      const found = PLACEHOLDERS.map((pattern) => pattern.exec(message[path])?.[0]).find(Boolean);
      if (found === undefined) continue;
      yield {
        path,
        message: `still holds the placeholder ${found}`,
        actual: found,
        hint: "Write what belongs there.",
      };
    }
  },
};
