// The entry point of a worker. See `contract.ts`.

import { house as contracts, type House } from "#contracts/house";
import { reportBug, serveChild } from "#rpc/child";
import type { Contract } from "#rpc/contract";
import { implement } from "#rpc/local";
import { remote } from "#rpc/remote";
import { distillWorker } from "./contract.ts";
import { type WorkerDeps, workerHandlers } from "./handlers.ts";

export interface WorkerSettings extends Pick<WorkerDeps, "data" | "captureMode"> {
  /** Where the gateway serves the routes of its house. */
  readonly socket: string;
}

await serveChild<WorkerSettings>(({ settings: { socket, data, captureMode } }) => {
  const neighbours = Object.entries(contracts).map(([name, contract]) => [
    name,
    remote(contract as Contract, { unix: socket }, { origin: name }),
  ]);
  const house = Object.fromEntries(neighbours) as House;
  return Promise.resolve(
    implement(distillWorker, "distill", workerHandlers({ data, captureMode, house }), {
      onBug: reportBug,
    }),
  );
});
