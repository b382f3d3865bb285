// What events of the journal say in the source logs. A fill is told by several events, so what came before is folded; the
// same events give the same lines.

import type { JournalEvent } from "#contracts/journal";

export type CaptureMode = "metadata" | "full";

export interface LogLine {
  /** `data/_kb/LOG.jsonl` */
  readonly log: string;
  readonly line: Readonly<Record<string, unknown>>;
}

type Data = Readonly<Record<string, unknown>>;

interface FillSoFar {
  corpus?: unknown;
  orderText?: unknown;
  order?: unknown;
  proposal?: { ok: unknown; findings: unknown; by: unknown };
  shortlist?: readonly Data[];
  /** Outcomes by the id of their event: what was learnt from one names it. */
  readonly outcomes: Map<string, Data>;
  /** The last draft to each person for each purpose, by both. */
  readonly drafts: Map<string, Data>;
}

const OUTCOMES = new Set([
  "shift.confirmed",
  "shift.declined",
  "shift.completed",
  "shift.cancelled",
  "no_show",
  "late_cancel",
]);

/** Members that are what somebody wrote; `metadata` is captured without them. */
const CONTENT = new Set([
  "prompt",
  "artifact",
  "attempts",
  "order_text",
  "order",
  "subject",
  "body",
  "query_text",
  "content",
  "task",
  "reason",
  "draft",
  "corrected",
  "comment",
]);

export class JournalFold {
  readonly #fills = new Map<string, FillSoFar>();

  /** The lines that an event adds, in order. */
  next(event: JournalEvent, mode: CaptureMode): LogLine[] {
    return this.#linesOf(event).map(({ log, line }) => ({
      log,
      line: mode === "full" ? compact(line) : withoutContent(log, compact(line)),
    }));
  }

  #linesOf({ id, type, subject, actor, at, data, causation_id }: JournalEvent): LogLine[] {
    if (type === "draft.iterated") return [iterateLine(id, subject, at, data)];
    const fill = this.#fillOf(subject);
    switch (type) {
      case "order.received":
        fill.corpus = data["corpus"];
        fill.orderText = data["order_text"];
        fill.order = data["order"];
        return [];
      case "order.parsed":
        fill.order = data["order"];
        return [];
      case "order.corrected":
        fill.order = data["order"];
        return [readingReview({ id, subject, at, actor }, data, fill)];
      case "shortlist.proposed":
        fill.shortlist = data["shortlist"] as readonly Data[];
        return [];
      case "fill.proposed": {
        const { ok, findings, by } = data["proposal"] as Data;
        fill.proposal = { ok, findings, by };
        return [];
      }
      case "contact.drafted":
        return [messageLine(subject, at, data), ...draftReview({ id, subject, at, actor }, data, fill)];
      case "outcome.rated":
        return [journalLine({ id, type, subject, actor, at, data })];
      case "fill.learnt":
        return learntLines(subject, at, data, fill, causation_id);
      case "fill.closed":
        this.#fills.delete(subject);
        return [];
      default:
        if (!OUTCOMES.has(type)) return [];
        fill.outcomes.set(id, { ...data, type });
        return outcomeLines({ id, type, subject, actor, at, data }, fill);
    }
  }

  #fillOf(subject: string): FillSoFar {
    const known = this.#fills.get(subject);
    if (known !== undefined) return known;
    const fill: FillSoFar = { outcomes: new Map(), drafts: new Map() };
    this.#fills.set(subject, fill);
    return fill;
  }
}

function iterateLine(runId: string, subject: string, at: string, data: Data): LogLine {
  const { kind, ok, stopped, usage, teacher } = data;
  const preference = (data["preference"] ?? {}) as Data;
  const drafts = (preference["rejected"] ?? []) as readonly Data[];
  const { input_tokens, output_tokens, cost_usd } = (usage ?? {}) as Data;
  return {
    log: "iterate",
    line: {
      schema: "iterate.v1",
      recorded_at: at,
      run_id: runId,
      trace_id: data["trace_id"],
      kind,
      entity: subject,
      prompt: preference["prompt"],
      ok,
      stopped,
      artifact: preference["chosen"],
      attempts: drafts.map(({ status, draft, reasons, teacher }) =>
        compact({ status, draft, reasons, ...(teacher as Data | null) }),
      ),
      usage: compact({ input_tokens, output_tokens, cost_usd }),
      ...(teacher as Data | null | undefined),
    },
  };
}

function messageLine(fillId: string, at: string, data: Data): LogLine {
  const { message_id, channel, purpose, language, subject, body, by, ok, findings } = data;
  return {
    log: "message",
    line: {
      schema: "message.v1",
      recorded_at: at,
      message_id,
      entity: fillId,
      channel,
      purpose,
      language,
      subject,
      body,
      by,
      ok,
      findings,
    },
  };
}

type Told = Pick<JournalEvent, "id" | "subject" | "at" | "actor">;

