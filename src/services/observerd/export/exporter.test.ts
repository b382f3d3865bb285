import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { ObservedEvent } from "#contracts/observe";
import { BackgroundFailures } from "#rpc/background-failures";
import { type CollectedSpan, type Collector, startCollector } from "./collector.testing.ts";
import { Exporter, type ExporterOptions, type ExportTarget } from "./exporter.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const AT = "2026-11-21T12:00:01.000Z";

let seq = 0;
const chat = (data: Record<string, unknown> = {}): ObservedEvent => {
  seq += 1;
  return {
    seq,
    at: AT,
    source: "chatd",
    kind: "chat",
    level: "info",
    data: {
      trace_id: TRACE,
      parent_span_id: "b7ad6b7169203331",
      took_ms: 250.5,
      provider: "ollama",
      model: "qwen3",
      input_tokens: 12,
      output_tokens: 34,
      cost_usd: 0.002,
      finish_reason: "stop",
      temperature: 0.2,
      ...data,
    },
  };
};

const attributesOf = ({ attributes }: CollectedSpan): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value as object)[0] as unknown]));

describe("an exporter", () => {
  let collector: Collector;
  let exporter: Exporter | undefined;
  beforeEach(() => {
    collector = startCollector();
  });
  afterEach(async () => {
    await exporter?.close(100);
    await collector.stop();
  });

  const open = (target: Partial<ExportTarget> = {}, options: Partial<ExporterOptions> = {}): Exporter =>
    (exporter = new Exporter(
      {
        name: "otlp",
        tracesUrl: `${collector.url}/v1/traces`,
        metricsUrl: `${collector.url}/v1/metrics`,
        headers: {},
        ...target,
      },
      {
        spelling: "both",
        version: "1.2.3",
        delayMs: 1,
        metricsMs: 1,
        retryMs: 1,
        failures: new BackgroundFailures(undefined),
        ...options,
      },
    ));
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await Bun.sleep(2);
  };

  test("sends a call to a model as a span of the GenAI conventions, in both spellings", async () => {
    open().add(chat());
    await until(() => collector.spans.length === 1);
    const [span] = collector.spans as [CollectedSpan];
    expect(span).toMatchObject({
      traceId: TRACE,
      parentSpanId: "b7ad6b7169203331",
      name: "chat qwen3",
      kind: 3,
      startTimeUnixNano: "1795262400749500000",
      endTimeUnixNano: "1795262401000000000",
      status: { code: 0 },
    });
    expect(attributesOf(span)).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "ollama",
      "gen_ai.system": "ollama",
      "gen_ai.request.model": "qwen3",
      "gen_ai.usage.input_tokens": "12",
      "gen_ai.usage.prompt_tokens": "12",
      "gen_ai.usage.output_tokens": "34",
      "gen_ai.request.temperature": 0.2,
      "gen_ai.response.finish_reasons": { values: [{ stringValue: "stop" }] },
      "lakehouse.source": "chatd",
    });
  });

  test("sends one spelling where one is asked for", async () => {
    open({}, { spelling: "current" }).add(chat());
    await until(() => collector.spans.length === 1);
    const [first] = collector.spans.splice(0) as [CollectedSpan];
    expect(
      Object.keys(attributesOf(first)).some((name) => /gen_ai\.(system|usage\.prompt_tokens)/.test(name)),
    ).toBe(false);
    await exporter?.close(100);
    open({}, { spelling: "older" }).add(chat());
    await until(() => collector.spans.length === 1);
    const [older] = collector.spans as [CollectedSpan];
    expect(attributesOf(older)).toMatchObject({ "gen_ai.system": "ollama" });
    expect(attributesOf(older)["gen_ai.provider.name"]).toBeUndefined();
  });

  test("sends Langfuse its own names, with its keys, and no metrics", async () => {
    open({ name: "langfuse", metricsUrl: undefined, headers: { authorization: "Basic cGs6c2s=" } }).add(
      chat({ input: "hello", output: "there", conversation_id: "c1" }),
    );
    await until(() => collector.spans.length === 1);
    expect(attributesOf(collector.spans[0] as CollectedSpan)).toMatchObject({
      "langfuse.observation.type": "generation",
      "langfuse.observation.model.name": "qwen3",
      "langfuse.observation.usage_details": '{"input":12,"output":34}',
      "langfuse.observation.cost_details": '{"total":0.002}',
      "langfuse.observation.input": "hello",
      "langfuse.session.id": "c1",
    });
    expect(collector.requests).toEqual([
      { path: "/v1/traces", authorization: "Basic cGs6c2s=", status: 200 },
    ]);
  });

  test("reports metrics since the start, with the buckets of the conventions", async () => {
    const own = open();
    for (const tookMs of [15, 250, 90_000]) own.add(chat({ took_ms: tookMs }));
    own.add({
      seq: 0,
      at: AT,
      source: "gateway",
      kind: "request",
      level: "error",
      data: { took_ms: 5, count: 7 },
    });
    await until(() => collector.metrics.length > 0);
    const named = new Map(collector.metrics.map((metric) => [metric.name, metric]));
    const [duration] = named.get("gen_ai.client.operation.duration")?.histogram?.dataPoints ?? [];
    expect(duration?.bucketCounts).toEqual([
      "0",
      "1",
      "0",
      "0",
      "0",
      "1",
      ...Array<string>(8).fill("0"),
      "1",
    ]);
    expect(
      named.get("gen_ai.client.inference.tokens")?.sum?.dataPoints.map(({ asDouble }) => asDouble),
    ).toEqual([36, 102]);
    expect(named.get("gen_ai.client.token.usage")?.histogram?.dataPoints).toHaveLength(2);
    expect(named.get("lakehouse.events")?.sum?.dataPoints.map(({ asDouble }) => asDouble)).toEqual([3, 7]);
  });

  test("has an end to its series, however many names a sender makes up", async () => {
    const own = open();
    for (let at = 0; at < 1500; at += 1) own.add({ ...chat(), source: `s${at}`, kind: "x", data: {} });
    await until(() => collector.metrics.length > 0);
    const points = collector.metrics.find(({ name }) => name === "lakehouse.events")?.sum?.dataPoints ?? [];
    expect(points).toHaveLength(1001);
    expect(points.reduce((sum, { asDouble }) => sum + asDouble, 0)).toBe(1500);
  });

  test("tries again what may be tried again, and what may not is lost and counted", async () => {
    collector.replies.push(() => new Response(null, { status: 503 }));
    const own = open({ metricsUrl: undefined });
    own.add(chat());
    await until(() => own.stats.sent === 1);
    expect(own.stats).toMatchObject({ sent: 1, dropped: 0, failures: 1 });
    collector.replies.push(() => new Response("no", { status: 401 }));
    own.add(chat());
    await until(() => own.stats.dropped === 1);
    expect(own.stats.last_error).toBe("The collector answered 401.");
    collector.replies.push(() => Response.json({ partialSuccess: { rejectedSpans: "1" } }));
    own.add(chat());
    await until(() => own.stats.dropped === 2);
    expect([own.stats.sent, collector.spans.length]).toEqual([1, 2]);
  });

  test("spans that come while others are sent gather again", async () => {
    const own = open({ metricsUrl: undefined }, { delayMs: 1500 });
    const begun = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    collector.replies.push(async () => {
      begun.resolve();
      await held.promise;
      return Response.json({});
    });
    own.add(chat());
    await begun.promise;
    for (let more = 0; more < 3; more += 1) own.add(chat());
    held.resolve();
    await until(() => own.stats.sent === 1);
    await Bun.sleep(20);
    expect(collector.spans).toHaveLength(1);
    await own.close(5000);
    expect([own.stats.sent, collector.spans.length]).toEqual([4, 4]);
  });

  test("a collector that is gone, or hangs, costs a queue with an end", async () => {
    const own = open({ metricsUrl: undefined });
    collector.replies.push(() => new Promise<never>(() => undefined));
    own.add(chat());
    await Bun.sleep(20);
    for (let at = 0; at < 5000; at += 1) own.add(chat());
    expect(own.stats.dropped).toBe(5000 - 2048);
    await collector.stop();
    await until(() => own.stats.dropped === 5001);
    expect(own.stats.last_error).toMatch(/could not be reached/);
  }, 60_000);
});
