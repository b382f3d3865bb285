// Tools about the house itself.

import { z } from "zod";
import { READS, tool } from "../tool.ts";

export const systemStatus = tool({
  name: "system_status",
  title: "System status",
  description: "Say how much the house holds, and whether its object store and journal are sound.",
  scope: "read",
  effects: READS,
  input: z.strictObject({}),
  output: z.object({
    object_store: z.looseObject({ status: z.string() }),
    datasets: z.int(),
    corpora: z.array(z.object({ name: z.string(), status: z.string(), rows: z.int() })),
    journal: z.looseObject({ events: z.int() }),
  }),
  run: async ({ storaged, catalogd, matrixd, journald }, _, { call }) => {
    const [probe, { datasets }, { corpora }, journal] = await Promise.all([
      storaged.probe({}, call),
      catalogd.datasets({ limit: 1000 }, call),
      matrixd.corpora({ limit: 1000 }, call),
      journald.status({}, call),
    ]);
    return {
      object_store: probe,
      datasets: datasets.length,
      corpora: corpora.map(({ name, status, rows }) => ({ name, status, rows })),
      journal,
    };
  },
});
