// validatord: what people and models propose, checked before it leaves the house.

import type { catalog } from "#contracts/catalog";
import type { query } from "#contracts/query";
import type { validate } from "#contracts/validate";
import { type Clock, systemClock } from "#lib/clock";
import { timeSlicer } from "#lib/event-loop";
import { EXTRACT_BYTES_MAX, extractJson } from "#lib/extract-json";
import type { Log } from "#lib/log";
import { BackgroundFailures } from "#rpc/background-failures";
import type { Service } from "#rpc/contract";
import type { Daemon } from "#rpc/daemon";
import { Fault } from "#rpc/fault";
import { screenWorkers } from "./checks/fill/run.ts";
import { CHECKS } from "./checks/table.ts";
import { createJudge } from "./judge.ts";
import { knowledge } from "./knowledge.ts";
import { Rosters } from "./roster/rosters.ts";
import { datasetSource, fileSource } from "./roster/sources.ts";
import { createWages } from "./wages.ts";

export interface ValidatordDeps {
  readonly catalog: Service<typeof catalog>;
  readonly query: Service<typeof query>;
  /** The house's own roster: a dataset's name, or the path of a file that ends in .jsonl or .parquet. */
  readonly roster: string;
  readonly log: Log;
  readonly clock?: Clock;
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
  });
  const wages = createWages({ ...deps, clock, failures });
  const judge = createJudge({ rosters, wages, clock });

  return Promise.resolve({
    handlers: {
      validate: (input) => judge(input),
      screen: async ({ worker_ids, context, roster: name, severity }) => {
        const started = performance.now();
        const [lookup, know, paid] = await Promise.all([rosters.use(name), knowledge(), wages()]);
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
      iterate: () => {
        throw new Fault("unavailable", "There is no model to draft with yet.");
      },
      iterateEvents: () => {
        throw new Fault("unavailable", "There is no model to draft with yet.");
      },
      checks: ({ artifact }) => ({
        checks: CHECKS.filter((check) => artifact === undefined || check.artifact === artifact),
      }),
      rules: () => ({ rules: [] }),
      rosters: () => ({ rosters: rosters.list() }),
      loadRoster: ({ roster }) => rosters.load(roster),
    },
    stats: () => ({ failures: failures.counts, damaged: rosters.damaged() }),
    close: () => Promise.resolve(),
  });
}
