// What the screens of who keeps the house running show on their pictures.

import { liveThrough } from "./house-life.ts";
import type { SpawnedHouse } from "./spawned-house.ts";

/** Views by the names of their pictures. */
export async function operationsViews(house: SpawnedHouse): Promise<Readonly<Record<string, string>>> {
  const { fillId, traceId, runId, draftId, exportFile } = await liveThrough(house);
  const [, , exportName] = exportFile.split("/");
  await house.json("/v1/cutover/upstreams", {
    name: "old",
    dialect: "go",
    url: "http://127.0.0.1:9/a/long/sub-path/of/the/older/system",
  });
  await house.json("/v1/cutover/flip", { route: "go:matrix.search", to: "shadow", why: "Compare first" });
  return {
    journal: "/ui/journal",
    "journal-event": "/ui/journal?event=2",
    "journal-life": `/ui/journal/${fillId}`,
    system: "/ui/system",
    "system-traffic": "/ui/system?tab=traffic",
    "system-events": "/ui/system?tab=events",
    "system-keys": "/ui/system?tab=keys",
    models: "/ui/models",
    "models-try": "/ui/models?tab=try",
    "models-usage": "/ui/models?tab=usage&measure=tokens",
    "models-budgets": "/ui/models?tab=budgets",
    "models-drafts": `/ui/models?tab=drafts&run=${draftId}`,
    memory: "/ui/memory",
    "memory-conflict": `/ui/memory?tab=conflicts&conflict=${encodeURIComponent("worker:山田/東京 name")}`,
    "memory-holds": "/ui/memory?tab=holds&entity=worker:w-001&what=phone",
    "memory-trace": `/ui/memory/${traceId}`,
    "memory-unknown": "/ui/memory/nothing",
    distillation: `/ui/distillation?run=${runId}`,
    "distillation-audit": "/ui/distillation?tab=audit",
    "distillation-quarantine": "/ui/distillation?tab=quarantine",
    "distillation-exports": `/ui/distillation?tab=exports&export=${exportName}`,
    "distillation-evidence": `/ui/distillation?tab=evidence&file=${exportFile}&row=0`,
    cutover: "/ui/cutover?route=go:matrix.search",
    api: "/ui/api",
    "api-operation": "/ui/api/matrixd.search",
  };
}

export const EMPTY_OPERATIONS_VIEWS = [
  ["journal-empty", "/ui/journal"],
  ["models-usage-empty", "/ui/models?tab=usage"],
  ["memory-empty", "/ui/memory"],
  ["memory-conflicts-empty", "/ui/memory?tab=conflicts"],
  ["distillation-empty", "/ui/distillation"],
  ["cutover-empty", "/ui/cutover"],
] as const;
