// Starts a house in the configured topology and records its address in the pidfile. Services are imported only here.

import { type Settings, unknownVariables } from "#config";
import { createLog, exitOnUncaught, type Log } from "#lib/log";
import type { RunningHouse } from "#topology/together";
import { quoted } from "./program.ts";
import { stderrIsTty } from "./terminal/terminal.ts";

export function logOf(settings: Settings, level: Settings["log"] = settings.log): Log {
  return createLog({ level, readable: stderrIsTty });
}

export async function startHouse(settings: Settings, log: Log, takeOver = false): Promise<RunningHouse> {
  exitOnUncaught(log);
  for (const sentence of unknownVariables()) log.warn(sentence);
  const { recordUrl } = await import("#topology/pidfile");
  const house = settings.apart
    ? await (await import("#topology/apart")).startApart(settings, log, { takeOver })
    : await (await import("#topology/together")).startTogether(settings, log, { takeOver });
  await recordUrl(settings.data, house.url);
  return house;
}

/** The page of a fill in the console. */
export function fillUrl(url: string, fillId: string): string {
  return `${url}/ui/fills/${encodeURIComponent(fillId)}`;
}

export interface HouseUrls {
  readonly console: string;
  readonly gateway: string;
  readonly docs: string;
  readonly health: string;
  readonly openapi: string;
  readonly metrics: string;
}

export function urlsOf(url: string): HouseUrls {
  return {
    console: `${url}/`,
    gateway: url,
    docs: `${url}/docs`,
    health: `${url}/v1/health`,
    openapi: `${url}/openapi.json`,
    metrics: `${url}/metrics`,
  };
}

/** `--data DIR`, where it differs from the command's default. */
export function dataFlag(settings: Settings, standard: string): string {
  return settings.data === standard ? "" : ` --data ${quoted(settings.data)}`;
}
