// Hands items over to somebody that nobody waits for. Offering one costs well below a microsecond, never throws and never
// waits; they go out in batches, one batch at a time. What does not fit is dropped and counted, and so is a batch whose
// sending failed: the next one says how many were lost before it.

export interface LossyQueueOptions<T> {
  /** Must end within a time of its own. `dropped` is how many were lost since the last batch that arrived. */
  readonly send: (items: readonly T[], dropped: number) => Promise<unknown>;
  readonly itemsMax: number;
  readonly batchMax: number;
  /** Milliseconds for which a batch gathers. */
  readonly delayMs: number;
}

export interface LossyQueue<T> {
  offer(item: T): void;
  /** Lost since the start. */
  readonly dropped: number;
  /** Sends what is left, for at most `msMax`. */
  close(msMax: number): Promise<void>;
}

export function createLossyQueue<T>({
  send,
  itemsMax,
  batchMax,
  delayMs,
}: LossyQueueOptions<T>): LossyQueue<T> {
  let items: T[] = [];
  let dropped = 0;
  /** Of these the receiver knows. */
  let told = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<void> | undefined;
  let closed = false;

  const sendBatch = async (): Promise<void> => {
    const batch = items.slice(0, batchMax);
    items = items.slice(batchMax);
    const news = dropped - told;
    try {
      await send(batch, news);
      told += news;
    } catch {
      // Whoever offered them has long gone on; that they are lost is what the count is for.
      dropped += batch.length;
    }
  };
  const schedule = (): void => {
    if (timer !== undefined || sending !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = sendBatch().finally(() => {
        sending = undefined;
        if (items.length > 0) schedule();
      });
    }, delayMs);
    timer.unref();
  };

  return {
    offer: (item) => {
      if (closed || items.length >= itemsMax) {
        dropped += 1;
        return;
      }
      items.push(item);
      schedule();
    },
    get dropped() {
      return dropped;
    },
    close: async (msMax) => {
      closed = true;
      clearTimeout(timer);
      const rest = (async () => {
        await sending;
        while (items.length > 0) await sendBatch();
      })();
      await Promise.race([rest, Bun.sleep(msMax)]);
    },
  };
}
