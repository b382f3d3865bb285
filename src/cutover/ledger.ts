// The ledger: who answers each route of a dialect, for each tenant. A route is `go:matrix.search`, `go:*` all of a dialect. The
// newest entry for exactly this route and tenant counts, then the route's, then those of the whole dialect; a dialect with an
// upstream and no entry passes through, one with neither is off.

import { z } from "zod";

export const STATES = ["off", "pass-through", "shadow", "canary", "primary", "retired"] as const;
export type State = (typeof STATES)[number];

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be letters, digits, _, . and -");
export const dialectName = z.enum(["go", "rust", "openai"]);

export const upstream = z.strictObject({
  name,
  dialect: dialectName,
  url: z
    .string()
    .regex(
      /^https?:\/\/[^\s/@?#]+(\/[^\s@?#]*)?$/,
      "must be an address with http:// or https:// and no user",
    ),
  /** Holds the credential that the upstream is sent; that of the caller never goes on. */
  key_file: z.string().optional(),
});
export type Upstream = z.infer<typeof upstream>;

export const ROUTE = /^(go|rust|openai):([a-z]+\.[A-Za-z]+|\*)$/;

export const entry = z.strictObject({
  /** Also the id of its event in the journal. */
  id: z.string(),
  route: z.string().regex(ROUTE, "must be DIALECT:SERVICE.OPERATION, as in go:matrix.search, or DIALECT:*"),
  tenant: name.optional(),
  state: z.enum(STATES),
  /** Of requests, that the house answers in a canary. */
  percent: z.number().min(0).max(100).optional(),
  /** After that the entry no longer counts. */
  until: z.iso.datetime({ offset: true }).optional(),
  actor: z.string(),
  reason: z.string(),
  at: z.iso.datetime(),
});
export type Entry = z.infer<typeof entry>;

export const ledger = z.strictObject({
  upstreams: z.array(upstream).max(16),
  /** In the order in which they were made; one that was replaced stays for the record. */
  entries: z.array(entry).max(10_000),
});
export type Ledger = z.infer<typeof ledger>;

export const EMPTY: Ledger = { upstreams: [], entries: [] };

export interface Asked {
  readonly route: string;
  readonly tenant: string;
  readonly now: number;
}

export interface Standing {
  readonly state: State;
  readonly percent: number;
  readonly entry: Entry | undefined;
}

/** Where a route stands for a tenant. */
export function standing({ upstreams, entries }: Ledger, { route, tenant, now }: Asked): Standing {
  const [dialect = ""] = route.split(":");
  const all = `${dialect}:*`;
  const newest = (wanted: string, of: string | undefined): { at: number; entry: Entry } | undefined => {
    const at = entries.findLastIndex(
      (one) =>
        one.route === wanted && one.tenant === of && (one.until === undefined || Date.parse(one.until) > now),
    );
    const found = entries[at];
    return found === undefined ? undefined : { at, entry: found };
  };
  // An entry for a whole dialect takes the place of those of its routes that are older.
  const whole = newest(all, undefined);
  const since = (found: { at: number; entry: Entry } | undefined): typeof found =>
    found !== undefined && whole !== undefined && found.at < whole.at ? undefined : found;
  const found =
    since(newest(route, tenant)) ?? since(newest(route, undefined)) ?? since(newest(all, tenant)) ?? whole;
  if (found !== undefined) {
    return { state: found.entry.state, percent: found.entry.percent ?? 0, entry: found.entry };
  }
  const state = upstreams.some((one) => one.dialect === dialect) ? "pass-through" : "off";
  return { state, percent: 0, entry: undefined };
}

/** Whether a canary takes a request: the same for one key, whenever it comes. `key` is the tenant and the request's id. */
export function isCanary(percent: number, key: string): boolean {
  return Number(Bun.hash.xxHash32(key)) % 10_000 < percent * 100;
}
