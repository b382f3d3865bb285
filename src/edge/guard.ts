// Stands first in the edge. A browser will send a page's requests to any address, loopback too, so who asks is
// checked before what is asked: the Host must be a name this house goes by (a foreign name that resolves here
// is DNS rebinding), and a page of another origin must be one that was allowed.

import { Fault } from "#rpc/fault";
import { isLoopback } from "./auth.ts";

export interface GuardOptions {
  readonly host: string;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
}

/** Gives the page that asks, when one does. Throws `forbidden`. */
export type Guard = (headers: Headers) => string | undefined;

export function createGuard({ host, allowHosts, allowOrigins }: GuardOptions): Guard {
  const named = new Set([host, ...allowHosts]);
  const origins = new Set(allowOrigins);
  // Who binds to every address cannot know all the names it is reached by; there a key is required anyway.
  const anyHost = !isLoopback(host) && allowHosts.length === 0;
  // Hosts repeat: each is worked out once. Bounded, because a client chooses them.
  const checked = new Map<string, boolean>();

  const knownHost = (header: string): boolean => {
    const before = checked.get(header);
    if (before !== undefined) return before;
    const name = header.replace(/:\d+$/, "");
    const known = HOST.test(header) && (anyHost || named.has(name) || isLoopback(name));
    if (checked.size < CHECKED_HOSTS_MAX) checked.set(header, known);
    return known;
  };

  return (headers) => {
    const header = headers.get("host");
    if (header === null || !knownHost(header)) {
      throw new Fault(
        "forbidden",
        "This house is not known under that Host. Add it to LAKEHOUSE_ALLOW_HOSTS.",
      );
    }
    const origin = headers.get("origin");
    if (origin === null) return undefined;
    if (origin !== `http://${header}` && origin !== `https://${header}` && !origins.has(origin)) {
      throw new Fault(
        "forbidden",
        "Pages of that origin may not ask here. Add it to LAKEHOUSE_ALLOW_ORIGINS.",
      );
    }
    return origin;
  };
}

const CHECKED_HOSTS_MAX = 256;
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
