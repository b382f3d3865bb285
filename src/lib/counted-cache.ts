// A cache that evicts what was not used for longest, and counts what was found in it. Its figures are in bytes where its
// limit is said as `maxSize`, else in entries.

import { LRUCache } from "lru-cache";
import type { CacheFigures } from "./figures.ts";

export class CountedCache<K extends {}, V extends {}> extends LRUCache<K, V> {
  #hits = 0;
  #misses = 0;

  override get(key: K): V | undefined {
    const found = super.get(key);
    if (found === undefined) this.#misses += 1;
    else this.#hits += 1;
    return found;
  }

  get figures(): CacheFigures {
    const inBytes = this.maxSize > 0;
    return {
      used: inBytes ? this.calculatedSize : this.size,
      max: inBytes ? this.maxSize : this.max,
      unit: inBytes ? "bytes" : "entries",
      hits: this.#hits,
      misses: this.#misses,
    };
  }
}
