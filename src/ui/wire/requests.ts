// The last requests of this tab, for "Copy as": whatever a person did here can be done again by a program.

import { createStore } from "../parts/store.ts";
import type { Operation } from "./operations.ts";

export interface Sent {
  readonly operation: Operation;
  readonly input: Readonly<Record<string, unknown>>;
  readonly at: number;
}

/** More than a person remembers having done. */
const SENT_MAX = 30;

export const sentRequests = createStore<readonly Sent[]>([]);

export function recordSent(sent: Sent): void {
  const key = keyOf(sent);
  const others = sentRequests.value().filter((one) => keyOf(one) !== key);
  sentRequests.set([sent, ...others].slice(0, SENT_MAX));
}

function keyOf({ operation, input }: Sent): string {
  return `${operation.method} ${operation.path} ${JSON.stringify(input)}`;
}

export interface Written {
  readonly path: string;
  readonly query: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

/** Where each field of a request goes: into the path, the query, or the body. */
export function written(
  { method, path, body }: Operation,
  input: Readonly<Record<string, unknown>>,
): Written {
  const rest = { ...input };
  // `{key+}` takes the rest of the path: its slashes stay.
  const filled = path.replace(/\{(\w+)(\+?)\}/g, (_, name: string, whole: string) => {
    const value = String(rest[name]);
    delete rest[name];
    return whole === "" ? encodeURIComponent(value) : value.split("/").map(encodeURIComponent).join("/");
  });
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (method !== "GET" && method !== "DELETE" && body === undefined)
    return { path: filled, query: "", body: Object.fromEntries(given) };
  const query = new URLSearchParams(given.map(([name, value]) => [name, queryText(value)])).toString();
  return { path: filled, query: query === "" ? "" : `?${query}`, body: undefined };
}

/** Lists with commas, objects as JSON. */
function queryText(value: unknown): string {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  return isRecord ? JSON.stringify(value) : String(value);
}
