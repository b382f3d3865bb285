// Deadlines by the thousand on one timer. Entries stand in a doubly linked list that one timer walks every 20 ms, so
// setting and clearing a deadline costs some pointers and no timer of its own. A deadline fires up to one step late and
// never early. The timer runs only while there are entries.

/** How often the list is walked, and so how late a deadline may fire. */
const STEP_MS = 20;

export interface Deadline {
  clear(): void;
}

class Entry implements Deadline {
  previous: Entry = this;
  next: Entry = this;
  readonly at: number;
  readonly fire: () => void;

  constructor(at: number, fire: () => void) {
    this.at = at;
    this.fire = fire;
  }

  clear(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

const waiting = new Entry(Infinity, () => undefined);
let timer: ReturnType<typeof setInterval> | undefined;

function walk(): void {
  const now = Date.now();
  const due: Entry[] = [];
  for (let entry = waiting.next; entry !== waiting; entry = entry.next) if (entry.at <= now) due.push(entry);
  for (const entry of due) {
    // One that fires may clear another that is due too.
    if (entry.next === entry) continue;
    entry.clear();
    entry.fire();
  }
  if (waiting.next === waiting) {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Calls `fire` once, at `at` (milliseconds since the epoch) or up to 20 ms later, unless cleared before. */
export function deadline(at: number, fire: () => void): Deadline {
  const entry = new Entry(at, fire);
  entry.previous = waiting.previous;
  entry.next = waiting;
  waiting.previous.next = entry;
  waiting.previous = entry;
  timer ??= setInterval(walk, STEP_MS);
  return entry;
}
