// Cooperative scheduling: long work on the event loop is cut into slices, and requests that arrive in between
// are served after the slice under way, however long the work is as a whole.

/** A slice, and the piece of work that overruns it, stay well below 20 ms together. */
const SLICE_MS = 4;

/** One turn of the event loop: whatever is ready to run does so before the promise resolves. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * For a loop over small pieces of work. The function returned is called after each piece: null while the slice lasts,
 * a promise to await when it is used up. Most pieces take microseconds, and a promise for each would cost more.
 */
export function timeSlicer(): () => Promise<void> | null {
  let until = performance.now() + SLICE_MS;
  return () => {
    if (performance.now() < until) return null;
    return yieldToEventLoop().then(() => {
      until = performance.now() + SLICE_MS;
    });
  };
}
