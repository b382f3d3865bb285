// The cutover as it runs in the process of the gateway: the ledger it holds to, what answers each call, what is recorded of
// changes. A change that is made here holds at once, one that another process made within a second.

import { rm } from "node:fs/promises";
import type { Settings } from "#config";
import type { House } from "#contracts/house";
import { onAbort } from "#lib/abort";
import { systemClock } from "#lib/clock";
import { isThere } from "#lib/durable";
import type { Log } from "#lib/log";
import type { AnswerForeign, BackedRoute } from "#rpc/backend";
import { type AnswerDeps, answerFor, type DialectPlace } from "./answer.ts";
import { type Flip, flipped, withoutUpstream, withUpstream } from "./ledger/changes.ts";
import { admitFlip, judge } from "./gates/admit.ts";
import { type GateLimits, limitsOf } from "./gates/limits.ts";
import { journalledLedger } from "./ledger/journalled.ts";
import { changeLedger, ledgerPath, openLedger, type LiveLedger } from "./ledger/ledger-file.ts";
import { routeName } from "./ledger/route-name.ts";
import { type DialectName, type Ledger, type StandingOf, standings, type Upstream } from "./ledger/ledger.ts";
import { createObserver, sampling } from "./observer.ts";
import { reportOf, type RouteReport } from "./report.ts";
import type { DualChange } from "./dual/dual-write.ts";
import { dualRoutes, isDual, withDualWrites } from "./dual/dual-settings.ts";
import { createDualWrites, type DualStatus, type DualWrites } from "./dual/dual-writes.ts";
import { openQueue, queuePath } from "./dual/write-queue.ts";
import { createRecorder, recordingPath, type Recorder } from "./record/recorder.ts";
import {
  askedToStop,
  endedRecording,
  found,
  type RecordingWish,
  underWay,
  withoutRecording,
  withRecording,
} from "./record/recordings.ts";
import type { Recording } from "./record/recording.ts";
import { createShadow } from "./shadow/shadow.ts";

export interface CutoverDeps {
  readonly settings: Settings;
  readonly journal: House["journald"];
  readonly log: Log;
  /** Of all dialects, as `go:matrix.search`. */
  readonly routes: readonly string[];
  /** Fires when the process stops. */
  readonly closing: AbortSignal;
}

export interface Cutover {
  answer(dialect: DialectPlace): AnswerForeign;
  /** The ledger with the upstreams of the environment. Throws `internal` while its file is damaged. */
  ledger(): Promise<Ledger>;
  /** Throws `conflict` while the gates of a canary or primary do not hold, unless it is forced. */
  flip(flip: Flip & { readonly force: boolean }): Promise<Ledger>;
  /** What must hold from now on; what is left out stays as it was. */
  setGates(limits: Partial<GateLimits>): Promise<Ledger>;
  /** What was compared, with the gates. */
  report(): Promise<RouteReport[]>;
  addUpstream(upstream: Upstream): Promise<Ledger>;
  removeUpstream(name: string): Promise<Ledger>;
  readonly recorder: Recorder;
  readonly recordings: Recordings;
  readonly dual: Dual;
  /** What is written behind replies is finished. */
  close(): Promise<void>;
}

export interface Dual {
  /** Throws `invalid` for a route that does not write. */
  set(change: Omit<DualChange, "id" | "at">): Promise<void>;
  status(): Promise<{ readonly routes: readonly DualChange[] } & DualStatus>;
  readonly writes: Pick<DualWrites, "written" | "waiting" | "noteDamage" | "idle">;
  /** The routes of all dialects: this house's side of a write. */
  attach(routes: readonly BackedRoute[]): void;
}

export interface Recordings {
  /** With what the one under way holds by now. */
  list(): Promise<readonly RecordingStatus[]>;
  start(wish: RecordingWish): Promise<Recording>;
  /** Resolves when its file has its end. */
  stop(id: string): Promise<Recording>;
  remove(id: string): Promise<void>;
  /** The path of its file. Throws `not_found`. */
  file(id: string): Promise<string>;
}

export interface RecordingStatus extends Recording {
  readonly so_far?: ReturnType<Recorder["stats"]>;
}

/** Upstreams that the settings name. */
export function settingsUpstreams({ go_upstream, rust_upstream }: Settings): Upstream[] {
  const named: Record<DialectName, string> = { go: go_upstream, rust: rust_upstream };
  return (["go", "rust"] as const).flatMap((dialect) =>
    named[dialect] === "" ? [] : [{ name: dialect, dialect, url: named[dialect] }],
  );
}

/** Those of the ledger go before those of the settings. */
export function withSettings(ledger: Ledger, settings: Settings): Ledger {
  const more = settingsUpstreams(settings).filter(
    ({ dialect }) => !ledger.upstreams.some((one) => one.dialect === dialect),
  );
  return more.length === 0 ? ledger : { ...ledger, upstreams: [...ledger.upstreams, ...more] };
}

