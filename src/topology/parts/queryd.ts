import { join } from "node:path";
import { mebibytesToBytes } from "#config";
import { queryd } from "#services/queryd/service";
import type { BuildDaemon } from "./part.ts";

export const buildQueryd: BuildDaemon<"queryd", "storaged" | "catalogd"> = async ({ settings, neighbours }) =>
  queryd({
    storage: neighbours.storaged,
    catalog: neighbours.catalogd,
    settings: {
      cacheDir: join(settings.data, "cache", "objects"),
      memoryBytesMax: mebibytesToBytes(settings.sql_memory_mib),
      workersMax: settings.sql_workers,
    },
  });
