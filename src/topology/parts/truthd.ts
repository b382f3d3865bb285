import { join } from "node:path";
import { truthd } from "#services/truthd/service";
import type { BuildDaemon } from "./part.ts";

export const buildTruthd: BuildDaemon<"truthd", "catalogd" | "ingestd" | "queryd"> = ({
  settings,
  neighbours,
}) =>
  truthd({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    ingest: neighbours.ingestd,
    file: join(settings.data, "truth.sqlite"),
  });
