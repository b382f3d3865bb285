// A roster that is being read, for whoever waits for people: how far that is, and a call that the house could not end in its
// time goes on once the roster is there. A load ends by itself, with the roster or with a fault that the call then gives.

import { type ReactNode, useEffect, useState } from "react";
import type { RosterStatus } from "#contracts/validate";
import { send } from "../wire/client.ts";
import { VALIDATE } from "../wire/operations.ts";
import { toWireFault, type WireFault } from "../wire/wire-fault.ts";
import { Notice } from "../parts/notice.tsx";

/** As often as a count that grows is read; also how long a quick load is not worth a word. */
const LOOK_MS = 1000;

/** What is being read, in a sentence; undefined where nothing is, or where it cannot be known. */
async function readingNow(signal: AbortSignal): Promise<string | undefined> {
  try {
    const reply = await send(VALIDATE.rosters, {}, { signal, recorded: false });
    const { rosters } = (await reply.json()) as { rosters: readonly RosterStatus[] };
    return rosterWords(rosters);
  } catch {
    // The call that is waited for says itself what is wrong.
    return undefined;
  }
}

export function rosterWords(
  rosters: readonly Pick<RosterStatus, "status" | "reading">[],
): string | undefined {
  const loading = rosters.find(({ status }) => status === "loading");
  if (loading === undefined) return undefined;
  if (loading.reading === undefined) return "The roster is about to be read.";
  const { read, of } = loading.reading;
  const whole = (count: number): string => count.toLocaleString("en-US");
  return `The roster is being read: ${of === null ? `${whole(read)} people so far` : `${whole(read)} of ${whole(of)} people`}.`;
}

/** Shown while people are waited for. */
export function RosterReading(): ReactNode {
  const [words, setWords] = useState<string>();
  useEffect(() => {
    const closing = new AbortController();
    const timer = setInterval(() => {
      void readingNow(closing.signal).then((now) => {
        if (!closing.signal.aborted) setWords(now);
      });
    }, LOOK_MS);
    return () => {
      closing.abort();
      clearInterval(timer);
    };
  }, []);
  if (words === undefined) return null;
  return <Notice tone="info">{words} People are shown once it is there; nothing need be done.</Notice>;
}

/** What has the rosters said no; from anywhere else, as from a line that broke, it does not say that nothing was done. */
export function isRefusal({ code, origin }: Pick<WireFault, "code" | "origin">): boolean {
  return code === "unavailable" && origin === "validatord";
}

/**
 * The result of a call, which is made again for as long as the house refuses it because it reads a roster. One whose reply did not
 * come may have been done, and is not.
 */
export async function onceRosterIsRead<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (thrown) {
      const mayPass = isRefusal(toWireFault(thrown)) && !signal.aborted;
      if (!mayPass || (await readingNow(signal)) === undefined) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      signal.throwIfAborted();
    }
  }
}
