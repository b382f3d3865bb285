// The upstream side of each provider: its slots, and a breaker for each of its models. What the house knows of how providers are
// stands here and nowhere else; health, metrics and `GET /v1/chat/providers` read it.

import { LRUCache } from "lru-cache";
import type { ChatProvider, ProviderFailure } from "#adapters/chat/chat-model";
import type { BreakerState, ChatAttempt } from "#contracts/chat";
import type { Clock } from "#lib/clock";
import type { QueueFigures } from "#lib/figures";
import { Semaphore } from "#lib/semaphore";
import { type Breaker, createBreaker, type Permit } from "./breaker.ts";

/** Callers that may wait for a slot of one provider; more would not get one in time. */
const WAITING_MAX = 1024;
/** Models of a provider that are remembered: callers choose the names. */
const MODELS_MAX = 256;

/** A call that is on its way: it holds a slot and a permit, and gives both back with one of its functions. */
export interface Lease {
  succeed(): void;
  fail(failure: ProviderFailure): void;
  abandon(): void;
}

/** Why a call was not made. */
export type NotMade = "breaker_open" | "no_slot" | "not_configured";

export interface LastError {
  readonly model: string;
  readonly outcome: ChatAttempt["outcome"];
  readonly status?: number | undefined;
  readonly at: string;
}

export interface UpstreamView {
  readonly provider: ChatProvider;
  readonly slots: { readonly used: number; readonly max: number };
  readonly lastError: LastError | undefined;
  models(): readonly { readonly name: string; readonly state: BreakerState }[];
}

/** How much longer a provider without credit is left alone than one that stumbled. */
const QUOTA_OPEN_MS = 60_000;
/** Failures that say how the provider is; the others say how a request or a key is. */
const COUNTED: ReadonlySet<string> = new Set(["overloaded", "unreachable", "upstream", "timeout"]);

export class Upstream implements UpstreamView {
  readonly provider: ChatProvider;
  readonly #clock: Clock;
  readonly #slots: Semaphore;
  readonly #breakers = new LRUCache<string, Breaker>({ max: MODELS_MAX });
  lastError: LastError | undefined;

  constructor(provider: ChatProvider, clock: Clock) {
    this.provider = provider;
    this.#clock = clock;
    this.#slots = new Semaphore(provider.slotsMax, WAITING_MAX);
  }

  get queue(): QueueFigures {
    return this.#slots.figures;
  }

  get slots(): { used: number; max: number } {
    return { used: this.#slots.used, max: this.provider.slotsMax };
  }

  models(): { name: string; state: BreakerState }[] {
    return [...this.#breakers.entries()].map(([name, breaker]) => ({ name, state: breaker.state() }));
  }

  /** Milliseconds until a model's breaker lets a call through. */
  opensInMs(model: string): number {
    return this.#breakers.peek(model)?.opensInMs() ?? 0;
  }

  /** Rejects with the signal's reason; gives the outcome of a call that is not made. */
  async lease(model: string, waitMsMax: number, signal: AbortSignal): Promise<Lease | NotMade> {
    if (!this.provider.configured) return "not_configured";
    let breaker = this.#breakers.get(model);
    if (breaker === undefined) {
      breaker = createBreaker(() => this.#clock.now());
      this.#breakers.set(model, breaker);
    }
    if (breaker.state() === "open") return "breaker_open";
    const release = await this.#slots.take(waitMsMax, signal);
    if (release === undefined) return "no_slot";
    const permit = breaker.permit();
    if (permit === undefined) {
      release();
      return "breaker_open";
    }
    return this.#leased(model, permit, release);
  }

  #leased(model: string, permit: Permit, release: () => void): Lease {
    return {
      succeed: () => {
        release();
        permit.succeed();
      },
      abandon: () => {
        release();
        permit.abandon();
      },
      fail: (failure) => {
        release();
        const { kind, status } = failure;
        this.lastError = {
          model,
          outcome: kind,
          ...(status === undefined ? {} : { status }),
          at: new Date(this.#clock.now()).toISOString(),
        };
        if (COUNTED.has(kind)) permit.fail();
        else if (kind === "quota") permit.fail(failure.retryAfterMs ?? QUOTA_OPEN_MS);
        // It answered, so it is there.
        else if (kind === "rate_limited") permit.abandon();
        else permit.succeed();
      },
    };
  }
}

/** By the provider's name. */
export function upstreamsOf(providers: readonly ChatProvider[], clock: Clock): ReadonlyMap<string, Upstream> {
  return new Map(providers.map((provider) => [provider.name, new Upstream(provider, clock)]));
}

/** From the worst on. */
const WORST: readonly BreakerState[] = ["open", "half_open", "closed"];

/** The worst of its models. */
export function stateOf(upstream: UpstreamView): BreakerState {
  const states = new Set(upstream.models().map(({ state }) => state));
  return WORST.find((state) => states.has(state)) ?? "closed";
}
