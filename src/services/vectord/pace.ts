// How long work goes on before the event loop is let go. Requests that arrive meanwhile wait for one step and
// no longer, whatever the work.

/** A step of ours, and what is done between two looks at the clock, stay well below 20 ms together. */
const STEP_MS = 4;

/** One turn of the event loop: requests that arrived are served before the next step. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * For a loop: called after each piece of work, it gives null while there is time, and otherwise what to wait for.
 * Not a promise each time, because most pieces take microseconds.
 */
export function pacer(): () => Promise<void> | null {
  let until = performance.now() + STEP_MS;
  return () => {
    if (performance.now() < until) return null;
    return breathe().then(() => {
      until = performance.now() + STEP_MS;
    });
  };
}
