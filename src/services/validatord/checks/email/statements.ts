// What the text of a message says of the order, statement by statement: days, hours, zones, places, pay and roles. Each
// sentence is read by the grammar that reads orders, in English and Spanish, so that a message and an order are understood
// alike. A sentence that asks for a reply by some time, or gives the sender's address, says nothing of the shift.

import { todayIn, weekdayOf } from "#domain/orders/grammar/calendar";
import { folded } from "#domain/orders/text/words";
import { STATES } from "#domain/places";
import type { Knowledge } from "../../knowledge.ts";
import { dayText } from "../fill/subject.ts";
import { datesIn } from "./dates.ts";
import { hourlyPays, tellsOtherMoney } from "./amounts.ts";

export interface Clocks {
  /** Minutes after midnight of the site. */
  readonly from: number;
  readonly to: number | undefined;
  /** "arrive by", "check in at": a while before the shift is right too. */
  readonly arrival: boolean;
  /** Said of a bus, a door, a break: it says nothing of the shift as long as the shift's own hours are there. */
  readonly aside: boolean;
}

export interface Said<T> {
  readonly value: T;
  /** `subject` or `body`. */
  readonly path: string;
  readonly text: string;
}

export interface Statements {
  /** `YYYY-MM-DD` */
  readonly days: readonly Said<string>[];
  /** 0 is Sunday. */
  readonly weekdays: readonly Said<number>[];
  readonly clocks: readonly Said<Clocks>[];
  /** `eastern`, `central`, ... */
  readonly zones: readonly Said<string>[];
  readonly places: readonly Said<{ readonly city: string; readonly state: string | undefined }>[];
  readonly pays: readonly Said<number>[];
  readonly roles: readonly Said<{ readonly role: string; readonly soc: string }>[];
  /** The name behind the greeting. */
  readonly greeted: Said<string> | undefined;
}

/** When and about what a message is read. */
export interface ReadAt {
  readonly sendAt: number;
  /** When the shift starts; the moment of sending where no order is known. */
  readonly start: number;
  readonly timezone: string;
  readonly agency: string | undefined;
}

const DAY_MS = 86_400_000;
/** A message has a handful of sentences. */
const STATEMENTS_MAX = 200;
const ABBREVIATED =
  /\b(?:st|ft|mt|mr|mrs|ms|dr|no|ave|a\.\s?m|p\.\s?m|a|p|hr|hrs|approx|sr|sra|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thurs?|fri|sat|sun|ene|abr|ago|dic)\.$/i;

function statementsOf(text: string): string[] {
  const parts: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    let open = "";
    for (const piece of line.split(/(?<=[.!?])\s+/)) {
      open = open === "" ? piece : `${open} ${piece}`;
      if (ABBREVIATED.test(open)) continue;
      parts.push(open);
      open = "";
    }
    if (open !== "") parts.push(open);
  }
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .slice(0, STATEMENTS_MAX);
}

const GREETING =
  /^(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola|buen[oa]s (?:d[ií]as|tardes|noches)|estimad[oa])(?:\s+(?:there|again|de nuevo))?[\s,]+(?:(?:mr|mrs|ms|mx|dr|sr|sra|srta)\.?\s+)?(\p{Lu}[\p{L}'’-]+(?:\s+\p{Lu}[\p{L}'’.-]+){0,3})\s*[,:!.–—-]?\s*/iu;
const NO_NAME =
  /^(?:team|all|everyone|everybody|there|friend|friends|worker|this|we|you|your|it|our|please|can|are|the|todos|equipo|somos|this is)\b/i;
/** What is asked of the recipient, with the time until which it is asked. */
const REPLY_BY =
  /\b(?:reply|respond|confirm|answer|call|text|let (?:me|us) know|hear(?: back)? from you|hear back|get back to (?:me|us)|rsvp|contest[ae]|respond[ae]|confirm[ae]|llam[ae]|avis[ae])\b[^.!?\n]*?\b(?:by|before|until|within|no later than|antes|hasta)\b[^.!?\n]*/gi;
const RELATIVE =
  /\b(?:today|tonight|tomorrow|hoy|ma[nñ]ana|esta noche|day after tomorrow|pasado ma[nñ]ana)\b/iu;
