// What the house says of itself beside its services' contracts: how it is, what it measures, what it can do, and which system
// answers older callers. These replies have no contract, so their shapes are told here.

import type { CacheFigures, QueueFigures } from "#lib/figures";
import { send } from "./client.ts";
import type { Operation } from "./operations.ts";

export const HOUSE = {
  health: { method: "GET", path: "/v1/health", cli: "status" },
  metrics: { method: "GET", path: "/metrics" },
  openapi: { method: "GET", path: "/openapi.json" },
} as const satisfies Readonly<Record<string, Operation>>;

export const CUTOVER = {
  status: { method: "GET", path: "/v1/cutover", cli: "cutover status" },
  report: { method: "GET", path: "/v1/cutover/report", cli: "cutover report --json" },
  flip: {
    method: "POST",
    path: "/v1/cutover/flip",
    cli: "cutover flip {route} --to {to} --percent {percent} --shadow {shadow} --tenant {tenant} --until {until} --why {why} {--force}",
  },
  gates: {
    method: "PUT",
    path: "/v1/cutover/gates",
    cli: "cutover gates --hours {hours_min} --share {compared_share}",
  },
  addUpstream: {
    method: "POST",
    path: "/v1/cutover/upstreams",
    cli: "cutover upstream add {name} {url} --dialect {dialect} --key-file {key_file}",
  },
  removeUpstream: {
    method: "DELETE",
    path: "/v1/cutover/upstreams/{name}",
    cli: "cutover upstream rm {name}",
  },
  recordings: { method: "GET", path: "/v1/cutover/recordings", cli: "cutover recordings" },
  record: { method: "POST", path: "/v1/cutover/recordings" },
  stopRecording: { method: "POST", path: "/v1/cutover/recordings/{id}/stop" },
  removeRecording: { method: "DELETE", path: "/v1/cutover/recordings/{id}" },
  recording: { method: "GET", path: "/v1/cutover/recordings/{id}" },
} as const satisfies Readonly<Record<string, Operation>>;

export interface ServiceHealth {
  readonly status: "ok" | "degraded" | "down";
  readonly latency_ms: number;
  readonly detail?: string;
  readonly queues?: Readonly<Record<string, QueueFigures>>;
  readonly caches?: Readonly<Record<string, CacheFigures>>;
}

export interface HouseHealth {
  readonly status: "ok" | "degraded";
  readonly topology: "together" | "apart";
  readonly version: string;
  readonly services: Readonly<Record<string, ServiceHealth>>;
  readonly gateway: { readonly queues: Readonly<Record<string, QueueFigures>> };
  readonly probes: {
    readonly object_store: Readonly<Record<string, unknown>> & {
      readonly status: string;
      readonly damaged?: readonly unknown[];
      readonly detail?: string;
    };
  };
}

export type CutoverState = "off" | "pass-through" | "shadow" | "canary" | "primary" | "retired";

export interface RouteStatus {
  readonly route: string;
  /** Empty for all. */
  readonly tenant: string;
  readonly state: CutoverState;
  readonly percent?: number;
  /** What is compared behind a primary. */
  readonly shadow?: "upstream";
  readonly since: string;
  readonly until?: string;
  readonly actor: string;
  readonly reason: string;
}

export interface Upstream {
  readonly name: string;
  readonly dialect: "go" | "rust";
  readonly url: string;
  readonly key_file?: string;
}

export interface CutoverStatus {
  readonly routes: readonly RouteStatus[];
  readonly upstreams: readonly Upstream[];
}

export interface Recording {
  readonly id: string;
  readonly routes: readonly string[];
  readonly percent: number;
  readonly at: string;
  readonly until: string;
  readonly actor: string;
  readonly reason: string;
  /** Of one that has ended. */
  readonly end?: {
    readonly at: string;
    readonly why: string;
    readonly calls: number;
    readonly bytes: number;
  };
}

export interface RecordingWish {
  readonly for_ms: number;
  readonly routes?: readonly string[];
  readonly percent?: number;
  readonly why?: string;
}

export interface Gate {
  readonly name: string;
  readonly ok: boolean;
  /** With its number and the limit. */
  readonly text: string;
}

export interface Difference {
  readonly path: string;
  readonly kind: string;
  readonly explained: boolean;
  readonly noise: boolean;
  readonly count: number;
  readonly detail: string;
}

export interface RouteReport {
  readonly route: string;
  readonly tenant: string;
  readonly since: string;
  readonly compared: number;
  readonly different: number;
  readonly explained: number;
  readonly noisy: number;
  readonly errors: { readonly there: number; readonly here: number };
  readonly dropped: Readonly<Record<string, number>>;
  readonly shapes: { readonly seen: number; readonly compared: number };
  readonly p99_ms: { readonly there: number | null; readonly here: number | null };
  readonly differences: readonly Difference[];
  readonly noise: readonly string[];
  readonly gates: readonly Gate[];
}

export interface Flip {
  readonly route: string;
  readonly to: CutoverState;
  readonly percent?: number;
  readonly shadow?: "upstream";
  readonly tenant?: string;
  readonly until?: string;
  readonly why: string;
  readonly force?: boolean;
}

async function json<T>(operation: Operation, input: object = {}): Promise<T> {
  return (await (await send(operation, { ...input })).json()) as T;
}

export const houseHealth = (): Promise<HouseHealth> => json(HOUSE.health);
/** Prometheus text. */
export const houseMetrics = async (): Promise<string> =>
  (await send(HOUSE.metrics, {}, { accept: "text/plain" })).text();
export const apiDescription = <T>(): Promise<T> => json(HOUSE.openapi);

export const cutover = {
  status: (): Promise<CutoverStatus> => json(CUTOVER.status),
  report: (): Promise<{ readonly routes: readonly RouteReport[] }> => json(CUTOVER.report),
  flip: (flip: Flip): Promise<CutoverStatus> => json(CUTOVER.flip, flip),
  addUpstream: (upstream: Upstream): Promise<unknown> => json(CUTOVER.addUpstream, upstream),
  removeUpstream: (name: string): Promise<unknown> => json(CUTOVER.removeUpstream, { name }),
  recordings: (): Promise<{ readonly recordings: readonly Recording[] }> => json(CUTOVER.recordings),
  record: (wish: RecordingWish): Promise<unknown> => json(CUTOVER.record, wish),
  stopRecording: (id: string): Promise<unknown> => json(CUTOVER.stopRecording, { id }),
  removeRecording: (id: string): Promise<unknown> => json(CUTOVER.removeRecording, { id }),
  gates: (limits: Readonly<Record<string, number>>): Promise<unknown> => json(CUTOVER.gates, limits),
} as const;
