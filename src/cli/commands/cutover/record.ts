// `lakehouse cutover record` and `recordings`: what callers ask of the foreign routes, and what they got, as a redacted file. The
// running house records; this command waits for the end and fetches the file.

import { open } from "node:fs/promises";
import { isThere, writeAll } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, DATA_ARG, OUTPUT_ARG, settingsOf } from "../../args.ts";
import { command, group } from "../../command.ts";
import { connect, type Connection } from "../../connect.ts";
import { UsageProblem } from "../../failure.ts";
import { watchInterrupt } from "../../terminal/interrupt.ts";
import { emit, type Field, formatOf, jsonText } from "../../terminal/output.ts";
import { counted, moment, size } from "../../terminal/plain-text.ts";
import { createProgress } from "../../terminal/progress.ts";
import { say, write } from "../../terminal/terminal.ts";
import { spanMs } from "./spans.ts";

const URL_ARG = { url: CLIENT_ARGS.url } as const;
/** The progress line is as old as that. */
const LOOK_MS = 500;
const RECORDINGS = "/v1/cutover/recordings";

/** What of a recording is shown here. */
interface Shown {
  readonly id: string;
  readonly routes: readonly string[];
  readonly percent: number;
  readonly at: string;
  readonly until: string;
  readonly actor: string;
  readonly so_far?: { readonly calls: number; readonly bytes: number };
  readonly end?: {
    readonly why: string;
    readonly calls: number;
    readonly bytes: number;
    readonly gaps: number;
    readonly lost: Readonly<Record<"queue" | "bodies" | "redacted", number>>;
  };
}

async function listed({ send }: Connection): Promise<readonly Shown[]> {
  return ((await send("GET", RECORDINGS)) as { recordings: Shown[] }).recordings;
}

async function shown(connection: Connection, id: string): Promise<Shown> {
  const one = (await listed(connection)).find((each) => each.id === id);
  if (one === undefined) throw new Fault("not_found", `There is no recording ${id}.`);
  return one;
}

/** Waits until it has its end; an interruption stops it, and keeps what was recorded. */
async function awaitEnd(connection: Connection, started: Shown): Promise<Shown> {
  const interrupt = watchInterrupt();
  const progress = createProgress();
  const from = Date.parse(started.at);
  try {
    for (;;) {
      const one = await shown(connection, started.id);
      if (one.end !== undefined) return one;
      if (interrupt.signal.aborted) {
        return (await connection.send("POST", `${RECORDINGS}/${started.id}/stop`)) as Shown;
      }
      const part = (Date.now() - from) / (Date.parse(started.until) - from);
      const { calls = 0, bytes = 0 } = one.so_far ?? {};
      progress.show(`${counted(calls, "call")}, ${size(bytes)}`, Math.min(1, part));
      await Bun.sleep(LOOK_MS);
    }
  } finally {
    progress.end();
    interrupt.stop();
  }
}

/** Streams the file, which only its owner can read. */
async function fetchFile(connection: Connection, key: string, id: string, path: string): Promise<void> {
  const headers: Record<string, string> = key === "" ? {} : { authorization: `Bearer ${key}` };
  const reply = await fetch(`${connection.url}${RECORDINGS}/${encodeURIComponent(id)}`, { headers });
  if (!reply.ok)
    throw new Fault("not_found", `The file of ${id} cannot be fetched (status ${reply.status}).`);
  const file = await open(path, "wx", 0o600).catch((error: unknown) => {
    throw new UsageProblem(
      `--out ${path} is there already, or its folder cannot be written. Name another file.\nThe recording is kept: lakehouse cutover recordings get ${id} --out FILE${error instanceof Error ? "" : "."}`,
    );
  });
  try {
    for await (const chunk of reply.body ?? []) await writeAll(file, chunk as Uint8Array);
    await file.sync();
  } finally {
    await file.close();
  }
}

function sayEnd({ id, end }: Shown, path: string): void {
  if (end === undefined) return;
  const { calls, bytes, gaps, why, lost } = end;
  say(`${id}: ${counted(calls, "call")}, ${size(bytes)}, in ${path}. Ended by ${WHY[why] ?? why}.`);
  if (lost.queue > 0) say(`${counted(lost.queue, "call")} not written: the queue was full.`);
  if (lost.bodies > 0) say(`${counted(lost.bodies, "call")} with a body that was too large, or broke off.`);
  if (lost.redacted > 0)
    say(
      `${counted(lost.redacted, "request")} had personal data or keys, which are taken out: these are not replayed.`,
    );
  if (gaps > 0) say(`The house was not running ${counted(gaps, "time")} meanwhile.`);
}

const WHY: Readonly<Record<string, string>> = {
  time: "its time",
  stopped: "a stop",
  bytes: "its limit of bytes",
  lines: "its limit of calls",
  disk: "a disk that is full or fails",
};