const SPANISH_MORNING = /\b(?:por|de|en|a) la ma[nñ]ana\b/iu;
const ARRIVAL =
  /\b(?:arrive|arrival|be there|check[ -]?in|report|show up|llegar?|llegue|pres[eé]nt[ae]|early|antes)\b/i;
const CONTACT =
  /\b(?:ask for|contact|see|meet|report to|questions?|supervisors?|(?:team |shift |site |your |our )leads?|managers?|recruiters?|coordinators?|dispatch(?:er)?|pregunt[ae]|supervisor[ae]?|gerente|encargad[oa])\b/i;
const ADDRESS = /\b\d{1,6}\s+\p{L}.*\b\d{5}(?:-\d{4})?\b/u;
const FOOTER =
  /unsubscribe|opt[ -]?out|our (?:office|address)|mailing address|darse de baja|nuestra oficina|po box|p\.o\. box/i;
/** When the sender can be reached, and not when the shift is. */
const OFFICE_HOURS =
  /\b(?:(?:office|business|opening) hours|(?:office|branch|we|line|lines|phones?)(?: is|'s| are|'re)? (?:open|staffed)|open (?:from|mon|tue|wed|thu|fri|sat|sun|daily|every|weekdays|until|till|\d)|(?:call|reach|text|phone)(?: us| me)? (?:between|from|weekdays|any ?time|\d{1,2}(?::\d\d)? ?[ap]\.?m)|horario de (?:oficina|atenci[oó]n)|atendemos|abierta?s? de)\b/i;
/** What has an hour of its own beside the shift. */
const ASIDE =
  /\b(?:bus(?:es)?|shuttles?|vans?|trains?|car ?pools?|rides?|doors?|gates?|lunch|breaks?|meals?|cafeteria|orientation|parking|autob[uú]s|camioneta|puertas?|almuerzo|comida|descansos?)\b/iu;
/** Dates of something else than the shift. */
const OTHER_DATE = /\b(?:expir\p{L}*|renew\p{L}*|issued|hired on|since|vence\p{L}*|caduc\p{L}*)\b/iu;
/** A telephone number has hours, minutes and days in it for whoever looks for them. */
const PHONE = /(?<![\w$.:/-])(?:\+?1[\s.-]{1,2})?(?:\(\d{3}\)\s?|\d{3}[\s.-])\d{3}[\s.-]?\d{4}(?![\d-])/g;
/** When wages are paid. */
const PAYDAY =
  /\b(?:paid|payday|pay day|(?:weekly|daily|next[ -]day) pay|payments?|wages|checks?|direct deposit|deposited|nos? pagan|se paga)\b[^.;!?\n$]{0,30}?\b(?:on|every|each|is|los|cada)\s+(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:los|cada) (?:lunes|martes|mi[eé]rcoles|jueves|viernes)\b/giu;
const BIRTH = /\b(?:born|birth(?:day| ?date)?|d\.?o\.?b|naci[oó]|nacimiento)\b/i;
const UNTIL = /\b(?:until|ends?|end time|finish(?:es)?|off at|hasta|termina)\b/i;

const WEEKDAYS: readonly RegExp[] = [
  /\b(?:sundays?|sun|domingos?|dom)\b/,
  /\b(?:mondays?|mon|lunes|lun)\b/,
  /\b(?:tuesdays?|tues?|martes)\b|\bmar\b(?!\s*\d)/,
  /\b(?:wednesdays?|wed|miercoles|mie)\b/,
  /\b(?:thursdays?|thurs?|thu|jueves|jue)\b/,
  /\b(?:fridays?|fri|viernes|vie)\b/,
  /\b(?:saturdays?|sat|sabados?|sab)\b/,
];
const WEEKDAY_RANGE =
  /\b(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mie|jue|vie|sab|dom)[a-z]*\s*(?:-|–|to|through|thru|a)\s*(?:mon|tue|wed|thu|fri|sat|sun|lun|mar|mie|jue|vie|sab|dom)[a-z]*\b/g;

