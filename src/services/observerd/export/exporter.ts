// Sends spans and metrics to a collector, in the background: a queue with an end, batches, and a few tries for what the
// collector says may be tried again (OTLP 1.x, "Failures"). What cannot be sent is dropped and counted; nothing waits for it.

import type { ObservedEvent } from "#contracts/observe";
import { onAbort } from "#lib/abort";
import { deadline } from "#lib/coarse-timer";
import type { BackgroundFailures } from "#rpc/background-failures";
import { EventMetrics } from "./metrics.ts";
import type { Spelling } from "./names.ts";
import { type OtlpSpan, spanOf, tracesOf } from "./otlp.ts";

export interface ExportTarget {
  readonly name: "otlp" | "langfuse";
  /** Of traces. */
  readonly tracesUrl: string;
  /** Undefined where the target takes none. */
  readonly metricsUrl?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExporterOptions {
  readonly spelling: Spelling;
  readonly version: string;
  /** Seconds between two batches of spans, and between two reports of metrics. */
  readonly delayMs?: number;
  readonly metricsMs?: number;
  readonly retryMs?: number;
  readonly failures: BackgroundFailures;
}

const QUEUE_SPANS_MAX = 2048;
const BATCH_SPANS_MAX = 512;
const DELAY_MS = 5000;
const METRICS_MS = 60_000;
/** A collector that takes longer is as good as down. */
const SEND_MS_MAX = 10_000;
const TRIES_MAX = 3;
const RETRY_MS = 1000;
/** Seconds; a collector that asks for a longer pause loses the batch. */
const RETRY_AFTER_S_MAX = 30;
const MAY_RETRY: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Of a reply that is read for its problem. */
const REPLY_CHARS_MAX = 300;

export class Exporter {
  readonly #target: ExportTarget;
  readonly #options: ExporterOptions;
  readonly #metrics: EventMetrics | undefined;
  #queue: OtlpSpan[] = [];
  #sending: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #metricsTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #closing = new AbortController();
  #sent = 0;
  #dropped = 0;
  #failures = 0;
  #lastError: string | undefined;

  constructor(target: ExportTarget, options: ExporterOptions) {
    this.#target = target;
    this.#options = options;
    if (target.metricsUrl !== undefined) this.#metrics = new EventMetrics(options.spelling, Date.now());
  }

  get stats(): {
    readonly name: ExportTarget["name"];
    readonly sent: number;
    readonly dropped: number;
    readonly failures: number;
    readonly last_error?: string;
  } {
    return {
      name: this.#target.name,
      sent: this.#sent,
      dropped: this.#dropped,
      failures: this.#failures,
      ...(this.#lastError === undefined ? {} : { last_error: this.#lastError }),
    };
  }

  add(event: ObservedEvent): void {
    if (this.#metrics !== undefined) {
      this.#metrics.add(event);
      this.#metricsTimer ??= this.#after(this.#options.metricsMs ?? METRICS_MS, () => {
        this.#metricsTimer = undefined;
        void this.#sendMetrics();
      });
    }
    const span = spanOf(event, {
      spelling: this.#options.spelling,
      langfuse: this.#target.name === "langfuse",
    });
    if (span === undefined) return;
    if (this.#queue.length >= QUEUE_SPANS_MAX) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(span);
    this.#schedule();
  }

  #after(ms: number, work: () => void): ReturnType<typeof setTimeout> {
    const timer = setTimeout(work, ms);
    timer.unref();
    return timer;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#sending !== undefined || this.#closing.signal.aborted) return;
    this.#timer = this.#after(this.#options.delayMs ?? DELAY_MS, () => {
      this.#timer = undefined;
      this.#sending = this.#sendSpans().finally(() => {
        this.#sending = undefined;
        if (this.#queue.length > 0) this.#schedule();
      });
    });
  }

  /** Until less than `least` wait: spans that come while a batch is sent gather again. */
  async #sendSpans(least = BATCH_SPANS_MAX): Promise<void> {
    do {
      const batch = this.#queue.splice(0, BATCH_SPANS_MAX);
      const refused = await this.#send(this.#target.tracesUrl, tracesOf(batch, this.#options.version));
      const dropped = refused === undefined ? batch.length : Math.min(refused, batch.length);
      this.#dropped += dropped;
      this.#sent += batch.length - dropped;
      // The rest waits for the next turn: a collector that is down is not asked more often.
      if (refused === undefined) return;
    } while (this.#queue.length >= least);
  }

  async #sendMetrics(): Promise<void> {
    const request = this.#metrics?.request(Date.now(), this.#options.version);
    if (request === undefined || this.#target.metricsUrl === undefined) return;
    // Counts are since the start, so the next report makes up for one that was lost.
    await this.#send(this.#target.metricsUrl, request);
  }

  /** How many spans the collector rejected of those that it took, or undefined when it took none. Never throws. */
  async #send(url: string, request: object): Promise<number | undefined> {
    const body = JSON.stringify(request);
    for (let tries = 1; ; tries += 1) {
      let pauseMs: number | undefined;
      const late = new AbortController();
      const limit = deadline(Date.now() + SEND_MS_MAX, () => late.abort());
      const forget = onAbort(this.#closing.signal, () => late.abort());
      try {
        const response = await fetch(url, {
          method: "POST",
          headers: { "content-type": "application/json", ...this.#target.headers },
          body,
          redirect: "error",
          signal: late.signal,
        });
        const text = (await response.text()).slice(0, REPLY_CHARS_MAX);
        if (response.ok) {
          this.#lastError = undefined;
          return rejectedIn(text);
        }
        this.#fail(`The collector answered ${response.status}.`);
        if (!MAY_RETRY.has(response.status)) return undefined;
        const afterS = Number(response.headers.get("retry-after") ?? 0);
        if (afterS > RETRY_AFTER_S_MAX) return undefined;
        pauseMs = afterS * 1000;
      } catch (error) {
        this.#fail(`The collector could not be reached (${codeOf(error)}).`);
      } finally {
        limit.clear();
        forget();
      }
      if (tries === TRIES_MAX || this.#closing.signal.aborted) return undefined;
      const base = this.#options.retryMs ?? RETRY_MS;
      await Bun.sleep(Math.max(pauseMs ?? 0, base * 2 ** (tries - 1) * (0.5 + Math.random())));
    }
  }

  #fail(problem: string): void {
    this.#failures += 1;
    this.#options.failures.count(`export to ${this.#target.name}`);
    this.#lastError = problem;
  }

  /** Sends what is there, for at most `msMax`. */
  async close(msMax: number): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#metricsTimer);
    const rest = (async () => {
      await this.#sending;
      if (this.#queue.length > 0) await this.#sendSpans(1);
      await this.#sendMetrics();
    })();
    await Promise.race([rest, Bun.sleep(msMax)]);
    this.#closing.abort();
  }
}

/** `{"partialSuccess":{"rejectedSpans":"3"}}` */
function rejectedIn(text: string): number {
  try {
    const reply = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } };
    return Number(reply.partialSuccess?.rejectedSpans ?? 0) || 0;
  } catch {
    // A collector may answer with nothing, or with what is no JSON: it took them.
    return 0;
  }
}

/** Never the message: it may quote the address, and that a key. */
function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === "string" ? code : typeof name === "string" ? name : "unknown";
}
