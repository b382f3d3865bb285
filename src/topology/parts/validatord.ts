import { join } from "node:path";
import { sourceLog } from "#adapters/source-log";
import { validatord } from "#services/validatord/service";
import { type BuildDaemon, sourceLogPath } from "./part.ts";

type Needed = "catalogd" | "queryd" | "matrixd" | "pathwayd" | "chatd" | "journald";

export const buildValidatord: BuildDaemon<"validatord", Needed> = ({ settings, neighbours, log }) =>
  validatord({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    matrix: neighbours.matrixd,
    pathway: neighbours.pathwayd,
    chat: neighbours.chatd,
    journal: neighbours.journald,
    rulesFolder: join(settings.data, "rules"),
    roster: settings.roster,
    captured: sourceLog({ path: sourceLogPath(settings, "validation"), mode: settings.capture, log }),
    log,
  });
