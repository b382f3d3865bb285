// Embedding texts that were embedded before, through the whole house: what the edge, the contract machine and
// the cache cost on top of sending the same bytes.

import { assert } from "#lib/assert";
import { type LoadRequest, type LoadResult, measure } from "./load/load.ts";
import { tailRow, throughputRow } from "./report/figures.ts";
import { inTurns, medianOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { handedFile } from "./servers/handed-file.ts";
import { startHouse } from "./servers/house.ts";
import { startServer } from "./servers/server-process.ts";

const CLIENTS = 10;
/** Of the built-in model. */
const DIMENSION = 768;
const P99_MS_MAX = 2;

const TEXTS = [
  "forklift operator in Dallas, TX; OSHA 10",
  "three line cooks for a Friday banquet, Chicago",
  "registered nurse, night shift, Phoenix, AZ",
  "warehouse associate with pallet jack experience",
  "welder, MIG and TIG, second shift, Houston, TX",
  "hotel housekeeper, weekends, Orlando, FL",
];

const REQUESTS: readonly LoadRequest[] = TEXTS.map((text) => ({
  path: "/v1/embed",
  body: JSON.stringify({ texts: [text] }),
}));

export const bench: Bench = {
  name: "embed",
  summary: `cached embedding of ${DIMENSION} dimensions through the house, ${CLIENTS} clients, against sending the same bytes`,
  rows,
};

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const replies: string[] = [];
  for (const text of TEXTS) {
    const reply = await house.call("POST", "/v1/embed", { texts: [text] });
    assert(
      (reply as { dimension: number }).dimension === DIMENSION,
      `the model gives ${DIMENSION} dimensions`,
    );
    replies.push(JSON.stringify(reply));
  }
  const file = handedFile(replies);
  const bare = await startServer(import.meta.resolve("./servers/bare-replies.ts"), file.path);
  const load = async (url: string, pids: readonly number[], rate?: number): Promise<LoadResult> => {
    const pace = rate === undefined ? {} : { rate };
    return sound(
      await measure({ target: { url }, clients: CLIENTS, seconds, bodies: REQUESTS, pids, ...pace }),
    );
  };
  try {
    const pids = house.pids();
    const closed = await inTurns(rounds, {
      house: () => load(house.url, pids),
      bare: () => load(bare.url, [bare.pid]),
    });
    const rate = Math.floor(medianOf(closed.house.map(({ per_second }) => per_second)) / 2);
    const open = await inTurns(rounds, {
      house: () => load(house.url, pids, rate),
      bare: () => load(bare.url, [bare.pid], rate),
    });
    const compared = { subject: closed.house, reference: closed.bare, referenceName: "the same bytes" };
    const tail = { of: "figure", is: "<=", limit: P99_MS_MAX } as const;
    return [
      throughputRow({ ...compared, name: "cached, together", bar: { of: "ratio", is: ">=", limit: 0.55 } }),
      tailRow({ ...compared, name: "cached, together, p99", bar: tail }),
      tailRow({
        ...compared,
        subject: open.house,
        reference: open.bare,
        name: "cached, together, p99 at half that rate",
        bar: tail,
      }),
    ];
  } finally {
    await house.stop();
    await bare.stop();
    file.remove();
  }
}
