// A fill of forty people over a hundred thousand workers, as a coordinator waits for it: the order is read, people are
// ranked, everyone around the place is checked with the fill rules, and what was decided is in the journal when the reply
// comes. Beside it the parts that it is made of, each called alone. The roster and the corpus are warm; the first fill after
// a start also loads the roster, which is told apart.

import { largestPlace, loadPeople, loadRoster } from "./data/people.ts";
import { spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const WORKERS = 100_000;
const PEOPLE = 40;
const ANSWER_MS_MAX = 300;

export const bench: Bench = {
  name: "fill",
  summary: `a fill of ${PEOPLE} people over ${WORKERS} workers, and the time of its parts`,
  rows,
};

async function rows({ rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  try {
    await loadPeople(house, WORKERS);
    const place = await largestPlace(house);
    const text = `Need ${PEOPLE} ${place.role} in ${place.city}, ${place.state} Friday 6a-2p $45`;
    const rosterMs = await loadRoster(house);
    const first = await opened(house, text);
    const times: Record<"open" | "propose" | "role" | "search" | "screen" | "append", number[]> = {
      open: [],
      propose: [],
      role: [],
      search: [],
      screen: [],
      append: [],
    };
    let shown = 0;
    let proposed = 0;
    for (let round = 0; round < Math.max(rounds, 5); round += 1) {
      const fill = await opened(house, text);
      times.open.push(fill.ms);
      shown = fill.shortlist.length;
      const path = `/v1/fills/${fill.fill_id}`;
      const [seats, proposeMs] = await timed(async () => {
        const changed = (await house.call("POST", `${path}/propose`, { version: 1, auto: true })) as {
          seats: unknown[];
          version: number;
        };
        return changed;
      });
      times.propose.push(proposeMs);
      proposed = seats.seats.length;
      await house.call("POST", `${path}/close`, { version: seats.version, result: "lost" });
      times.role.push((await timed(() => house.call("POST", "/v1/matrix/role", { text })))[1]);
      const search = { query_text: text, corpora: ["workers"], k: 120, explain: true };
      times.search.push((await timed(() => house.call("POST", "/v1/matrix/search", search)))[1]);
      const event = { type: "bench.fill", subject: fill.fill_id, data: { text } };
      times.append.push((await timed(() => house.call("POST", "/v1/journal/events", event)))[1]);
      const { lat, lon, ...order } = fill.order;
      const judged = {
        worker_ids: fill.shortlist.map(({ worker_id }) => worker_id),
        roster: "workers",
        context: {
          order: {
            ...order,
            lat,
            lon,
            order_id: "bench",
            client_id: "bench",
            soc: undefined,
            languages: undefined,
          },
        },
      };
      times.screen.push((await timed(() => house.call("POST", "/v1/validate/workers", judged)))[1]);
    }
    const figure = (name: keyof typeof times): number => spreadOf(times[name]).median;
    const parts = {
      role_ms: figure("role"),
      search_ms: figure("search"),
      screen_shortlist_ms: figure("screen"),
      append_ms: figure("append"),
    };
    return [
      {
        name: `open: ${PEOPLE} people over ${WORKERS}`,
        unit: "ms",
        subject: spreadOf(times.open),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: ANSWER_MS_MAX },
        figures: {
          shortlist: shown,
          excluded: first.excluded.length,
          first_ms: first.ms,
          roster_load_ms: rosterMs,
          ...parts,
        },
      },
      {
        name: `propose by rank: ${PEOPLE} people over ${WORKERS}`,
        unit: "ms",
        subject: spreadOf(times.propose),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: ANSWER_MS_MAX },
        figures: { proposed },
      },
    ];
  } finally {
    await house.stop();
  }
}

interface Opened {
  readonly fill_id: string;
  readonly order: Record<string, unknown>;
  readonly shortlist: readonly { readonly worker_id: string }[];
  readonly excluded: readonly unknown[];
}

async function opened(house: HouseProcess, text: string): Promise<Opened & { ms: number }> {
  const body = { order_text: text, order: { client_id: "bench" }, k: PEOPLE };
  const [fill, ms] = await timed(() => house.call("POST", "/v1/fills", body));
  return { ...(fill as Opened), ms };
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const started = performance.now();
  return [await work(), performance.now() - started];
}
