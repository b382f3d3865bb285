// matrixd with its neighbours, its folders below the data folder, and the chat models that the settings name for it.

import { join } from "node:path";
import { journalRecorder } from "#adapters/journal-recorder";
import { sqliteState } from "#adapters/state";
import { matrixd } from "#services/matrixd/service";
import type { BuildDaemon } from "./part.ts";

export const buildMatrixd: BuildDaemon<
  "matrixd",
  "catalogd" | "queryd" | "embedd" | "vectord" | "journald" | "chatd"
> = ({ settings, neighbours, log }) =>
  matrixd({
    catalog: neighbours.catalogd,
    query: neighbours.queryd,
    embed: neighbours.embedd,
    vector: neighbours.vectord,
    chat: neighbours.chatd,
    roleModel: settings.role_model,
    rerankModel: settings.rerank_model,
    recorder: journalRecorder({ journal: neighbours.journald, log }),
    folder: join(settings.data, "corpora"),
    playbooks: {
      openState: () => sqliteState(join(settings.data, "playbooks.sqlite")),
      settings: {
        halfLifeDays: settings.playbook_half_life_days,
        perActorMax: settings.playbook_actor_max,
        harmMax: settings.playbook_harm_max,
      },
    },
    taxonomyFolder: join(settings.data, "taxonomy"),
    placesFolder: join(settings.data, "places"),
    log,
  });
