// An order as a person corrects it, and what every order must be before it is kept.

import { fillOrder, type FillOrder } from "#contracts/fill";
import { Fault } from "#rpc/fault";
import { parseInput } from "#rpc/input/invalid-input";

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
  const data = parsedOrder(order);
  const { start_at, end_at } = data;
  if (start_at === undefined || end_at === undefined || Date.parse(end_at) > Date.parse(start_at))
    return data;
  const message = "must be after start_at";
  throw new Fault("invalid", `order.end_at: ${message}`, { details: [{ path: "order.end_at", message }] });
}

/** Faults name its fields as requests have them, below `order`. */
function parsedOrder(order: unknown): FillOrder {
  try {
    return parseInput(fillOrder, order) as FillOrder;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const details = error.details?.map(({ path, message }) => ({ path: `order.${path}`, message }));
    throw new Fault("invalid", `order.${error.message}`, { details, cause: error });
  }
}

function omit(order: FillOrder, names: readonly (keyof FillOrder)[]): FillOrder {
  const gone: ReadonlySet<string> = new Set(names);
  return Object.fromEntries(Object.entries(order).filter(([name]) => !gone.has(name)));
}
