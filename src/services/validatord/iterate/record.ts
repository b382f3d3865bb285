// What is kept of a run: a trace in the memory of how things were done, and an event of the journal, which holds the pair
// that models learn from, the draft that passed and those that did not. A run answers also when neither can be reached; what
// was lost is counted.

import type { JournalRecorder } from "#adapters/journal-recorder";
import { CONTENT_CHARS_MAX, type pathway } from "#contracts/pathway";
import type { Iterated, IterateAttempt } from "#contracts/validate";
import type { BackgroundFailures } from "#rpc/background-failures";
import { type CallInit, traceIdOf } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { IterateRequest, Run } from "./loop.ts";

export interface RunRecorder {
  /** Where the run is found: under its trace's id, or its own in the journal where no trace could be made. */
  record(request: IterateRequest, run: Run, call: CallInit): Promise<Pick<Iterated, "trace_id" | "untraced">>;
}

interface RecorderDeps {
  readonly pathway: Pick<Service<typeof pathway>, "add">;
  readonly journal: JournalRecorder;
  readonly failures: BackgroundFailures;
}

/** A run takes seconds; what records it must not take more. */
const TRACE_MS_MAX = 2000;
/** Of prompt and drafts together, so that the event fits into the journal, which takes 256 KiB with all escapes. */
const KEPT_BYTES_MAX = 120 * 1024;
const FINDINGS_KEPT = 10;

export function runRecorder({ pathway, journal, failures }: RecorderDeps): RunRecorder {
  return {
    record: async (request, run, { requestId, traceparent, caller }) => {
      const id = `iterate-${crypto.randomUUID()}`;
      const { kind, context, prompt } = request;
      const subject = begin(context?.order?.order_id ?? id, 200);
      const keptBytes = Math.floor(KEPT_BYTES_MAX / (run.history.length + 2));
      const cut = (text: string): string => cutAt(text, keptBytes);
      const draftText = cut(run.artifact === null ? "nothing" : JSON.stringify(run.artifact));
      const models = [...new Set(run.history.flatMap(({ model }) => model ?? []))];
      journal.record({
        id,
        type: "draft.iterated",
        subject,
        ...(caller === undefined ? {} : { actor: begin(caller.id, 200) }),
        data: {
          kind,
          ok: run.ok,
          stopped: run.stopped,
          iterations: run.iterations,
          models,
          teacher: teacherOf(
            run.history.findLast(({ status }) => status === "accepted") ?? run.history.at(-1),
          ),
          usage: run.usage,
          ...(requestId === undefined ? {} : { trace_id: traceIdOf({ requestId, traceparent }) }),
          preference: {
            prompt: cut(prompt),
            chosen: run.ok ? draftText : null,
            rejected: run.history
              .filter(({ status }) => status !== "accepted" && status !== "provider_error")
              .map((attempt) => rejected(attempt, cut)),
          },
        },
      });
      try {
        const { trace_id } = await pathway.add(
          {
            kind: "iterate",
            subject,
            task: `Draft a ${kind}: ${begin(prompt, 1000)}`.trim(),
            steps: run.history.map(({ iteration, status, findings = [], model = "" }) => ({
              iteration,
              status,
              model,
              errors: findings.filter(({ severity }) => severity === "error").map(({ code }) => code),
            })),
            content: begin(
              `${run.ok ? "Accepted" : "Given up"} (${run.stopped}) after ${run.iterations}: ${draftText}`,
              CONTENT_CHARS_MAX,
            ),
            outcome: { result: run.stopped, score: run.ok ? 1 / run.iterations : 0 },
            metadata: { run_id: id, kind, ok: run.ok, models },
            idempotency_key: id,
          },
          { requestId, traceparent, caller, timeoutMs: TRACE_MS_MAX },
        );
        return { trace_id };
      } catch (thrown) {
        failures.note("trace", thrown);
        return { trace_id: id, untraced: true };
      }
    },
  };
}

/** Who wrote a draft: its terms decide whether the draft may train another model. */
function teacherOf(attempt: IterateAttempt | undefined): object | null {
  const { provider, model } = attempt ?? {};
  return provider === undefined || model === undefined ? null : { provider, model };
}

function rejected(attempt: IterateAttempt, cut: (text: string) => string): object {
  const { raw, findings = [], status } = attempt;
  const reasons = findings.filter(({ severity }) => severity === "error").slice(0, FINDINGS_KEPT);
  return {
    status,
    draft: cut(raw),
    reasons: reasons.map(({ code, path, message }) => ({ code, path, message: begin(message, 300) })),
    teacher: teacherOf(attempt),
  };
}

/** What a model wrote, and what is cut, may hold half of a surrogate pair, which no record takes. */
function begin(text: string, chars: number): string {
  return text.slice(0, chars).toWellFormed();
}

function cutAt(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  return whole.length <= bytes ? text.toWellFormed() : `${whole.toString("utf8", 0, bytes)}...`;
}
