// The one way in to every model: each call, streamed or not, begins and ends here. Beginning finds its targets, sets its
// deadline and reserves from its key's budget; ending settles that budget and writes the row of usage, exactly once,
// however the call ended. A handler that reached a provider without `begin` would not have a target to call.

import type { ModelRequest, ModelUsage } from "#adapters/chat/chat-model";
import type { SourceLog } from "#adapters/source-log";
import type { ChatInput, ChatUsage, FinishReason } from "#contracts/chat";
import { onAbort } from "#lib/abort";
import type { Clock } from "#lib/clock";
import { deadline } from "#lib/coarse-timer";
import type { BackgroundFailures } from "#rpc/background-failures";
import { type Call, cancellation, traceIdOf } from "#rpc/call";
import { Fault } from "#rpc/fault";
import type { CallLimit, Tries } from "./attempts.ts";
import type { BudgetStore } from "./budgets/budget-store.ts";
import type { Amount } from "./budgets/budgets.ts";
import { costOf, type Prices } from "./budgets/prices.ts";
import { inputTokensOf, usageOf, type Written } from "./replies.ts";
import { type Target, targetOf } from "./targets.ts";
import type { UsageLog } from "./usage/usage-log.ts";

/** For all tries, where the request does not say. */
const DEADLINE_MS_DEFAULT = 120_000;
/** Reserved, and under a budget also asked for, where the request names no `max_tokens`. */
export const OUTPUT_TOKENS_DEFAULT = 4096;

export interface CallsDeps {
  readonly providers: ReadonlyMap<string, Target["provider"]>;
  readonly defaultModel: string | undefined;
  readonly budgets: BudgetStore;
  readonly prices: Prices;
  readonly usage: UsageLog;
  readonly clock: Clock;
  readonly elapsed: () => number;
  readonly counts: CallCounts;
  readonly failures: BackgroundFailures;
  /** The log of calls that succeeded, for distillation. */
  readonly captured: SourceLog;
}

/** By provider, for metrics. */
export interface CallCounts {
  ended(provider: string, model: string, outcome: string, usage: ChatUsage | undefined): void;
}

/** What a call gave, as far as it got. */
export interface Ended {
  readonly target: Target | undefined;
  readonly written: Written;
  readonly counted: ModelUsage | undefined;
  readonly finishReason: FinishReason | undefined;
  /** The fault it ended with. */
  readonly fault: Fault | undefined;
  readonly firstTokenMs: number | undefined;
}

export interface OpenCall {
  readonly id: string;
  readonly targets: readonly Target[];
  readonly limit: CallLimit;
  readonly tries: Tries;
  readonly adapted: string[];
  requestFor(target: Target): ModelRequest;
  tookMs(): number;
  /** Its usage, with its cost. Only the first time counts. */
  end(ended: Ended): ChatUsage;
  /** Resolves when what `end` settled is durable, where that takes a write. */
  settled(): Promise<void> | undefined;
}

export async function beginCall(
  deps: CallsDeps,
  input: ChatInput,
  call: Call,
  streamed: boolean,
): Promise<OpenCall> {
  const { prices, clock, elapsed } = deps;
  const started = elapsed();
  const targets = targetsOf(deps, input);
  const kept = deps.budgets.get();
  const budgets = kept instanceof Promise ? await kept : kept;
  const key = call.caller.id;
  const budget = budgets.limitOf(key);
  const outputTokens = input.max_tokens ?? OUTPUT_TOKENS_DEFAULT;
  const amount = reservedFor(targets, input, outputTokens, prices, budget?.usd ?? null);
  const reserving = budgets.reserve(key, amount);
  const reservation = reserving instanceof Promise ? await reserving : reserving;
  const limit = limitOf(
    call,
    Math.min(call.deadline, clock.now() + (input.deadline_ms ?? DEADLINE_MS_DEFAULT)),
  );
  const id = `chat-${crypto.randomUUID()}`;
  const tries: Tries = { attempts: [], cutOff: false };
  let settling: Promise<void> | undefined;
  let ended: ChatUsage | undefined;
  return {
    id,
    targets,
    limit,
    tries,
    adapted: [],
    requestFor: ({ model }) =>
      requestOf(input, model, budget === undefined ? input.max_tokens : outputTokens),
    tookMs: () => Math.round((elapsed() - started) * 100) / 100,
    settled: () => settling,
    end: ({ target, written, counted, finishReason, fault, firstTokenMs }) => {
      if (ended !== undefined) return ended;
      limit.clear();
      const reached = target !== undefined || tries.cutOff;
      const usage = reached ? usageOf(counted, input, written) : { input_tokens: 0, output_tokens: 0 };
      const priced = withCost(usage, target ?? targets[0], prices);
      ended = priced;
      settling = reservation.settle({
        tokens: priced.input_tokens + priced.output_tokens,
        usd: priced.cost_usd ?? 0,
      });
      // Of a call that failed or was broken off nobody waits for it.
      settling?.catch((error: unknown) => deps.failures.note("settling of a budget", error));
      const tookMs = elapsed() - started;
      const last = tries.attempts.at(-1);
      const { name: provider } = (target ?? targets[0])?.provider ?? { name: last?.provider ?? "" };
      const model = target?.model ?? last?.model ?? "";
      const outcome = fault === undefined ? "ok" : fault.code;
      deps.counts.ended(provider, model, outcome, priced);
      deps.usage.add({
        at: new Date(clock.now()).toISOString(),
        call_id: id,
        request_id: call.requestId,
        trace_id: traceIdOf(call),
        api_key: key,
        provider: last?.provider ?? provider,
        model,
        streamed,
        outcome,
        finish_reason: finishReason ?? null,
        input_tokens: priced.input_tokens,
        output_tokens: priced.output_tokens,
        cached_tokens: priced.cached_tokens ?? null,
        cache_write_tokens: priced.cache_write_tokens ?? null,
        reasoning_tokens: priced.reasoning_tokens ?? null,
        estimated: priced.estimated === true,
        cost_usd: priced.cost_usd ?? null,
        attempts: tries.attempts.length,
        first_token_ms: firstTokenMs ?? null,
        took_ms: tookMs,
        metadata: input.metadata === undefined ? null : JSON.stringify(input.metadata),
      });
      if (fault === undefined && target !== undefined)
        deps.captured.write(
          {
            schema: "chat.v1",
            recorded_at: new Date(clock.now()).toISOString(),
            call_id: id,
            trace_id: traceIdOf(call),
            provider,
            model,
            ...(finishReason === undefined ? {} : { finish_reason: finishReason }),
            usage: {
              input_tokens: priced.input_tokens,
              output_tokens: priced.output_tokens,
              ...(priced.cost_usd === undefined ? {} : { cost_usd: priced.cost_usd }),
            },
          },
          () => ({ messages: input.messages.map(capturedOf), reply: written.content }),
        );
      return priced;
    },
  };
}

