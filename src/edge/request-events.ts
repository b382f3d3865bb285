// Requests as events for observerd, sampled: a few of each route and outcome a second, each with the number of requests that
// it stands for, so that sums and rates are exact. Counting one that is not reported is an addition.

import type { Observe } from "#contracts/observe";

/** Is told of each reply; `traceparent` is the W3C trace context that came with its request. */
export type OnReply = (
  route: string,
  status: number,
  tookMs: number,
  requestId: string,
  traceparent: string | undefined,
) => void;

/** Of a route and status. */
const EVENTS_PER_SECOND = 5;
const SECOND_MS = 1000;
const FAILED = 500;

interface Outcome {
  /** The second that is counted in. */
  second: number;
  reported: number;
  /** Requests since the last one that was reported. */
  silent: number;
}

export function requestEvents(observe: Observe): OnReply {
  // Routes and statuses are few, whatever clients send.
  const outcomes = new Map<string, Map<number, Outcome>>();
  return (route, status, tookMs, requestId, traceparent) => {
    // An event about each event would be one too many.
    if (route.startsWith("observerd.")) return;
    let byStatus = outcomes.get(route);
    if (byStatus === undefined) outcomes.set(route, (byStatus = new Map()));
    let outcome = byStatus.get(status);
    if (outcome === undefined) byStatus.set(status, (outcome = { second: 0, reported: 0, silent: 0 }));
    const second = Math.floor(performance.now() / SECOND_MS);
    if (outcome.second !== second) {
      outcome.second = second;
      outcome.reported = 0;
    }
    if (outcome.reported === EVENTS_PER_SECOND) {
      outcome.silent += 1;
      return;
    }
    outcome.reported += 1;
    const count = outcome.silent + 1;
    outcome.silent = 0;
    const [, traceId, parentId] = traceparent?.split("-") ?? [];
    observe({
      source: "gateway",
      kind: "request",
      subject: route,
      level: status >= FAILED ? "error" : "info",
      data: {
        route,
        status,
        took_ms: tookMs,
        count,
        request_id: requestId,
        trace_id: traceId ?? crypto.randomUUID().replaceAll("-", ""),
        ...(parentId === undefined ? {} : { parent_span_id: parentId }),
      },
    });
  };
}
