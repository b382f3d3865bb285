// A queue in which callers take turns: one that sends a thousand statements at once waits behind everybody who sends
// one. Within one caller it is first come, first served.

export interface FairQueue<T> {
  readonly length: number;
  /** False when the queue, or this caller's part of it, is full; `admitted` are taken all the same. */
  push(caller: string, item: T, admitted?: boolean): boolean;
  /** The next one, of the caller whose turn it is. */
  shift(): T | undefined;
  /** Takes one out that no longer waits. */
  remove(caller: string, item: T): void;
}

export function fairQueue<T>(limits: { readonly max: number; readonly perCallerMax: number }): FairQueue<T> {
  // Maps keep the order of insertion: the first caller is the next one to be served.
  const queues = new Map<string, T[]>();
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (caller, item, admitted = false) => {
      const queue = queues.get(caller);
      const full = length >= limits.max || (queue?.length ?? 0) >= limits.perCallerMax;
      if (full && !admitted) return false;
      if (queue === undefined) queues.set(caller, [item]);
      else queue.push(item);
      length += 1;
      return true;
    },
    shift: () => {
      const [first] = queues;
      if (first === undefined) return undefined;
      const [caller, queue] = first;
      const item = queue.shift();
      queues.delete(caller);
      if (queue.length > 0) queues.set(caller, queue);
      length -= 1;
      return item;
    },
    remove: (caller, item) => {
      const queue = queues.get(caller);
      const index = queue?.indexOf(item) ?? -1;
      if (queue === undefined || index < 0) return;
      queue.splice(index, 1);
      if (queue.length === 0) queues.delete(caller);
      length -= 1;
    },
  };
}
