// Fills as lines and tables for people.

import type { Candidate, Excluded, Fill, Seat, Shortlist } from "#contracts/fill";
import type { House } from "#contracts/house";
import type { Finding } from "#contracts/validate";
import { emit, type Field, pairLines } from "../../terminal/output.ts";
import { cellText, counted, moment } from "../../terminal/plain-text.ts";
import { paintOut, say } from "../../terminal/terminal.ts";

type FillEvent = Awaited<ReturnType<House["filld"]["history"]>>["events"][number];

/** More would push the shortlist off the screen. */
const EXCLUDED_SHOWN = 10;

function local({ start_at, end_at, timezone = "UTC" }: Fill["order"]): string {
  if (start_at === undefined) return "";
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const end = new Intl.DateTimeFormat("en-US", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
  return `${format.format(Date.parse(start_at))}${end_at === undefined ? "" : ` to ${end.format(Date.parse(end_at))}`}`;
}

function placeOf({ city, state }: Fill["order"]): string {
  return [city, state].filter((part) => part !== undefined).join(", ");
}

/** `f-7k3m9q2x: 4 Cook in Aspen, CO, Fri, Dec 4, 06:00: validated, 4 places open` */
export function sentence({ fill_id, order, status, short }: Fill): string {
  const what = [`${order.headcount ?? 1} ${order.role ?? "people"}`, placeOf(order), local(order)];
  const open = short === 0 ? "" : `, ${counted(short, "place")} open`;
  return `${fill_id}: ${what.filter((part) => part !== "").join(", ")}: ${status}${open}`;
}

export function orderLines({ order, assumed, missing, reading }: Fill): string[] {
  const pairs: (readonly [string, unknown])[] = [
    ["Role", order.role],
    ["People", order.headcount],
    ["Place", placeOf(order) || undefined],
    ["When", local(order) || undefined],
    ["Pay", order.pay_rate === undefined ? undefined : `$${order.pay_rate.toFixed(2)} an hour`],
    ["Needs", order.required_certs?.join(", ")],
    ["Client", [order.client_id, order.site_id].filter((part) => part !== undefined).join(", ") || undefined],
    ["Missing", missing.join(", ") || undefined],
    ["Assumed", assumed.map(({ why }) => why).join(" ") || undefined],
    ["Not read", reading?.unread.join(" ") || undefined],
    [
      "Also",
      reading?.further.map(({ role, headcount }) => `${headcount ?? ""} ${role}`.trim()).join(", ") ||
        undefined,
    ],
  ];
  return pairLines(pairs.filter(([, value]) => value !== undefined));
}

export const CANDIDATE_FIELDS: readonly Field<Candidate>[] = [
  { name: "rank", align: "right", value: ({ rank }) => rank },
  { name: "id", value: ({ worker_id }) => worker_id },
  { name: "name", value: ({ name }) => name },
  { name: "role", value: ({ role }) => role },
  { name: "city", value: ({ city }) => city },
  { name: "state", value: ({ state }) => state },
  {
    name: "miles",
    align: "right",
    value: ({ miles }) => miles,
    show: ({ miles }) => (miles === undefined ? "" : miles.toFixed(1)),
  },
  { name: "score", align: "right", value: ({ score }) => score, show: ({ score }) => score.toFixed(3) },
  {
    name: "playbook",
    value: ({ boost }) => boost?.factor,
    show: ({ boost, base_rank }) =>
      boost === undefined ? "" : `${boost.factor < 1 ? "up" : "down"} from ${base_rank}`,
  },
  { name: "why", value: ({ why }) => why, show: ({ why }) => cellText(why) },
  {
    name: "warnings",
    value: ({ checks }) => checks.map(({ code }) => code).join(" "),
    show: ({ checks }) => checks.map(({ code }) => code.replace(/^fill\./, "")).join(" "),
  },
];

export const SEAT_FIELDS: readonly Field<Seat>[] = [
  { name: "id", value: ({ worker_id }) => worker_id },
  { name: "name", value: ({ name }) => name },
  { name: "status", value: ({ status, backup }) => (backup === true ? `${status} (backup)` : status) },
  { name: "since", value: ({ since }) => since, show: ({ since }) => moment(since) },
  {
    name: "held_until",
    value: ({ held_until }) => held_until,
    show: ({ held_until }) => (held_until === undefined ? "" : moment(held_until)),
  },
  { name: "messages", align: "right", value: ({ messages }) => messages },
  { name: "rating", align: "right", value: ({ rating }) => rating },
  { name: "reason", value: ({ reason }) => reason },
];

export const BOARD_FIELDS: readonly Field<Fill>[] = [
  { name: "fill", value: ({ fill_id }) => fill_id },
  { name: "status", value: ({ status }) => status },
  {
    name: "short",
    align: "right",
    value: ({ short }) => short,
    show: ({ short }) => (short === 0 ? "0" : paintOut("red", String(short))),
  },
  { name: "of", align: "right", value: ({ order }) => order.headcount ?? 1 },
  { name: "role", value: ({ order }) => order.role },
  { name: "place", value: ({ order }) => placeOf(order) },
  { name: "start", value: ({ order }) => order.start_at, show: ({ order }) => local(order) },
  { name: "client", value: ({ order }) => order.client_id },
];

export const EVENT_FIELDS: readonly Field<FillEvent>[] = [
  { name: "seq", align: "right", value: ({ seq }) => seq },
  { name: "at", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "version", align: "right", value: ({ version }) => version },
  { name: "type", value: ({ type }) => type },
  { name: "actor", value: ({ actor }) => actor },
  { name: "data", value: ({ data }) => data, show: ({ data }) => cellText(JSON.stringify(data)) },
];

export function findingLines(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, code, path, message, hint, law }) => {
    const colour = severity === "error" ? "red" : "yellow";
    const because = law === undefined ? "" : ` (${law})`;
    const next = hint === undefined ? "" : ` ${hint}`;
    return `${paintOut(colour, severity)} ${code} ${path}: ${`${message}${because}.`.replace("..", ".")}${next}`;
  });
}

/** Whom a rule keeps out, what the rules refuse of the order itself, and what they could not look at. */
export async function showRules(list: Omit<Shortlist, "shortlist">): Promise<void> {
  await showExcluded(list.excluded);
  for (const { message, law, hint = "" } of list.order_findings)
    say(`The order is refused: ${message}${law === undefined ? "" : ` (${law})`}. ${hint}`.trimEnd());
  for (const line of list.unchecked) say(`Not checked: ${line}`);
}

async function showExcluded(excluded: readonly Excluded[]): Promise<void> {
  if (excluded.length === 0) return;
  say(`Kept out by a rule, of the people of the role nearby: ${excluded.length}`);
  await emit("table", {
    fields: [
      { name: "id", value: ({ worker_id }: Excluded) => worker_id },
      { name: "name", value: ({ name }: Excluded) => name },
      { name: "rule", value: ({ code }: Excluded) => code },
      { name: "why", value: ({ message }: Excluded) => message },
    ],
    rows: excluded.slice(0, EXCLUDED_SHOWN),
  });
  if (excluded.length > EXCLUDED_SHOWN) say(`and ${excluded.length - EXCLUDED_SHOWN} more; all with --json.`);
}
