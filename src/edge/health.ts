// How the house is: one look at every service and at the object store, each within a short time of its own, so
// that a hanging neighbour never makes the answer late.

import type { CacheFigures, QueueFigures } from "#lib/figures";
import type { Service } from "#rpc/contract";
import type { DaemonStats } from "#rpc/daemon";
import type { storage } from "#contracts/storage";

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
  /** Requests that wait to be let in, by where they go. */
  readonly gateway: { readonly queues: Readonly<Record<string, QueueFigures>> };
  readonly probes: { readonly object_store: object };
}

export interface HealthDeps {
  readonly topology: "together" | "apart";
  readonly version: string;
  /** Resolves when the service answers, with what it says of itself. */
  readonly pings: Readonly<Record<string, (signal: AbortSignal) => Promise<DaemonStats>>>;
  readonly storage: Service<typeof storage>;
}

/** What the gateway itself adds. */
export type GatewayQueues = () => HouseHealth["gateway"]["queues"];

const PING_MS_MAX = 500;
/** Damaged things that are named; the rest are counted. */
const NAMED_MAX = 10;

function damageIn({ damaged = [] }: DaemonStats): string[] {
  if (damaged.length === 0) return [];
  const more = damaged.length > NAMED_MAX ? ` and ${damaged.length - NAMED_MAX} more` : "";
  return [
    `Damaged: ${damaged.slice(0, NAMED_MAX).join(", ")}${more}. lakehouse repair says what can be done.`,
  ];
}

function failuresIn({ failures = {} }: DaemonStats): string[] {
  const counts = Object.entries(failures).map(([work, times]) => `${work} (${times})`);
  return counts.length === 0 ? [] : [`Failed in the background since the start: ${counts.join(", ")}.`];
}

function notesIn({ notes = [] }: DaemonStats): string[] {
  const more = notes.length > NAMED_MAX ? [`And ${notes.length - NAMED_MAX} more.`] : [];
  return [...notes.slice(0, NAMED_MAX), ...more];
}

export async function houseHealth(
  { topology, version, pings, storage }: HealthDeps,
  gatewayQueues: GatewayQueues,
): Promise<HouseHealth> {
  const looked = Object.entries(pings).map(async ([name, ping]): Promise<[string, ServiceHealth]> => {
    const started = performance.now();
    const latency = (): number => Math.round((performance.now() - started) * 100) / 100;
    try {
      const stats = await ping(AbortSignal.timeout(PING_MS_MAX));
      const detail = [...damageIn(stats), ...failuresIn(stats), ...notesIn(stats)].join(" ");
      const status = (stats.damaged ?? []).length === 0 ? "ok" : "degraded";
      const { queues, caches } = stats;
      return [
        name,
        {
          status,
          latency_ms: latency(),
          ...(detail === "" ? {} : { detail }),
          ...(queues === undefined ? {} : { queues }),
          ...(caches === undefined ? {} : { caches }),
        },
      ];
    } catch {
      return [name, { status: "down", latency_ms: latency(), detail: `${name} does not answer` }];
    }
  });
  const probed = storage
    .probe({}, { timeoutMs: PING_MS_MAX })
    .catch(() => ({ status: "down", detail: "storaged does not answer" }));
  const services = Object.fromEntries(await Promise.all(looked));
  const store = await probed;
  const well = Object.values(services).every(({ status }) => status === "ok") && store.status === "ok";
  return {
    status: well ? "ok" : "degraded",
    topology,
    version,
    services,
    gateway: { queues: gatewayQueues() },
    probes: { object_store: store },
  };
}
