import { join } from "node:path";
import { vectord } from "#services/vectord/service";
import type { BuildDaemon } from "./part.ts";

export const buildVectord: BuildDaemon<"vectord", "embedd" | "storaged"> = ({ settings, neighbours, log }) =>
  vectord({
    embed: neighbours.embedd,
    storage: neighbours.storaged,
    folder: join(settings.data, "vectors"),
    log,
  });
