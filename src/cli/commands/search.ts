// `lakehouse search`: finds people for an order as it was typed. Prints how the order was interpreted, then the people who
// fit, and why.

import type { MatrixHit, Searched } from "#contracts/matrix";
import type { House } from "#contracts/house";
import { CLIENT_ARGS, jsonObject, momentOf, settingsOf, wholeNumber } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { emit, type Field, formatOf, isForPeople } from "../terminal/output.ts";
import { cellText, counted, duration } from "../terminal/plain-text.ts";
import { paintTalk, say } from "../terminal/terminal.ts";

type SearchInput = Parameters<House["matrixd"]["search"]>[0];
type Near = NonNullable<SearchInput["near"]>;

const modes = ["hybrid", "dense", "lexical"] as const;
const gates = ["strict", "adjacent", "off"] as const;
const MILES_STANDARD = 50;

export const search = command({
  name: "search",
  summary: "Search for people who fit an order",
  details:
    "Type the order as it came in: role, place and time are taken from the text. The search covers corpora: see `lakehouse corpus ls`.",
  many: true,
  args: {
    query: { type: "positional", required: false, description: "The text of the order" },
    corpus: {
      type: "string",
      alias: "c",
      valueHint: "NAME",
      description: "Search this corpus only (may be repeated)",
    },
    k: { type: "string", alias: "k", valueHint: "N", description: "How many hits; 10 unless given" },
    filter: {
      type: "string",
      valueHint: "JSON",
      description: `Only hits whose fields match: '{"status":"active"}'`,
    },
    near: {
      type: "string",
      valueHint: "PLACE",
      description: "Only hits near a place: 'Springfield, IL' or 39.8,-89.6",
    },
    miles: {
      type: "string",
      valueHint: "N",
      description: `The radius of --near; ${MILES_STANDARD} unless given`,
    },
    role: {
      type: "string",
      valueHint: "ROLE",
      description: "The role, instead of the one in the text",
    },
    mode: {
      type: "enum",
      options: [...modes],
      valueHint: "MODE",
      description: "hybrid (default), dense or lexical",
    },
    explain: {
      type: "string",
      bare: true,
      valueHint: "ID",
      description: "Show the score of each part of the ranking; with an ID, also why that row is not a hit",
    },
    at: {
      type: "string",
      valueHint: "TIME",
      description: "Rank as it was at a time, with the playbooks of then: 2026-11-29T08:00:00Z",
    },
    gate: {
      type: "enum",
      options: [...gates],
      valueHint: "GATE",
      description: "Playbooks of which roles act: strict (default), adjacent, or off for admin keys",
    },
    rerank: { type: "boolean", description: "Let the house's chat model order the first 20 hits" },
    playbook: { type: "boolean", description: "Let playbooks act, as they do; --no-playbook ranks without" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse search 'Need 3 forklift operators in Springfield, IL Monday 6am'",
    `lakehouse search 'line cook Denver CO' -k 5 --filter '{"status":"active"}' --explain`,
    "lakehouse search 'CNA night shift' --near 'Phoenix, AZ' --miles 25",
    "lakehouse search 'CNA night shift' --explain W-1042",
  ],
  run: async (args, given) => {
    const corpora = given.all("corpus");
    const k = wholeNumber("-k", args.k, 1, 1000);
    const mode = modes.find((known) => known === args.mode);
    const gate = gates.find((known) => known === args.gate);
    // `--explain 'line cook'` with no other word is the text of the order.
    const isBare = given.words.length === 0 || args.explain === "";
    const words = given.words.length === 0 && args.explain !== undefined ? [args.explain] : given.words;
    if (words.join("") === "") throw new UsageProblem("QUERY is missing: the text of the order.");
    const explainId = isBare ? undefined : args.explain;
    const input: SearchInput = {
      query_text: words.join(" "),
      // The reason is part of the table, so it is always requested; --explain shows the scores behind it.
      explain: explainId === undefined ? true : { id: explainId },
      ...(gate === undefined ? {} : { gate }),
      ...(args.at === undefined ? {} : { at: momentOf("--at", args.at) }),
      ...(args.rerank === true ? { rerank: true } : {}),
      ...(args.playbook === false ? { use_playbook: false } : {}),
      ...(corpora.length === 0 ? {} : { corpora: [...corpora] }),
      ...(k === undefined ? {} : { k }),
      ...(args.filter === undefined ? {} : { filter: jsonObject("--filter", args.filter) }),
      ...(args.near === undefined ? {} : { near: nearOf(args.near, args.miles) }),
      ...(args.role === undefined ? {} : { query_role: args.role }),
      ...(mode === undefined ? {} : { mode }),
    };
    if (args.miles !== undefined && args.near === undefined)
      throw new UsageProblem("--miles needs --near PLACE.");
    const { house } = await connect(settingsOf(args));
    const found = await house.matrixd.search(input);
    const format = formatOf(args.output);
    if (isForPeople(format)) say(`Read as: ${readAs(found)}.`);
    await emit(format, {
      fields: hitFields(found.hits, args.explain !== undefined),
      rows: found.hits,
      json: found,
      empty: found.no_match ?? "Nobody fits. Try a wider --miles, or no --filter.",
    });
    if (!isForPeople(format)) return;
    if (found.no_match !== undefined && found.hits.length > 0)
      say(`${found.no_match} These are the nearest.`);
    if (found.reranked?.applied === false)
      say(`The model did not order the hits: ${found.reranked.reason ?? "it failed"}.`);
    if (found.why_not !== undefined) say(found.why_not.message);
    if (found.playbook.degraded !== undefined)
      say(`${paintTalk("yellow", "warning:")} playbooks: ${found.playbook.degraded}`);
    for (const { role, hits } of found.further) {
      say(`${role}:`);
      await emit(format, {
        fields: hitFields(hits, args.explain !== undefined),
        rows: hits,
        json: hits,
        empty: "Nobody fits.",
      });
    }
    for (const [name, { degraded }] of Object.entries(found.per_corpus)) {
      if (degraded !== undefined) say(`${paintTalk("yellow", "warning:")} ${name}: ${degraded}`);
    }
    say(`${counted(found.hits.length, "hit")} in ${duration(found.took_ms)}.`);
  },
});

function nearOf(place: string, within: string | undefined): Near {
  const miles = within === undefined ? MILES_STANDARD : Number(within);
  if (!(miles > 0)) throw new UsageProblem(`--miles is a number above 0, not ${within}.`);
  const point = /^\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*$/.exec(place);
  if (point !== null) return { lat: Number(point[1]), lon: Number(point[2]), miles };
  const [, city, state] = /^\s*(.+?)\s*,\s*(.+?)\s*$/.exec(place) ?? [];
  if (city === undefined || state === undefined) {
    throw new UsageProblem(
      `--near is a city with its state ('Springfield, IL') or a point (39.8,-89.6), not ${place}.`,
    );
  }
  return { city, state, miles };
}

/** How the order was interpreted, in one line. */
export function readAs({ query }: Pick<Searched, "query">): string {
  const { role, roles, exclude, person, unread, corrections } = query;
  const [likely] = query.candidates;
  const guess = likely === undefined ? "" : `, perhaps ${likely.role} (${percent(likely.p)})`;
  const parts = [
    role.role === null
      ? person === undefined
        ? `no role was recognised${guess}`
        : `the person ${person.name ?? person.id}`
      : `${role.role} (${role.source}, ${percent(role.confidence)})`,
    ...roles.map(
      (other) => `also ${other.headcount === undefined ? "" : `${other.headcount} `}${other.role}`,
    ),
    ...(exclude?.roles ?? []).map((name) => `not ${name}`),
    ...(person !== undefined && role.role !== null ? [`the person ${person.name ?? person.id}`] : []),
    ...slotTexts(query.slots),
    ...corrections.map(({ typed, read }) => `${typed} as ${read}`),
  ];
  const idle = query.not_applied.length === 0 ? "" : `. Not applied: ${query.not_applied.join(", ")}`;
  return `${parts.join("; ")}${unread.length === 0 ? "" : `. Not read: ${unread.join(", ")}`}${idle}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function slotTexts(slots: Searched["query"]["slots"]): string[] {
  const { headcount, start, end, pay, pay_max: most, pay_unit: unit = "hour" } = slots;
  const money = [pay, most].map((sum) => (sum === undefined ? undefined : `$${sum.toFixed(2)}`));
  const texts = [
    headcount === undefined ? undefined : counted(headcount, "person").replace("persons", "people"),
    placeText(slots),
    slots.miles === undefined ? undefined : `within ${counted(slots.miles, "mile")}`,
    start === undefined ? undefined : `from ${startText(start)}`,
    end === undefined ? undefined : `until ${startText(end)}`,
    slots.days?.join(" "),
    slots.shift,
    slots.shift_name === undefined ? undefined : `${slots.shift_name} shift`,
    pay === undefined && most === undefined
      ? undefined
      : `${pay === undefined ? "up to " : ""}${money.filter((sum) => sum !== undefined).join(" to ")} per ${unit}`,
    slots.certifications === undefined ? undefined : `with ${slots.certifications.join(", ")}`,
    slots.languages === undefined ? undefined : `speaking ${slots.languages.join(", ")}`,
    slots.status === undefined ? undefined : `status ${slots.status}`,
    slots.urgent === true ? "urgent" : undefined,
  ];
  return texts.filter((text) => text !== undefined);
}

function placeText(slots: Searched["query"]["slots"]): string | undefined {
  const { city, state, postal_code, metro, county } = slots;
  const place = [city, county === undefined ? undefined : `${county} County`, state]
    .filter((part) => part !== undefined)
    .join(", ");
  const text = [place, postal_code].filter((part) => part !== undefined && part !== "").join(" ");
  if (text === "") return undefined;
  const area = metro === undefined || metro === city ? "" : ` (${metro})`;
  return `${text}${area}${slots.city_ambiguous === true ? " (one of several)" : ""}`;
}

/** `Mon 2026-11-23 06:00`, in the zone of the place. */
function startText(start: string): string {
  const [, date, time] = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d))?/.exec(start) ?? [];
  if (date === undefined) return start;
  const weekday = new Intl.DateTimeFormat("en-US", { weekday: "short", timeZone: "UTC" }).format(
    new Date(date),
  );
  return `${weekday} ${date}${time === undefined ? "" : ` ${time}`}`;
}

/** Columns of the table whose names a field of a corpus may not use. */
const OWN = new Set(["rank", "id", "corpus", "miles", "score", "why"]);

/** Ranks as in the response, then the corpus fields, then the score and the reason. */
export function hitFields(hits: readonly MatrixHit[], numbers: boolean): Field<MatrixHit>[] {
  const there = new Set(hits.flatMap(({ metadata }) => Object.keys(metadata)));
  const several = new Set(hits.map(({ corpus }) => corpus)).size > 1;
  const score = (
    value: (hit: MatrixHit) => number | undefined,
  ): Pick<Field<MatrixHit>, "align" | "value" | "show"> => ({
    align: "right",
    value,
    show: (hit) => value(hit)?.toFixed(3) ?? "",
  });
  return [
    { name: "rank", align: "right", value: ({ rank }) => rank },
    { name: "id", value: ({ id }) => id },
    ...(several ? [{ name: "corpus", value: ({ corpus }: MatrixHit) => corpus }] : []),
    ...[...there].map((field): Field<MatrixHit> => ({
      name: OWN.has(field) ? `field.${field}` : field,
      value: ({ metadata }) => metadata[field],
    })),
    {
      name: "miles",
      align: "right",
      value: ({ miles }) => miles,
      show: ({ miles }) => (miles === undefined ? "" : miles.toFixed(1)),
    },
    { name: "score", ...score((hit) => hit.score) },
    ...(numbers
      ? [
          ...(["dense", "lexical", "title", "role", "place"] as const).map((part): Field<MatrixHit> => ({
            name: `${part}_score`,
            ...score(({ explain }) => explain?.[part]),
          })),
          { name: "playbook_factor", ...score(({ boost }) => boost?.factor) },
        ]
      : []),
    { name: "why", value: ({ explain }) => explain?.why, show: ({ explain }) => cellText(explain?.why) },
  ];
}
