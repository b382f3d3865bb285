// Closing the door without turning anybody away who was let in. Closing a server cuts kept connections that are silent
// at that moment, among them those whose next request is on its way. So first nobody new is greeted, and every reply is
// marked as the last one of its connection; who was told that does not send another. Connections end by themselves then,
// and one that stays silent all along has no request under way.

import { listeningSocket, portCensus } from "#lib/listening-socket";
import { Fault } from "#rpc/fault";
import { drainServer } from "#rpc/listen";
import type { Route } from "#rpc/serve";
import { type Answer, type Answers, lastReply } from "./passing.ts";

/** A client whose connection was silent for that long while the door closes had not sent a request. */
const SILENT_MS = 100;
/** How often the door is looked at. */
const LOOK_MS = 10;

/** Closes a server that answers with `answers`, in at most `drainMs`. */
export async function sayFarewell(
  server: Bun.Server<unknown>,
  answers: Answers,
  drainMs: number,
): Promise<void> {
  const started = performance.now();
  const port = server.port ?? 0;
  listeningSocket(port)?.hush();
  server.reload(
    eachAnswer(answers, (answer) => async (request, server) => lastReply(await answer(request, server))),
  );
  let silentSince = started;
  while (performance.now() - started < drainMs) {
    // What waited in the queue of connections is let in by now.
    await Bun.sleep(LOOK_MS);
    const now = performance.now();
    if (server.pendingRequests > 0) silentSince = now;
    else if (now - silentSince > SILENT_MS || nobodyAt(port)) break;
  }
  await drainServer(server, started + drainMs - performance.now());
}

function nobodyAt(port: number): boolean {
  const census = portCensus(port);
  return census?.accepted === 0 && census.coming === 0;
}

function eachAnswer({ routes, fetch }: Answers, change: (answer: Answer) => Answer): Answers {
  const changed: Record<string, Record<string, Answer>> = {};
  for (const [pattern, methods] of Object.entries(routes)) {
    changed[pattern] = Object.fromEntries(
      Object.entries(methods).map(([method, answer]) => [method, change(answer)]),
    );
  }
  return { routes: changed, fetch: change(fetch) };
}

/**
 * A stream of events that only watches is not waited for, it may go on for hours: it ends with a fault when `leaving`
 * fires, and whoever follows it asks again.
 */
export function watching(route: Route, leaving: AbortSignal): Route {
  const { operation, handle } = route;
  if (operation.reply !== "events" || operation.method !== "GET") return route;
  return {
    ...route,
    handle: async (request, exchange) => {
      const { body, status, headers } = await handle(request, exchange);
      if (body === null || status !== 200) return new Response(body, { status, headers });
      const fault = new Fault("unavailable", "The house is ending or being replaced. Ask again.", {
        origin: "gateway",
      });
      const lastWords = `event: fault\ndata: ${JSON.stringify(fault.body(exchange.requestId))}\n\n`;
      return new Response(endedBy(leaving, body, lastWords), { status, headers });
    },
  };
}

function endedBy(
  signal: AbortSignal,
  source: ReadableStream<Uint8Array>,
  lastWords: string,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const stopped = Promise.withResolvers<"stopped">();
  const stop = (): void => stopped.resolve("stopped");
  const forget = (): void => signal.removeEventListener("abort", stop);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const step = await Promise.race([reader.read(), stopped.promise]);
      if (step !== "stopped" && !step.done) return controller.enqueue(step.value);
      forget();
      if (step === "stopped") {
        controller.enqueue(new TextEncoder().encode(lastWords));
        void reader.cancel().catch(() => undefined);
      }
      controller.close();
    },
    cancel: (reason) => {
      forget();
      return reader.cancel(reason);
    },
  });
}
