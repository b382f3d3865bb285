import { mebibytesToBytes } from "#config";
import { ingestd } from "#services/ingestd/service";
import { type BuildDaemon, spoolFolder } from "./part.ts";

export const buildIngestd: BuildDaemon<"ingestd", "storaged" | "catalogd"> = ({ settings, neighbours }) =>
  ingestd({
    storage: neighbours.storaged,
    catalog: neighbours.catalogd,
    settings: {
      spoolDir: spoolFolder(settings),
      memoryBytesMax: mebibytesToBytes(settings.ingest_memory_mib),
    },
  });