/** An order as it was read, and as a person corrected it. */
function readingReview({ id, subject, at, actor }: Told, data: Data, fill: FillSoFar): LogLine {
  return {
    log: "review",
    line: {
      schema: "review.v1",
      recorded_at: at,
      review_id: id,
      entity: subject,
      prompt: fill.orderText === undefined ? undefined : `Read this order: ${String(fill.orderText)}`,
      draft: JSON.stringify(data["before"]),
      corrected: JSON.stringify(data["order"]),
      reviewer: actor ?? "unknown",
      comment: data["reason"],
      draft_by: "house",
    },
  };
}

/** A message that a person wrote in place of the one that was drafted. */
function draftReview({ id, subject, at, actor }: Told, data: Data, fill: FillSoFar): LogLine[] {
  const key = [data["worker_id"], data["channel"], data["purpose"]].join(" ");
  const before = fill.drafts.get(key);
  fill.drafts.set(key, data);
  const { by, body, channel, purpose, language } = data;
  if (by !== "hand" || before === undefined || before["body"] === body) return [];
  const line = {
    schema: "review.v1",
    recorded_at: at,
    review_id: id,
    entity: subject,
    prompt: `Draft an ${String(channel)} to a worker: ${String(purpose)}, in ${String(language)}.`,
    draft: before["body"],
    corrected: body,
    reviewer: actor ?? "unknown",
    draft_by: before["by"] === "model" ? "model" : before["by"] === "hand" ? "person" : "house",
  };
  return [{ log: "review", line }];
}

type Outcome = Omit<JournalEvent, "seq" | "prev_hash" | "hash">;

function journalLine({ id, type, subject, actor, at, data }: Outcome): LogLine {
  const { worker_id, status, score, rating, reason, query_text } = data;
  return {
    log: "journal",
    line: {
      schema: "journal.v1",
      recorded_at: at,
      event_id: id,
      type,
      subject,
      worker_id,
      status,
      score,
      rating,
      reason,
      query_text,
      actor,
    },
  };
}

function outcomeLines(event: Outcome, fill: FillSoFar): LogLine[] {
  const { id, subject, actor, at, data } = event;
  const { worker_id, status, score, query_text } = data;
  const shift = journalLine(event);
  if (typeof score !== "number") return [shift];
  const found: LogLine = {
    log: "fill",
    line: {
      schema: "fill.v1",
      recorded_at: at,
      fill_id: subject,
      order_text: fill.orderText ?? query_text,
      order: fill.order,
      proposal: fill.proposal,
      places: [{ worker_id }],
      result: status,
      score,
      event_id: id,
      actor,
    },
  };
  if (fill.shortlist === undefined) return [shift, found];
  const search: LogLine = {
    log: "search",
    line: {
      schema: "search.v1",
      recorded_at: at,
      search_id: subject,
      query_text: query_text ?? fill.orderText,
      corpus: fill.corpus,
      hits: fill.shortlist.map(({ worker_id: hit, score: hitScore }) => ({ id: hit, score: hitScore })),
      chosen: [{ id: worker_id, score, result: status }],
      event_id: id,
    },
  };
  return [shift, found, search];
}

function learntLines(
  fillId: string,
  at: string,
  data: Data,
  fill: FillSoFar,
  eventId: string | undefined,
): LogLine[] {
  const outcome = fill.outcomes.get(eventId ?? "");
  if (outcome === undefined) return [];
  const { query_text, score, status, worker_id, reason } = outcome;
  const lines: LogLine[] = [];
  if (data["playbook_id"] !== undefined) {
    lines.push({
      log: "playbook",
      line: {
        schema: "playbook.v1",
        recorded_at: at,
        playbook_id: data["playbook_id"],
        entity: fillId,
        query_text,
        corpus: fill.corpus,
        answer_id: worker_id,
        result: status,
        score,
        event_id: eventId,
      },
    });
  }
  if (data["trace_id"] !== undefined) {
    const why = typeof reason === "string" ? ` ${reason}` : "";
    lines.push({
      log: "pathway",
      line: {
        schema: "pathway.v1",
        recorded_at: at,
        trace_id: data["trace_id"],
        pathway_id: data["trace_id"],
        kind: "fill",
        subject: fillId,
        task: query_text,
        content: `${worker_id} was sent for: ${query_text}. Result: ${status}.${why}`,
        outcome: { result: status, score },
      },
    });
  }
  return lines;
}

function compact(line: Data): Record<string, unknown> {
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
}

function withoutContent(log: string, line: Data): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(line)
      // The subject of a shift or a trace is an id, that of an e-mail is text.
      .filter(([name]) => !CONTENT.has(name) || (name === "subject" && log !== "message"))
      .map(([name, value]) => [name, withoutQuotes(name, value)]),
  );
}

/** Findings quote what they found; their codes do not. */
function withoutQuotes(name: string, value: unknown): unknown {
  if (name === "findings" && Array.isArray(value))
    return (value as readonly Data[]).map(({ code, severity, path }) => compact({ code, severity, path }));
  if (name !== "proposal" || value === undefined) return value;
  return Object.fromEntries(
    Object.entries(value as Data).map(([inner, member]) => [inner, withoutQuotes(inner, member)]),
  );
}
