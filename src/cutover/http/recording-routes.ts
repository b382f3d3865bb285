// Recordings over HTTP: start, list, stop, fetch, remove.

import { z } from "zod";
import { Fault } from "#rpc/fault";
import { parseInput } from "#rpc/input/invalid-input";
import type { Route } from "#rpc/route";
import type { Recordings } from "../cutover.ts";
import { RECORDING_MS_MAX } from "../record/recording.ts";
import { actorOf, operation, segment } from "./operation.ts";

const wish = z.strictObject({
  for_ms: z.int().min(100).max(RECORDING_MS_MAX),
  routes: z.array(z.string()).min(1).max(50).optional(),
  percent: z.number().optional(),
  why: z.string().max(2000).default(""),
  actor: z.string().min(1).max(200).optional(),
});

export function recordingRoutes(recordings: Recordings): Route[] {
  const path = "/v1/cutover/recordings";
  return [
    operation("recordings", "GET", path, async () => ({ recordings: await recordings.list() })),
    operation("record", "POST", path, async (body, exchange) => {
      const given = parseInput(wish, body ?? {}) as z.infer<typeof wish>;
      return recordings.start({
        forMs: given.for_ms,
        routes: given.routes,
        percent: given.percent,
        actor: actorOf(exchange, given.actor),
        reason: given.why,
      });
    }),
    operation("stopRecording", "POST", `${path}/:id/stop`, (_, _exchange, request) =>
      recordings.stop(segment(request, 2)),
    ),
    operation("recording", "GET", `${path}/:id`, async (_, exchange, request) => {
      const file = Bun.file(await recordings.file(segment(request)));
      if (!(await file.exists())) throw new Fault("not_found", "The file of this recording is gone.");
      const headers: Record<string, string> = { "content-type": "application/x-ndjson" };
      exchange.seal(headers, 200);
      exchange.setTimeoutS?.(0);
      return new Response(file.stream(), { headers });
    }),
    operation("removeRecording", "DELETE", `${path}/:id`, async (_, _exchange, request) => {
      await recordings.remove(segment(request));
      return { recordings: await recordings.list() };
    }),
  ];
}
