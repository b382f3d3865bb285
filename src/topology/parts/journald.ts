import { join } from "node:path";
import { journald } from "#services/journald/service";
import type { BuildDaemon } from "./part.ts";

export const buildJournald: BuildDaemon<"journald", "catalogd" | "queryd"> = ({
  settings,
  neighbours,
  log,
}) =>
  journald({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    folder: join(settings.data, "journal"),
    sealMs: settings.journal_seal_seconds * 1000,
    log,
  });
