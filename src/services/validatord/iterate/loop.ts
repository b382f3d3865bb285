// Generate, validate, correct, try again. A model drafts; code judges the draft, corrects by itself what needs no judgement,
// and asks again for the parts that failed. It ends when a draft passes, and in any case: after so many tries, at the
// deadline, when the same draft comes a second time, when something is wrong that is not the draft's to correct, and at once when the
// draft asks for a protected trait, which is refused and not negotiated.

import type { chat, ChatMessage, ChatReply } from "#contracts/chat";
import type {
  ArtifactKind,
  Context,
  Finding,
  IterateAttempt,
  Iterated,
  IterateUsage,
} from "#contracts/validate";
import { applyFixes } from "#domain/fixes";
import { PROTECTED_LAW } from "#domain/law/protected-terms";
import { EXTRACT_BYTES_MAX, extractJson } from "#lib/extract-json";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { type Fault, toFault } from "#rpc/fault";
import type { Judge } from "../judge.ts";
import { canonical, failingParts, isOfOrder, withParts } from "./parts.ts";
import { correction, firstMessages, noObject } from "./prompts.ts";

export interface IterateRequest {
  readonly kind: ArtifactKind;
  readonly prompt: string;
  readonly context?: Context | undefined;
  readonly roster?: string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly escalate_model?: string | undefined;
  readonly max_iterations: number;
  readonly temperature?: number | undefined;
  readonly seed?: number | undefined;
  readonly deadline_ms: number;
}

export interface LoopDeps {
  readonly chat: Pick<Service<typeof chat>, "chat">;
  readonly judge: Judge;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How a run ended, without what is only known to whoever recorded it. */
export type Run = Omit<Iterated, "trace_id" | "untraced" | "took_ms">;

/** Of a reply, what the history keeps. */
const RAW_CHARS_MAX = 64 * 1024;
/**
 * What a draft may take, the model's thoughts included: it is reserved of the caller's budget, so that a small one should be
 * enough for a small draft. A proposal of 500 rows is some 20,000 tokens.
 */
const OUTPUT_TOKENS = 8192;
const OUTPUT_TOKENS_A_ROW = 64;
const OUTPUT_TOKENS_MAX = 32_768;
/** Rounds of corrections by code on one draft: one may bring up another. */
const FIX_ROUNDS_MAX = 3;

interface Judgement {
  readonly artifact: unknown;
  readonly findings: Finding[];
  readonly ok: boolean;
  readonly fixes: NonNullable<IterateAttempt["fixes"]>;
}

/** Yields each attempt as it ends, and returns the run. */
export async function* iterate(
  request: IterateRequest,
  { chat, judge, now }: LoopDeps,
  call: CallInit,
): AsyncGenerator<IterateAttempt, Run> {
  const { kind, prompt, context = {}, max_iterations: most } = request;
  const deadline = Math.min(now() + request.deadline_ms, call.deadline ?? Infinity);
  const opening = firstMessages(kind, prompt, context);
  const history: IterateAttempt[] = [];
  const seen = new Set<string>();
  let messages: ChatMessage[] = opening;
  let parts: string[] = [];
  let artifact: unknown = null;
  let findings: Finding[] = [];

  const ended = (ok: boolean, stopped: Run["stopped"]): Run => ({
    ok,
    artifact,
    iterations: history.length,
    findings,
    history,
    stopped,
    usage: history.map(({ usage }) => usage).reduce(sum, NO_USAGE),
  });

  for (let iteration = 1; iteration <= most; iteration += 1) {
    if (now() >= deadline) return ended(false, "deadline");
    const started = performance.now();
    const isLast = iteration === most && iteration > 1;
    const attempt = (
      status: IterateAttempt["status"],
      reply: ChatReply | undefined,
      more: Partial<IterateAttempt> = {},
    ): IterateAttempt => {
      const made: IterateAttempt = {
        iteration,
        status,
        raw: (reply?.message.content ?? "").slice(0, RAW_CHARS_MAX).toWellFormed(),
        ...(reply === undefined ? {} : { provider: reply.provider, model: reply.model }),
        usage: reply === undefined ? NO_USAGE : usageOf(reply),
        ...more,
        ms: performance.now() - started,
      };
      history.push(made);
      return made;
    };

    let reply: ChatReply;
    try {
      reply = await chat.chat(chatInput(request, messages, iteration, isLast, deadline - now()), {
        ...call,
        deadline,
      });
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code === "cancelled" || isOfRequest(fault, iteration)) throw fault;
      yield attempt("provider_error", undefined, { error: `${fault.code}: ${fault.message}` });
      // Retries and other providers are chatd's business, and were tried.
      return ended(false, now() >= deadline ? "deadline" : "provider_error");
    }

    const raw = reply.message.content;
    const read = Buffer.byteLength(raw) > EXTRACT_BYTES_MAX ? undefined : extractJson(raw);
    if (read?.value === undefined || read.value === null) {
      const error =
        read === undefined ? "The reply has more than 1 MiB." : "There is no JSON object in the reply.";
      yield attempt("no_json", reply, { error });
      if (isSeen(seen, raw.slice(0, RAW_CHARS_MAX))) return ended(false, "same_artifact");
      if (artifact === null) messages = [...opening, ...noObject(raw)];
      continue;
    }

    const draft =
      isRecord(artifact) && parts.length > 0 ? withParts(kind, artifact, parts, read.value) : read.value;
    const judged = await judgeAndFix(judge, request, draft, call);
    ({ artifact, findings } = judged);
    const told = { findings, ...(judged.fixes.length === 0 ? {} : { fixes: judged.fixes }) };
    if (judged.ok) {
      yield attempt("accepted", reply, told);
      return ended(true, "accepted");
    }
    yield attempt("validation_failed", reply, told);
    if (findings.some(isRefusal)) return ended(false, "protected_term");
    const errors = findings.filter(({ severity }) => severity === "error");
    // As long as the order has one, no draft passes, however good it becomes.
    if (errors.some(({ path }) => isOfOrder(path))) return ended(false, "order_at_fault");
    if (isSeen(seen, canonical(artifact))) return ended(false, "same_artifact");
    parts = failingParts(kind, findings);
    messages = [...opening, ...correction(artifact, findings, parts)];
  }
  return ended(false, "max_iterations");
}

