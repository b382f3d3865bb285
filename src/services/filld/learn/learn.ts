// What outcomes teach: a playbook (or its mirror) for the next ranking, and a trace of how the order was filled. The
// outcome is in the journal before; both records may be made twice without harm, and an event says that they were made, so
// that a crash in between only makes them again.

import type { matrix } from "#contracts/matrix";
import type { pathway } from "#contracts/pathway";
import type { BackgroundFailures } from "#rpc/background-failures";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { toFault } from "#rpc/fault";
import type { Unlearnt, UnlearntRole } from "../state/board.ts";
import type { EventData } from "../state/events.ts";
import type { Ledger } from "../state/ledger.ts";

export interface LearnDeps {
  readonly ledger: Ledger;
  readonly matrix: Service<typeof matrix>;
  readonly pathway: Service<typeof pathway>;
  readonly failures: BackgroundFailures;
}

/** A neighbour that is down is tried again after that. */
const RETRY_MS = 30_000;
const CALL_MS = 30_000;
/** The list of titles that corrections of fills taught. */
const CORRECTIONS = "corrections";
const TITLE_WORDS_MAX = 5;
const TITLE_CHARS_MAX = 100;
/** What a neighbour refuses for good, as a person who is no longer in the corpus. */
const REFUSED = new Set(["invalid", "not_found", "rejected", "conflict", "forbidden"]);

export class Learner {
  readonly #deps: LearnDeps;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: LearnDeps) {
    this.#deps = deps;
  }

  /** Learns from every outcome that was not learnt from yet, one after the other. */
  wake(): void {
    if (this.#stop.signal.aborted) return;
    clearTimeout(this.#retry);
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when there is nothing to be learnt, or what there is must wait. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#retry);
    await this.#running;
  }

  async #run(): Promise<void> {
    for (;;) {
      const { unlearnt, unlearntRoles } = await this.#deps.ledger.current();
      const [outcome] = unlearnt.values();
      const [correction] = unlearntRoles.values();
      const next = outcome ?? correction;
      if (next === undefined || this.#stop.signal.aborted) return;
      try {
        if (outcome !== undefined) await this.#learn(outcome);
        else if (correction !== undefined) await this.#learnRole(correction);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        const what = outcome === undefined ? "a correction" : "an outcome";
        this.#deps.failures.note(`learning from ${what}`, error, { fill: next.fillId });
        this.#retry = setTimeout(() => this.wake(), RETRY_MS);
        this.#retry.unref();
        return;
      }
    }
  }

  async #learn(outcome: Unlearnt): Promise<void> {
    const { ledger } = this.#deps;
    const call: CallInit = { signal: this.#stop.signal, timeoutMs: CALL_MS };
    const playbook = await refusable(() => this.#recordPlaybook(outcome, call));
    const trace = await refusable(() => this.#recordTrace(outcome, call));
    const refused = playbook.refused ?? trace.refused;
    const data: EventData<"fill.learnt"> = {
      worker_id: outcome.workerId,
      ...(playbook.id === undefined ? {} : { playbook_id: playbook.id }),
      ...(trace.id === undefined ? {} : { trace_id: trace.id }),
      ...(refused === undefined ? {} : { refused }),
    };
    await ledger.write(call, () => ({
      write: {
        fillId: outcome.fillId,
        actor: "filld",
        drafts: [{ type: "fill.learnt", data, causationId: outcome.eventId }],
      },
      result: undefined,
    }));
  }

  /** The role ladder learns the words for the role as a title; the count follows from the events, so that twice is once. */
  async #learnRole({ eventId, fillId, orderText, textAt, soc }: UnlearntRole): Promise<void> {
    const { ledger, matrix } = this.#deps;
    const call: CallInit = { signal: this.#stop.signal, timeoutMs: CALL_MS };
    const title = titleOf(await matrix.role({ text: orderText, now: textAt }, call));
    const count = (title === undefined ? 0 : (await ledger.current()).timesLearnt(title, soc)) + 1;
    const { refused } =
      title === undefined
        ? {}
        : await refusable(async () => {
            await matrix.learnTitles({ source: CORRECTIONS, titles: [{ title, soc, count }] }, call);
            return undefined;
          });
    const data: EventData<"fill.role_learnt"> = {
      soc,
      ...(title === undefined ? {} : { title }),
      ...(refused === undefined ? {} : { refused }),
    };
    await ledger.write(call, () => ({
      write: { fillId, actor: "filld", drafts: [{ type: "fill.role_learnt", data, causationId: eventId }] },
      result: undefined,
    }));
  }

  async #recordPlaybook(outcome: Unlearnt, call: CallInit): Promise<string | undefined> {
    const { queryText, score, result, actor, corpus, orderId, role } = outcome;
    if (queryText === undefined) return undefined;
    const { playbook_id } = await this.#deps.matrix.recordPlaybook(
      {
        query_text: queryText,
        answer_id: outcome.workerId,
        answer_corpus: corpus,
        score,
        outcome: { order_id: orderId, event_id: outcome.eventId, result: score < 0.5 ? "bad" : result },
        ...(role === undefined ? {} : { role }),
        ...(actor === undefined ? {} : { actor }),
      },
      call,
    );
    return playbook_id;
  }

  async #recordTrace(outcome: Unlearnt, call: CallInit): Promise<string> {
    const { queryText = "A shift order", result, score, actor, workerId, client, reason } = outcome;
    const { trace_id } = await this.#deps.pathway.add(
      {
        kind: "fill",
        subject: client ?? "all clients",
        task: queryText.slice(0, 2000),
        content: `${workerId} was sent for: ${queryText}. Result: ${result}.${reason === undefined ? "" : ` ${reason}`}`,
        outcome: { result, score },
        metadata: { fill_id: outcome.fillId, worker_id: workerId, event_id: outcome.eventId },
        idempotency_key: outcome.eventId,
        ...(actor === undefined ? {} : { actor }),
      },
      call,
    );
    return trace_id;
  }
}

/** What is refused for good is told in the event, and not tried again. */
/** Undefined where the text says more of the role than a title has words. */
function titleOf({ title }: { title?: string | undefined }): string | undefined {
  const words = title?.trim().toLowerCase().split(/\s+/) ?? [];
  const isTitle =
    words.length <= TITLE_WORDS_MAX && words.every((word) => /^[\p{L}\p{M}'’/&.-]+$/u.test(word));
  return isTitle ? words.join(" ").slice(0, TITLE_CHARS_MAX) : undefined;
}

async function refusable(
  record: () => Promise<string | undefined>,
): Promise<{ id?: string | undefined; refused?: string }> {
  try {
    return { id: await record() };
  } catch (error) {
    const fault = toFault(error);
    if (!REFUSED.has(fault.code)) throw error;
    return { refused: fault.message };
  }
}
