// A part is one service of the house as the plan names it: which services it calls, and how it is built. What is built
// is typed by the service's contract, so handlers of another service do not compile.

import { join } from "node:path";
import type { Settings } from "#config";
import type { house, House, ServiceName } from "#contracts/house";
import { contractOf } from "#contracts/services";
import { figureMetrics } from "#edge/meter";
import { present } from "#lib/assert";
import type { Log } from "#lib/log";
import type { Daemon, DaemonStats } from "#rpc/daemon";
import { type Implementation, implement } from "#rpc/local";
import { createWriteHold, type WriteHold } from "./write-hold.ts";

/** What a daemon is built from. */
export interface PartContext<Needed extends ServiceName = never> {
  readonly settings: Settings;
  /** The services it calls; nothing tells whether they are in this process. */
  readonly neighbours: Pick<House, Needed>;
  readonly log: Log;
}

export type BuildDaemon<N extends ServiceName, Needed extends ServiceName = never> = (
  context: PartContext<Needed>,
) => Promise<Daemon<(typeof house)[N]>>;

export interface StartedService {
  readonly implementation: Implementation;
  readonly hold: WriteHold;
  stats(): DaemonStats;
  metrics(): object[];
  close(): Promise<void>;
}

/** All that starting needs; of the neighbours at least those that the part names. */
export interface StartContext {
  readonly settings: Settings;
  readonly neighbours: Partial<House>;
  readonly log: Log;
}

export interface Part<N extends ServiceName = ServiceName> {
  readonly name: N;
  readonly needs: readonly ServiceName[];
  start(context: StartContext): Promise<StartedService>;
}

/** `load` imports the builder, so that a process loads the code of no service but its own. */
export function part<N extends ServiceName, const Needed extends readonly ServiceName[]>(
  name: N,
  needs: Needed,
  load: () => Promise<BuildDaemon<N, Needed[number]>>,
): Part<N> {
  return {
    name,
    needs,
    start: async ({ settings, neighbours, log }) => {
      for (const needed of needs) present(neighbours[needed], `the neighbour ${needed}`);
      const [contract, build] = await Promise.all([contractOf(name), load()]);
      const daemon = await build({
        settings,
        neighbours: neighbours as Pick<House, Needed[number]>,
        log,
      });
      const hold = createWriteHold();
      const implementation = implement(contract, name, hold.around(contract, daemon.handlers), {
        checkOutputs: settings.check_outputs,
        onBug: (bug, { operation, requestId }) =>
          log.error("bug", { operation, request_id: requestId, error: bug }),
      });
      return {
        implementation,
        hold,
        stats: () => daemon.stats?.() ?? {},
        metrics: () => [...(daemon.metrics?.() ?? []), ...figureMetrics(name, daemon.stats?.() ?? {})],
        close: () => daemon.close(),
      };
    },
  };
}

/** Where ingestd works on uploaded files, and storaged adopts finished ones by renaming them. */
export function spoolFolder({ data }: Settings): string {
  return join(data, "spool");
}

/** A source log of the root that `lakehouse distill` works on unless it is given another. */
export function sourceLogPath({ data }: Settings, name: "chat" | "validation"): string {
  return join(data, "distill", "data", "_kb", `${name}.jsonl`);
}
