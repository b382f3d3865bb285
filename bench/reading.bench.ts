// Reading orders: what a reading costs by the length of its text, which shows whether it is linear, what the first one
// costs in time and memory, and how many slots of ten thousand made orders are read as they were meant.

import { openGazetteer } from "#adapters/places/geonames";
import { makeOrder, ORDER_SLOTS, slotMistakes } from "#domain/orders/made-orders.testing";
import { type OrderReader, orderReader } from "#domain/orders/read-order";
import { titlesOf } from "#domain/orders/tables/titles";
import { STATES } from "#domain/places";
import { ROLES } from "#domain/roles";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row } from "./report/row.ts";

const LENGTHS = [50, 100, 200, 400, 1000, 2000, 4000];
const ROUNDS = 9;
const WARM_ROUNDS = 4;
/** In one round: CPU time is counted in steps. */
const READINGS = 25;
/** Milliseconds at a length in characters; between these the bar grows with the length. */
const SHORT = { chars: 200, ms: 1 };
const LONG = { chars: 4000, ms: 20 };
const PLACES_MS_MAX = 50;
const WORDS_MS_MAX = 100;
const FIRST_MIB_MAX = 30;
const MADE = 10_000;
const RIGHT_SHARE_MIN = 0.95;
/** The moment that made orders are meant at. */
const NOW = Date.parse("2026-11-27T15:00:00Z");

const ORDER =
  "Hi team, we could use 8 packers and 2 forklift operators at the Reno, NV site from Monday 6am to 2:30pm. Rate is " +
  "$17.75-19/hr, must have OSHA 10 and speak Spanish, no CDL needed, steel toes, 2nd shift. Thanks, Dana Miller\n";

export const bench: Bench = {
  name: "reading",
  summary: `orders of ${LENGTHS[0]} to ${LENGTHS.at(-1)} characters, the first reading, and ${MADE} made orders`,
  rows: async () => {
    const { reader, rows } = await firstReading();
    // Ten thousand readings before the curve: what the first ones cost more, until their code is compiled, is a row above.
    const made = madeRow(reader);
    return [...rows, ...LENGTHS.map((chars) => curveRow(reader, chars)), made];
  },
};

async function firstReading(): Promise<{ reader: OrderReader; rows: Row[] }> {
  const places = await firstUse("places", PLACES_MS_MAX, openGazetteer);
  const words = await firstUse("words, and one reading", WORDS_MS_MAX, async () => {
    const own = orderReader({ titles: titlesOf(ROLES), states: STATES, gazetteer: places.made });
    own.read(ORDER, NOW);
    return own;
  });
  return { reader: words.made, rows: [...places.rows, ...words.rows] };
}

async function firstUse<T>(
  name: string,
  msMax: number,
  make: () => Promise<T>,
): Promise<{ made: T; rows: Row[] }> {
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  const started = process.cpuUsage();
  const made = await make();
  const ms = cpuMs(started);
  Bun.gc(true);
  const mib = (process.memoryUsage.rss() - before) / 2 ** 20;
  return {
    made,
    rows: [
      row(`first use of ${name}, CPU`, "ms", [ms], { of: "figure", is: "<=", limit: msMax }),
      row(`first use of ${name}, memory`, "MiB", [mib], { of: "figure", is: "<=", limit: FIRST_MIB_MAX }),
    ],
  };
}

/** CPU time and not the wall clock: what neighbours do to a shared machine does not show in it. */
function cpuMs(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

function curveRow(reader: OrderReader, chars: number): Row {
  const text = ORDER.repeat(Math.ceil(chars / ORDER.length)).slice(0, chars);
  const times: number[] = [];
  // The first rounds warm up.
  for (let round = -WARM_ROUNDS; round < ROUNDS; round++) {
    const started = process.cpuUsage();
    for (let reading = 0; reading < READINGS; reading++) reader.read(text, NOW);
    if (round >= 0) times.push(cpuMs(started) / READINGS);
  }
  const share = Math.max(0, chars - SHORT.chars) / (LONG.chars - SHORT.chars);
  const limit = SHORT.ms + share * (LONG.ms - SHORT.ms);
  const perChar = (spreadOf(times).median * 1000) / chars;
  return row(
    `${chars} characters`,
    "ms",
    times,
    { of: "figure", is: "<=", limit },
    { us_per_character: perChar },
  );
}

function madeRow(reader: OrderReader): Row {
  const wrong: Record<string, number> = {};
  let right = 0;
  for (let seed = 1; seed <= MADE; seed++) {
    const made = makeOrder(seed);
    const mistakes = slotMistakes(made, reader.read(made.text, NOW));
    right += ORDER_SLOTS.length - mistakes.length;
    for (const slot of mistakes) wrong[`wrong_${slot}`] = (wrong[`wrong_${slot}`] ?? 0) + 1;
  }
  const share = right / (MADE * ORDER_SLOTS.length);
  return row(
    `${MADE} made orders`,
    "share",
    [share],
    { of: "figure", is: ">=", limit: RIGHT_SHARE_MIN },
    wrong,
  );
}

function row(
  name: string,
  unit: string,
  values: readonly number[],
  bar: Row["bar"],
  figures: Record<string, number> = {},
): Row {
  return { name, unit, subject: spreadOf(values), reference: null, ratio: null, bar, figures };
}
