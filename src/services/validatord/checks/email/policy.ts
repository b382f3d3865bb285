// Message checks of what may be sent at all: nobody's private data, with consent, at a decent hour, without promises and
// threats, and with links to known places only.

import { minutesIn, todayIn, weekdayOf } from "#domain/orders/grammar/calendar";
import { PROTECTED_LAW } from "#domain/law/protected-terms";
import { sendingHours } from "#domain/law/quiet-hours";
import { STATES } from "#domain/places";
import { protectedTells } from "../fill/whole.ts";
import { foldName, nameKey, phoneDigits, type Worker } from "../../roster/worker.ts";
import type { Check, Tell } from "../check.ts";
import { COMMON_NAME_WORDS } from "./common-names.ts";
import type { EmailSubject } from "./subject.ts";

type EmailCheck = Check<EmailSubject>;

const TEXTING_LAW = "TCPA";

const NUMBERS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a social security number", /\b\d{3}-\d{2}-\d{4}\b/],
  [
    "a social security number",
    /\b(?:ssn|social(?: security)?(?: number| no\.?| #)?|seguro social)\b[^\n\d]{0,20}\d{3}[ .-]?\d{2}[ .-]?\d{4}\b/i,
  ],
  [
    "a date of birth",
    /\b(?:d\.?o\.?b\.?|date of birth|birth ?date|born(?: on)?|fecha de nacimiento|naci[oó] el)\b[^\n\d]{0,20}(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\p{L}+ \d{1,2},? \d{4}|\d{1,2} de \p{L}+)/iu,
  ],
  [
    "a bank account",
    /\b(?:routing|aba|account|acct|iban|cuenta|checking|savings)\b[^\n\d]{0,30}\d(?:[ -]?\d){5,}/i,
  ],
];
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;
const PHONE = /(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]?\d{4}\b/g;
const WORD = /[\p{L}\p{M}]+(?:['’-][\p{L}\p{M}]+)*/gu;
/** Names have two or three words. */
const NAME_WORDS = [3, 2];
/** Words that are looked up: a message has some hundred. */
const WORDS_MAX = 2000;

export const pii: EmailCheck = {
  code: "email.pii",
  kind: "policy",
  severity: "error",
  tests:
    "no social security, bank or card number, no date of birth, no other worker's name or phone, not what the client is billed",
  whole: function* ({ message, worker, lookup, facts }) {
    for (const path of ["subject", "body"] as const) {
      const text = message[path];
      const told = new Set<string>();
      for (const [what, pattern] of NUMBERS) {
        if (!pattern.test(text) || told.has(what)) continue;
        told.add(what);
        // What was found is not repeated: findings are logged and shown.
        yield { path, message: `holds ${what}`, hint: "Take it out." };
      }
      if ([...text.matchAll(CARD)].some(([number]) => isCard(number)))
        yield { path, message: "holds a card number", hint: "Take it out." };
      for (const [number] of text.matchAll(PHONE)) {
        const owners = lookup.byPhone(number);
        if (owners.length === 0 || owners.some((owner) => isRecipient(owner, worker))) continue;
        yield { path, message: "holds another worker's phone number", hint: "Take it out." };
        break;
      }
      const other = otherName(text, worker, lookup);
      if (other !== undefined)
        yield { path, message: `names another worker, ${other}`, actual: other, hint: "Take the name out." };
      const bill = facts?.order.bill_rate;
      if (typeof bill === "number" && bill !== facts?.order.pay_rate && amountsIn(text).includes(bill))
        yield { path, message: "tells what the client is billed", hint: "Take it out." };
    }
  },
};

function isRecipient(other: Worker, worker: Worker | undefined): boolean {
  if (worker === undefined) return false;
  return other.worker_id === worker.worker_id || phoneDigits(other.phone) === phoneDigits(worker.phone);
}

function amountsIn(text: string): number[] {
  return [...text.matchAll(/\$\s?(\d{1,5}(?:,\d{3})*(?:\.\d{1,2})?)/g)].map(([, amount = ""]) =>
    Number(amount.replaceAll(",", "")),
  );
}

/** The check digit of card numbers (Luhn). */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, "");
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0 && new Set(digits).size > 1;
}

/** A name of the roster that is not the recipient's. One of common words is a name only where it is written as one. */
function otherName(
  text: string,
  worker: Worker | undefined,
  lookup: EmailSubject["lookup"],
): string | undefined {
  const words = [...text.matchAll(WORD)].slice(0, WORDS_MAX);
  const own = worker === undefined ? "" : nameKey(worker.name);
  for (let at = 0; at < words.length; at += 1) {
    for (const length of NAME_WORDS) {
      const parts = words.slice(at, at + length);
      if (parts.length < length) continue;
      const [first, last] = [parts[0], parts.at(-1)];
      if (first === undefined || last === undefined) continue;
      const name = text.slice(first.index, last.index + last[0].length);
      if (name.length > 100 || /[\n.;:!?]/.test(name)) continue;
      const key = nameKey(name);
      if (key === own || lookup.byName(name).length === 0) continue;
      const surnameIsCapital = /^\p{Lu}/u.test(last[0]);
      const common = parts.some(([word]) => COMMON_NAME_WORDS.has(foldName(word)));
      if (surnameIsCapital || !common) return name;
    }
  }
  return undefined;
}

export const consent: EmailCheck = {
  code: "email.consent",
  kind: "policy",
  severity: "error",
  tests: "a text message goes only to a worker whose sms_consent is granted",
  law: TEXTING_LAW,
  applies: ({ message, worker }) => message.channel === "sms" && worker !== undefined,
  whole: function* ({ worker }) {
    if (worker?.sms_consent === "granted") return;
    yield {
      path: "worker_id",
      message: worker?.sms_consent
        ? `the worker's consent to text messages is ${worker.sms_consent}`
        : "the worker has not consented to text messages",
      expected: "granted",
      actual: worker?.sms_consent || "unknown",
      hint: "Send an e-mail, or call.",
    };
  },
};

const ZONES = new Map(STATES.map(({ code, timezone }) => [code, timezone]));

export const quietHours: EmailCheck = {
  code: "email.quiet_hours",
  kind: "policy",
  severity: "error",
  tests:
    "a text message is sent between 8 am and 9 pm of the worker's own time, or within the narrower hours of the worker's state",
  law: TEXTING_LAW,
  applies: ({ message, worker }) => message.channel === "sms" && worker !== undefined,
  whole: function* ({ message, worker, now }) {
    if (worker === undefined) return;
    const at = message.sendAt ?? now;
    const timezone = worker.timezone || ZONES.get(worker.state);
    if (timezone === undefined) {
      yield {
        path: "send_at",
        severity: "warning",
        message: "the worker's time zone is not known, so the hour cannot be judged",
      };
      return;
    }
    const day = todayIn(at, timezone);
    const minutes = minutesIn(at, timezone);
    const { from, until, of } = sendingHours(worker.state, weekdayOf(day));
    if (minutes >= from && minutes < until) return;
    const rule = of === "US" ? "" : ` by the rule of ${of}`;
    yield {
      path: "send_at",
      message: `${clock(minutes)} is outside of the hours in which texts may be sent${rule}, ${clock(from)} to ${clock(until)} of the worker's time`,
      expected: `${clock(from)}-${clock(until)}`,
      actual: clock(minutes),
      hint: `Send it at ${clock(from)} or later.`,
    };
  },
};

function clock(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

const GUARANTEE =
  /\b(?:(?:you are|you're|youre|you have been|you've been) hired|(?:you(?:'ll| will)|you are going to|you're going to) (?:(?:definitely|certainly|surely) )?(?:be hired|get (?:hired|the job|this job))|consider yourself hired|100 ?% (?:sure|certain)|(?:we|i) promise|te lo? prometemos|le prometemos|ser[aá]s? contratad[oa]|you(?:'ve| have)? got the job|the job is yours|guarantee[ds]?|guaranteed|(?:it|this|that)(?: is|'s) (?:a |your )?permanent (?:job|position)|permanent (?:job|position) for sure|for sure you(?:'ll| will) be hired|est[aá]s? contratad[oa]|ya tienes el trabajo|el trabajo es tuyo|garantizad[oa]s?|garantizamos)/giu;
const NOT_BEFORE = /\b(?:not|no|never|cannot|can't|cant|isn't|aren't|without|sin|nunca)\b[^.!?\n]{0,30}$/iu;
const DECLINE =
  /\b(?:declin(?:e|es|ed|ing)|refus(?:e|es|ed|ing)|say(?:ing)? no|turn(?:s|ing|ed)? (?:it|this|us|that|the \p{L}+|\p{L}+ shifts?) down|turn(?:ing)? down|pass(?:ing)? on (?:it|this)|back(?:ing)? out|(?:don't|do not|not) (?:accept(?:ing)?|show|take|reply|respond|com(?:e|ing))|(?:can't|cannot|can not|unable to) (?:come|make it|work|take)|fail(?:s|ing|ure)? to (?:accept|come|show|work|reply|respond|confirm)|(?:must|have to|need to) (?:accept|come)|accept(?: it| this| the shift)? or|no (?:accept|reply|response)|if not|or else|rechaz\p{L}*|(?:dic|dig)\p{L}+ que no|no (?:acept|respond|vien|vas|puede|quier)\p{L}*)\b/iu;
const PUNISH =
  /\b(?:fired?|terminat\p{L}+|(?:remov(?:e|ed)|tak(?:e|en)|drop(?:ped)?|struck|cut|cross(?:ed)?) (?:you )?(?:off|from) (?:of )?(?:our|the|my)|off (?:our|my) (?:list|roster)|remov(?:al|ed?) from (?:our|the|my) (?:list|roster|pool|system)|deactivat\p{L}+|at risk|in jeopardy|(?:hurts?|affects?|damages?) your (?:standing|rating|record|future|chances)|count(?:s|ed)? against you|(?:don't|do not) bother|report you|immigration|bottom of (?:our|the) list|black ?list(?:ed)?|never (?:work|be called|hear|get)|no (?:more|further|future) (?:work|shifts?|jobs?|assignments?)|lose (?:your|all|any) (?:job|shifts?|place|spot|benefits?|hours|seniority|future)|last chance|consequences|(?:won't|will not|not) (?:be )?(?:call(?:ed)?|offer(?:ed)?|schedul(?:e|ed)|hir(?:e|ed)|work)(?! you (?:again )?(?:about|for|on) (?:this|it|that))|do not hire|or else|despedid[oa]|no (?:te |le |lo |la |los |les )?(?:volver|llamar|contratar|ofrecer|daremos|dar[aé]n)\p{L}*|(?:ya )?no habr[aá] (?:m[aá]s )?(?:turnos?|trabajo)|[uú]ltima oportunidad|consecuencias|perder\p{L}* (?:tu|su) trabajo|fuera de (?:la|nuestra) lista|lo reportaremos|te reportaremos)\b/iu;

export const tone: EmailCheck = {
  code: "email.tone",
  kind: "policy",
  severity: "error",
  tests: "no protected trait is asked for, nothing is guaranteed, and nobody is threatened for declining",
  law: PROTECTED_LAW,
  whole: function* ({ message }) {
    for (const path of ["subject", "body"] as const) {
      const text = message[path];
      yield* protectedTells(path, text);
      const promise = [...text.matchAll(GUARANTEE)].find(
        ({ index }) => !NOT_BEFORE.test(text.slice(0, index)),
      );
      if (promise !== undefined) yield promiseTell(path, promise[0]);
      const threat = text
        .split(/(?<=[.!?\n])/)
        .find((sentence) => DECLINE.test(sentence) && PUNISH.test(sentence));
      if (threat !== undefined)
        yield {
          path,
          message: "threatens a worker who declines",
          actual: threat.trim().slice(0, 200),
          hint: "Leave to the worker whether to come.",
          law: null,
        };
    }
  },
};

function promiseTell(path: string, promise: string): Tell {
  return {
    path,
    message: `"${promise}" promises what is not sure`,
    actual: promise,
    hint: "Say what is offered, and that it is confirmed by a reply.",
    law: null,
  };
}

const SCHEME =
  /\b([a-z][a-z0-9+.-]{1,20}):\/\/[^\s<>"'`)\]}]*|\b(?:javascript|data|vbscript|file):[^\s<>"']+/gi;
const BARE =
  /(?<![@\w./:-])(?:\/\/)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|net|org|io|co|us|biz|info|app|ly|me|gov|edu|mil|dev|ai|xyz|site|online|link|jobs|work|mx|gl|page|club|shop|top|ru|cn|uk|ca|tv|to|cc|agency|careers|click|cloud|eu|icu|lol|tk|vip)\b(?![\w@-])(?:[/?#:][^\s<>"'`)\]}]*)?/gi;
/** Links that are told: one shows what is wrong with the others. */
const LINKS_MAX = 5;

export const links: EmailCheck = {
  code: "email.links",
  kind: "policy",
  severity: "error",
  tests:
    "links are https and lead to hosts of policy.allowed_hosts, subdomains included; bare hosts are none",
  whole: function* ({ message, policy }) {
    const allowed = (policy.allowed_hosts ?? []).map((host) => host.toLowerCase().replace(/^\*?\./, ""));
    const isAllowed = (host: string): boolean =>
      allowed.some((own) => host === own || host.endsWith(`.${own}`));
    for (const path of ["subject", "body"] as const) {
      let text = message[path];
      const tells: Tell[] = [];
      for (const [link] of text.matchAll(SCHEME)) {
        const problem = linkProblem(link, isAllowed);
        if (problem !== undefined)
          tells.push({ path, message: `${link.slice(0, 200)} ${problem}`, actual: link.slice(0, 500) });
        text = text.replace(link, " ");
      }
      for (const [host] of [...text.matchAll(BARE), ...ownBare(text, allowed)])
        tells.push({
          path,
          message: `${host.slice(0, 200)} is a host without https://, which programs turn into a link`,
          actual: host.slice(0, 500),
          hint: `Write https://${host.slice(0, 200)}, if it is one of ours.`,
        });
      yield* tells.slice(0, LINKS_MAX);
    }
  },
};

/** Hosts of ours whose ending is no usual one; only there is sure that a link is meant. */
function ownBare(text: string, allowed: readonly string[]): RegExpExecArray[] {
  const own = allowed.filter((host) => host.includes(".") && host.search(BARE) !== 0);
  if (own.length === 0) return [];
  const hosts = own.slice(0, OWN_HOSTS_MAX).map((host) => RegExp.escape(host));
  const pattern = String.raw`(?<![@\w/:-])(?:\/\/)?(?:[a-z0-9-]{1,63}\.){0,4}(?:${hosts.join("|")})\b(?![\w@-])(?:[/?#:][^\s<>"'\`)\]}]*)?`;
  return [...text.matchAll(new RegExp(pattern, "gi"))];
}

/** An agency has a handful. */
const OWN_HOSTS_MAX = 50;

function linkProblem(link: string, isAllowed: (host: string) => boolean): string | undefined {
  const url = URL.parse(link.replace(/[.,;:!?]+$/, ""));
  if (url === null) return "is no link that can be read";
  if (url.protocol !== "https:") return `is not https`;
  if (url.username !== "" || url.password !== "") return "hides its host behind a user name";
  if (!isAllowed(url.hostname.replace(/\.$/, "")))
    return `leads to ${url.hostname}, which is not an allowed host`;
  return undefined;
}