export function openCutover({ settings, journal, log, routes, closing }: CutoverDeps): Cutover {
  const path = ledgerPath(settings.data);
  const journalled = journalledLedger(journal, log, closing);
  let whole: Ledger = withSettings({ upstreams: [], entries: [] }, settings);
  let standing: StandingOf = standings(whole);
  const recorder = createRecorder({
    data: settings.data,
    clock: systemClock,
    log,
    ended: (id, end) => change((before) => endedRecording(before, id, end)).then(() => undefined),
  });
  const opened: Promise<LiveLedger> = openLedger(path, log, (after) => {
    whole = withSettings(after, settings);
    standing = standings(whole);
    journalled.changed(after);
    if (!closing.aborted) recorder.follow(underWay(after));
  });
  // A failure is thrown at whoever needs the ledger.
  opened.catch((error: unknown) => log.error("the cutover ledger cannot be opened", { error }));
  let live: LiveLedger | undefined;
  void opened.then(
    (ready) => {
      live = ready;
      onAbort(closing, () => ready.close());
    },
    () => undefined,
  );

  const change = async (made: (before: Ledger) => Ledger): Promise<Ledger> => {
    const ready = await opened;
    await changeLedger(path, made);
    await ready.look();
    return whole;
  };
  const after = (before: Ledger, wanted: Flip): Ledger =>
    flipped(before, wanted, {
      now: Date.now(),
      id: `cutover-${crypto.randomUUID()}`,
      routes,
      elsewhere: settingsUpstreams(settings).map(({ dialect }) => dialect),
    });
  const flip = (wanted: Flip): Promise<Ledger> => change((before) => after(before, wanted));
  const random = sampling();
  const shadow = createShadow({
    clock: systemClock,
    random,
    share: () => limitsOf(whole.gates).compared_share,
  });
  const observer = createObserver({
    shadow,
    clock: systemClock,
    log,
    hasUpstream: (route) => whole.upstreams.some(({ dialect }) => route.startsWith(`${dialect}:`)),
    flip,
  });

  const upstreamOf: AnswerDeps["upstream"] = (dialect) =>
    whole.upstreams.find((one) => one.dialect === dialect);
  const prefixes = new Map<string, string>();
  const dual = createDualWrites({
    open: () => openQueue(queuePath(settings.data), log),
    isThere: () => isThere(queuePath(settings.data)),
    isDual: (route) => isDual(whole, route),
    upstream: upstreamOf,
    prefixOf: (dialect) => prefixes.get(dialect) ?? "",
    clock: systemClock,
    log,
  });
  let writeRoutes: readonly string[] = [];

  const deps: AnswerDeps = {
    standing: () => {
      // Throws while the file cannot be used.
      live?.current();
      return standing;
    },
    upstream: upstreamOf,
    observer,
    dual,
    clock: systemClock,
  };

  return {
    answer: (dialect) => {
      prefixes.set(dialect.name, dialect.prefix);
      const decided = answerFor(dialect, deps);
      return (call) => (live === undefined ? opened.then(() => decided(call)) : decided(call));
    },
    ledger: async () => {
      (await opened).current();
      return whole;
    },
    flip: async (wanted) => {
      await opened;
      // What is no flip at all is refused for that, and not by a gate.
      after(whole, wanted);
      await admitFlip(wanted, shadow.tallies(), whole, Date.now(), random);
      return flip(wanted);
    },
    setGates: (limits) => change((before) => ({ ...before, gates: { ...before.gates, ...limits } })),
    report: async () => {
      await opened;
      const tallies = shadow.tallies();
      return reportOf(tallies, await judge(tallies, whole, Date.now(), random), Date.now());
    },
    addUpstream: (upstream) => change((before) => withUpstream(before, upstream)),
    removeUpstream: (name) => change((before) => withoutUpstream(before, name)),
    recorder,
    recordings: {
      list: async () => {
        await opened;
        return (whole.recordings ?? []).map((one) =>
          one.end === undefined ? { ...one, so_far: recorder.stats() } : one,
        );
      },
      start: async (wish) => {
        const id = `rec-${new Date().toISOString().replaceAll(/[-:.]/g, "").toLowerCase()}`;
        const after = await change((before) =>
          withRecording(before, wish, { now: Date.now(), id, routes: recorder.routes }),
        );
        await recorder.idle();
        return found(after, id);
      },
      stop: async (id) => {
        await change((before) => askedToStop(before, id));
        await recorder.idle();
        await (await opened).look();
        return found(whole, id);
      },
      remove: async (id) => {
        await change((before) => withoutRecording(before, id));
        await rm(recordingPath(settings.data, id), { force: true });
      },
      file: async (id) => {
        await opened;
        found(whole, id);
        return recordingPath(settings.data, id);
      },
    },
    dual: {
      set: async (given) => {
        const made = { ...given, id: `dual-${crypto.randomUUID()}`, at: new Date().toISOString() };
        await change((before) => withDualWrites(before, made, writeRoutes));
      },
      status: async () => {
        await opened;
        return { routes: dualRoutes(whole), ...(await dual.status()) };
      },
      writes: dual,
      attach: (routes) => {
        writeRoutes = routes.filter(({ reads }) => reads !== true).map(({ name }) => routeName(name));
        dual.attach(routes);
      },
    },
    close: async () => {
      await recorder.close();
      await dual.close();
    },
  };
}
