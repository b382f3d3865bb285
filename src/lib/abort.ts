// Reacting to an AbortSignal. Two things go wrong when it is done by hand: a signal that fired before never calls a
// listener that is added later, and a listener on a signal that lives longer than its purpose is kept with all it refers
// to. Here the first is called at once, and what removes the second is what `onAbort` gives.

const NOTHING = (): void => undefined;

/**
 * Calls `react` with the reason when the signal fires, before this returns if it has fired already. The function it
 * gives removes the listener; call it as soon as the reaction is no longer wanted.
 */
export function onAbort(signal: AbortSignal | undefined, react: (reason: unknown) => void): () => void {
  if (signal === undefined) return NOTHING;
  const listener = (): void => react(signal.reason);
  if (signal.aborted) {
    listener();
    return NOTHING;
  }
  signal.addEventListener("abort", listener, { once: true });
  return () => signal.removeEventListener("abort", listener);
}

/** Resolves after so many milliseconds, or as soon as the signal fires. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What `work` gives, or the signal's reason as soon as it fires; `work` goes on then and is no longer awaited. */
export function untilAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, reject);
    work.then(resolve, reject).finally(forget);
  });
}
