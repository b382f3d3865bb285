// Which columns of a dataset say what a ranking needs to know of a row: its role, its occupation code, where it is,
// and what conditions of an order go by: status, certificates, languages, a person's name, the first day free.
// Whoever defines a corpus may name them; what is not named is found by the names that such columns usually have.
// A dataset without them is searched by words and vectors alone.

import type { Meanings } from "#contracts/matrix";
import { columnsNamed, ORDER_NAMES, WORKER_NAMES } from "#domain/columns";
import { Fault } from "#rpc/fault";

const { role, soc, city, state, lat, lon, ...OTHER_NAMES } = WORKER_NAMES;
const { status, do_not_hire, certifications, certifications_expire, languages, name, available_from } =
  OTHER_NAMES;
const { first: first_name, last: last_name } = OTHER_NAMES;
const PLACE_NAMES = { city, state, lat, lon };
const CERTIFICATE_NAMES = { certifications, certifications_expire };
const NAME_NAMES = { name, first_name, last_name };
const PERSON_NAMES = { status, do_not_hire, ...CERTIFICATE_NAMES, languages, ...NAME_NAMES, available_from };
const MEANING_NAMES = { role, soc, ...PLACE_NAMES, ...PERSON_NAMES };

/** The columns that have a meaning. Throws `invalid` for one that is named and not there. */
export function meaningsOf(given: Meanings, columns: readonly string[]): Meanings {
  for (const [meaning, named] of Object.entries(given)) {
    if (named === undefined || columns.includes(named)) continue;
    throw new Fault("invalid", `There is no column ${named}. The dataset has: ${columns.join(", ")}.`, {
      details: [{ path: `meanings.${meaning}`, message: "is not a column of the dataset" }],
    });
  }
  return { ...columnsNamed(MEANING_NAMES, columns), ...given };
}

/** A row that says how many people are wanted is an order, and so is one that an order's number names. */
export function holdsOrders(id: string, columns: readonly string[]): boolean {
  const { headcount } = columnsNamed({ headcount: ORDER_NAMES.headcount }, columns);
  return headcount !== undefined || /^(?:job_?)?(?:order|requisition)/i.test(id);
}
