// Stands first in the edge. A browser will send a page's requests to any address, loopback too, so who asks is
// checked before what is asked: the Host must be a name this house goes by (a foreign name that resolves here
// is DNS rebinding), and a page of another origin must be one that was allowed.

import { Fault } from "#rpc/fault";
import { isLoopback } from "./auth.ts";
import { Denied } from "./denied.ts";

export interface GuardOptions {
  readonly host: string;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
}

/** Gives the page that asks, when one does. Throws `invalid` for a Host that is none, and `forbidden`. */
export type Guard = (headers: Headers) => string | undefined;

export function createGuard({ host, allowHosts, allowOrigins }: GuardOptions): Guard {
  const named = new Set([host, ...allowHosts].map((name) => name.toLowerCase()));
  const origins = new Set(allowOrigins);
  // Who binds to every address cannot know all the names it is reached by; there a key is required anyway.
  const anyHost = !isLoopback(host) && allowHosts.length === 0;
  // Hosts repeat: each is worked out once. Bounded, because a client chooses them.
  const known = new Set<string>();

  const checkHost = (header: string): void => {
    if (known.has(header)) return;
    const port = /:(\d+)$/.exec(header)?.[1];
    // A second Host comes with the first one as "a, b".
    if (!HOST.test(header) || Number(port ?? 0) > PORT_MAX) {
      throw new Denied("bad_host", "A request names one Host, as in `Host: 127.0.0.1:3110`.");
    }
    const name = header.replace(/:\d+$/, "").toLowerCase();
    if (!anyHost && !named.has(name) && !isLoopback(name)) {
      throw new Denied(
        "foreign_host",
        "This house is not known under that Host. Add it to LAKEHOUSE_ALLOW_HOSTS.",
      );
    }
    if (known.size < KNOWN_HOSTS_MAX) known.add(header);
  };

  return (headers) => {
    const header = headers.get("host") ?? "";
    checkHost(header);
    const origin = headers.get("origin");
    if (origin === null) {
      checkSite(headers);
      return undefined;
    }
    if (!isOwn(origin, header) && !origins.has(origin)) {
      throw new Denied(
        "foreign_origin",
        "Pages of that origin may not ask here. Add it to LAKEHOUSE_ALLOW_ORIGINS.",
      );
    }
    return origin;
  };
}

/** An origin is written in lower case by every browser (WHATWG URL), and a Host as its client likes. */
function isOwn(origin: string, host: string): boolean {
  const own = host.toLowerCase();
  return origin === `http://${own}` || origin === `https://${own}`;
}

/**
 * A browser leaves Origin out of some requests that a page makes, for images and scripts, and says where the page is
 * from all the same (W3C Fetch Metadata). That somebody followed a link is no page's request.
 */
function checkSite(headers: Headers): void {
  const site = headers.get("sec-fetch-site");
  if (site === null || site === "same-origin" || site === "none") return;
  if (headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document") return;
  throw new Denied(
    "cross_site",
    "Pages of other sites may not ask here. Add their origin to LAKEHOUSE_ALLOW_ORIGINS and ask with CORS.",
  );
}

/** Others, such as TRACE and CONNECT, are for proxies. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]);

/** For requests that no route takes: a route has its method. Throws `invalid`. */
export function checkMethod(method: string): void {
  if (!METHODS.has(method)) throw new Fault("invalid", `The method ${method} is not known here.`);
}

/** Half of what the platform takes with its headers: past that it says no more than 431 (src/rpc/listen.ts). */
const URL_CHARS_MAX = 32 * 1024;

/** Throws `too_large` for a URL that is longer than any option needs. */
export function checkUrl(url: string): void {
  if (url.length <= URL_CHARS_MAX) return;
  throw new Fault(
    "too_large",
    `The URL is longer than ${URL_CHARS_MAX} characters. Send long options in the body: POST /v1/ingest takes them as fields of a form.`,
  );
}

const PORT_MAX = 65_535;
const KNOWN_HOSTS_MAX = 256;
const HOST = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/;
