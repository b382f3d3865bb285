// Fill checks about when: shifts that overlap or leave no way to get from one to the other, rest, hours a week, and the
// hours of minors.

import type { Assignment } from "#contracts/validate";
import { minutesIn } from "#domain/orders/grammar/calendar";
import { milesBetween, type Point } from "#domain/places";
import { type Check, NOTHING, type Tell } from "../check.ts";
import { type FillRow, type FillSubject, HOUR_MS, type OrderFacts, weekOf } from "./subject.ts";

type FillCheck = Check<FillSubject, FillRow>;

const TRAVEL_MINUTES_A_MILE = 1.5;
const REST_HOURS = 8;
/** Clashes that are told of one worker: the first ones show what is wrong. */
const CLASHES_MAX = 3;
const MINUTE_MS = 60_000;

const hasTimes = ({ facts, assignmentsKnown }: FillSubject): boolean =>
  facts !== undefined && assignmentsKnown;

interface Gap {
  readonly assignment: Assignment;
  /** Milliseconds between the two; 0 or less when they overlap. */
  readonly gap: number;
  readonly travel: number;
  readonly miles: number | undefined;
}

function gapsOf(person: string, { facts, assignments, policy, know }: FillSubject): readonly Gap[] {
  const own = assignments.get(person);
  if (own === undefined || facts === undefined) return NO_GAPS;
  const perMile = policy.travel_minutes_per_mile ?? TRAVEL_MINUTES_A_MILE;
  return own.map((assignment) => {
    const start = Date.parse(assignment.start_at);
    const end = Date.parse(assignment.end_at);
    const gap = Math.max(facts.start - end, start - facts.end);
    const there = placeOf(assignment, know);
    const miles = there && facts.point ? milesBetween(there, facts.point) : undefined;
    return { assignment, gap, travel: (miles ?? 0) * perMile * MINUTE_MS, miles };
  });
}

const NO_GAPS: readonly Gap[] = [];

function placeOf({ lat, lon, city, state }: Assignment, know: FillSubject["know"]): Point | undefined {
  if (typeof lat === "number" && typeof lon === "number") return { lat, lon };
  return city && state ? know.pointOf(city, state) : undefined;
}

function isClash({ gap, travel }: Gap): boolean {
  return gap < 0 || gap < travel;
}

export const doubleBooked: FillCheck = {
  code: "fill.double_booked",
  kind: "consistency",
  severity: "error",
  tests:
    "no other assignment overlaps the shift, the way between the two sites included (1.5 minutes a mile)",
  applies: hasTimes,
  row: function* ({ person, idPath }, subject) {
    if (person === undefined) return;
    for (const clash of gapsOf(person, subject).filter(isClash).slice(0, CLASHES_MAX)) {
      const { assignment, gap, miles } = clash;
      const order = assignment.order_id ? ` for ${assignment.order_id}` : "";
      const when = `${assignment.start_at} to ${assignment.end_at}`;
      yield {
        path: idPath,
        message:
          gap < 0
            ? `is booked${order} from ${when}, which overlaps`
            : `is booked${order} from ${when}, ${Math.round(miles ?? 0)} miles away: ${Math.round(gap / MINUTE_MS)} minutes are too few for the way`,
        actual: assignment.order_id ?? when,
        hint: "Propose another worker, or move one of the shifts.",
      };
    }
  },
};

export const restGap: FillCheck = {
  code: "fill.rest_gap",
  kind: "consistency",
  severity: "error",
  tests: "between this shift and any other lie at least rest_hours (8)",
  applies: hasTimes,
  row: function* ({ person, idPath }, subject) {
    if (person === undefined) return;
    const least = subject.policy.rest_hours ?? REST_HOURS;
    const short = gapsOf(person, subject).filter((gap) => !isClash(gap) && gap.gap < least * HOUR_MS);
    for (const { assignment, gap } of short.slice(0, CLASHES_MAX)) {
      const hours = Number((gap / HOUR_MS).toFixed(2));
      yield {
        path: idPath,
        message: `rests ${hours} hours between this shift and the one from ${assignment.start_at} to ${assignment.end_at}`,
        expected: least,
        actual: hours,
        hint: "Propose another worker.",
      };
    }
  },
};