export const record = command({
  name: "cutover record",
  summary: "Record calls of the foreign routes and their replies, redacted, into a file",
  details:
    "Calls of go, rust and OpenAI routes unless --route names others (go:matrix.search, go:*, native:*). E-mail addresses, telephone numbers, social security numbers and keys are taken out before anything is written; what was cut or left out is counted. It ends by itself, also at 256 MiB or 200,000 calls. Ctrl-C stops it and keeps what there is.",
  args: {
    for: { type: "string", required: true, valueHint: "TIME", description: "90s, 10m, 2h; at most 24h" },
    route: {
      type: "string",
      valueHint: "R",
      description: "A route or SURFACE:*; may be given several times",
    },
    percent: { type: "string", valueHint: "P", description: "Of the calls; 100 unless given" },
    out: { type: "string", valueHint: "FILE", description: "Where it goes; ID.jsonl here unless given" },
    why: { type: "string", valueHint: "TEXT", description: "The reason, kept in the journal" },
    actor: { type: "string", valueHint: "NAME", description: "Who does it; `operator` unless given" },
    detach: {
      type: "boolean",
      description: "Start it and return; see lakehouse cutover recordings",
    },
    ...DATA_ARG,
    ...URL_ARG,
  },
  examples: [
    "lakehouse cutover record --for 10m --out calls.jsonl",
    "lakehouse cutover record --for 1h --route go:matrix.search --percent 10",
  ],
  run: async (args, given) => {
    const forMs = spanMs("--for", args.for);
    const percent = args.percent === undefined ? undefined : Number(args.percent);
    if (percent !== undefined && !(percent > 0 && percent <= 100))
      throw new UsageProblem(`--percent is a number above 0 and at most 100, not ${args.percent}.`);
    const routes = given.all("route");
    if (args.out !== undefined && (await isThere(args.out)))
      throw new UsageProblem(`--out ${args.out} is there already. Name another file.`);
    const settings = settingsOf({ data: args.data, url: args.url });
    const connection = await connect(settings);
    const started = (await connection.send("POST", RECORDINGS, {
      for_ms: forMs,
      ...(routes.length === 0 ? {} : { routes }),
      percent,
      why: args.why,
      actor: args.actor ?? "operator",
    })) as Shown;
    if (args.detach) {
      say(
        `${started.id} is recorded until ${moment(started.until)}. Fetch it with: lakehouse cutover recordings get ${started.id} --out FILE`,
      );
      return;
    }
    say(`Recording ${started.routes.join(", ")} until ${moment(started.until)}; Ctrl-C ends it earlier.`);
    const ended = await awaitEnd(connection, started);
    const path = args.out ?? `${started.id}.jsonl`;
    await fetchFile(connection, settings.key, started.id, path);
    sayEnd(ended, path);
    await write(`${path}\n`);
  },
});

const FIELDS: readonly Field<Shown>[] = [
  { name: "id", value: ({ id }) => id },
  { name: "routes", value: ({ routes }) => routes.join(" ") },
  { name: "percent", value: ({ percent }) => percent },
  { name: "since", value: ({ at }) => at, show: ({ at }) => moment(at) },
  { name: "until", value: ({ until }) => until, show: ({ until }) => moment(until) },
  { name: "calls", value: ({ end, so_far }) => end?.calls ?? so_far?.calls ?? 0, align: "right" },
  {
    name: "bytes",
    value: ({ end, so_far }) => end?.bytes ?? so_far?.bytes ?? 0,
    show: ({ end, so_far }) => size(end?.bytes ?? so_far?.bytes ?? 0),
    align: "right",
  },
  { name: "ended", value: ({ end }) => end?.why ?? "" },
  { name: "actor", value: ({ actor }) => actor },
];

const ls = command({
  name: "cutover recordings ls",
  summary: "List recordings",
  args: CLIENT_ARGS,
  examples: ["lakehouse cutover recordings"],
  run: async (args) => {
    const rows = await listed(await connect(settingsOf({ data: args.data, url: args.url })));
    await emit(formatOf(args.output), {
      fields: FIELDS,
      rows,
      json: rows,
      empty: "There are no recordings.",
    });
  },
});

const ID_ARG = { id: { type: "positional", required: true, description: "The recording" } } as const;

const get = command({
  name: "cutover recordings get",
  summary: "Fetch the file of a recording",
  args: {
    ...ID_ARG,
    out: { type: "string", valueHint: "FILE", description: "Where it goes; ID.jsonl here unless given" },
    ...DATA_ARG,
    ...URL_ARG,
  },
  examples: ["lakehouse cutover recordings get rec-20261130t014500000z --out calls.jsonl"],
  run: async (args) => {
    const settings = settingsOf({ data: args.data, url: args.url });
    const connection = await connect(settings);
    const one = await shown(connection, args.id);
    const path = args.out ?? `${args.id}.jsonl`;
    await fetchFile(connection, settings.key, args.id, path);
    if (one.end === undefined) say(`${args.id} is still being recorded: the file has what there is by now.`);
    sayEnd(one, path);
    await write(`${path}\n`);
  },
});

const stop = command({
  name: "cutover recordings stop",
  summary: "End a recording before its time",
  args: { ...ID_ARG, ...DATA_ARG, ...URL_ARG, ...OUTPUT_ARG },
  examples: ["lakehouse cutover recordings stop rec-20261130t014500000z"],
  run: async (args) => {
    const { send } = await connect(settingsOf({ data: args.data, url: args.url }));
    const one = (await send("POST", `${RECORDINGS}/${encodeURIComponent(args.id)}/stop`)) as Shown;
    await write(jsonText(one));
  },
});

const rm = command({
  name: "cutover recordings rm",
  summary: "Remove a recording from the house",
  args: { ...ID_ARG, ...DATA_ARG, ...URL_ARG },
  examples: ["lakehouse cutover recordings rm rec-20261130t014500000z"],
  run: async (args) => {
    const { send } = await connect(settingsOf({ data: args.data, url: args.url }));
    await send("DELETE", `${RECORDINGS}/${encodeURIComponent(args.id)}`);
    say(`Removed ${args.id}.`);
  },
});

export const recordings = group({
  name: "cutover recordings",
  summary: "Recordings that the house keeps",
  examples: ["lakehouse cutover recordings"],
  commands: { ls, get, stop, rm },
  fallback: "ls",
});
