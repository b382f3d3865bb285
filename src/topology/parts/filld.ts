import { filld } from "#services/filld/service";
import type { BuildDaemon } from "./part.ts";

const MINUTE_MS = 60_000;

export const buildFilld: BuildDaemon<
  "filld",
  "journald" | "matrixd" | "validatord" | "pathwayd" | "queryd" | "ingestd"
> = ({ settings, neighbours, log }) =>
  filld({
    journal: neighbours.journald,
    matrix: neighbours.matrixd,
    validate: neighbours.validatord,
    pathway: neighbours.pathwayd,
    query: neighbours.queryd,
    ingest: neighbours.ingestd,
    log,
    settings: { holdMs: settings.fill_hold_minutes * MINUTE_MS, agency: settings.agency },
  });
