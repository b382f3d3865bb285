// Dual writes over HTTP: which routes are written twice, how the second side keeps up, and what was written, page by page.

import { z } from "zod";
import { parseInput } from "#rpc/input/invalid-input";
import type { Route } from "#rpc/route";
import type { Dual } from "../cutover.ts";
import { actorOf, operation } from "./operation.ts";

const PAGE_MAX = 500;

const change = z.strictObject({
  route: z.string(),
  on: z.boolean(),
  why: z.string().max(2000).default(""),
  actor: z.string().min(1).max(200).optional(),
});

export function dualRoutes(dual: Dual): Route[] {
  const path = "/v1/cutover/dual-writes";
  return [
    operation("dualWrites", "GET", path, () => dual.status()),
    operation("setDualWrites", "PUT", path, async (body, exchange) => {
      const { route, on, why, actor } = parseInput(change, body ?? {}) as z.infer<typeof change>;
      await dual.set({ route, on, actor: actorOf(exchange, actor), reason: why });
      return dual.status();
    }),
    operation("dualWritten", "GET", `${path}/written`, async (_, _exchange, request) => {
      const all = await dual.writes.written();
      const after = new URL(request.url).searchParams.get("after");
      // One that is no longer remembered begins again.
      const from = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
      const written = all.slice(from, from + PAGE_MAX);
      const last = written.at(-1);
      return {
        written,
        ...(last === undefined || from + PAGE_MAX >= all.length ? {} : { next_after: last.id }),
      };
    }),
    operation("noteDualDamage", "POST", `${path}/damaged/note`, async () => {
      await dual.writes.noteDamage();
      return dual.status();
    }),
    operation("dualWaiting", "GET", `${path}/waiting`, async () => {
      const waiting = await dual.writes.waiting();
      return { count: waiting.length, waiting: waiting.slice(0, PAGE_MAX) };
    }),
  ];
}
