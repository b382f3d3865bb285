// Whether a dataset's dates were written day or month first. Stored dates do not tell; so each ingest that saw the
// order keeps it in its snapshot's summary, by field id, with what was known before. A later file of which no date
// tells is read in the same order.

import type { catalog, Dataset } from "#contracts/catalog";
import type { Clock } from "#lib/clock";
import type { CallInit } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { SUMMARY } from "./dedupe.ts";
import type { ReadInput, Table } from "./source/shapes.ts";

/** Snapshots that are looked through: others may have been made by programs that keep no such note. */
const SNAPSHOTS_MAX = 20;

/** By field id: whether the day comes first. */
export type DateOrders = Readonly<Record<string, boolean>>;

export async function dateOrdersOf(
  service: Service<typeof catalog>,
  existing: Dataset | undefined,
  call: CallInit,
): Promise<DateOrders> {
  if (existing === undefined || !existing.columns.some(({ type }) => /^(?:DATE|TIMESTAMP)/i.test(type)))
    return {};
  const { snapshots } = await service.snapshots({ dataset: existing.name, limit: SNAPSHOTS_MAX }, call);
  const kept = snapshots.map(({ summary }) => summary[SUMMARY.dayFirst]).find((text) => text !== undefined);
  return kept === undefined ? {} : (JSON.parse(kept) as DateOrders);
}

/** What is known after a file was read, as it is kept; undefined when nothing is. */
export function keptDateOrders(
  before: DateOrders,
  { columns }: Table,
  prepared: readonly { readonly id: number; readonly name: string }[],
): string | undefined {
  const ids = new Map(prepared.map(({ id, name }) => [name.toLowerCase(), String(id)]));
  const seen = columns.flatMap(({ name, day_first: dayFirst }) => {
    const id = ids.get(name.toLowerCase());
    return id === undefined || dayFirst === undefined ? [] : [[id, dayFirst] as const];
  });
  const orders = { ...before, ...Object.fromEntries(seen) };
  return Object.keys(orders).length === 0 ? undefined : JSON.stringify(orders);
}

/** The dataset's columns as a reader is told of them: they rule over what a file appends or replaces. */
export function knownColumns(existing: Dataset | undefined, orders: DateOrders): ReadInput["known"] {
  return (existing?.columns ?? []).map(({ id, name, type }) => ({
    name,
    type,
    ...(orders[id] === undefined ? {} : { day_first: orders[id] }),
  }));
}

/** As 2026-01-31, in UTC. */
export function dayOf(clock: Clock): string {
  return new Date(clock.now()).toISOString().slice(0, 10);
}
