// What a view shows of the house: loaded when the view opens, kept while it is read again, and read again by itself when the
// house was away.

import { useCallback, useEffect, useRef, useState } from "react";
import { useStore } from "../parts/store.ts";
import { keyChanges } from "./access-key.ts";
import { outage } from "./outage.ts";
import { toWireFault, type WireFault } from "./wire-fault.ts";

export interface Loaded<T> {
  /** The last that was read, also while a newer one is on its way or could not be had. */
  readonly data: T | undefined;
  readonly fault: WireFault | undefined;
  readonly refresh: () => void;
  /** Takes what a write replied with, which is newer than what was read. */
  readonly take: (data: T) => void;
}

const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 5000;

/**
 * `name` names what is loaded: another name is another thing, and the former is forgotten. What is `there` already, from the
 * reply to a write, is not loaded first.
 */
export function useLoaded<T>(name: string, load: () => Promise<T>, there?: T): Loaded<T> {
  const [state, setState] = useState<{ name: string; data?: T; fault?: WireFault }>({
    name,
    ...(there === undefined ? {} : { data: there }),
  });
  const given = useRef(there !== undefined);
  const [wanted, setWanted] = useState(0);
  const changes = useStore(keyChanges);
  const takes = useRef(0);
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (given.current) {
      given.current = false;
      return undefined;
    }
    let stopped = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let pauseMs = AGAIN_MS_MIN;
    const attempt = (): void => {
      const takesBefore = takes.current;
      latest.current().then(
        (data) => {
          outage.over(name);
          // What was asked for before a write may be older than its reply.
          if (!stopped && takes.current === takesBefore) setState({ name, data });
        },
        (thrown: unknown) => {
          if (stopped) return;
          const fault = toWireFault(thrown);
          setState((before) => ({ ...(before.name === name ? before : {}), name, fault }));
          if (!fault.away) {
            outage.over(name);
            return;
          }
          outage.began(name);
          timer = setTimeout(attempt, pauseMs);
          pauseMs = Math.min(AGAIN_MS_MAX, pauseMs * 2);
        },
      );
    };
    attempt();
    return () => {
      stopped = true;
      clearTimeout(timer);
      outage.over(name);
    };
  }, [name, wanted, changes]);
  const refresh = useCallback(() => setWanted((count) => count + 1), []);
  const take = useCallback(
    (data: T) => {
      takes.current += 1;
      setState({ name, data });
    },
    [name],
  );
  const current = state.name === name ? state : undefined;
  return { data: current?.data, fault: current?.fault, refresh, take };
}
