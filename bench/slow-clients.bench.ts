// Five thousand connections that never get to the point: half a head, half a body, bodies byte by byte, replies that
// nobody takes. Others are asked beside them whether they notice: their answers must be right, as prompt as without,
// and the house's memory must not grow by more than the connections' buffers. Then it waits until the house has
// cut those that it waits for.
//
// The clients need some 5,000 open files, and so does the house (`ulimit -n` of 20,000 is plenty).

import { assert, present } from "#lib/assert";
import { type LoadResult, measure } from "./load/load.ts";
import { memoryOf } from "./load/processes.ts";
import { type SlowClients, type SlowStart, startSlowClients } from "./load/slow-clients.ts";
import { medianOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { type HouseProcess, startHouse } from "./servers/house.ts";

const EACH = 700;
/** The kernel keeps 4 MiB for each of these; many more would show what it does without memory, and not what we do. */
const TAKE_NOTHING = 100;
/** A house at half its strength shows what disturbs it; one at its limit shows only that. */
const RATE = 500;
const CLIENTS = 10;
/** The platform's buffers and ours, with what a reply that is not taken leaves in memory. */
const KIB_PER_CONNECTION_MAX = 64;
/** Of idle timeouts, twice: a head, then a body; and the platform's clock ticks every 4 s. */
const CUT_S_MAX = 70;
const POLL_MS = 1000;
const OBJECT_BYTES = 4 * 1024 * 1024;

const HOST = "host: 127.0.0.1\r\n";
const begun = (line: string, length: number, body: string): string =>
  `${line} HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;

const STARTS: Readonly<Record<string, SlowStart>> = {
  head_silent: { text: "POST /v1/embed HTTP/1.1\r\nho", clients: EACH, drips: false, reads: true },
  head_dripped: {
    text: `POST /v1/embed HTTP/1.1\r\n${HOST}x-slow: `,
    clients: EACH,
    drips: true,
    reads: true,
  },
  json_silent: {
    text: begun("POST /v1/embed", 1000, '{"texts":["'),
    clients: EACH,
    drips: false,
    reads: true,
  },
  json_dripped: { text: begun("POST /v1/sql", 1000, '{"sql":"'), clients: EACH, drips: true, reads: true },
  file_silent: {
    text: begun("PUT /v1/storage/slow", 1_000_000, "some"),
    clients: EACH,
    drips: false,
    reads: true,
  },
  file_dripped: {
    text: begun("POST /v1/ingest?dataset=slow", 1_000_000, "id\n1"),
    clients: EACH,
    drips: true,
    reads: true,
  },
  file_stalled: {
    text: begun("PUT /v1/storage/slow", 1_000_000, "x".repeat(70 * 1024)),
    clients: EACH,
    drips: true,
    reads: true,
  },
  reply_not_taken: {
    text: `GET /v1/storage/large HTTP/1.1\r\n${HOST}\r\n`,
    clients: TAKE_NOTHING,
    drips: false,
    reads: false,
  },
};

const CONNECTIONS = Object.values(STARTS).reduce((sum, { clients }) => sum + clients, 0);

export const bench: Bench = {
  name: "slow-clients",
  summary: `${CONNECTIONS} connections that are half-open, trickle or take nothing, and all other clients`,
  rows,
};

async function rows(settings: Settings): Promise<Row[]> {
  const found: Row[] = [];
  for (const topology of ["together", "apart"] as const) {
    const house = await startHouse({ apart: topology === "apart" });
    try {
      found.push(...(await beside(house, topology, settings)));
    } finally {
      await house.stop();
    }
  }
  return found;
}

async function beside(house: HouseProcess, topology: string, { seconds, rounds }: Settings): Promise<Row[]> {
  const stored = await fetch(`${house.url}/v1/storage/large`, {
    method: "PUT",
    body: new Uint8Array(OBJECT_BYTES),
  });
  assert(stored.status === 201, "the object is stored");
  const load = async (): Promise<LoadResult> =>
    sound(
      await measure({
        target: { url: house.url },
        clients: CLIENTS,
        seconds,
        rate: RATE,
        bodies: [
          { path: "/v1/embed", body: JSON.stringify({ texts: ["forklift operator"] }) },
          { path: "/v1/sql", body: JSON.stringify({ sql: "select 42 as n" }) },
          { path: "/health" },
        ],
      }),
    );
  const several = async (): Promise<LoadResult[]> => {
    const results: LoadResult[] = [];
    for (let round = 0; round < rounds; round += 1) results.push(await load());
    return results;
  };
  await load();
  const without = await several();
  const bytesBefore = bytesOf(house);
  const slow = await startSlowClients({ url: house.url, starts: Object.values(STARTS) });
  try {
    const begunAt = performance.now();
    const openAtFirst = slow.state.open;
    const withThem = [await load()];
    const bytesWith = bytesOf(house);
    while (withThem.length < rounds) withThem.push(await load());
    await ended(slow, begunAt);
    const p99 = ({ p99_ms }: LoadResult): number => p99_ms;
    const cutS = Object.fromEntries(
      Object.keys(STARTS).map((name, index) => [`${name}_cut_s`, slow.state.lastCutS[index] ?? 0]),
    );
    return [
      {
        name: `${topology}: p99 of others`,
        unit: "ms",
        subject: spreadOf(withThem.map(p99)),
        reference: { name: "without them", figure: medianOf(without.map(p99)) },
        ratio: spreadOf(withThem.map((result) => p99(result) / medianOf(without.map(p99)))),
        bar: { of: "ratio", is: "<=", limit: 2 },
        figures: {
          open_at_first: openAtFirst,
          answered: withThem.reduce((sum, one) => sum + one.requests, 0),
        },
      },
      {
        name: `${topology}: memory for each`,
        unit: "KiB",
        subject: spreadOf([Math.max(0, bytesWith - bytesBefore) / 1024 / CONNECTIONS]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: KIB_PER_CONNECTION_MAX },
        figures: { before_mib: bytesBefore / 1024 ** 2, with_them_mib: bytesWith / 1024 ** 2 },
      },
      {
        name: `${topology}: until the last was cut`,
        unit: "s",
        subject: spreadOf([Math.max(...slow.state.lastCutS)]),
        reference: null,
        ratio: null,
        bar: { of: "figure", is: "<=", limit: CUT_S_MAX },
        figures: { ...cutS, still_open: slow.state.open },
      },
    ];
  } finally {
    await slow.stop();
  }
}

/** Waits until all were cut, not much longer than that may take. */
async function ended(slow: SlowClients, begunAt: number): Promise<void> {
  while (slow.state.open > 0 && performance.now() - begunAt < CUT_S_MAX * 1000) await Bun.sleep(POLL_MS);
}

function bytesOf(house: HouseProcess): number {
  return present(memoryOf(house.pids()), "memory, from /proc,").pssBytes;
}
