// One piece of work that a person starts: whether it is under way, how to stop it, and what came of it when it failed.

import { useEffect, useRef, useState } from "react";
import { toWireFault, type WireFault } from "./wire-fault.ts";

export interface Work {
  readonly busy: boolean;
  readonly fault: WireFault | undefined;
  /** Starts it; one that is under way goes on, and this one is not started. */
  readonly run: (work: (signal: AbortSignal) => Promise<void>) => void;
  readonly cancel: () => void;
  readonly dismiss: () => void;
}

/** What is under way when the component goes is stopped. */
export function useWork(): Work {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<WireFault>();
  const current = useRef<AbortController>(undefined);
  useEffect(() => () => current.current?.abort(), []);
  const run: Work["run"] = (work) => {
    if (current.current !== undefined) return;
    const controller = new AbortController();
    current.current = controller;
    setBusy(true);
    setFault(undefined);
    work(controller.signal)
      .catch((thrown: unknown) => {
        if (!controller.signal.aborted) setFault(toWireFault(thrown));
      })
      .finally(() => {
        current.current = undefined;
        setBusy(false);
      });
  };
  return { busy, fault, run, cancel: () => current.current?.abort(), dismiss: () => setFault(undefined) };
}
