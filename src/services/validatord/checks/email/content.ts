// Message checks of the content: what the text says equals the order, and nothing that the reader needs is missing. A part
// that is missing is `required_parts`, one that is wrong is `facts`.

import { minutesIn, todayIn } from "#domain/orders/grammar/calendar";
import { placeName } from "#domain/orders/places/gazetteer";
import { folded } from "#domain/orders/text/words";
import { isSameName } from "../fill/people.ts";
import { dayText, type OrderFacts } from "../fill/subject.ts";
import { foldName } from "../../roster/worker.ts";
import type { Check, Tell } from "../check.ts";
import { weekdayOfDay, zoneFamily } from "./statements.ts";
import type { EmailSubject } from "./subject.ts";

type EmailCheck = Check<EmailSubject>;

const WEEKDAY_NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MINUTES_A_DAY = 24 * 60;
/** Whoever is asked to be there earlier is told the shift's own time besides. */
const ARRIVAL_MINUTES_MAX = 60;
const CENT = 0.005;

/** Days of the order, the first and the last among them. */
function isWithin(day: string, { startDay, endDay }: OrderFacts): boolean {
  return day >= startDay && day <= endDay;
}

function weekdaysOf({ startDay, endDay }: OrderFacts): Set<number> {
  const days = new Set<number>();
  const last = Date.parse(endDay);
  for (let at = Date.parse(startDay); at <= last && days.size < 7; at += 86_400_000)
    days.add(new Date(at).getUTCDay());
  return days;
}

export const factsCheck: EmailCheck = {
  code: "email.facts",
  kind: "consistency",
  severity: "error",
  tests:
    "the name, role, date with its weekday, hours and zone, city and pay in the text are those of the worker and the order",
  applies: ({ facts, worker }) => facts !== undefined || worker !== undefined,
  whole: function* (subject) {
    const { facts, worker, said } = subject;
    if (
      worker !== undefined &&
      said.greeted !== undefined &&
      !isAddressedTo(said.greeted.value, worker.name)
    ) {
      const { path, value } = said.greeted;
      yield {
        path,
        message: `greets ${value}, and goes to ${worker.name}`,
        expected: worker.name,
        actual: value,
      };
    }
    if (facts !== undefined) yield* orderTells(subject, facts);
  },
};

function* orderTells({ said, know }: EmailSubject, facts: OrderFacts): Generator<Tell> {
  const { order, start, end } = facts;
  const wrong = (path: string, what: string, actual: string, expected: string): Tell => ({
    path,
    message: `says ${actual}, and the order's ${what} is ${expected}`,
    expected,
    actual,
    hint: `Write ${expected}.`,
  });
  const once = new Set<string>();
  const told = function* (tell: Tell): Generator<Tell> {
    const key = `${tell.path} ${String(tell.actual)}`;
    if (once.has(key)) return;
    once.add(key);
    yield tell;
  };
  for (const { value, path, text } of said.roles) {
    const own = know.occupation(value.role).soc;
    if (facts.work.soc !== undefined && own !== facts.work.soc && !isShortFor(order.role, value.role, text))
      yield* told(wrong(path, "role", value.role, order.role));
  }
  const dayName = `${WEEKDAY_NAMES[weekdayOfDay(facts.startDay)]}, ${facts.startDay}`;
  for (const { value, path } of said.days)
    if (!isWithin(value, facts)) yield* told(wrong(path, "day", value, dayName));
  const weekdays = weekdaysOf(facts);
  for (const { value, path } of said.weekdays)
    if (!weekdays.has(value)) yield* told(wrong(path, "day", WEEKDAY_NAMES[value] ?? "", dayName));
  const from = minutesIn(start, order.timezone);
  const to = minutesIn(end, order.timezone);
  const hours = `${clockText(from)} to ${clockText(to)}`;
  const ofShift = said.clocks.filter(({ value: { aside } }) => !aside);
  for (const { value, path } of ofShift.length > 0 ? ofShift : said.clocks) {
    const early = (from - value.from + MINUTES_A_DAY) % MINUTES_A_DAY;
    const atStart =
      Number.isNaN(value.from) || value.from === from || (value.arrival && early <= ARRIVAL_MINUTES_MAX);
    const atEnd =
      value.to === undefined || value.to === to || (Number.isNaN(value.from) && value.to === from);
    // An hour alone may also be when the shift ends.
    const alone = value.to === undefined && value.from === to;
    if ((atStart && atEnd) || alone) continue;
    const actual = [value.from, value.to].filter((at) => at !== undefined && !Number.isNaN(at)) as number[];
    yield* told(wrong(path, "time", actual.map(clockText).join(" to "), hours));
  }
  const zone = zoneFamily(order.timezone, start);
  for (const { value, path } of said.zones)
    if (zone !== undefined && value !== zone) yield* told(wrong(path, "time zone", value, zone));
  for (const { value, path } of said.places) {
    const sameCity = placeName(value.city) === placeName(order.city);
    const sameState = value.state === undefined || value.state === facts.state;
    if (sameCity && sameState) continue;
    const actual = value.state === undefined ? value.city : `${value.city}, ${value.state}`;
    yield* told(wrong(path, "place", actual, `${order.city}, ${facts.state}`));
  }
  for (const { value, path } of said.pays) {
    if (Math.abs(value - order.pay_rate) < CENT) continue;
    yield* told(wrong(path, "pay", `$${value}`, `$${order.pay_rate}`));
  }
}

