// The states of a route in an operator's words, and which change goes forward or back.

import type { CutoverState, RouteReport, RouteStatus } from "../wire/house.ts";

export const STATES = [
  "off",
  "pass-through",
  "shadow",
  "canary",
  "primary",
  "retired",
] as const satisfies readonly CutoverState[];

export const STATE_WORDS: Readonly<Record<CutoverState, { readonly title: string; readonly means: string }>> =
  {
    off: { title: "Off", means: "Nobody answers: callers get 503." },
    "pass-through": { title: "Passed on", means: "The older system answers." },
    shadow: {
      title: "Shadow",
      means:
        "The older system answers, and this house is asked the same behind it. The replies are compared.",
    },
    canary: { title: "Canary", means: "This house answers a share of the calls; the rest is as in shadow." },
    primary: { title: "Primary", means: "This house answers. Its failures and its slowness are watched." },
    retired: { title: "Retired", means: "Nobody answers any more: callers get 404." },
  };

export const STATE_TONES: Readonly<Record<CutoverState, "plain" | "info" | "good" | "warn" | "bad">> = {
  off: "bad",
  "pass-through": "plain",
  shadow: "info",
  canary: "warn",
  primary: "good",
  retired: "plain",
};

/** The state to go back to where something is wrong: the older system answers again, and is compared where there is one. */
export function stateBack(state: CutoverState): CutoverState | undefined {
  if (state === "canary" || state === "primary") return "shadow";
  return state === "shadow" ? "pass-through" : undefined;
}

/** One line for each route and key: what stands in the ledger, and what is compared under a whole dialect. */
export interface RouteLine {
  readonly status: RouteStatus;
  readonly report: RouteReport | undefined;
}

/** A route that is compared without an entry of its own stands as its dialect does. */
export function linesOf(
  routes: readonly RouteStatus[],
  reports: readonly RouteReport[],
): readonly RouteLine[] {
  const keyOf = ({ route, tenant }: { readonly route: string; readonly tenant: string }): string =>
    `${route} ${tenant}`;
  const reportOf = new Map(reports.map((report) => [keyOf(report), report]));
  const known = new Set(routes.map(keyOf));
  const compared = reports
    .filter((report) => !known.has(keyOf(report)))
    .flatMap((report): RouteLine[] => {
      const whole = routes.find(({ route }) => route === `${report.route.split(":")[0] ?? ""}:*`);
      const { route, tenant } = report;
      return whole === undefined ? [] : [{ status: { ...whole, route, tenant }, report }];
    });
  return [...routes.map((status) => ({ status, report: reportOf.get(keyOf(status)) })), ...compared];
}

/** "go:matrix.search is answered here, 2 others are compared": the whole in a sentence. */
export function summaryOf(routes: readonly RouteStatus[]): string {
  const count = (...states: CutoverState[]): number =>
    routes.filter(({ state }) => states.includes(state)).length;
  const parts = [
    [count("primary"), "answered here"],
    [count("canary"), "in canary"],
    [count("shadow"), "compared"],
    [count("pass-through"), "passed on"],
    [count("off"), "off"],
  ] as const;
  return parts
    .filter(([number]) => number > 0)
    .map(([number, words]) => `${number} ${words}`)
    .join(", ");
}
