// validatord: what people and models propose, checked before it leaves the house.

import { journalRecorder } from "#adapters/journal-recorder";
import { type SourceLog, sourceLog } from "#adapters/source-log";
import type { catalog } from "#contracts/catalog";
import type { chat } from "#contracts/chat";
import type { journal } from "#contracts/journal";
import type { matrix } from "#contracts/matrix";
import type { pathway } from "#contracts/pathway";
import type { query } from "#contracts/query";
import type { Iterated, validate } from "#contracts/validate";
import { type Clock, systemClock } from "#lib/clock";
import { timeSlicer } from "#lib/event-loop";
import { EXTRACT_BYTES_MAX, extractJson } from "#lib/extract-json";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { screenWorkers } from "./checks/fill/run.ts";
import { CHECKS } from "./checks/table.ts";
import { iterate, type IterateRequest, type Run } from "./iterate/loop.ts";
import { runRecorder } from "./iterate/record.ts";
import { createJudge } from "./judge.ts";
import { knowledge } from "./knowledge.ts";
import { Rosters } from "./roster/rosters.ts";
import { datasetSource, fileSource } from "./roster/sources.ts";
import { Rules } from "./rules/rules.ts";
import { createWages } from "./wages.ts";

export interface ValidatordDeps {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  readonly matrix: Service<typeof matrix>;
  readonly chat: Service<typeof chat>;
  readonly journal: Service<typeof journal>;
  readonly pathway: Service<typeof pathway>;
  /** Where rules are declared, a file each. */
  readonly rulesFolder: string;
  /** Milliseconds that a rule may take. */
  readonly ruleMs?: number;
  /** The house's own roster: a dataset's name, or the path of a file that ends in .jsonl or .parquet. */
  readonly roster: string;
  /** Where verdicts are captured for distillation; nowhere unless given. */
  readonly captured?: SourceLog | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  /** Rows from which the house's own roster is loaded ahead of the first call. */
  readonly largeRows?: number;
}

const FILE = /\.(?:jsonl|ndjson|parquet)$/;

export function validatord(deps: ValidatordDeps): Promise<Daemon<typeof validate>> {
  const clock = deps.clock ?? systemClock;
  const failures = new BackgroundFailures(deps.log);
  const isFile = FILE.test(deps.roster);
  const rosters = new Rosters({
    own: {
      name: isFile ? "default" : deps.roster,
      source: isFile ? fileSource(deps.roster) : datasetSource(deps.roster, deps),
    },
    sourceOf: (dataset) => datasetSource(dataset, deps),
    failures,
    clock,
    largeRows: deps.largeRows,
  });
  rosters.loadAhead();
  const wages = createWages({ ...deps, clock, failures });
  const rules = new Rules(deps.rulesFolder, deps.query, deps.ruleMs);
  const judge = createJudge({ ...deps, rosters, wages, rules, clock });
  const journal = journalRecorder({ journal: deps.journal, log: deps.log });
  const captured = deps.captured ?? sourceLog({ path: "", mode: "off" });
  const runs = runRecorder({ pathway: deps.pathway, journal, failures });
  // Deadlines are those of calls, which are of this clock.
  const loop = { chat: deps.chat, judge, now: () => systemClock.now() };

  const finished = async (
    request: IterateRequest,
    run: Run,
    started: number,
    call: CallInit,
  ): Promise<Iterated> => {
    const recorded = await runs.record(request, run, call);
    return { ...run, ...recorded, took_ms: performance.now() - started };
  };

  return Promise.resolve({
    handlers: {
      validate: async (input, call) => {
        const validated = await judge(input, call);
        const { ok, kind, findings } = validated;
        captured.write(
          {
            schema: "validation.v1",
            recorded_at: new Date(clock.now()).toISOString(),
            validation_id: `validation-${crypto.randomUUID()}`,
            kind,
            ok,
            findings: findings.map(({ code, severity, path }) => ({ code, severity, path })),
          },
          () => ({ artifact: JSON.stringify(input.artifact) ?? "" }),
        );
        return validated;
      },
      screen: async ({ worker_ids, context, roster: name, severity }, call) => {
        const started = performance.now();
        const [lookup, know, paid] = await Promise.all([
          rosters.use(name, call.deadline),
          knowledge(),
          wages(),
        ]);
        const now = context.now === undefined ? clock.now() : Date.parse(context.now);
        const world = { lookup, know, wages: paid, now };
        const { order, workers, excluded, checked } = await screenWorkers(
          worker_ids,
          context,
          world,
          severity === "error",
          timeSlicer(),
        );
        return {
          order,
          workers,
          screened: worker_ids.length,
          excluded,
          checked,
          roster_version: lookup.version,
          took_ms: performance.now() - started,
        };
      },
      extract: ({ text }) => {
        if (Buffer.byteLength(text) > EXTRACT_BYTES_MAX)
          throw new Fault("too_large", "text has more than 1 MiB; a model's reply is far below that.");
        return extractJson(text);
      },
      iterate: async (request, call) => {
        const started = performance.now();
        await rosters.use(request.roster, call.deadline);
        const attempts = iterate(request, loop, call);
        for (;;) {
          const { done, value } = await attempts.next();
          if (done === true) return finished(request, value, started, call);
        }
      },
      iterateEvents: async function* (request, call) {
        const started = performance.now();
        await rosters.use(request.roster, call.deadline);
        const attempts = iterate(request, loop, call);
        for (;;) {
          const { done, value } = await attempts.next();
          if (done === true) {
            yield { event: "done" as const, ...(await finished(request, value, started, call)) };
            return;
          }
          yield { event: "attempt" as const, ...value };
        }
      },
      checks: ({ artifact }) => ({
        checks: CHECKS.filter((check) => artifact === undefined || check.artifact === artifact),
      }),
      rules: async () => {
        const { rules: read, failures: broken } = await rules.list();
        return {
          rules: read.map(({ name, artifact, kind, severity }) => ({ name, artifact, kind, severity })),
          broken: [...broken],
        };
      },
      rosters: () => ({ rosters: rosters.list() }),
      loadRoster: ({ roster }) => rosters.load(roster),
    },
    stats: () => ({
      failures: failures.counts,
      damaged: rosters.damaged(),
      journal: journal.stats(),
      queues: { "events for the journal": journal.figures },
      captured: captured.stats(),
    }),
    close: async () => {
      rosters.close();
      await journal.stop();
      await captured.stop();
    },
  });
}
