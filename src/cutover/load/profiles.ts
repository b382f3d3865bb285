// The profiles of a load, as data: how many clients, how long, what they do. Rates are not part of them: an open loop without
// a rate of its own runs at a share of what a closed loop reaches just before, which is a load that a house can bear.

import { present } from "#lib/assert";
import { chatIterate } from "./scenarios/chat.ts";
import { surgeFillValidate } from "./scenarios/fills.ts";
import { ingestAndQuery } from "./scenarios/ingest.ts";
import { playbookRecordReplay } from "./scenarios/playbooks.ts";
import { rotatingSearch } from "./scenarios/rotating.ts";
import type { LoadScenario } from "./scenarios/scenario.ts";
import { coldSearch, warmSearch } from "./scenarios/searches.ts";

/** What a scenario needs of a house beyond its corpus. */
export type Need = "write" | "script";

export interface ScenarioClass {
  readonly run: LoadScenario;
  readonly needs: readonly Need[];
}

export const CLASSES = {
  search: { run: rotatingSearch, needs: [] },
  cold_search: { run: coldSearch, needs: [] },
  warm_search: { run: warmSearch, needs: [] },
  surge_fill_validate: { run: surgeFillValidate, needs: [] },
  playbook_record_replay: { run: playbookRecordReplay, needs: ["write"] },
  ingest_and_query: { run: ingestAndQuery, needs: ["write"] },
  chat_iterate: { run: chatIterate, needs: ["write", "script"] },
} as const satisfies Readonly<Record<string, ScenarioClass>>;

export type ClassName = keyof typeof CLASSES;

export interface LoadProfile {
  readonly clients: number;
  readonly seconds: number;
  /** In turn, each as often as the others. */
  readonly classes: readonly ClassName[];
  /** How many workers the roster has that it makes; null where it searches what is there. */
  readonly workers: number | null;
}

export const PROFILES = {
  baseline: { clients: 1, seconds: 10, classes: ["search"], workers: null },
  sustained: { clients: 10, seconds: 30, classes: ["search"], workers: null },
  multitier: {
    clients: 50,
    seconds: 300,
    classes: [
      "cold_search",
      "warm_search",
      "surge_fill_validate",
      "playbook_record_replay",
      "ingest_and_query",
      "chat_iterate",
    ],
    workers: 100_000,
  },
} as const satisfies Readonly<Record<string, LoadProfile>>;

export type ProfileName = keyof typeof PROFILES;
export const PROFILE_NAMES = Object.keys(PROFILES) as readonly ProfileName[];

/** A scenario's class by its number: in turn, so that each comes as often as the others in any stretch of a run. */
export function classAt(classes: readonly ClassName[], turn: number): ClassName {
  return present(classes[turn % classes.length], "a class");
}
