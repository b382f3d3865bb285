import { join } from "node:path";
import { sqliteState } from "#adapters/state";
import { catalogd } from "#services/catalogd/service";
import type { BuildDaemon } from "./part.ts";

export const buildCatalogd: BuildDaemon<"catalogd", "storaged"> = ({ settings, neighbours, log }) =>
  catalogd({
    storage: neighbours.storaged,
    state: sqliteState(join(settings.data, "catalog.sqlite")),
    background: true,
    scratch: join(settings.data, "cache", "merge"),
    log,
  });
