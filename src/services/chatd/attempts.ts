// The one owner of retries. A call is tried on its targets in order: a failure that may pass is tried again on the same
// target, any failure but the caller's own moves on to the next one, and one deadline holds for all of it. What a try is,
// a whole reply or the beginning of a stream, is the caller's; here it either gives a value or fails.

import { ProviderFailure, type TryOptions } from "#adapters/chat/chat-model";
import type { ChatAttempt } from "#contracts/chat";
import { untilAbort } from "#lib/abort";
import { cancellation } from "#rpc/call";
import { Fault, type FaultCode } from "#rpc/fault";
import type { Target } from "./targets.ts";
import type { Lease, Upstream } from "./upstreams.ts";

/** On one target, the first try counted: more only load a provider that is down. */
const TRIES_MAX = 3;
const PAUSE_MS_FIRST = 250;
/** A provider that asks for a longer pause gets it from the caller. */
const PAUSE_MS_MAX = 20_000;
/** With another target to go to, waiting for this one is worth no more. */
const PAUSE_MS_MAX_BEFORE_FALLBACK = 1000;
/** For a slot of the last target; before it, a busy provider is passed over sooner. */
const SLOT_WAIT_MS_MAX = 30_000;
const SLOT_WAIT_MS_MAX_BEFORE_FALLBACK = 1000;
/** A provider that was silent for as long as this when its caller's time ran out counts as failed. */
const SILENT_MS_MIN = 30_000;

export interface AttemptContext {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  /** In [0, 1): jitter of pauses. */
  readonly random: () => number;
  /** Milliseconds that only go forward. */
  readonly elapsed: () => number;
}

/** When a call ends. `signal` fires with a Fault. */
export interface CallLimit {
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

export interface Succeeded<T> {
  readonly value: T;
  readonly target: Target;
  /** Still held: whoever reads the value to its end gives it back. */
  readonly lease: Lease;
  readonly attempts: ChatAttempt[];
  /** From the start of the try that succeeded to its value. */
  readonly triedMs: number;
}

/** What became of every try, also when all failed. */
export interface Tries {
  readonly attempts: ChatAttempt[];
  /** A provider worked on the request when its caller went away: it may be charged. */
  cutOff: boolean;
}

/** Throws a Fault whose details name every try; `tries` has them too. */
export async function firstToSucceed<T>(
  targets: readonly Target[],
  limit: CallLimit,
  context: AttemptContext,
  tries: Tries,
  attempt: (target: Target, options: Pick<TryOptions, "signal">) => Promise<T>,
): Promise<Succeeded<T>> {
  const { attempts } = tries;
  let failure: ProviderFailure | undefined;
  for (const [place, target] of targets.entries()) {
    const isLast = place === targets.length - 1;
    const upstream = context.upstreams.get(target.provider.name);
    if (upstream === undefined) continue;
    for (let count = 1; count <= TRIES_MAX; count += 1) {
      const started = context.elapsed();
      const note = (outcome: ChatAttempt["outcome"], status?: number): void => {
        const ms = Math.round((context.elapsed() - started) * 100) / 100;
        attempts.push({
          provider: target.provider.name,
          model: target.model,
          outcome,
          ...(status === undefined ? {} : { status }),
          ms,
        });
      };
      const waitMs = isLast ? SLOT_WAIT_MS_MAX : SLOT_WAIT_MS_MAX_BEFORE_FALLBACK;
      const lease = await upstream.lease(target.model, waitMs, limit.signal);
      if (typeof lease === "string") {
        note(lease);
        break;
      }
      const begun = context.elapsed();
      try {
        const value = await attempt(target, limit);
        note("ok");
        return { value, target, lease, attempts, triedMs: context.elapsed() - begun };
      } catch (thrown) {
        if (limit.signal.aborted) {
          tries.cutOff = true;
          endedByCaller(lease, limit.signal, context.elapsed() - begun);
          const fault = cancellation(limit.signal.reason);
          note(fault.code === "timeout" ? "timeout" : "cancelled");
          throw fault;
        }
        if (!(thrown instanceof ProviderFailure)) {
          lease.abandon();
          throw thrown;
        }
        lease.fail(thrown);
        note(thrown.kind, thrown.status);
        failure = thrown;
        if (thrown.kind === "invalid") throw faultOf(thrown, target, attempts);
        const pauseMs = pauseOf(thrown, count, isLast, context.random);
        if (pauseMs === undefined || Date.now() + pauseMs >= limit.deadline) break;
        await untilAbort(Bun.sleep(pauseMs), limit.signal);
      }
    }
  }
  throw faultOf(failure, targets.at(-1), attempts, context);
}

/** The caller went away, or its time is over. */
export function endedByCaller(lease: Lease, signal: AbortSignal, silentMs: number): void {
  const late = cancellation(signal.reason).code === "timeout" && silentMs >= SILENT_MS_MIN;
  if (late) lease.fail(new ProviderFailure("timeout", "The provider was silent until the call's deadline."));
  else lease.abandon();
}

/** Undefined where another try makes no sense. */
function pauseOf(
  { retryable, retryAfterMs }: ProviderFailure,
  count: number,
  isLast: boolean,
  random: () => number,
): number | undefined {
  if (!retryable || count >= TRIES_MAX) return undefined;
  const pauseMs = retryAfterMs ?? PAUSE_MS_FIRST * 2 ** (count - 1) * (0.5 + random() / 2);
  return pauseMs > (isLast ? PAUSE_MS_MAX : PAUSE_MS_MAX_BEFORE_FALLBACK) ? undefined : pauseMs;
}

const CODES: Readonly<Record<ProviderFailure["kind"], FaultCode>> = {
  invalid: "invalid",
  not_found: "not_found",
  // Our key and our credit: nothing that the caller did.
  unauthorized: "upstream",
  quota: "upstream",
  rate_limited: "rate_limited",
  overloaded: "unavailable",
  unreachable: "upstream",
  upstream: "upstream",
  timeout: "timeout",
};

const NOT_MADE: Readonly<Partial<Record<ChatAttempt["outcome"], string>>> = {
  breaker_open: "failed several times in a row and is left alone for a while",
  no_slot: "has no free slot: too many calls are under way",
};

/** The last provider's failure as a fault, with every try in its details. */
export function faultOf(
  failure: ProviderFailure | undefined,
  target: Target | undefined,
  attempts: readonly ChatAttempt[],
  context?: AttemptContext,
): Fault {
  const name = target === undefined ? "The model" : `${target.provider.name}/${target.model}`;
  const details = attempts.map(({ provider, model, outcome, status, ms }, at) => ({
    path: `attempts.${at}`,
    message: `${provider}/${model}: ${outcome}${status === undefined ? "" : ` (${status})`} after ${Math.round(ms)} ms`,
  }));
  const last = attempts.at(-1)?.outcome;
  if (last === "not_configured") {
    return new Fault("unavailable", `${name}: the provider is not set up. ${target?.provider.setup ?? ""}`, {
      details,
      reason: last,
    });
  }
  if (failure !== undefined) {
    return new Fault(CODES[failure.kind], `${name}: ${failure.message}`, {
      details,
      cause: failure,
      reason: failure.kind,
      retryAfterMs: failure.retryAfterMs,
    });
  }
  const opensInMs =
    target === undefined ? 0 : (context?.upstreams.get(target.provider.name)?.opensInMs(target.model) ?? 0);
  return new Fault("unavailable", `${name} ${NOT_MADE[last ?? "no_slot"] ?? "was not called"}.`, {
    details,
    reason: last,
    retryAfterMs: Math.max(1000, opensInMs),
  });
}
