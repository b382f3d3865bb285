// Events recorded through the whole house, over HTTP and durable when answered, in batches and one by one; and what finding
// an event by its subject costs in a journal of many segments. Beside it: the same bytes appended to a file and flushed.

import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const BATCH = 1000;
const BATCH_WRITERS = 4;
const SINGLE_WRITERS = 64;
const EVENTS_A_SECOND_MIN = 20_000;
/** Among this many and more, which the rounds before have recorded. */
const FOUND_MS_MAX = 20;

export const bench: Bench = {
  name: "journal",
  summary:
    "Events recorded in batches and one by one, beside bare appends that are flushed; finding them again",
  rows,
};

/** As coordinators make them: some hundred bytes. */
function event(n: number): object {
  return {
    type: n % 3 === 0 ? "shift.confirmed" : "order.received",
    subject: `order-${n % 100_000}`,
    actor: "coordinator-7",
    data: {
      order_id: `order-${n % 100_000}`,
      role: "Forklift Operator",
      city: "Springfield",
      state: "IL",
      headcount: 1 + (n % 9),
      pay_rate: 18.5 + (n % 40) / 4,
      note: "Bring steel-toe boots and the badge from the last shift.",
    },
  };
}

async function rows({ seconds, rounds }: Settings): Promise<Row[]> {
  const house = await startHouse({ apart: false });
  const folder = mkdtempSync(join(tmpdir(), "lakehouse-bench-journal-"));
  try {
    const bodies = Array.from({ length: 16 }, (_, batch) =>
      JSON.stringify(Array.from({ length: BATCH }, (__, n) => event(batch * BATCH + n))),
    );
    const singles = Array.from({ length: 1000 }, (_, n) => JSON.stringify(event(n)));
    const batched = await inTurns(rounds, {
      journal: () => posted(house, bodies, { clients: BATCH_WRITERS, events: BATCH, seconds }),
      bare: () => flushed(folder, bodies, { clients: BATCH_WRITERS, events: BATCH, seconds }),
    });
    const single = await inTurns(rounds, {
      journal: () => posted(house, singles, { clients: SINGLE_WRITERS, events: 1, seconds }),
      bare: () => flushed(folder, singles, { clients: SINGLE_WRITERS, events: 1, seconds }),
    });
    const { events, segments } = (await house.call("GET", "/v1/journal")) as {
      events: number;
      segments: number;
    };
    const found: number[] = [];
    for (let n = 0; n < 50; n += 1) {
      const started = performance.now();
      await house.call("GET", `/v1/journal/events?subject=order-${(n * 7919) % 16_000}&last=5`);
      found.push(performance.now() - started);
    }
    const started = performance.now();
    const { ok } = (await house.call("GET", "/v1/journal/verify")) as { ok: boolean };
    if (!ok) throw new Error("the journal does not verify");
    const verifiedPerSecond = (1000 * events) / (performance.now() - started);
    return [
      {
        name: `batches of ${BATCH} by ${BATCH_WRITERS} clients`,
        unit: "events/s",
        subject: spreadOf(batched.journal),
        reference: { name: "the same JSON appended and flushed", figure: medianOf(batched.bare) },
        ratio: ratioOf(batched.journal, batched.bare, (rate) => rate),
        bar: { of: "figure", is: ">=", limit: EVENTS_A_SECOND_MIN },
        figures: { verified_per_second: verifiedPerSecond },
      },
      {
        name: `one by one by ${SINGLE_WRITERS} clients`,
        unit: "events/s",
        subject: spreadOf(single.journal),
        reference: { name: "the same JSON appended and flushed", figure: medianOf(single.bare) },
        ratio: ratioOf(single.journal, single.bare, (rate) => rate),
        bar: { of: "ratio", is: ">=", limit: 1 },
        figures: {},
      },
      {
        name: "the newest five of a subject",
        unit: "ms",
        subject: spreadOf(found),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: FOUND_MS_MAX },
        figures: { events, segments },
      },
    ];
  } finally {
    await house.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Load {
  readonly clients: number;
  /** In one body. */
  readonly events: number;
  readonly seconds: number;
}

/** Events a second of clients that each send when the last reply is there. */
async function rateOf(
  { clients, events, seconds }: Load,
  send: (n: number) => Promise<void>,
): Promise<number> {
  const started = performance.now();
  let sent = 0;
  let recorded = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < started + seconds * 1000) {
      await send((sent += 1));
      recorded += events;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (1000 * recorded) / (performance.now() - started);
}

function posted(house: HouseProcess, bodies: readonly string[], load: Load): Promise<number> {
  return rateOf(load, async (n) => {
    const body = bodies[n % bodies.length] ?? "";
    const reply = await fetch(`${house.url}/v1/journal/events`, { method: "POST", body });
    if (!reply.ok) throw new Error(await reply.text());
    await reply.arrayBuffer();
  });
}

/** Appended and flushed for each body, one after the other, as a program does that knows of nothing better. */
async function flushed(folder: string, bodies: readonly string[], load: Load): Promise<number> {
  const file = await open(join(folder, "bare"), "a");
  try {
    return await rateOf({ ...load, clients: 1 }, async (n) => {
      await file.write(bodies[n % bodies.length] ?? "");
      await file.datasync();
    });
  } finally {
    await file.close();
  }
}
