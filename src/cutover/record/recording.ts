// A recording as data: what the ledger keeps of it, and the lines of its file. The file is JSONL: a head, a line a call in the
// order in which the calls were answered, a gap where the house was not running, and an end. What is not in it is counted in
// its end, so that a file says for itself how whole it is.

import { z } from "zod";

/** Of one recording; its file is no larger. */
export const RECORDING_BYTES_MAX = 256 * 1024 * 1024;
export const RECORDING_LINES_MAX = 200_000;
/** Of one body, on either side; redacting one of this size takes the event loop some milliseconds. A larger one is named with its size. */
export const RECORDED_BODY_BYTES_MAX = 128 * 1024;
/** One that nobody ends is over in a day. */
export const RECORDING_MS_MAX = 24 * 3_600_000;
/** Recordings that a house keeps: with the bytes of each, what they may take of the disk. */
export const RECORDINGS_MAX = 16;

export const RECORDED_SURFACES = ["go", "rust", "openai", "native"] as const;
export type RecordedSurface = (typeof RECORDED_SURFACES)[number];

/** Of the routes that are recorded unless others are named. */
export const FOREIGN_PATTERNS: readonly string[] = ["go:*", "rust:*", "openai:*"];

const RECORDED_ROUTE = /^(go|rust|openai|native):(\*|[a-z]+\.(\*|[A-Za-z]+)|health)$/;

const count = z.int().min(0);

/** Calls that are in no line, or not whole in theirs. */
const losses = z.strictObject({
  /** No room in the queue before the disk, or the disk did not take them. */
  queue: count,
  /** Bodies that were cut: too large, or broken off. */
  bodies: count,
  /** Requests whose redacted body cannot be replayed. */
  redacted: count,
});
export type Losses = z.infer<typeof losses>;
export const NO_LOSSES: Losses = Object.freeze({ queue: 0, bodies: 0, redacted: 0 });

const ENDINGS = ["time", "stopped", "bytes", "lines", "disk"] as const;
export type Ending = (typeof ENDINGS)[number];

export const recordingEnd = z.strictObject({
  at: z.iso.datetime(),
  why: z.enum(ENDINGS),
  calls: count,
  bytes: count,
  /** Times at which the house was not running. */
  gaps: count,
  lost: losses,
});
export type RecordingEnd = z.infer<typeof recordingEnd>;

export const recording = z.strictObject({
  id: z.string().regex(/^rec-[0-9a-z-]{1,40}$/),
  routes: z
    .array(
      z
        .string()
        .regex(RECORDED_ROUTE, "must be SURFACE:SERVICE.OPERATION or SURFACE:*, of go, rust, openai, native"),
    )
    .min(1)
    .max(50),
  /** Of calls. */
  percent: z.number().gt(0).max(100),
  at: z.iso.datetime(),
  until: z.iso.datetime(),
  actor: z.string(),
  reason: z.string(),
  /** Set by whoever stops it; the house that records writes the end. */
  stop_asked: z.literal(true).optional(),
  end: recordingEnd.optional(),
});
export type Recording = z.infer<typeof recording>;

/** Whether a route is of the recording. */
export function isRecorded({ routes }: Pick<Recording, "routes">, route: string): boolean {
  const surface = route.slice(0, route.indexOf(":"));
  const service = route.slice(0, route.indexOf("."));
  return routes.some(
    (one) => one === route || one === `${surface}:*` || (route.includes(".") && one === `${service}.*`),
  );
}

const body = z.union([
  z.null(),
  z.strictObject({ text: z.string(), redacted: z.array(z.string()).optional() }),
  z.strictObject({ sha256: z.string(), bytes: count }),
  z.strictObject({ cut: z.string(), bytes: count.optional() }),
]);
export type RecordedBody = z.infer<typeof body>;

export const recordedCall = z.strictObject({
  /** From the start of the recording to the start of the call. */
  t_ms: z.number().min(0),
  route: z.string(),
  /** Declared to read: it may be made again. */
  reads: z.boolean(),
  request: z.strictObject({
    method: z.string(),
    /** Path and query below the surface's prefix. */
    target: z.string(),
    headers: z.record(z.string(), z.string()),
    body,
    /** What was taken out of the target or the headers. */
    redacted: z.array(z.string()).optional(),
  }),
  reply: z.strictObject({
    status: z.int(),
    type: z.string(),
    body,
    ms: z.number(),
    /** `native`, or the upstream's name. */
    backend: z.string(),
  }),
});
export type RecordedCall = z.infer<typeof recordedCall>;

export const HEAD_SCHEMA = "lakehouse.recording.v1";
export const recordingLine = z.union([
  z.strictObject({
    head: z.literal(HEAD_SCHEMA),
    recording: recording.omit({ end: true, stop_asked: true }),
  }),
  z.strictObject({ gap: z.strictObject({ since: z.iso.datetime(), until: z.iso.datetime() }) }),
  z.strictObject({ end: recordingEnd }),
  recordedCall,
]);
export type RecordingLine = z.infer<typeof recordingLine>;
