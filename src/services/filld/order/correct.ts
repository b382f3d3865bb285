// An order as a person corrects it, and what every order must be before it is kept.

import { fillOrder, type FillOrder } from "#contracts/fill";
import { Fault } from "#rpc/fault";

/** What followed from another place does not hold at the new one. */
const OF_THE_PLACE = ["postal_code", "lat", "lon", "timezone"] as const;
const PLACE = ["city", "state", "postal_code"] as const;

/** The order with fields changed, and those that are null taken away. Throws `invalid` with the field. */
export function corrected(order: FillOrder, changes: Readonly<Record<string, unknown>>): FillOrder {
  const moved = PLACE.some((field) => field in changes);
  const base = moved ? omit(order, OF_THE_PLACE) : order;
  const changed = checkedOrder(
    Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null)),
  );
  return changed.role === order.role || "soc" in changes ? changed : omit(changed, ["soc"]);
}

/** Throws `invalid` with the fields that no order may have so, also those that were read from a text. */
export function checkedOrder(order: unknown): FillOrder {
  const { success, data, error } = fillOrder.safeParse(order);
  const issues = success ? windowIssues(data) : error.issues;
  if (success && issues.length === 0) return data;
  throw new Fault("invalid", "There is no such order.", {
    details: issues
      .slice(0, 20)
      .map(({ path, message }) => ({ path: ["order", ...path].join("."), message })),
  });
}

function windowIssues({ start_at, end_at }: FillOrder): { path: string[]; message: string }[] {
  if (start_at === undefined || end_at === undefined || Date.parse(end_at) > Date.parse(start_at)) return [];
  return [{ path: ["end_at"], message: "must be after start_at" }];
}

function omit(order: FillOrder, names: readonly (keyof FillOrder)[]): FillOrder {
  const gone: ReadonlySet<string> = new Set(names);
  return Object.fromEntries(Object.entries(order).filter(([name]) => !gone.has(name)));
}
