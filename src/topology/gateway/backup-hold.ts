// How a backup asks the house that runs to hold its writes: over the control socket, for all services at once, whichever
// processes they live in. The hold is short and ends by itself.

import type { Settings } from "#config";
import type { ServiceName } from "#contracts/house";
import { SERVICE_NAMES } from "#contracts/services";
import { Fault } from "#rpc/fault";
import { PLAN } from "../plan.ts";
import { type ControlHandlers, requestControl } from "./control-socket.ts";

/** Holds the writes of every service. */
export interface HouseHold {
  /** The names of services whose calls in flight had not ended in time. */
  hold(): Promise<readonly string[]>;
  /** False when a hold had ended by itself, so that what was copied meanwhile may be of several moments. */
  resume(): Promise<boolean>;
}

/** Writers are kept waiting no longer than that, which is below the 15 s that most calls may take. */
export const HOLD_MS_MAX = 10_000;
/** Commits and writes to an index take milliseconds; what takes longer is waited for no longer. */
export const HOLD_DRAIN_MS_MAX = 3000;

const PASSIVE: ReadonlySet<ServiceName> = new Set(["storaged", "embedd"]);

/** Services that call others which hold writes wait for those, and would not end before the hold does. */
function drains(name: ServiceName): boolean {
  return PLAN[name].needs.every((needed) => PASSIVE.has(needed));
}

/**
 * Holds every service: storaged last, because calls in flight elsewhere end by storing objects. `hold` resolves with
 * whether the calls in flight have ended. Gives the names of services where they have not.
 */
export async function holdInOrder(
  hold: (name: ServiceName, drainMs: number) => Promise<boolean>,
): Promise<readonly string[]> {
  const held = async (name: ServiceName): Promise<ServiceName[]> =>
    (await hold(name, drains(name) ? HOLD_DRAIN_MS_MAX : 0)) || !drains(name) ? [] : [name];
  const writers = SERVICE_NAMES.filter((name) => name !== "storaged");
  const busy = await Promise.all(writers.map(held));
  return [...busy.flat(), ...(await held("storaged"))];
}

export function holdControls({ hold, resume }: HouseHold): ControlHandlers {
  return {
    "/hold-writes": async () => ({ busy: await hold() }),
    "/resume-writes": async () => ({ held: await resume() }),
  };
}

/** The same, asked of a running house from another process. */
export function remoteHold(settings: Settings): HouseHold {
  const silent = new Fault(
    "unavailable",
    `Services run over ${settings.data}, and no gateway answers there, so their writes cannot be held for a backup. Start the gateway, or stop the services.`,
  );
  const send = (path: string): Promise<unknown> =>
    requestControl(settings, path, HOLD_MS_MAX + HOLD_DRAIN_MS_MAX, silent);
  return {
    hold: async () => ((await send("/hold-writes")) as { busy: string[] }).busy,
    resume: async () => ((await send("/resume-writes")) as { held: boolean }).held,
  };
}
