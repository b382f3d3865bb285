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
  orderText?: unknown;
  order?: unknown;
  proposal?: { ok: unknown; findings: unknown; by: unknown };
  shortlist?: readonly Data[];
  /** Outcomes by the id of their event: what was learnt from one names it. */
  readonly outcomes: Map<string, Data>;
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
        fill.orderText = data["order_text"];
        fill.order = data["order"];
        return [];
      case "order.parsed":
      case "order.corrected":
        fill.order = data["order"];
        return [];
      case "shortlist.proposed":
        fill.shortlist = data["shortlist"] as readonly Data[];
        return [];
      case "fill.proposed": {
        const { ok, findings, by } = data["proposal"] as Data;
        fill.proposal = { ok, findings, by };
        return [];
      }
      case "contact.drafted":
        return [messageLine(subject, at, data)];
      case "fill.learnt":
        return learntLines(subject, at, data, fill.outcomes.get(causation_id ?? ""), causation_id);
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
    const fill: FillSoFar = { outcomes: new Map() };
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

function outcomeLines(
  { id, type, subject, actor, at, data }: Omit<JournalEvent, "seq" | "prev_hash" | "hash">,
  fill: FillSoFar,
): LogLine[] {
  const { worker_id, status, score, rating, reason, query_text } = data;
  const shift: LogLine = {
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
  outcome: Data | undefined,
  eventId: string | undefined,
): LogLine[] {
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
    // The subject of a shift or a trace is an id, that of an e-mail is text.
    Object.entries(line).filter(([name]) => !CONTENT.has(name) || (name === "subject" && log !== "message")),
  );
}
