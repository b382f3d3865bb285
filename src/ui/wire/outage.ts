// Which requests the house does not answer at the moment. A page says so once, however many of its parts wait.

import { createStore } from "../parts/store.ts";

const waiting = new Set<string>();

/** Requests that wait for the house to come back. */
export const outageCount = createStore(0);

export const outage = {
  began: (what: string): void => {
    waiting.add(what);
    outageCount.set(waiting.size);
  },
  over: (what: string): void => {
    waiting.delete(what);
    outageCount.set(waiting.size);
  },
};