const OVERTIME_HOURS = 40;
const OVERTIME_FACTOR = 1.5;

/** Hours that minors may work; the stricter rules of most states are not known here. */
const MINORS = {
  under_16: { day: 8, week: 40, from: 7 * 60, until: 21 * 60 },
  under_18: { day: 24, week: 168, from: 0, until: 24 * 60 },
} as const;
/** California's, for those of 16 and 17. */
const MINORS_CA = { day: 8, week: 48, from: 5 * 60, until: 22 * 60 } as const;

export const weeklyHours: FillCheck = {
  code: "fill.weekly_hours",
  kind: "policy",
  severity: "error",
  tests:
    "above 40 hours in the week from Monday is a warning with its cost; above max_hours, or above what a minor may work, an error",
  applies: ({ facts }) => facts?.hours !== undefined,
  row: (row, { facts, assignments, policy }) => {
    const { worker, person, idPath } = row;
    if (facts?.hours === undefined || person === undefined) return NOTHING;
    const hours = weekHours(facts, assignments.get(person) ?? []);
    const minor = worker?.minor && minorProblem(worker.minor, facts, hours);
    const most = policy.max_hours;
    if (minor === undefined && hours <= OVERTIME_HOURS && (most === undefined || hours <= most))
      return NOTHING;
    const tells: Tell[] = [];
    if (minor !== undefined)
      tells.push({ path: idPath, message: minor, actual: hours, hint: "Propose an adult." });
    if (most !== undefined && hours > most) {
      tells.push({
        path: idPath,
        message: `would work ${hours} hours in this week; at most ${most} are allowed`,
        expected: most,
        actual: hours,
        hint: "Propose a worker with fewer hours.",
      });
    } else if (hours > OVERTIME_HOURS) {
      const over = Number(Math.min(facts.hours, hours - OVERTIME_HOURS).toFixed(2));
      const pay = row.pay_rate ?? facts.order.pay_rate;
      const premium = (facts.order.ot_rate ?? pay * OVERTIME_FACTOR) - pay;
      tells.push({
        path: idPath,
        severity: "warning",
        message: `would work ${hours} hours in this week: ${over} hours of overtime, $${(over * premium).toFixed(2)} above the usual pay`,
        expected: OVERTIME_HOURS,
        actual: hours,
        hint: "A worker with fewer hours costs less.",
      });
    }
    return tells;
  },
};

/** Hours of the week in which the shift starts, this one included; a shift counts where it starts. */
function weekHours({ start, end, week, order }: OrderFacts, own: readonly Assignment[]): number {
  let ms = end - start;
  for (const { start_at, end_at } of own) {
    const from = Date.parse(start_at);
    if (weekOf(from, order.timezone) === week) ms += Math.max(0, Date.parse(end_at) - from);
  }
  return Number((ms / HOUR_MS).toFixed(2));
}

function minorProblem(
  minor: keyof typeof MINORS,
  { hours = 0, start, end, order, state }: OrderFacts,
  week: number,
): string | undefined {
  const rule = minor === "under_18" && state === "CA" ? MINORS_CA : MINORS[minor];
  const age = minor === "under_16" ? "under 16" : "under 18";
  if (hours > rule.day) return `is ${age} and may work ${rule.day} hours a day`;
  if (week > rule.week) return `is ${age} and may work ${rule.week} hours a week`;
  const from = minutesIn(start, order.timezone);
  const until = minutesIn(end, order.timezone);
  const early = from < rule.from;
  const late = until > rule.until || (until < from && rule.until < 24 * 60);
  return early || late ? `is ${age} and may not work at these hours` : undefined;
}
