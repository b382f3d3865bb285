// A replay: for each chosen piece of evidence, retrieve, bundle, ask the model, check, log. Where no model is named, what was
// answered then is checked again: the same answer gets the same verdict, as long as the rules and the roster are the same.
// Calls are made one after the other, so that latencies can be compared; which model comes first changes from one piece of
// evidence to the next.

import { join } from "node:path";
import type { ReplayOptions } from "#contracts/distill";
import type { House } from "#contracts/house";
import { canonicalJson } from "#lib/canonical-json";
import { makeFolder, writeDurably } from "#lib/durable";
import type { CallInit } from "#rpc/call";
import { Fault, type FaultCode, toFault } from "#rpc/fault";
import { digestOf, sha256Hex } from "../files/digest.ts";
import { type Run, type StageResult, withReceipt } from "../run.ts";
import { reportsOf } from "../runs/record.ts";
import type { Receipt } from "../schemas/reports.ts";
import { bundleOf, type Retrieved } from "./bundle.ts";
import { choose, type Replayable } from "./choose.ts";
import {
  logReplays,
  readReplayState,
  REPLAY_LOG,
  type ReplayLine,
  replayLines,
  writeReplayState,
} from "./log.ts";
import { ordersIn } from "./orders.ts";
import { modelOf, replayMarkdown, reportOf } from "./report.ts";
import { verdictOf } from "./verdict.ts";

export interface ReplayDeps {
  readonly house: Pick<House, "matrixd" | "chatd" | "validatord">;
  readonly call?: CallInit;
}

export const RECORDED = "recorded";
/** What a model reads of the corpus. */
const HITS = 5;
/** What a query may have. */
const QUERY_CHARS_MAX = 4000;
/** One answer of a slow model on a processor. */
const ANSWER_MS = 300_000;
/** Of the model and this conversation: the replay goes on, and the call counts as failed. */
const COUNTED: ReadonlySet<FaultCode> = new Set(["upstream", "timeout", "not_found"]);

export function replayRun(run: Run, options: ReplayOptions, deps: ReplayDeps): Promise<Receipt> {
  return withReceipt(run, "replay", () => replay(run, options, deps));
}

