// What the contract machine adds to bare code: over HTTP against Bun.serve and Zod by hand, and in process
// against an async function.

import { fileURLToPath } from "node:url";
import { measure, type LoadResult } from "./load/load.ts";
import { cpuRow } from "./report/figures.ts";
import { inTurns, medianOf, ratioOf, spreadOf } from "./report/rounds.ts";
import type { Bench, Row, Settings } from "./report/row.ts";
import { sound } from "./report/sound.ts";
import { QUESTION } from "./servers/contract-work.ts";
import { type ServerProcess, startServer } from "./servers/server-process.ts";

/** Enough to keep one core of the server busy all the time. */
const CLIENTS = 32;

const REQUESTS = [{ path: "/v1/search", body: JSON.stringify(QUESTION) }];

export const bench: Bench = {
  name: "contract-machine",
  summary: "op, implement, routes, listen and local() against bare code that does the same work",
  rows: async (settings) => [...(await overHttp(settings)), await inProcess(settings)],
};

async function overHttp({ seconds, rounds }: Settings): Promise<Row[]> {
  const entry = import.meta.resolve("./servers/contract-server.ts");
  const machine = await startServer(entry, "machine");
  const bare = await startServer(entry, "bare");
  const identified = await startServer(entry, "identified");
  const load = async ({ url, pid }: ServerProcess): Promise<LoadResult> =>
    sound(await measure({ target: { url }, clients: CLIENTS, seconds, bodies: REQUESTS, pids: [pid] }));
  try {
    const results = await inTurns(rounds, {
      machine: () => load(machine),
      bare: () => load(bare),
      identified: () => load(identified),
    });
    const compared = { subject: results.machine, bar: { of: "ratio", is: "<=", limit: 1.1 } } as const;
    return [
      cpuRow({ ...compared, name: "over HTTP", reference: results.bare, referenceName: "Bun.serve + Zod" }),
      cpuRow({
        ...compared,
        name: "over HTTP, ids",
        reference: results.identified,
        referenceName: "the same + request id",
      }),
    ];
  } finally {
    for (const server of [machine, bare, identified]) await server.stop();
  }
}

async function inProcess({ rounds }: Settings): Promise<Row> {
  const entry = fileURLToPath(import.meta.resolve("./servers/contract-calls.ts"));
  const child = Bun.spawn([process.execPath, "--no-env-file", entry, String(rounds)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const costs = (await new Response(child.stdout).json()) as Record<"bare" | "zod" | "local", number[]>;
  const us = (cost: number): number => cost;
  return {
    name: "in process",
    unit: "us CPU/call",
    subject: spreadOf(costs.local),
    reference: { name: "async function + Zod", figure: medianOf(costs.zod) },
    ratio: ratioOf(costs.local, costs.zod, us),
    bar: { of: "figure", is: "<=", limit: 1 },
    figures: { cpu_us_per_request: medianOf(costs.local), bare_async_us: medianOf(costs.bare) },
  };
}
