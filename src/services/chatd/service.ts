// chatd: language models behind one neutral shape. Which provider answers, how often it is tried and what it may cost is
// decided here; how a provider is spoken to stands in its adapter.

import type { ChatProvider, ModelPiece, ModelUsage } from "#adapters/chat/chat-model";
import { ProviderFailure } from "#adapters/chat/chat-model";
import { type SourceLog, sourceLog } from "#adapters/source-log";
import type { catalog } from "#contracts/catalog";
import type {
  chat,
  ChatEvent,
  ChatInput,
  ChatReply,
  FinishReason,
  ModelPrice,
  ToolCall,
} from "#contracts/chat";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Call } from "#rpc/call";
import { cancellation } from "#rpc/call";
import type { Handlers, Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault, toFault } from "#rpc/fault";
import { type AttemptContext, endedByCaller, faultOf, firstToSucceed } from "./attempts.ts";
import { openBudgetStore } from "./budgets/budget-store.ts";
import type { PricedName, Prices } from "./budgets/prices.ts";
import { beginCall, type CallsDeps, type Ended } from "./calls.ts";
import { ChatMetrics } from "./metrics.ts";
import { messageOf } from "./replies.ts";
import { targetOf } from "./targets.ts";
import { type Lease, stateOf, upstreamsOf } from "./upstreams.ts";
import { createUsageLog } from "./usage/usage-log.ts";

export interface ChatdDeps {
  readonly providers: readonly ChatProvider[];
  /** `provider/name`. */
  readonly defaultModel?: string | undefined;
  /** The database of budgets. */
  readonly stateFile: string;
  readonly prices: Prices;
  readonly catalog: Pick<Service<typeof catalog>, "append" | "prepare" | "commit">;
  /** Where calls are captured for distillation; nowhere unless given. */
  readonly captured?: SourceLog | undefined;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly log?: Log | undefined;
}

export async function chatd(deps: ChatdDeps): Promise<Daemon<typeof chat>> {
  const { clock = systemClock, random = Math.random, log } = deps;
  const budgets = await openBudgetStore(deps.stateFile, clock, log);
  const usage = createUsageLog({ catalog: deps.catalog, clock, log });
  const upstreams = upstreamsOf(deps.providers, clock);
  const metrics = new ChatMetrics(upstreams, usage);
  const failures = new BackgroundFailures(log);
  const context: AttemptContext = { upstreams, random, elapsed: () => performance.now() };
  const captured = deps.captured ?? NOT_CAPTURED;
  const calls: CallsDeps = {
    providers: new Map(deps.providers.map((provider) => [provider.name, provider])),
    defaultModel: deps.defaultModel,
    budgets,
    prices: deps.prices,
    usage,
    clock,
    elapsed: context.elapsed,
    counts: metrics,
    failures,
    captured,
  };

  const handlers: Handlers<typeof chat> = {
    chat: (input, call) => complete(calls, context, input, call),
    chatEvents: (input, call) => stream(calls, context, input, call),
    providers: () => ({
      ...(deps.defaultModel === undefined ? {} : { default_model: deps.defaultModel }),
      providers: [...upstreams.values()].map((upstream) => {
        const models = upstream.models();
        return {
          name: upstream.provider.name,
          configured: upstream.provider.configured,
          state: stateOf(upstream),
          ...(models.length === 0 ? {} : { models }),
          slots: upstream.slots,
          ...(upstream.lastError === undefined ? {} : { last_error: upstream.lastError }),
        };
      }),
    }),
    prices: ({ model }) => {
      const names = model === undefined ? deps.prices.names : pricedAs(model, calls);
      return {
        as_of: deps.prices.asOf,
        free: deps.providers.filter(({ free }) => free).map(({ name }) => name),
        prices: names.map(shownPrice),
      };
    },
    usage: async (_, call) => (await budgets.get()).budgetOf(call.caller.id),
    budgets: async () => ({ budgets: (await budgets.get()).list() }),
    setBudget: async ({ key, tokens_per_day, usd_per_day }) => {
      const kept = await budgets.get();
      await kept.set(key, { tokens: tokens_per_day, usd: usd_per_day });
      return kept.budgetOf(key);
    },
    dropBudget: async ({ key }) => {
      if (await (await budgets.get()).drop(key)) return null;
      throw new Fault("not_found", `The key ${key} has no budget of its own.`);
    },
  };

  return {
    handlers,
    stats: () => ({
      ...metrics.counts(),
      failures: failures.counts,
      notes: metrics.notes(),
      damaged: budgets.damaged,
      captured: captured.stats(),
    }),
    metrics: () => metrics.snapshot(),
    close: async () => {
      await usage.close();
      await captured.stop();
      await budgets.close();
    },
  };
}

/** The name that a call of this model pays by; none where its price is not known. */
function pricedAs(model: string, { prices, providers, defaultModel }: CallsDeps): PricedName[] {
  const target = targetOf({ model }, providers, defaultModel);
  const found = prices.find(target.provider.name, target.model);
  return found === undefined ? [] : [found];
}

function shownPrice({ provider, model, own, price }: PricedName): ModelPrice {
  return {
    provider,
    model,
    source: own ? "own" : "built_in",
    bands: price.map(({ above, input, cached, cacheWrite, output }) => ({
      above_tokens: above,
      input_usd: input,
      cached_usd: cached,
      cache_write_usd: cacheWrite,
      output_usd: output,
    })),
  };
}

