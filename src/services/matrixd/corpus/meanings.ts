// Which columns of a dataset say what a ranking needs to know of a row: its role, its occupation code, where it is.
// Whoever defines a corpus may name them; what is not named is found by the names that such columns usually have.
// A dataset without them is searched by words and vectors alone.

import type { Meanings } from "#contracts/matrix";
import { columnsNamed, ORDER_NAMES, WORKER_NAMES } from "#domain/columns";
import { Fault } from "#rpc/fault";

/** The columns that have a meaning. Throws `invalid` for one that is named and not there. */
export function meaningsOf(given: Meanings, columns: readonly string[]): Meanings {
  for (const [meaning, named] of Object.entries(given)) {
    if (named === undefined || columns.includes(named)) continue;
    throw new Fault("invalid", `There is no column ${named}. The dataset has: ${columns.join(", ")}.`, {
      details: [{ path: `meanings.${meaning}`, message: "is not a column of the dataset" }],
    });
  }
  const { role, soc, city, state, lat, lon } = WORKER_NAMES;
  return { ...columnsNamed({ role, soc, city, state, lat, lon }, columns), ...given };
}

/** A row that says how many people are wanted is an order, and so is one that an order's number names. */
export function holdsOrders(id: string, columns: readonly string[]): boolean {
  const { headcount } = columnsNamed({ headcount: ORDER_NAMES.headcount }, columns);
  return headcount !== undefined || /^(?:job_?)?(?:order|requisition)/i.test(id);
}
