// The ledger: who answers each route of a dialect, for each tenant. A route is `go:matrix.search`, `go:*` all of a dialect. The
// newest entry for exactly this route and tenant counts, then the route's, then those of the whole dialect; a dialect with an
// upstream and no entry passes through, one with neither is off.

import { z } from "zod";
import { DUAL_CHANGES_MAX, dualChange } from "../dual/dual-write.ts";
import { gateLimits } from "../gates/limits.ts";
import { recording, RECORDINGS_MAX } from "../record/recording.ts";

export const STATES = ["off", "pass-through", "shadow", "canary", "primary", "retired"] as const;
export type State = (typeof STATES)[number];

/** The usual variable of each side's upstream, for a house that is set up by its environment. */
export const UPSTREAM_VARIABLES = { go: "GO_LAKEHOUSE_URL", rust: "RUST_LAKEHOUSE_URL" } as const;

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be letters, digits, _, . and -");
/** Those that another system may answer. */
export const dialectName = z.enum(["go", "rust"]);
export type DialectName = z.infer<typeof dialectName>;

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

export const ROUTE = /^(go|rust):([a-z]+\.[A-Za-z]+|health|\*)$/;

export const entry = z.strictObject({
  /** Also the id of its event in the journal. */
  id: z.string(),
  route: z.string().regex(ROUTE, "must be DIALECT:SERVICE.OPERATION, as in go:matrix.search, or DIALECT:*"),
  tenant: name.optional(),
  state: z.enum(STATES),
  /** Of requests, that the house answers in a canary. */
  percent: z.number().min(0).max(100).optional(),
  /** Of a primary: the upstream is asked the same behind this house's replies, and compared. */
  shadow: z.literal("upstream").optional(),
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
  /** Of the gates before a canary; the standard ones unless given. */
  gates: gateLimits.partial().optional(),
  /** Which routes' writes go to both sides; the newest change counts. */
  dual_writes: z.array(dualChange).max(DUAL_CHANGES_MAX).optional(),
  /** What was and is recorded; one at most has no end. */
  recordings: z.array(recording).max(RECORDINGS_MAX).optional(),
});
export type Ledger = z.infer<typeof ledger>;

export const EMPTY: Ledger = { upstreams: [], entries: [] };

export interface Standing {
  readonly state: State;
  readonly percent: number;
  readonly entry: Entry | undefined;
}

/** Where a route stands for a tenant. */
export type StandingOf = (route: string, tenant: string, now: number) => Standing;

interface Placed {
  readonly at: number;
  readonly entry: Entry;
}

function placeOf(route: string, tenant: string | undefined): string {
  return `${route} ${tenant ?? ""}`;
}

/** By route and tenant the entries that can still count, the newest first: one without an end hides all before it. */
function reachable({ entries }: Ledger): Map<string, Placed[]> {
  const places = new Map<string, Placed[]>();
  for (const [at, entry] of [...entries.entries()].toReversed()) {
    const place = placeOf(entry.route, entry.tenant);
    const placed = places.get(place) ?? [];
    if (placed.at(-1)?.entry.until !== undefined || placed.length === 0) placed.push({ at, entry });
    places.set(place, placed);
  }
  return places;
}

/** Routes and tenants whose standing is remembered: those of a house with many keys; of others it is worked out each time. */
const REMEMBERED_MAX = 10_000;

/** Worked out once for a ledger, so that a request costs a look-up. */
export function standings(ledger: Ledger): StandingOf {
  const worked = workedOut(ledger);
  // What ends by the clock is no constant.
  if (ledger.entries.some(({ until }) => until !== undefined)) return worked;
  const known = new Map<string, Map<string, Standing>>();
  let remembered = 0;
  return (route, tenant, now) => {
    const found = known.get(route)?.get(tenant);
    if (found !== undefined) return found;
    const standing = worked(route, tenant, now);
    if (remembered >= REMEMBERED_MAX) return standing;
    const tenants = known.get(route) ?? new Map<string, Standing>();
    known.set(route, tenants.set(tenant, standing));
    remembered += 1;
    return standing;
  };
}

function workedOut(ledger: Ledger): StandingOf {
  const places = reachable(ledger);
  const upstreams = new Set<string>(ledger.upstreams.map(({ dialect }) => dialect));
  return (route, tenant, now) => {
    const dialect = route.slice(0, route.indexOf(":"));
    const all = `${dialect}:*`;
    const newest = (wanted: string, of: string | undefined): Placed | undefined =>
      places
        .get(placeOf(wanted, of))
        ?.find(({ entry: { until } }) => until === undefined || Date.parse(until) > now);
    // An entry for a whole dialect takes the place of those of its routes that are older.
    const whole = newest(all, undefined);
    const since = (found: Placed | undefined): Placed | undefined =>
      found !== undefined && whole !== undefined && found.at < whole.at ? undefined : found;
    const found =
      since(newest(route, tenant)) ?? since(newest(route, undefined)) ?? since(newest(all, tenant)) ?? whole;
    if (found !== undefined) {
      return { state: found.entry.state, percent: found.entry.percent ?? 0, entry: found.entry };
    }
    return { state: upstreams.has(dialect) ? "pass-through" : "off", percent: 0, entry: undefined };
  };
}

/** Without entries that can no longer count, as many of the oldest as there are above `most`: the journal has them all. */
export function compacted(ledger: Ledger, most: number): Ledger {
  const excess = ledger.entries.length - most;
  if (excess <= 0) return ledger;
  const needed = new Set([...reachable(ledger).values()].flat().map(({ entry }) => entry));
  const old = new Set(ledger.entries.filter((one) => !needed.has(one)).slice(0, excess));
  return { ...ledger, entries: ledger.entries.filter((one) => !old.has(one)) };
}

/** Whether a canary takes a request: the same for one key, whenever it comes. `key` is the tenant and the request's id. */
export function isCanary(percent: number, key: string): boolean {
  return Bun.hash.xxHash32(key) % 10_000 < percent * 100;
}
