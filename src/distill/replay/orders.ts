// The orders that evidence is about, as the log of fills has them: what the checks of an artifact go by. An order that lacks
// what the checks need is none, and they leave out what they cannot look at.

import { join } from "node:path";
import { type Order, validate } from "#contracts/validate";
import { jsonOr } from "#lib/json-or";
import { linesIfThere } from "../files/quarantine.ts";
import { LINES_SUFFIX, SOURCES_FOLDER } from "../root.ts";
import { fillLine } from "../schemas/source-logs.ts";

/** By what evidence calls its entity: the order's id, or the fill's. The newest order of one stands. */
export async function ordersIn(root: string): Promise<ReadonlyMap<string, Order>> {
  const decoder = new TextDecoder();
  const orders = new Map<string, Order>();
  for await (const { bytes } of linesIfThere(join(root, SOURCES_FOLDER, `fill${LINES_SUFFIX}`))) {
    const line = bytes === undefined ? undefined : fillLine.safeParse(jsonOr(decoder.decode(bytes))).data;
    if (line?.order === undefined) continue;
    const entity = line.entity ?? line.fill_id;
    const context = validate.validate.input.shape.context.safeParse({
      order: { order_id: entity, ...line.order },
    });
    if (context.data?.order !== undefined) orders.set(entity, context.data.order);
  }
  return orders;
}
