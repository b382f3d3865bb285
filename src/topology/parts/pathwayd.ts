import { join } from "node:path";
import { pathwayd } from "#services/pathwayd/service";
import type { BuildDaemon } from "./part.ts";

export const buildPathwayd: BuildDaemon<"pathwayd", "embedd"> = ({ settings, neighbours, log }) =>
  pathwayd({ embed: neighbours.embedd, file: join(settings.data, "pathway.sqlite"), log });
