import { validatord } from "#services/validatord/service";
import type { BuildDaemon } from "./part.ts";

export const buildValidatord: BuildDaemon<"validatord", "catalogd" | "queryd"> = ({
  settings,
  neighbours,
  log,
}) =>
  validatord({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    roster: settings.roster,
    log,
  });