/** "The operator" is short for the order's forklift operator, whatever role the word alone would be read as. */
function isShortFor(role: string, read: string, text: string): boolean {
  const words = new Set(folded(text).split(/[^\p{L}]+/u));
  const own = folded(role).split(" ");
  return (
    words.has(own.at(-1) ?? "") &&
    folded(read)
      .split(" ")
      .every((word) => own.includes(word) || !words.has(word))
  );
}

/** The whole name, the first one, the last one behind a title. */
function isAddressedTo(greeted: string, name: string): boolean {
  if (name === "" || isSameName(greeted, name)) return true;
  const words = foldName(greeted)
    .split(" ")
    .filter((word) => !/^(?:mr|mrs|ms|mx|dr|sr|sra|srta|senor|senora)$/.test(word));
  const own = foldName(name).split(" ");
  return words.length > 0 && words.every((word) => own.some((part) => isSameName(word, part)));
}

function clockText(minutes: number): string {
  const hour = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const half = hour < 12 ? "am" : "pm";
  return `${hour % 12 || 12}${rest === 0 ? "" : `:${String(rest).padStart(2, "0")}`}${half}`;
}

/** Of text without accents. */
const REPLY =
  /\b(?:repl(?:y|ies)|respond|text|call|confirm|let (?:me|us) know|answer|click|tap|rsvp|contact|phone|email us|(?:give|drop) us a|contest[ae]|respond[ae]|llam[ae]|confirm[ae]|avis[ae]|escrib[ae])(?:r|me|nos|le)?\b/;
const OPT_OUT =
  /unsubscribe|opt[ -]?out|reply stop|text stop|\bSTOP\b|manage (?:your )?(?:preferences|subscription)|darse de baja|cancelar (?:la )?suscripci[oó]n|responda? (?:stop|alto)/i;
const POSTAL =
  /\b(?:\d{1,6}\s+\p{L}[\p{L}\d .,'#-]{2,80}|p\.?\s?o\.?\s+box\s+\d+[\p{L} ,.]{0,60})\b[\s\S]{0,80}?\b\d{5}(?:-\d{4})?\b/iu;
export const COMMERCIAL_LAW = "CAN-SPAM";

export const requiredParts: EmailCheck = {
  code: "email.required_parts",
  kind: "completeness",
  severity: "error",
  tests:
    "who we are (policy.agency), when, where, what it pays (unless it cancels) and how to reply; a blast by e-mail also a postal address and a way to opt out (or RFC 8058 headers)",
  law: COMMERCIAL_LAW,
  whole: function* ({ message, facts, said, policy }) {
    const text = `${message.subject}\n${message.body}`;
    const missing = (what: string, hint: string, more: Partial<Tell> = {}): Tell => ({
      path: "body",
      message: `does not say ${what}`,
      hint,
      law: null,
      ...more,
    });
    const { agency } = policy;
    if (agency !== undefined && !folded(text).includes(folded(agency)))
      yield missing("who we are", `Write ${agency}.`, { expected: agency });
    if (facts !== undefined) {
      const { order, start } = facts;
      const day = dayText(todayIn(start, order.timezone));
      if (said.days.length === 0 && said.weekdays.length === 0)
        yield missing("on which day", `Write ${WEEKDAY_NAMES[weekdayOfDay(day)]}, ${day}.`, {
          expected: day,
        });
      if (said.clocks.length === 0) {
        const at = clockText(minutesIn(start, order.timezone));
        yield missing("at which time", `Write ${at}.`, { expected: at });
      }
      if (said.places.length === 0 && !placeName(text).includes(placeName(order.city)))
        yield missing("where", `Write ${order.city}, ${facts.state}.`, { expected: order.city });
      // A shift that is called off pays nothing.
      if (said.pays.length === 0 && message.purpose !== "cancel")
        yield missing("what it pays", `Write $${order.pay_rate} an hour.`, {
          expected: order.pay_rate,
          // Whoever is only reminded has been told.
          severity: message.purpose === "reminder" ? "warning" : "error",
        });
    }
    if (!REPLY.test(folded(text)))
      yield missing("how to reply", "Write how: reply YES, call, or follow the link.");
    if (message.purpose !== "blast") return;
    const unsubscribe = message.headers.has("list-unsubscribe");
    if (!OPT_OUT.test(text) && !unsubscribe)
      yield missing("how to opt out", "Write how to, or send the List-Unsubscribe header (RFC 8058).", {
        law: message.channel === "email" ? COMMERCIAL_LAW : "TCPA",
      });
    if (message.channel === "email" && !POSTAL.test(text))
      yield missing("the sender's postal address", "Write street, city and ZIP code.", {
        law: COMMERCIAL_LAW,
      });
  },
};
