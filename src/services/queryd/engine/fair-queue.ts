// A line in which callers take turns: whoever asks a thousand questions at once waits behind everybody who
// asks one. Within one caller it is first come, first served.

export interface FairQueue<T> {
  readonly length: number;
  /** False when the line, or this caller's part of it, is full. */
  push(caller: string, item: T): boolean;
  /** The next one, of the caller whose turn it is. */
  shift(): T | undefined;
  /** Takes one out that no longer waits. */
  remove(caller: string, item: T): void;
}

export function fairQueue<T>(limits: { readonly max: number; readonly perCallerMax: number }): FairQueue<T> {
  // Maps keep the order of insertion: the first caller is the next one to be served.
  const lines = new Map<string, T[]>();
  let length = 0;
  return {
    get length() {
      return length;
    },
    push: (caller, item) => {
      const line = lines.get(caller);
      if (length >= limits.max || (line?.length ?? 0) >= limits.perCallerMax) return false;
      if (line === undefined) lines.set(caller, [item]);
      else line.push(item);
      length += 1;
      return true;
    },
    shift: () => {
      const [first] = lines;
      if (first === undefined) return undefined;
      const [caller, line] = first;
      const item = line.shift();
      lines.delete(caller);
      if (line.length > 0) lines.set(caller, line);
      length -= 1;
      return item;
    },
    remove: (caller, item) => {
      const line = lines.get(caller);
      const index = line?.indexOf(item) ?? -1;
      if (line === undefined || index < 0) return;
      line.splice(index, 1);
      if (line.length === 0) lines.delete(caller);
      length -= 1;
    },
  };
}
