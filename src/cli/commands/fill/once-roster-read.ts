// Commands that need people wait for a roster that the house is reading: how far it is stands on the terminal, and a call
// that was refused for it is made again. A load ends by itself, with the roster or with a fault. A call whose reply did not
// come, in time or at all, may have been done, and is not made again.

import type { House } from "#contracts/house";
import { Fault } from "#rpc/fault";
import { createProgress } from "../../terminal/progress.ts";
import { count } from "../../terminal/plain-text.ts";

/** As often as a count that grows is read. */
const LOOK_MS = 1000;

type Reading = { readonly read: number; readonly of: number | null } | "about to be";

/** What has the rosters said no; from anywhere else, as from a line that broke, it does not say that nothing was done. */
function isRefusal(error: unknown): boolean {
  return error instanceof Fault && error.code === "unavailable" && error.origin === "validatord";
}

/** Undefined where no roster is being read, or where that cannot be known. */
async function readingNow({ validatord }: Pick<House, "validatord">): Promise<Reading | undefined> {
  try {
    const { rosters } = await validatord.rosters({});
    const loading = rosters.find(({ status }) => status === "loading");
    return loading === undefined ? undefined : (loading.reading ?? "about to be");
  } catch {
    // The call that is waited for says itself what is wrong.
    return undefined;
  }
}

export async function onceRosterIsRead<T>(
  house: Pick<House, "validatord">,
  work: () => Promise<T>,
): Promise<T> {
  const progress = createProgress();
  const show = (reading: Reading | undefined): void => {
    if (reading === undefined) return;
    if (reading === "about to be") return progress.show("The roster is about to be read");
    const { read, of } = reading;
    progress.show(
      `Reading the roster: ${count(read)}${of === null ? "" : ` of ${count(of)}`} people`,
      of === null ? undefined : read / of,
    );
  };
  const timer = setInterval(() => void readingNow(house).then(show), LOOK_MS);
  try {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isRefusal(error) || (await readingNow(house)) === undefined) throw error;
        await Bun.sleep(LOOK_MS);
      }
    }
  } finally {
    clearInterval(timer);
    progress.end();
  }
}
