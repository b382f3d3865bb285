// An OpenTelemetry collector that keeps what it gets, and refuses what is not OTLP in JSON as the specification has it
// (opentelemetry-proto, `trace.proto`, `metrics.proto`; OTLP 1.x, "JSON Protobuf Encoding").

import { z } from "zod";

const nanos = z.string().regex(/^\d{16,20}$/);
const count = z.string().regex(/^\d+$/);
const anyValue: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ arrayValue: z.strictObject({ values: z.array(anyValue) }) }),
  ]),
);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value: anyValue }));
const resource = z.strictObject({ attributes });
const scope = z.strictObject({ name: z.string(), version: z.string().optional() });

const span = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }),
});

const traces = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource,
        scopeSpans: z.array(z.strictObject({ scope, spans: z.array(span).min(1) })),
      }),
    )
    .min(1),
});

const point = { attributes, startTimeUnixNano: nanos, timeUnixNano: nanos } as const;
const temporality = z.literal(2);
const metric = z.strictObject({
  name: z.string(),
  unit: z.string(),
  sum: z
    .strictObject({
      dataPoints: z.array(z.strictObject({ ...point, asDouble: z.number() })),
      aggregationTemporality: temporality,
      isMonotonic: z.literal(true),
    })
    .optional(),
  histogram: z
    .strictObject({
      dataPoints: z.array(
        z
          .strictObject({
            ...point,
            count,
            sum: z.number(),
            bucketCounts: z.array(count),
            explicitBounds: z.array(z.number()),
          })
          .refine(({ bucketCounts, explicitBounds }) => bucketCounts.length === explicitBounds.length + 1)
          .refine(
            ({ bucketCounts, count }) =>
              bucketCounts.reduce((sum, one) => sum + Number(one), 0) === Number(count),
          ),
      ),
      aggregationTemporality: temporality,
    })
    .optional(),
});
const metrics = z.strictObject({
  resourceMetrics: z.array(
    z.strictObject({ resource, scopeMetrics: z.array(z.strictObject({ scope, metrics: z.array(metric) })) }),
  ),
});

export type CollectedSpan = z.infer<typeof span>;
export type CollectedMetric = z.infer<typeof metric>;

export interface Collector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  /** Of the last report. */
  metrics: readonly CollectedMetric[];
  readonly requests: {
    readonly path: string;
    readonly authorization: string | null;
    readonly status: number;
  }[];
  /** What the next requests are answered with; 200 when there is none. */
  readonly replies: (() => Response | Promise<Response>)[];
  stop(): Promise<void>;
}

export function startCollector(): Collector {
  const spans: CollectedSpan[] = [];
  const requests: Collector["requests"] = [];
  const replies: Collector["replies"] = [];
  const collector = { metrics: [] as readonly CollectedMetric[] };
  const keep = (path: string, body: unknown): void => {
    if (path.endsWith("/v1/metrics")) {
      collector.metrics = metrics
        .parse(body)
        .resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    } else {
      spans.push(
        ...traces
          .parse(body)
          .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      );
    }
  };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const path = new URL(request.url).pathname;
      const answer = replies.shift();
      let reply = await answer?.();
      const isTaken = reply === undefined || reply.ok;
      if (isTaken) {
        try {
          keep(path, await request.json());
        } catch (error) {
          reply = new Response(String(error), { status: 400 });
        }
      }
      reply ??= Response.json({ partialSuccess: {} });
      requests.push({ path, authorization: request.headers.get("authorization"), status: reply.status });
      return reply;
    },
  });
  return Object.assign(collector, {
    url: `http://127.0.0.1:${server.port}`,
    spans,
    requests,
    replies,
    stop: () => server.stop(true),
  });
}