/** A message as text: of images and calls of tools only that they were there. */
function capturedOf({ role, content, parts, tool_calls }: ChatInput["messages"][number]): object {
  const text =
    content ?? (parts ?? []).map((part) => (part.type === "text" ? part.text : "[image]")).join("\n");
  return { role, content: text, ...(tool_calls === undefined ? {} : { tool_calls }) };
}

function targetsOf({ providers, defaultModel }: CallsDeps, input: ChatInput): Target[] {
  const first = targetOf(input, providers, defaultModel);
  if (input.fallback === undefined) return [first];
  const rest = input.fallback.map((named, at) =>
    targetOf(named, providers, undefined, `fallback.${at}.model`),
  );
  return [first, ...rest];
}

/** What the costliest target may take. */
function reservedFor(
  targets: readonly Target[],
  input: ChatInput,
  outputTokens: number,
  prices: Prices,
  usdLimit: number | null,
): Amount {
  const inputTokens = inputTokensOf(input);
  let usd = 0;
  for (const { provider, model } of targets) {
    if (provider.free) continue;
    const priced = prices.find(provider.name, model);
    if (priced === undefined) {
      if (usdLimit === null) continue;
      throw new Fault(
        "invalid",
        `model: the price of ${provider.name}/${model} is not known, and this key's budget is in US dollars. Choose another model (lakehouse budget prices lists those with a price), or have its price added to the file of LAKEHOUSE_CHAT_PRICES.`,
      );
    }
    const plain = { input_tokens: inputTokens, output_tokens: outputTokens };
    // A provider may write all of it to its cache, which can cost more.
    const written = { ...plain, cache_write_tokens: inputTokens };
    usd = Math.max(usd, costOf(priced.price, plain), costOf(priced.price, written));
  }
  return { tokens: inputTokens + outputTokens, usd };
}

function withCost(usage: ChatUsage, target: Target | undefined, prices: Prices): ChatUsage {
  if (usage.cost_usd !== undefined || target === undefined) return usage;
  if (target.provider.free) return { ...usage, cost_usd: 0 };
  const priced = prices.find(target.provider.name, target.model);
  return priced === undefined ? usage : { ...usage, cost_usd: costOf(priced.price, usage) };
}

function requestOf(input: ChatInput, model: string, maxTokens: number | undefined): ModelRequest {
  return {
    model,
    messages: input.messages,
    temperature: input.temperature,
    max_tokens: maxTokens,
    stop: input.stop,
    seed: input.seed,
    tools: input.tools,
    tool_choice: input.tool_choice,
    response_format: input.response_format,
    reasoning: input.reasoning,
  };
}

interface ClearableLimit extends CallLimit {
  /** The call is over: forgets deadline and caller. */
  clear(): void;
}

function limitOf(call: Call, at: number): ClearableLimit {
  const controller = new AbortController();
  const forget = onAbort(call.signal, (reason) => controller.abort(cancellation(reason)));
  const late = deadline(at, () =>
    controller.abort(
      new Fault("timeout", "The model did not answer before the call's deadline (deadline_ms)."),
    ),
  );
  return {
    signal: controller.signal,
    deadline: at,
    clear: () => {
      late.clear();
      forget();
    },
  };
}
