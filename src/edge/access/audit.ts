// The audit of refused calls: each is counted by reason and caller, and logged where `access_log` asks for it. A line
// names the operation and never the path, query or body that was sent: those may hold what nobody else may read.

import type { Settings } from "#config";
import type { Log } from "#lib/log";
import type { DenialReason } from "./denied.ts";

/** Besides denials at the edge: refused by a service's own rules (SQL that may not be), and for want of room. */
export type RefusalReason = DenialReason | "rule" | "busy";

export interface Reply {
  /** Of the operation: `queryd.sql`; undefined for the edge's own pages and paths that are not there. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  /** The name of the key that was shown and is known; undefined for none or an unknown one. */
  readonly caller: string | undefined;
  readonly requestId: string;
  readonly tookMs: number;
  readonly refused: RefusalReason | undefined;
}

export interface Audit {
  /** Told of every reply. */
  record(reply: Reply): void;
  /** Refused calls so far, by reason and caller. */
  refusals(): readonly { readonly reason: string; readonly caller: string; readonly count: number }[];
}

const ANONYMOUS = "anonymous";

export function createAudit(accessLog: Settings["access_log"], log: Log): Audit {
  // Bounded: reasons are a closed set, and callers the keys of the house.
  const counts = new Map<string, Map<string, number>>();
  return {
    record: ({ refused, caller = ANONYMOUS, requestId, tookMs, ...reply }) => {
      if (refused !== undefined) {
        const byCaller = counts.get(refused) ?? new Map<string, number>();
        counts.set(refused, byCaller);
        byCaller.set(caller, (byCaller.get(caller) ?? 0) + 1);
      }
      if (accessLog === "off" || (accessLog === "refused" && refused === undefined)) return;
      log.info(refused === undefined ? "call" : "call refused", {
        ...reply,
        caller,
        request_id: requestId,
        took_ms: Math.round(tookMs * 100) / 100,
        ...(refused === undefined ? {} : { reason: refused }),
      });
    },
    refusals: () =>
      [...counts].flatMap(([reason, byCaller]) =>
        [...byCaller].map(([caller, count]) => ({ reason, caller, count })),
      ),
  };
}
