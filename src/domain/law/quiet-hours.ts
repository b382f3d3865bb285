// When texts may be sent, by the recipient's state: 8 am to 9 pm of the recipient's own time (TCPA), and narrower where a
// state says so. The hour at which it ends is outside.

import { present } from "#lib/assert";
import { readTable } from "#lib/tsv";
import table from "./quiet-hours.tsv" with { type: "text" };

export interface SendingHours {
  /** Minutes after midnight. */
  readonly from: number;
  readonly until: number;
  /** The state whose rule it is, or `US`. */
  readonly of: string;
}

const HOURS = new Map(
  readTable(table, ["state", "from", "until", "sunday"]).map(({ state, from, until, sunday }) => {
    const week: SendingHours = { from: minutes(from), until: minutes(until), of: state };
    const [first, last] = sunday.split("-");
    const onSunday = first && last ? { from: minutes(first), until: minutes(last), of: state } : week;
    return [state, { week, onSunday }] as const;
  }),
);

/** `weekday`: 0 is Sunday. */
export function sendingHours(state: string | undefined, weekday: number): SendingHours {
  const rule = HOURS.get(state ?? "US") ?? present(HOURS.get("US"), "the rule of the US");
  return weekday === 0 ? rule.onSunday : rule.week;
}

function minutes(clock: string): number {
  const [hours = "", rest = ""] = clock.split(":");
  return Number(hours) * 60 + Number(rest);
}
