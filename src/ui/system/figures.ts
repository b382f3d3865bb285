// What waits in the house and what its caches are worth, as rows: of all services and of the gateway.

import type { HouseHealth, ServiceHealth } from "../wire/house.ts";

export interface QueueRow {
  readonly service: string;
  readonly queue: string;
  readonly waiting: number;
  readonly waiting_max: number;
  readonly running: number | null;
  readonly running_max: number | null;
  /** Of what it takes, from 0 to 1. */
  readonly full: number;
}

/** The fullest first; one in which nothing waits or runs comes last. */
export function queuesOf({ services, gateway }: HouseHealth): readonly QueueRow[] {
  const all: Readonly<Record<string, Pick<ServiceHealth, "queues">>> = { gateway, ...services };
  return Object.entries(all)
    .flatMap(([service, { queues = {} }]) =>
      Object.entries(queues).map(([queue, { waiting, waiting_max, running, running_max }]) => ({
        service,
        queue,
        waiting,
        waiting_max,
        running: running ?? null,
        running_max: running_max ?? null,
        full: waiting_max === 0 ? 0 : waiting / waiting_max,
      })),
    )
    .sort((a, b) => b.full - a.full || (b.running ?? 0) - (a.running ?? 0));
}

export interface CacheRow {
  readonly service: string;
  readonly cache: string;
  readonly used: number;
  readonly max: number;
  readonly unit: "entries" | "bytes";
  readonly asked: number;
  /** Of what was asked for; null before anything was. */
  readonly hit_rate: number | null;
}

export function cachesOf({ services }: HouseHealth): readonly CacheRow[] {
  return Object.entries(services).flatMap(([service, { caches = {} }]) =>
    Object.entries(caches).map(([cache, { used, max, unit, hits, misses }]) => {
      const asked = hits + misses;
      return { service, cache, used, max, unit, asked, hit_rate: asked === 0 ? null : hits / asked };
    }),
  );
}
