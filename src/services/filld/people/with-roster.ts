// Checks of people against a roster that may not be in memory yet. One that is being read is waited for, as long as the call
// has time; then whoever asked is told to come back, and never that nobody was checked.

import { ROSTER_LOADING, type validate } from "#contracts/validate";
import type { Call } from "#rpc/call";
import type { Service } from "#rpc/contract";
import { Fault } from "#rpc/fault";

/** A check waits by itself for all but three seconds of its time: with less than this it would be asked over and over. */
const WAIT_MS_MIN = 5000;

export function isRosterLoading(thrown: unknown): boolean {
  return thrown instanceof Fault && thrown.reason === ROSTER_LOADING;
}

/** Runs a check, and loads the roster when it is not loaded yet. */
export async function withRoster<T>(
  { validate: validatord }: { readonly validate: Pick<Service<typeof validate>, "loadRoster"> },
  roster: string,
  call: Call,
  check: () => Promise<T>,
): Promise<T> {
  const checked = async (): Promise<T> => {
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (!isRosterLoading(error) || call.deadline - Date.now() < WAIT_MS_MIN) throw error;
      }
    }
  };
  try {
    return await checked();
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== "unavailable" || isRosterLoading(error)) throw error;
    await validatord.loadRoster({ roster }, call);
    return checked();
  }
}
