// What work holds of memory while it is under way, for tests of streams that must not pile up.

/** The most memory that `work` added to the process, in bytes. */
export async function memoryOf(work: () => Promise<void>): Promise<number> {
  Bun.gc(true);
  const before = process.memoryUsage.rss();
  let most = before;
  let timer: Timer;
  const look = (): void => {
    const start = performance.now();
    // What counts is what is held, not what is left lying. In a process that holds much a collection takes long:
    // the work has the greater part of the time whatever it takes.
    Bun.gc(true);
    most = Math.max(most, process.memoryUsage.rss());
    timer = setTimeout(look, Math.max(50, 5 * (performance.now() - start)));
  };
  timer = setTimeout(look, 50);
  try {
    await work();
    Bun.gc(true);
    return Math.max(most, process.memoryUsage.rss()) - before;
  } finally {
    clearTimeout(timer);
  }
}
