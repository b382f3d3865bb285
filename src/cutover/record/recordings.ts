// Recordings in the ledger, as pure changes: started, asked to stop, ended, forgotten. One is under way at a time.

import { didYouMean } from "#lib/nearest";
import { Fault } from "#rpc/fault";
import type { NewEvent } from "#contracts/journal";
import type { Ledger } from "../ledger/ledger.ts";
import {
  FOREIGN_PATTERNS,
  type Recording,
  recording,
  type RecordingEnd,
  RECORDING_MS_MAX,
  RECORDINGS_MAX,
} from "./recording.ts";

export interface RecordingWish {
  readonly forMs: number;
  readonly routes?: readonly string[] | undefined;
  readonly percent?: number | undefined;
  readonly actor: string;
  readonly reason: string;
}

export interface RecordingContext {
  readonly now: number;
  readonly id: string;
  /** Routes that there are; undefined takes any. */
  readonly routes?: ReadonlySet<string>;
}

/** The one that has no end; undefined for none. */
export function underWay({ recordings = [] }: Ledger): Recording | undefined {
  return recordings.find(({ end }) => end === undefined);
}

export function withRecording(
  before: Ledger,
  wish: RecordingWish,
  { now, id, routes }: RecordingContext,
): Ledger {
  const { recordings = [] } = before;
  const other = underWay(before);
  if (other !== undefined) {
    throw new Fault(
      "conflict",
      `${other.id} is being recorded until ${other.until}. Stop it first with: lakehouse cutover recordings stop ${other.id}`,
    );
  }
  if (recordings.length >= RECORDINGS_MAX) {
    throw new Fault(
      "conflict",
      `There are ${RECORDINGS_MAX} recordings already. Remove one with: lakehouse cutover recordings rm ID`,
    );
  }
  if (!(wish.forMs > 0 && wish.forMs <= RECORDING_MS_MAX)) {
    throw new Fault("invalid", "A recording is for at most 24 hours: for is a time such as 10m.", {
      details: [{ path: "for", message: "is a time such as 10m, at most 24h" }],
    });
  }
  const unknown = wish.routes?.find((one) => !one.endsWith("*") && routes?.has(one) === false);
  if (unknown !== undefined) {
    throw new Fault("invalid", `There is no route ${unknown}.${didYouMean(unknown, [...(routes ?? [])])}`, {
      details: [{ path: "route", message: "is not a route" }],
    });
  }
  const made = recording.safeParse({
    id,
    routes: [...(wish.routes ?? FOREIGN_PATTERNS)],
    percent: wish.percent ?? 100,
    at: new Date(now).toISOString(),
    until: new Date(now + wish.forMs).toISOString(),
    actor: wish.actor,
    reason: wish.reason,
  });
  if (!made.success) {
    const [issue] = made.error.issues;
    const path = String(issue?.path[0] ?? "");
    const field = path === "routes" ? "route" : path;
    const message = issue?.message ?? "is not valid";
    throw new Fault("invalid", `${field}: ${message}.`, { details: [{ path: field, message }] });
  }
  return { ...before, recordings: [...recordings, made.data] };
}

export function found({ recordings = [] }: Ledger, id: string): Recording {
  const one = recordings.find((each) => each.id === id);
  if (one === undefined) throw new Fault("not_found", `There is no recording ${id}.`);
  return one;
}

/** One that has ended stays as it is. */
export function askedToStop(before: Ledger, id: string): Ledger {
  if (found(before, id).end !== undefined) return before;
  return changed(before, id, (one) => ({ ...one, stop_asked: true }));
}

export function endedRecording(before: Ledger, id: string, end: RecordingEnd): Ledger {
  return changed(before, id, (one) => (one.end === undefined ? { ...one, end } : one));
}

export function withoutRecording(before: Ledger, id: string): Ledger {
  if (found(before, id).end === undefined) {
    throw new Fault(
      "conflict",
      `${id} is being recorded. Stop it first with: lakehouse cutover recordings stop ${id}`,
    );
  }
  return { ...before, recordings: before.recordings?.filter((one) => one.id !== id) };
}

function changed(before: Ledger, id: string, change: (one: Recording) => Recording): Ledger {
  return { ...before, recordings: before.recordings?.map((one) => (one.id === id ? change(one) : one)) };
}

/** The start and the end as events of the journal. */
export function recordingEvents(one: Recording): NewEvent[] {
  const { id, routes, percent, until, actor, reason, at, end } = one;
  const data = { routes, percent, until, reason };
  const started: NewEvent = {
    id: `${id}.started`,
    type: "cutover.recording_started",
    subject: id,
    actor,
    at,
    data,
  };
  if (end === undefined) return [started];
  const { why, calls, bytes, gaps, lost } = end;
  return [
    started,
    {
      id: `${id}.ended`,
      type: "cutover.recording_ended",
      subject: id,
      actor: why === "stopped" ? actor : "lakehouse",
      at: end.at,
      data: { why, calls, bytes, gaps, lost },
    },
  ];
}
