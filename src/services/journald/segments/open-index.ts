// The index of a segment that is written to, in memory: where each event's frame begins, and which events have a key.
// Twelve bytes a key: events of a key are chained from the newest to the oldest, in arrays that double when they are full.

/** Keys are few before there are events; a full segment has some hundred thousand. */
const KEYS_FIRST = 1024;

/** Sequences from the first to the last. */
export interface SeqRange {
  readonly from: number;
  readonly to: number;
}

export interface SegmentIndex {
  readonly first: number;
  /** The last event in it; `first - 1` while it has none. */
  readonly last: number;
  /** Events of it that a repair could not bring back. */
  readonly lost: readonly SeqRange[];
  /** Where the frame of an event begins. */
  offsetOf(seq: number): number;
  /** Events that may have the key, in order, from `after` on. */
  find(key: number, after: number): readonly number[];
}

export class OpenIndex implements SegmentIndex {
  readonly first: number;
  readonly lost: SeqRange[] = [];
  #count = 0;
  #offsets = new Uint32Array(KEYS_FIRST);
  #keys = new Uint32Array(KEYS_FIRST);
  /** The event of a key, and one more than the place of the key's next older entry. */
  #events = new Uint32Array(KEYS_FIRST);
  #older = new Uint32Array(KEYS_FIRST);
  #entries = 0;
  /** By the low bits of a key: one more than the place of the newest entry. */
  #newest = new Uint32Array(KEYS_FIRST);

  constructor(first: number) {
    this.first = first;
  }

  get last(): number {
    return this.first + this.#count - 1;
  }

  add(offset: number, keys: readonly number[]): void {
    if (this.#count === this.#offsets.length) this.#offsets = doubled(this.#offsets);
    this.#offsets[this.#count] = offset;
    for (const key of keys) this.#addKey(key, this.#count);
    this.#count += 1;
  }

  addLost(offset: number): void {
    const seq = this.last + 1;
    const before = this.lost.at(-1);
    if (before?.to === seq - 1) this.lost[this.lost.length - 1] = { from: before.from, to: seq };
    else this.lost.push({ from: seq, to: seq });
    this.add(offset, []);
  }

  offsetOf(seq: number): number {
    return this.#offsets[seq - this.first] ?? 0;
  }

  find(key: number, after: number): readonly number[] {
    const found: number[] = [];
    for (let at = this.#newest[key & (this.#newest.length - 1)] ?? 0; at > 0; at = this.#older[at - 1] ?? 0) {
      const seq = this.first + (this.#events[at - 1] ?? 0);
      if (seq <= after) break;
      if (this.#keys[at - 1] === key) found.push(seq);
    }
    return found.reverse();
  }

  /** What an index file holds: the offsets, and the keys in order with their events counted from `first`. */
  contents(): { readonly offsets: Uint32Array; readonly keys: Uint32Array; readonly events: Uint32Array } {
    // By key, and by event within a key: both are below 2^32, which a double does not hold together, so a stable sort.
    const order = Uint32Array.from({ length: this.#entries }, (_, at) => at);
    order.sort((a, b) => (this.#keys[a] ?? 0) - (this.#keys[b] ?? 0) || a - b);
    return {
      offsets: this.#offsets.slice(0, this.#count),
      keys: order.map((at) => this.#keys[at] ?? 0),
      events: order.map((at) => this.#events[at] ?? 0),
    };
  }

  #addKey(key: number, event: number): void {
    if (this.#entries === this.#keys.length) {
      this.#keys = doubled(this.#keys);
      this.#events = doubled(this.#events);
      this.#older = doubled(this.#older);
      this.#newest = new Uint32Array(this.#keys.length);
      for (let at = 0; at < this.#entries; at += 1) this.#link(at);
    }
    this.#keys[this.#entries] = key;
    this.#events[this.#entries] = event;
    this.#link(this.#entries);
    this.#entries += 1;
  }

  #link(at: number): void {
    const slot = (this.#keys[at] ?? 0) & (this.#newest.length - 1);
    this.#older[at] = this.#newest[slot] ?? 0;
    this.#newest[slot] = at + 1;
  }
}

function doubled(numbers: Uint32Array): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(numbers.length * 2);
  more.set(numbers);
  return more;
}
