import { join } from "node:path";
import { matrixd } from "#services/matrixd/service";
import type { BuildDaemon } from "./part.ts";

export const buildMatrixd: BuildDaemon<"matrixd", "catalogd" | "queryd" | "embedd" | "vectord"> = ({
  settings,
  neighbours,
  log,
}) =>
  matrixd({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    embed: neighbours.embedd,
    vector: neighbours.vectord,
    folder: join(settings.data, "corpora"),
    taxonomyFolder: join(settings.data, "taxonomy"),
    log,
  });
