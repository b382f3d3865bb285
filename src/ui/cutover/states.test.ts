import { expect, test } from "bun:test";
import type { RouteReport, RouteStatus } from "../wire/house.ts";
import { linesOf, stateBack, STATES, summaryOf } from "./states.ts";

const status = (route: string, state: RouteStatus["state"], tenant = ""): RouteStatus => ({
  route,
  tenant,
  state,
  since: "",
  actor: "",
  reason: "",
});
const report = (route: string, tenant = ""): RouteReport =>
  ({ route, tenant, gates: [], differences: [] }) as unknown as RouteReport;

test("a route that is compared stands in the matrix, with its own state or that of its dialect", () => {
  const routes = [
    status("go:*", "shadow"),
    status("rust:*", "off"),
    status("go:embed.embed", "canary", "acme"),
  ];
  const lines = linesOf(routes, [report("go:embed.embed", "acme"), report("go:matrix.search")]);
  expect(
    lines.map(({ status: { route, tenant, state }, report: own }) => [
      route,
      tenant,
      state,
      own !== undefined,
    ]),
  ).toEqual([
    ["go:*", "", "shadow", false],
    ["rust:*", "", "off", false],
    ["go:embed.embed", "acme", "canary", true],
    ["go:matrix.search", "", "shadow", true],
  ]);
  expect(summaryOf(routes)).toBe("1 in canary, 1 compared, 1 off");
});

test("every state has a way back towards the older system, or is there", () => {
  for (const state of STATES) {
    const back = stateBack(state);
    if (back !== undefined) expect(STATES.indexOf(back)).toBeLessThan(STATES.indexOf(state));
  }
  expect([stateBack("primary"), stateBack("shadow"), stateBack("off")]).toEqual([
    "shadow",
    "pass-through",
    undefined,
  ]);
});