const ZONES: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["eastern", /\b(?:E[SD]?T|[Ee]astern|hora del [Ee]ste)\b/],
  ["central", /\b(?:C[SD]?T|[Cc]entral(?: [Tt]ime)?|hora (?:del [Cc]entro|[Cc]entral))\b/],
  ["mountain", /\b(?:M[SD]?T|[Mm]ountain(?: [Tt]ime)?|hora de la [Mm]onta[nñ]a)\b/],
  ["pacific", /\b(?:P[SD]?T|[Pp]acific(?: [Tt]ime)?|hora del [Pp]ac[ií]fico)\b/],
  ["alaska", /\b(?:AK[SD]?T|[Aa]laska [Tt]ime)\b/],
  ["hawaii", /\b(?:H[SD]?T|[Hh]awaii [Tt]ime)\b/],
  ["atlantic", /\b(?:A[SD]T|[Aa]tlantic [Tt]ime)\b/],
];
/** A zone is one beside an hour: "MT" alone is Montana. */
const BESIDE_HOUR =
  /\d(?!\d)(?:\s*[ap]\.?\s?m?\.?(?![a-z]))?[\s,(]*(?![ap]\.?\s?m?\.?(?![a-z]))([a-z][\p{L} ]{1,20})/giu;

/** The zone's family: what CT, CST and "Central" have in common. */
export function zoneFamily(timezone: string, moment: number): string | undefined {
  const name = new Intl.DateTimeFormat("en-US", { timeZone: timezone, timeZoneName: "longGeneric" })
    .formatToParts(moment)
    .find(({ type }) => type === "timeZoneName")?.value;
  return ZONES.find(([family]) => name?.toLowerCase().includes(family))?.[0];
}

export function readStatements(
  subject: string,
  body: string,
  { reader }: Knowledge,
  { sendAt, start, timezone, agency }: ReadAt,
): Statements {
  const days: Said<string>[] = [];
  const weekdays: Said<number>[] = [];
  const clocks: Said<Clocks>[] = [];
  const zones: Said<string>[] = [];
  const places: Said<{ city: string; state: string | undefined }>[] = [];
  const pays: Said<number>[] = [];
  const roles: Said<{ role: string; soc: string }>[] = [];
  let greeted: Said<string> | undefined;

  const visit = (whole: string, path: string, isFooter: boolean): void => {
    let text = whole;
    const greeting = GREETING.exec(text);
    if (greeting !== null && greeting[1] !== undefined) {
      if (!NO_NAME.test(greeting[1])) greeted ??= { value: greeting[1], path, text: greeting[0].trim() };
      text = text.slice(greeting[0].length);
    }
    if (agency !== undefined) text = text.replaceAll(agency, " ");
    text = text.replaceAll(REPLY_BY, " ").replaceAll(PAYDAY, " ").replaceAll(PHONE, " ");
    if (text.trim() === "") return;
    const said = <T>(value: T): Said<T> => ({ value, path, text: whole });
    const order = reader.read(text, start - 30 * DAY_MS);
    const { slots } = order;
    const plain = folded(text);

    // A day that does not move with the moment of reading is a date.
    const dated = slots.start?.slice(0, 10);
    const isDate =
      dated !== undefined && dated === reader.read(text, start - 60 * DAY_MS).slots.start?.slice(0, 10);
    const ofShift = !OFFICE_HOURS.test(text) && !BIRTH.test(text);
    if (ofShift && !OTHER_DATE.test(text)) {
      const written = datesIn(text, dayText(todayIn(start, timezone)));
      const read = isDate && written.length === 0 ? [dated] : written;
      days.push(...read.map(said));
    }
    if (RELATIVE.test(text) && !SPANISH_MORNING.test(text)) {
      const relative = reader.read(text, sendAt).slots.start?.slice(0, 10);
      const ahead = /\b(?:tomorrow|ma[nñ]ana)\b/iu.test(text) ? 1 : 0;
      const today = dayText(todayIn(sendAt + ahead * DAY_MS, timezone));
      if (!isDate) days.push(said(relative ?? today));
    }
    const ranged = WEEKDAY_RANGE.test(plain);
    WEEKDAY_RANGE.lastIndex = 0;
    if (!ranged && ofShift)
      for (const [day, pattern] of WEEKDAYS.entries()) if (pattern.test(plain)) weekdays.push(said(day));

    const hours = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(slots.shift ?? "");
    const clock = /T(\d\d):(\d\d)/.exec(slots.start ?? "");
    const minutes = (hour = "0", minute = "0"): number => Number(hour) * 60 + Number(minute);
    const arrival = ARRIVAL.test(text);
    const aside = ASIDE.test(text);
    if (!ofShift) {
      // Nothing of the shift.
    } else if (hours !== null)
      clocks.push(
        said({ from: minutes(hours[1], hours[2]), to: minutes(hours[3], hours[4]), arrival, aside }),
      );
    else if (clock !== null) {
      const at = minutes(clock[1], clock[2]);
      clocks.push(
        said(
          UNTIL.test(text)
            ? { from: Number.NaN, to: at, arrival, aside }
            : { from: at, to: undefined, arrival, aside },
        ),
      );
    }
    for (const [, words = ""] of text.matchAll(BESIDE_HOUR)) {
      const zone = ZONES.find(([, pattern]) => pattern.exec(words)?.index === 0);
      if (zone !== undefined) zones.push(said(zone[0]));
    }
    const isOffice = isFooter && (ADDRESS.test(text) || FOOTER.test(text));
    if (slots.city !== undefined && !isOffice && isStated(text, slots.city, slots.state))
      places.push(said({ city: slots.city, state: slots.city_ambiguous ? undefined : slots.state }));
    const amounts = hourlyPays(text);
    pays.push(...amounts.map(said));
    const hourly = slots.pay_unit === undefined || slots.pay_unit === "hour";
    if (hourly && amounts.length === 0 && !tellsOtherMoney(text))
      for (const pay of [slots.pay, slots.pay_max]) if (pay !== undefined) pays.push(said(pay));
    if (order.role !== null && order.soc !== null && !CONTACT.test(text))
      roles.push(said({ role: order.role, soc: order.soc }));
  };

  for (const statement of statementsOf(subject)) visit(statement, "subject", false);
  const lines = statementsOf(body);
  for (const [at, statement] of lines.entries())
    visit(statement, "body", at >= lines.length - FOOTER_LINES || FOOTER.test(statement));
  return { days, weekdays, clocks, zones, places, pays, roles, greeted };
}

const LED = "(?:in|at|near|around|outside|to|from|of|en|cerca de|desde|hacia)";
/** Codes of states that are words in small letters. */
const WORD_CODES: ReadonlySet<string> = new Set("al co de hi id in la ma me mi oh ok or pa".split(" "));

/**
 * Whether a sentence names a place as one. An order is a fragment, and nearly every word in it may be a town; prose is not:
 * there a place stands behind a preposition, or before its state.
 */
function isStated(text: string, city: string, state: string | undefined): boolean {
  const name = RegExp.escape(folded(city)).replaceAll(" ", String.raw`[ -]+`);
  const plain = folded(text);
  const at = new RegExp(String.raw`(?<![\p{L}\d@.])${name}(?![\p{L}\d])`, "u").exec(plain);
  if (at !== null) {
    const before = plain.slice(0, at.index);
    const small = text.includes(at[0]) && text !== text.toLowerCase();
    if (!small && new RegExp(String.raw`(?:^|\s)${LED}\s+(?:downtown\s+)?$`).test(before)) return true;
    const code = /^[\s,(/-]+([a-z]{2})\b/.exec(plain.slice(at.index + at[0].length))?.[1];
    if (code !== undefined && code === state?.toLowerCase() && !WORD_CODES.has(code)) return true;
  }
  if (state === undefined) return false;
  // "Peoria, IL", also where the city is one that no table has or is misspelt; "Reply OK" is none.
  const full = STATES.find(({ code }) => code === state)?.name ?? state;
  const between = WORD_CODES.has(state.toLowerCase())
    ? String.raw`(?:,\s*|\s+\()`
    : String.raw`(?:,\s*|\s+\(?|\s*[-/]\s*)`;
  return new RegExp(String.raw`\p{Lu}[\p{L}.'’-]+(?:${between}${state}|,?\s+${full})\b`, "u").test(text);
}

/** Where the sender's address stands. */
const FOOTER_LINES = 3;

export function weekdayOfDay(day: string): number {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return weekdayOf({ year, month, day: date });
}
