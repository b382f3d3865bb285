// An order as it is told to its asker, with the people in it whom the corpus alone knows: somebody who is looked for, and
// those who are not wanted.

import type { OrderReading } from "#domain/orders/order-reading";
import type { Understood } from "./understand.ts";

interface KnownPeople {
  /** Somebody whom the text names. */
  readonly person: OrderReading["person"];
  /** Whole names of people who are not wanted. */
  readonly barredNames: readonly string[];
}

export function withPeople(
  { order, candidates }: Pick<Understood, "order" | "candidates">,
  { person, barredNames }: KnownPeople,
  text: string,
): Pick<Understood, "order" | "candidates"> {
  let told = order;
  if (barredNames.length > 0) {
    const { roles = [], persons = [] } = order.exclude ?? {};
    const all = [...persons, ...barredNames.map((name) => ({ name }))];
    told = { ...told, exclude: { roles, persons: all }, unread: unreadBeside(told.unread, barredNames) };
  }
  if (person === undefined) return { order: told, candidates };
  const { id, name = "" } = person;
  // A text that is a name asks for nothing else.
  const rest =
    name === text.trim()
      ? { slots: {}, unread: [], corrections: [] }
      : { unread: unreadBeside(told.unread, [id ?? name]) };
  return { order: { ...told, ...rest, person }, candidates: [] };
}

function unreadBeside(unread: readonly string[], names: readonly string[]): readonly string[] {
  const said = names.join(" ").toLowerCase();
  return unread.filter((word) => !said.includes(word.toLowerCase()));
}