async function replay(run: Run, options: ReplayOptions, deps: ReplayDeps): Promise<StageResult> {
  const { root } = run;
  const chosen = await choose(root, options);
  const leftOut = { ...chosen.leftOut };
  const evidence = chosen.evidence.filter(({ recorded }) => {
    const isAsked = options.models.length > 0 || recorded !== undefined;
    if (!isAsked) leftOut["no_recorded_answer"] = (leftOut["no_recorded_answer"] ?? 0) + 1;
    return isAsked;
  });
  const models = options.models.length === 0 ? [RECORDED] : [...new Set(options.models)];
  const set = sha256Hex(
    canonicalJson({
      evidence: evidence.map((each) => each.evidence.evidence_id),
      models,
      corpus: options.corpus ?? null,
    }),
  );
  const before = await readReplayState(root);
  const continues = before?.set_sha256 === set && !before.finished;
  const state = {
    schema: "replay_state.v1" as const,
    set_sha256: set,
    replay_id: continues ? before.replay_id : run.runId,
    finished: false,
  };
  await writeReplayState(root, state);
  const logged = new Map<string, ReplayLine>();
  if (continues) {
    for await (const line of replayLines(root))
      if (line.run_id === state.replay_id) logged.set(`${line.evidence_id} ${modelOf(line)}`, line);
  }
  const judging = {
    validatord: deps.house.validatord,
    orders: await ordersIn(root),
    call: deps.call,
  };
  let spentUsd = [...logged.values()].reduce((sum, { cost_usd }) => sum + (cost_usd ?? 0), 0);
  const continued = logged.size;
  const failedCalls: Record<string, number> = {};
  /** By model, why its last call failed. */
  const failures = new Map<string, string>();
  let stopped: "done" | "budget" = "done";
  let added = 0;
  for (const [at, each] of evidence.entries()) {
    if (stopped === "budget") break;
    run.onProgress?.(at, evidence.length);
    const { evidence_id } = each.evidence;
    const open = turned(models, at).filter((model) => !logged.has(`${evidence_id} ${model}`));
    if (open.length === 0) continue;
    const { messages, promptSha256, prompt } = bundleOf(each, await retrieve(each, options.corpus, deps));
    for (const requested of open) {
      if (options.budget_usd !== undefined && requested !== RECORDED && spentUsd >= options.budget_usd) {
        stopped = "budget";
        break;
      }
      const answer = await answerOf(requested, each, messages, deps);
      if (typeof answer === "string") {
        failedCalls[requested] = (failedCalls[requested] ?? 0) + 1;
        failures.set(requested, answer);
        continue;
      }
      const line: ReplayLine = {
        schema: "replay_run.v1",
        recorded_at: new Date(run.clock.now()).toISOString(),
        run_id: state.replay_id,
        evidence_id,
        prompt_sha256: promptSha256,
        provider: answer.provider,
        model: answer.model,
        requested,
        prompt,
        reply: answer.reply,
        verdict: await verdictOf(each, answer.reply, judging),
        recorded_ok: each.recordedOk ?? null,
        cost_usd: answer.costUsd,
        ...(answer.ms === undefined ? {} : { ms: answer.ms }),
      };
      await logReplays(root, [line]);
      logged.set(`${evidence_id} ${requested}`, line);
      added += 1;
      spentUsd += answer.costUsd ?? 0;
    }
  }
  const report = reportOf({
    runId: run.runId,
    replayId: state.replay_id,
    recordedAt: new Date(run.clock.now()).toISOString(),
    evidence: evidence.length,
    leftOut,
    stopped,
    models,
    lines: [...logged.values()],
    failedCalls,
  });
  const folder = reportsOf(root, run.runId);
  await makeFolder(folder);
  await writeDurably(join(folder, "replay.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeDurably(join(folder, "replay.md"), replayMarkdown(report));
  if (stopped === "done") await writeReplayState(root, { ...state, finished: true });
  const failed = Object.values(failedCalls).reduce((all, count) => all + count, 0);
  const counts = { in: added + continued + failed, out: added, duplicates: continued, quarantined: failed };
  return {
    counts,
    totals: counts,
    detail: { evidence: evidence.length, models: models.length, ...leftOut },
    notes: [
      ...(continued > 0 ? [`${continued} answers of the replay ${state.replay_id} were there already`] : []),
      ...[...failures].map(([model, why]) => `${model} gave no answer: ${why}`),
      ...(stopped === "budget" ? ["it stopped at its budget; the same again goes on from there"] : []),
    ],
    inputs: [],
    outputs: added + continued === 0 ? [] : [await digestOf(root, REPLAY_LOG)],
  };
}

/** Whoever is asked first may pay for a model that is not loaded yet. */
function turned(models: readonly string[], at: number): string[] {
  const by = at % models.length;
  return [...models.slice(by), ...models.slice(0, by)];
}

async function retrieve(
  { evidence }: Replayable,
  corpus: string | undefined,
  { house, call }: ReplayDeps,
): Promise<readonly Retrieved[]> {
  if (corpus === undefined) return [];
  const query = evidence.input.messages?.findLast(({ role }) => role === "user")?.content ?? evidence.task;
  const { hits } = await house.matrixd.search(
    {
      query_text: query.slice(0, QUERY_CHARS_MAX),
      corpora: [corpus],
      k: HITS,
      // As things were: "Monday" is the Monday after the order.
      now: evidence.provenance.recorded_at,
    },
    call,
  );
  return hits.map(({ cite, metadata }) => ({ cite, metadata }));
}

interface ReplayAnswer {
  readonly reply: string;
  readonly provider: string;
  readonly model: string;
  readonly costUsd: number | null;
  readonly ms: number | undefined;
}

/** The reason, where the model gave no answer. */
async function answerOf(
  requested: string,
  { recorded = "" }: Replayable,
  messages: Parameters<House["chatd"]["chat"]>[0]["messages"],
  { house, call }: ReplayDeps,
): Promise<ReplayAnswer | string> {
  if (requested === RECORDED)
    return { reply: recorded, provider: RECORDED, model: RECORDED, costUsd: null, ms: undefined };
  try {
    const { message, provider, model, usage, took_ms } = await house.chatd.chat(
      { messages, model: requested, temperature: 0, seed: 1, deadline_ms: ANSWER_MS },
      { ...call, timeoutMs: ANSWER_MS },
    );
    return { reply: message.content, provider, model, costUsd: usage.cost_usd ?? null, ms: took_ms };
  } catch (error) {
    const { code, message } = toFault(error);
    if (COUNTED.has(code)) return message;
    throw error instanceof Fault
      ? new Fault(error.code, `${requested} cannot be asked: ${error.message}`)
      : error;
  }
}
