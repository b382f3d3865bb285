// How a field is compared, by its name: what two systems rightly say differently (ids of requests, times) is ignored, lists
// whose order says nothing are sets, lists of hits are rankings. Everything else is compared as it is.

export type Rule = "ignored" | "set" | "ranking";

const RULES: readonly (readonly [RegExp, Rule])[] = [
  // What a call took, and when it was.
  [/^(took_ms|queue_ms|ms|latency_ms|duration_ms|elapsed_ms)$/, "ignored"],
  [/(^|_)(at|timestamp|created|updated)$/, "ignored"],
  // Made for this one call.
  [/^(request_id|trace_id|span_id|correlation_id)$/, "ignored"],
  [/^(tags|checked|providers|labels)$/, "set"],
  [/^(hits|results|matches)$/, "ranking"],
];

/** Of a field's own name. */
export function ruleFor(name: string): Rule | undefined {
  return RULES.find(([pattern]) => pattern.test(name))?.[1];
}