async function complete(
  calls: CallsDeps,
  context: AttemptContext,
  input: ChatInput,
  call: Call,
): Promise<ChatReply> {
  const open = await beginCall(calls, input, call, false);
  const { limit, tries, adapted } = open;
  try {
    const options = { signal: limit.signal, adapted: noting(adapted) };
    const { value, target, lease, attempts } = await firstToSucceed(
      open.targets,
      limit,
      context,
      tries,
      (target) => target.provider.complete(open.requestFor(target), options),
    );
    lease.succeed();
    const usage = open.end({
      target,
      written: value,
      counted: value.usage,
      finishReason: value.finish_reason,
      fault: undefined,
      firstTokenMs: undefined,
    });
    const settling = open.settled();
    if (settling !== undefined) await settling;
    return {
      id: open.id,
      provider: target.provider.name,
      model: value.model ?? target.model,
      message: messageOf(value),
      finish_reason: value.finish_reason,
      usage,
      attempts,
      ...(adapted.length === 0 ? {} : { adapted }),
      took_ms: open.tookMs(),
    };
  } catch (thrown) {
    open.end({ ...NOTHING, fault: toFault(thrown) });
    throw thrown;
  }
}

const NOT_CAPTURED = sourceLog({ path: "", mode: "off" });

const NOTHING = {
  target: undefined,
  written: { content: "" },
  counted: undefined,
  finishReason: undefined,
  firstTokenMs: undefined,
} as const;

/** A stream that has begun: which pieces it gives next, and what became of it before. */
interface Begun {
  readonly pieces: AsyncIterator<ModelPiece>;
  readonly first: IteratorResult<ModelPiece>;
}

async function* stream(
  calls: CallsDeps,
  context: AttemptContext,
  input: ChatInput,
  call: Call,
): AsyncGenerator<ChatEvent> {
  const open = await beginCall(calls, input, call, true);
  const { limit, tries, adapted } = open;
  const written = { content: "", reasoning: "", tool_calls: [] as ToolCall[] };
  const ended: { -readonly [K in keyof Ended]: Ended[K] } = { ...NOTHING, fault: undefined, written };
  let lease: Lease | undefined;
  let begun: Begun | undefined;
  let lastPieceAt = context.elapsed();
  try {
    const options = { signal: limit.signal, adapted: noting(adapted) };
    const succeeded = await firstToSucceed(
      open.targets,
      limit,
      context,
      tries,
      async (target): Promise<Begun> => {
        const pieces = target.provider.stream(open.requestFor(target), options)[Symbol.asyncIterator]();
        return { pieces, first: await pieces.next() };
      },
    );
    lease = succeeded.lease;
    begun = succeeded.value;
    const { target } = succeeded;
    ended.target = target;
    ended.firstTokenMs = open.tookMs();
    let model: string | undefined;
    let finish: FinishReason | undefined;
    let counted: ModelUsage | undefined;
    for (let step = begun.first; step.done !== true; step = await begun.pieces.next()) {
      const piece = step.value;
      lastPieceAt = context.elapsed();
      if (piece.kind === "text") {
        const { content = "", reasoning = "" } = piece;
        written.content += content;
        written.reasoning += reasoning;
        yield {
          event: "delta",
          ...(content === "" ? {} : { content }),
          ...(reasoning === "" ? {} : { reasoning }),
        };
      } else if (piece.kind === "tool_call") {
        written.tool_calls.push(piece.call);
        yield { event: "tool_call", ...piece.call };
      } else {
        ({ finish_reason: finish, usage: counted, model } = piece);
      }
    }
    if (finish === undefined)
      throw new ProviderFailure("upstream", "The stream ended before its finish mark.");
    lease.succeed();
    lease = undefined;
    ended.finishReason = finish;
    ended.counted = counted;
    const usage = open.end(ended);
    const settling = open.settled();
    if (settling !== undefined) await settling;
    yield { event: "usage", ...usage };
    yield {
      event: "done",
      id: open.id,
      provider: target.provider.name,
      model: model ?? target.model,
      message: messageOf(written),
      finish_reason: finish,
      usage,
      attempts: succeeded.attempts,
      ...(adapted.length === 0 ? {} : { adapted }),
      took_ms: open.tookMs(),
    };
  } catch (thrown) {
    const fault = faultFrom(
      thrown,
      lease,
      ended.target,
      tries.attempts,
      limit.signal,
      context.elapsed() - lastPieceAt,
    );
    lease = undefined;
    ended.fault = toFault(fault);
    throw fault;
  } finally {
    // A reader that stops ends the generator at a `yield`.
    lease?.abandon();
    if (lease !== undefined) ended.fault = STOPPED;
    open.end(ended);
    void begun?.pieces.return?.().catch(() => undefined);
  }
}

const STOPPED = new Fault("cancelled", "The caller stopped listening.");

/** The fault of a stream that broke off, and what its provider's breaker learns from it. */
function faultFrom(
  thrown: unknown,
  lease: Lease | undefined,
  target: Ended["target"],
  attempts: ChatReply["attempts"],
  signal: AbortSignal,
  silentMs: number,
): unknown {
  if (lease === undefined) return thrown;
  if (signal.aborted) {
    endedByCaller(lease, signal, silentMs);
    return cancellation(signal.reason);
  }
  if (!(thrown instanceof ProviderFailure)) {
    lease.abandon();
    return thrown;
  }
  lease.fail(thrown);
  const last = attempts.at(-1);
  if (last !== undefined) last.outcome = thrown.kind;
  return faultOf(thrown, target, attempts);
}

/** Each thing once. */
function noting(adapted: string[]): (what: string) => void {
  return (what) => {
    if (!adapted.includes(what)) adapted.push(what);
  };
}
