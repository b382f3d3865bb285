// For tests: a worker whose disk is full once its run is on record, so that its end cannot be written.

import type { House } from "#contracts/house";
import { reportBug, serveChild } from "#rpc/child";
import { Fault } from "#rpc/fault";
import { implement } from "#rpc/local";
import { distillWorker } from "./contract.ts";
import { workerHandlers } from "./handlers.ts";
import type { WorkerSettings } from "./main.ts";

await serveChild<WorkerSettings>(({ settings: { data, captureMode } }) => {
  const handlers = workerHandlers({ data, captureMode, house: {} as House });
  return Promise.resolve(
    implement(
      distillWorker,
      "distill",
      {
        ...handlers,
        perform: async function* (input, call) {
          for await (const state of handlers.perform(input, call)) {
            yield state;
            throw new Fault("unavailable", "The disk is full.");
          }
        },
      },
      { onBug: reportBug },
    ),
  );
});
