// The API key of this tab, where the house has keys. It is kept in the tab's session and sent as a header, never in a URL.

import { createStore } from "../parts/store.ts";

const KEPT_AS = "lakehouse.key";

/** Set when the house refused a request for want of a key that it knows. */
export const keyWanted = createStore<"no" | "missing" | "refused">("no");

/** Counts up when the key changes: what was refused is read again. */
export const keyChanges = createStore(0);

export function keyHeaders(): Record<string, string> {
  const key = sessionStorage.getItem(KEPT_AS);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

export function keepKey(key: string): void {
  sessionStorage.setItem(KEPT_AS, key.trim());
  keyWanted.set("no");
  keyChanges.set(keyChanges.value() + 1);
}

export function forgetKey(): void {
  sessionStorage.removeItem(KEPT_AS);
  keyWanted.set("missing");
}

export function hasKey(): boolean {
  return sessionStorage.getItem(KEPT_AS) !== null;
}

export function refusedKey(): void {
  keyWanted.set(hasKey() ? "refused" : "missing");
}
