// What chatd counts of its work, for /metrics and health: calls, tokens and cost by provider and model, the state of each
// breaker, and rows of usage that were lost.

import type { ChatUsage } from "#contracts/chat";
import type { CallCounts } from "./calls.ts";
import type { Upstream } from "./upstreams.ts";
import type { UsageLog } from "./usage/usage-log.ts";

/** Callers choose names of models; past this many they are counted together. */
const MODELS_MAX = 500;
const OTHERS = "other";

interface Tally {
  readonly provider: string;
  readonly model: string;
  readonly byOutcome: Map<string, number>;
  input: number;
  output: number;
  usd: number;
}

const STATE_VALUES = { closed: 0, half_open: 1, open: 2 } as const;

export class ChatMetrics implements CallCounts {
  readonly #upstreams: ReadonlyMap<string, Upstream>;
  readonly #usage: UsageLog;
  readonly #tallies = new Map<string, Tally>();

  constructor(upstreams: ReadonlyMap<string, Upstream>, usage: UsageLog) {
    this.#upstreams = upstreams;
    this.#usage = usage;
  }

  ended(provider: string, model: string, outcome: string, usage: ChatUsage | undefined): void {
    const tally = this.#tallyOf(provider, model);
    tally.byOutcome.set(outcome, (tally.byOutcome.get(outcome) ?? 0) + 1);
    tally.input += usage?.input_tokens ?? 0;
    tally.output += usage?.output_tokens ?? 0;
    tally.usd += usage?.cost_usd ?? 0;
  }

  #tallyOf(provider: string, model: string): Tally {
    const key = `${provider}/${model}`;
    const found = this.#tallies.get(key);
    if (found !== undefined) return found;
    if (this.#tallies.size >= MODELS_MAX && model !== OTHERS) return this.#tallyOf(provider, OTHERS);
    const tally: Tally = { provider, model, byOutcome: new Map(), input: 0, output: 0, usd: 0 };
    this.#tallies.set(key, tally);
    return tally;
  }

  counts(): Record<string, number> {
    const { written, waiting, lost } = this.#usage.counts;
    return { usage_rows_written: written, usage_rows_waiting: waiting, usage_rows_lost: lost };
  }

  /** For health: what does not work as it should, a sentence each. */
  notes(): string[] {
    const open = [...this.#upstreams].flatMap(([provider, upstream]) =>
      upstream
        .models()
        .flatMap(({ name, state }) =>
          state === "closed" ? [] : [`${provider}/${name} fails and is left alone (breaker ${state}).`],
        ),
    );
    const { lost } = this.#usage.counts;
    return lost === 0 ? open : [...open, `${lost} rows of chat_usage were lost.`];
  }

  /** In the shape of prom-client's `registry.getMetricsAsJSON()`. */
  snapshot(): object[] {
    const tallies = [...this.#tallies.values()];
    const labels = ({ provider, model }: Tally) => ({ service: "chatd", provider, model });
    const counter = (name: string, help: string, values: object[]): object => {
      return { name, help, type: "counter", aggregator: "sum", values };
    };
    const states = [...this.#upstreams].flatMap(([provider, upstream]) =>
      upstream.models().map(({ name: model, state }) => ({
        labels: { service: "chatd", provider, model },
        value: STATE_VALUES[state],
      })),
    );
    return [
      counter(
        "lakehouse_chat_calls_total",
        "Calls of models that ended, by outcome",
        tallies.flatMap((tally) =>
          [...tally.byOutcome].map(([outcome, value]) => ({ labels: { ...labels(tally), outcome }, value })),
        ),
      ),
      counter(
        "lakehouse_chat_tokens_total",
        "Tokens read and written by models",
        tallies.flatMap((tally) => [
          { labels: { ...labels(tally), kind: "input" }, value: tally.input },
          { labels: { ...labels(tally), kind: "output" }, value: tally.output },
        ]),
      ),
      counter(
        "lakehouse_chat_cost_usd_total",
        "What calls of models cost, where the price is known",
        tallies.map((tally) => ({ labels: labels(tally), value: tally.usd })),
      ),
      {
        name: "lakehouse_chat_breaker_state",
        help: "0 closed, 1 half open, 2 open",
        type: "gauge",
        aggregator: "max",
        values: states,
      },
      counter("lakehouse_chat_usage_rows_lost_total", "Rows of chat_usage that could not be written", [
        { labels: { service: "chatd" }, value: this.#usage.counts.lost },
      ]),
    ];
  }
}
