// What may stand for a name that a client types: of a dataset, a corpus, a role, a fill.

import type { House } from "#contracts/house";
import { ROLES } from "#domain/roles";
import type { Complete } from "./surface.ts";

const NAMES_MAX = 1000;

export function completions({
  catalogd,
  matrixd,
  filld,
}: House): Record<"datasets" | "corpora" | "roles" | "fills", Complete> {
  return {
    datasets: async (_, { call }) =>
      (await catalogd.datasets({ limit: NAMES_MAX }, call)).datasets.map(({ name }) => name),
    corpora: async (_, { call }) =>
      (await matrixd.corpora({ limit: NAMES_MAX }, call)).corpora.map(({ name }) => name),
    roles: () => Promise.resolve(ROLES.map(({ name }) => name)),
    fills: async (_, { call }) =>
      (await filld.list({ limit: NAMES_MAX }, call)).fills.map(({ fill_id }) => fill_id),
  };
}
