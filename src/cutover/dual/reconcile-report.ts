// What a comparison of both sides' holdings has found, for programs as JSON and for people as Markdown. Keys are in it, contents are
// not.

import { cell } from "../report-files.ts";
import type { RouteReconciled } from "./reconcile.ts";

export interface ReconcileReport {
  readonly schema: "lakehouse.reconcile.v1";
  readonly at: string;
  readonly upstream: string;
  readonly routes: readonly RouteReconciled[];
  /** Written ones that are no longer remembered, and so were not compared. */
  readonly forgotten: number;
  /** Lines of the queue that were damaged on the disk: each may be a write that nothing here speaks of. */
  readonly damaged: number;
  readonly verdict: "same" | "different" | "nothing written" | "still waiting" | "not read";
}

interface ReconcileFacts extends Pick<ReconcileReport, "upstream" | "forgotten" | "damaged"> {
  readonly now: number;
}

export function reconcileReport(
  routes: readonly RouteReconciled[],
  { now, upstream, forgotten, damaged }: ReconcileFacts,
): ReconcileReport {
  const sum = (of: (one: RouteReconciled) => number): number => routes.reduce((all, one) => all + of(one), 0);
  const wrong =
    damaged +
    sum(({ different, missing, failed, lost, unclear }) => different + missing + failed + lost + unclear);
  const verdict =
    wrong > 0
      ? "different"
      : sum(({ unread }) => unread) > 0
        ? "not read"
        : sum(({ waiting }) => waiting) > 0
          ? "still waiting"
          : sum(({ keys }) => keys) === 0
            ? "nothing written"
            : "same";
  return {
    schema: "lakehouse.reconcile.v1",
    at: new Date(now).toISOString(),
    upstream,
    routes,
    forgotten,
    damaged,
    verdict,
  };
}

export function reconcileMarkdown(report: ReconcileReport): string {
  const { at, upstream, routes, forgotten, damaged, verdict } = report;
  return [
    "# What both sides hold",
    "",
    `${at}. **${verdict}**. There: ${upstream}; here: this house.`,
    ...(forgotten > 0 ? [`${forgotten} older writes are no longer remembered, and were not compared.`] : []),
    ...(damaged > 0
      ? [`${damaged} lines of the queue were damaged: writes that nothing here speaks of.`]
      : []),
    "",
    "| route | keys | same | different | on one side | not read | waiting | failed | lost | unclear |",
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ...routes.map(
      (one) =>
        `| ${one.route} | ${one.keys} | ${one.same} | ${one.different} | ${one.missing} | ${one.unread} | ${one.waiting} | ${one.failed} | ${one.lost} | ${one.unclear} |`,
    ),
    "",
    ...routes.flatMap(({ route, examples }) =>
      examples.length === 0 ? [] : [`## ${route}`, "", ...examples.map((text) => `- ${cell(text)}`), ""],
    ),
  ].join("\n");
}
