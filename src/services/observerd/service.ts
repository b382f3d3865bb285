// observerd: the recorder that nobody waits for. An event is redacted, numbered, kept in memory, written to disk and sent on
// behind its sender; alert rules look at what passes. Whatever fails here is counted here (`stats`) and fails nobody else.

import type { Observed, ObservedEvent, observe } from "#contracts/observe";
import { type Clock, systemClock } from "#lib/clock";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Handlers } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { ALERT_KIND, Alerts } from "./alerts/alerts.ts";
import { readRules, RULES_FILE, unreadable, writeRules } from "./alerts/rules-file.ts";
import { Exporter, type ExporterOptions, type ExportTarget } from "./export/exporter.ts";
import { Listeners } from "./listeners.ts";
import { EventLog, QUEUE_EVENTS_MAX } from "./log/event-log.ts";
import { eventsAfter, missingEvents, newestEvents } from "./log/listing.ts";
import { Segments } from "./log/segments.ts";
import { redactData, redactText } from "./redact.ts";

export interface ObserverdDeps {
  readonly folder: string;
  readonly diskBytesMax: number;
  /** Prompts and replies are kept, and not only what is said about them. */
  readonly keepContent?: boolean;
  readonly targets?: readonly ExportTarget[];
  readonly exports?: Partial<Omit<ExporterOptions, "failures">>;
  readonly clock?: Clock;
  readonly log?: Log | undefined;
}

/** Of the counts by source: more would be what a sender makes up. */
const SOURCES_MAX = 200;
const OTHER_SOURCES = "(other)";
/** A stop writes and sends what is left within that time. */
const CLOSE_MS_MAX = 2000;

export async function observerd({
  folder,
  diskBytesMax,
  keepContent = false,
  targets = [],
  exports = {},
  clock = systemClock,
  log,
}: ObserverdDeps): Promise<Daemon<typeof observe>> {
  const failures = new BackgroundFailures(log);
  const segments = new Segments(folder, diskBytesMax);
  // A disk that cannot be read must not keep a house from starting.
  const lastSeq = await segments.load(QUEUE_EVENTS_MAX).catch((error: unknown) => {
    failures.note("reading recorded events", error);
    return 0;
  });
  const exporters = targets.map(
    (target) => new Exporter(target, { spelling: "both", version: "", ...exports, failures }),
  );
  const listeners = new Listeners();
  const sources = new Map<string, { events: number; errors: number }>();
  let received = 0;
  let droppedBySenders = 0;

  const nowText = (): string => new Date(clock.now()).toISOString();
  const alerts = new Alerts(
    {
      clock,
      onChange: ({ rule, state, value, threshold, measure, level }) => {
        eventLog.take({
          at: nowText(),
          source: "observerd",
          kind: ALERT_KIND,
          subject: rule,
          level: state === "firing" ? level : "info",
          data: { rule, state, measure, value, threshold },
        });
      },
    },
    [],
  );
  const eventLog = new EventLog({
    segments,
    lastSeq,
    failures,
    onEvent: (event) => {
      count(event);
      listeners.add(event);
      alerts.add(event);
      for (const exporter of exporters) exporter.add(event);
    },
  });
  let damage: Fault | undefined;
  try {
    for (const rule of await readRules(folder)) alerts.put(rule);
  } catch (error) {
    failures.note("reading alert rules", error);
    damage = error instanceof Fault ? error : unreadable(error);
  }
  const rulesOf = (): Alerts => {
    if (damage !== undefined) throw damage;
    return alerts;
  };
  /** One change after the other, on disk before it is acknowledged. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const count = ({ source, level }: ObservedEvent): void => {
    const name = sources.has(source) || sources.size < SOURCES_MAX ? source : OTHER_SOURCES;
    const counts = sources.get(name) ?? { events: 0, errors: 0 };
    counts.events += 1;
    if (level === "error") counts.errors += 1;
    sources.set(name, counts);
  };

  const take = ({ source, kind, subject, level = "info", at, data = {} }: Observed): number | undefined => {
    received += 1;
    return eventLog.take({
      at: timeOf(at) ?? nowText(),
      source: redactText(source),
      kind: redactText(kind),
      ...(subject === undefined ? {} : { subject: redactText(subject) }),
      level,
      data: redactData(data, keepContent),
    });
  };

  const handlers: Handlers<typeof observe> = {
    record: (event) => {
      const seq = take(event);
      return seq === undefined ? { dropped: true } : { dropped: false, seq };
    },
    recordBatch: ({ events, dropped }) => {
      droppedBySenders += dropped;
      return { dropped: events.filter((event) => take(event) === undefined).length };
    },
    events: async ({ after, limit, ...filter }) => {
      const page =
        after === undefined
          ? await newestEvents(eventLog, segments, filter, limit)
          : await eventsAfter(eventLog, segments, filter, after, limit);
      return { ...page, events: [...page.events] };
    },
    tail: (filter, call) => listeners.follow(filter, eventLog.lastSeq, call.signal),
    stats: () => {
      const { dropped, unwritten, queue, memory, problem } = eventLog.stats;
      return {
        received,
        dropped: dropped + droppedBySenders,
        unwritten,
        last_seq: eventLog.lastSeq,
        by_source: Object.fromEntries(sources),
        queue,
        memory,
        disk: {
          bytes: segments.bytes,
          bytes_max: segments.bytesMax,
          segments: segments.count,
          damaged_lines: segments.damagedLines,
          ...(problem === undefined ? {} : { problem }),
        },
        exporters: exporters.map(({ stats }) => stats),
        alerts_firing: alerts.firing,
      };
    },
    verify: async () => {
      const missing = await missingEvents(eventLog, segments);
      return { damaged_lines: segments.damagedLines, missing };
    },
    rules: () => ({ rules: [...rulesOf().list()] }),
    putRule: (rule) =>
      inTurn(async () => {
        const others = rulesOf().rules.filter((other) => other.rule !== rule.rule);
        alerts.checkRoom(rule.rule);
        await writeRules(folder, [...others, rule]);
        return alerts.put(rule);
      }),
    dropRule: ({ rule }) =>
      inTurn(async () => {
        const { rules } = rulesOf();
        if (!rules.some((other) => other.rule === rule)) {
          throw new Fault("not_found", `There is no alert rule ${rule}. List them: GET /v1/observer/rules`);
        }
        await writeRules(
          folder,
          rules.filter((other) => other.rule !== rule),
        );
        alerts.drop(rule);
        return null;
      }),
  };

  return {
    handlers,
    stats: () => ({
      failures: failures.counts,
      damaged: damage === undefined ? [] : [`observer/${RULES_FILE}`],
      listeners: listeners.count,
      queues: { events: { waiting: eventLog.stats.queue.used, waiting_max: eventLog.stats.queue.max } },
    }),
    close: async () => {
      alerts.close();
      await Promise.all([
        eventLog.close(CLOSE_MS_MAX, nowText()),
        ...exporters.map((exporter) => exporter.close(CLOSE_MS_MAX)),
      ]);
    },
  };
}

/** In UTC; undefined for text that is no time. */
function timeOf(at: string | undefined): string | undefined {
  if (at === undefined) return undefined;
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