/** The draft judged, with what code can correct corrected. */
async function judgeAndFix(
  judge: Judge,
  { kind, context, roster }: IterateRequest,
  draft: unknown,
  call: CallInit,
): Promise<Judgement> {
  const fixes: NonNullable<IterateAttempt["fixes"]> = [];
  let artifact = draft;
  for (let round = 0; ; round += 1) {
    const { findings, ok } = await judge({ kind, artifact, context, roster }, call);
    const fixed = ok || round === FIX_ROUNDS_MAX ? artifact : applyFixes(artifact, findings);
    if (ok || canonical(fixed) === canonical(artifact)) return { artifact, findings, ok, fixes };
    for (const { code, fix } of findings)
      if (fix !== undefined) fixes.push({ code, path: fix.path, value: fix.value });
    artifact = fixed;
  }
}

function chatInput(
  { kind, context, provider, model, escalate_model, temperature, seed }: IterateRequest,
  messages: ChatMessage[],
  iteration: number,
  isLast: boolean,
  leftMs: number,
): Parameters<Service<typeof chat>["chat"]>[0] {
  const chosen = isLast ? (escalate_model ?? model) : model;
  return {
    messages,
    response_format: { type: "json_object" },
    max_tokens: outputTokens(kind, context),
    deadline_ms: Math.max(1, Math.min(Math.floor(leftMs), 600_000)),
    ...(chosen === undefined ? {} : { model: chosen }),
    // A model a tier up may be another provider's: its name says so.
    ...(provider === undefined || (isLast && escalate_model !== undefined) ? {} : { provider }),
    // Whoever corrects has less freedom than whoever drafts.
    ...(temperature === undefined ? {} : { temperature: temperature / 2 ** (iteration - 1) }),
    ...(seed === undefined ? {} : { seed }),
  };
}

function outputTokens(kind: ArtifactKind, context: Context | undefined): number {
  if (kind !== "fill") return OUTPUT_TOKENS;
  const rows = context?.order?.headcount ?? Infinity;
  return Math.min(OUTPUT_TOKENS_MAX, OUTPUT_TOKENS + rows * OUTPUT_TOKENS_A_ROW);
}

/** A model that the request names wrongly, or does not name, is no run: nothing was asked yet. */
function isOfRequest({ code, details = [] }: Fault, iteration: number): boolean {
  return (
    code === "invalid" &&
    iteration === 1 &&
    details.some(({ path }) => path === "model" || path === "provider")
  );
}

function isRefusal({ code, law, path }: Finding): boolean {
  const asks = code === "fill.protected_term" || (code === "email.tone" && law === PROTECTED_LAW);
  return asks && !isOfOrder(path);
}

function isSeen(seen: Set<string>, text: string): boolean {
  if (seen.has(text)) return true;
  seen.add(text);
  return false;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const NO_USAGE: IterateUsage = { input_tokens: 0, output_tokens: 0 };

function usageOf({ usage: { input_tokens, output_tokens, cost_usd } }: ChatReply): IterateUsage {
  return { input_tokens, output_tokens, ...(cost_usd === undefined ? {} : { cost_usd }) };
}

function sum(a: IterateUsage, b: IterateUsage): IterateUsage {
  const cost =
    a.cost_usd === undefined && b.cost_usd === undefined ? undefined : (a.cost_usd ?? 0) + (b.cost_usd ?? 0);
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    ...(cost === undefined ? {} : { cost_usd: cost }),
  };
}
