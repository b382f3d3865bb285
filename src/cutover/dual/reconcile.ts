// What both sides hold for the keys that were written twice. An object is read from both and compared byte by byte; of writes that
// cannot be read back the replies were compared when they were made. What still waits is not judged, and what was lost, refused or
// left unclear is named, for nobody else will.

import { Fault } from "#rpc/fault";
import { differencesOf, type Reply } from "../diff/replies.ts";
import { routeName } from "../ledger/route-name.ts";
import type { RecordedSurface } from "../record/recording.ts";
import type { Prefixes, Side } from "../side.ts";
import type { Intent, Written } from "./dual-write.ts";

/** Writes whose key is their path, which a GET reads. */
const READ_BACK = new Set(["storage.put", "storage.remove"]);
const EXAMPLES_MAX = 20;
/** Keys that are read at once. */
const AT_ONCE = 4;

export type Waiting = Pick<Intent, "id" | "at" | "route" | "method" | "path">;

export interface ReconcileOptions {
  readonly written: readonly Written[];
  readonly waiting: readonly Waiting[];
  readonly upstream: Side;
  readonly native: Side;
  readonly prefixes: Prefixes;
  /** `go:storage.put`, `go:*`; undefined for all. */
  readonly route: string | undefined;
  readonly progress?: (keys: number) => void;
}

export interface RouteReconciled {
  readonly route: string;
  /** Read from both sides, or compared by their replies. */
  keys: number;
  same: number;
  different: number;
  /** On one side alone. */
  missing: number;
  /** Not judged: a side did not give it. */
  unread: number;
  /** Not judged: the second side has not got the newest write yet. */
  waiting: number;
  /** Writes of which nothing says that the second side has them. */
  failed: number;
  lost: number;
  unclear: number;
  readonly examples: string[];
}

export async function reconcile(options: ReconcileOptions): Promise<RouteReconciled[]> {
  const { written, waiting, route } = options;
  const chosen = (one: { readonly route: string }): boolean => {
    const name = routeName(one.route);
    return route === undefined || name === route || `${name.slice(0, name.indexOf(":"))}:*` === route;
  };
  const routes = new Map<string, RouteReconciled>();
  const of = (mounted: string): RouteReconciled => {
    const name = routeName(mounted);
    const known = routes.get(name);
    if (known !== undefined) return known;
    const made = emptyOf(name);
    routes.set(name, made);
    return made;
  };
  const waits = new Set(waiting.filter(chosen).map(({ path }) => path));
  for (const one of waiting.filter(chosen)) of(one.route).waiting += 1;
  const keys = new Map<string, Written>();
  for (const one of written.filter(chosen)) {
    const tally = of(one.route);
    if (isReadBack(one.route)) keys.set(one.path, one);
    else compareReplies(tally, one);
  }
  const read = [...keys.values()].filter(({ path }) => !waits.has(path));
  for (let at = 0; at < read.length; at += AT_ONCE) {
    await Promise.all(read.slice(at, at + AT_ONCE).map((one) => readBoth(of(one.route), one, options)));
    options.progress?.(at);
  }
  return [...routes.values()];
}

function emptyOf(route: string): RouteReconciled {
  return {
    route,
    keys: 0,
    same: 0,
    different: 0,
    missing: 0,
    unread: 0,
    waiting: 0,
    failed: 0,
    lost: 0,
    unclear: 0,
    examples: [],
  };
}

function isReadBack(mounted: string): boolean {
  const name = routeName(mounted);
  return READ_BACK.has(name.slice(name.indexOf(":") + 1));
}

function compareReplies(tally: RouteReconciled, { state, method, path, why, differences }: Written): void {
  if (state !== "done") {
    tally[state] += 1;
    note(tally, `${method} ${path}: ${why ?? state}`);
    return;
  }
  if (differences === undefined) return;
  tally.keys += 1;
  const real = differences.filter(({ explained }) => !explained);
  if (real.length === 0) tally.same += 1;
  else {
    tally.different += 1;
    note(tally, `${method} ${path}: ${real.map(({ path: at, detail }) => `${at} ${detail}`).join("; ")}`);
  }
}

/** By its newest write: what was lost on the way may have been made good by a later one. */
async function readBoth(
  tally: RouteReconciled,
  one: Written,
  { upstream, native, prefixes }: ReconcileOptions,
): Promise<void> {
  const surface = one.route.slice(0, one.route.indexOf(":")) as RecordedSurface;
  const target = (one.path.split("?")[0] ?? "").slice(prefixes[surface].length);
  const read = { method: "GET", target };
  const [there, here] = await Promise.all([held(upstream, read, surface), held(native, read, surface)]);
  if (there === undefined || here === undefined) {
    tally.unread += 1;
    const who = there === undefined ? "the upstream" : "this house";
    note(tally, `${target}: ${who} does not give it`);
    return;
  }
  tally.keys += 1;
  const found = sameObject(there, here);
  if (found === "same") {
    tally.same += 1;
    return;
  }
  tally[found] += 1;
  if (one.state !== "done") tally[one.state] += 1;
  const left = `${there.status}, ${there.body.byteLength} bytes`;
  note(
    tally,
    `${target}: ${left} there; ${here.status}, ${here.body.byteLength} bytes here${one.why === undefined ? "" : ` (${one.why})`}`,
  );
}

/** Undefined of a side that is unreachable or fails: what it holds is not known. */
async function held(
  side: Side,
  request: { method: string; target: string },
  surface: RecordedSurface,
): Promise<Reply | undefined> {
  try {
    const reply = await side.send(request, surface);
    return reply.status >= 500 ? undefined : reply;
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

function sameObject(there: Reply, here: Reply): "same" | "different" | "missing" {
  if (there.status === 404 && here.status === 404) return "same";
  if (there.status === 404 || here.status === 404) return "missing";
  return differencesOf(there, here).length === 0 ? "same" : "different";
}

function note({ examples }: RouteReconciled, text: string): void {
  if (examples.length < EXAMPLES_MAX) examples.push(text);
}
