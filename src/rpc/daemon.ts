// The one shape of every daemon: a function `(deps) => Promise<Daemon<typeof contract>>` named like the service. How it
// is reached, in process or over a socket, is decided by whoever calls `implement` with its handlers.

import type { CacheFigures, QueueFigures } from "#lib/figures";
import type { Contract, Handlers } from "./contract.ts";

export interface Daemon<C extends Contract> {
  readonly handlers: Handlers<C>;
  /** What it does just now, as counts and process ids: for tests and for the service's health. */
  stats?(): DaemonStats;
  /** Its own metrics, in the shape of prom-client's `registry.getMetricsAsJSON()`. */
  metrics?(): object[];
  /** Ends background work and worker processes, and closes files. Called once, after the last request. */
  close(): Promise<void>;
}

export interface DaemonStats {
  /** Background work that failed since the start, by the name of the work (`snapshot`, `graph build`). */
  readonly failures?: Readonly<Record<string, number>> | undefined;
  /** Names of what is damaged, until it is repaired or restored. */
  readonly damaged?: readonly string[] | undefined;
  /** Sentences for the house's health, of what others do not do as they should. */
  readonly notes?: readonly string[] | undefined;
  /** By what waits in it (`statements`), and by what is kept in it (`table metadata`). */
  readonly queues?: Readonly<Record<string, QueueFigures>> | undefined;
  readonly caches?: Readonly<Record<string, CacheFigures>> | undefined;
  readonly [count: string]: unknown;
}
