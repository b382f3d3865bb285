// `lakehouse journal`: what happened, followed as it happens, verified, put into its dataset and exported.

import { hash as digest } from "node:crypto";
import { open } from "node:fs/promises";
import type { JournalEvent } from "#contracts/journal";
import { canonicalJson } from "#lib/canonical-json";
import { writeAll } from "#lib/durable";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, DATA_ARG, OUTPUT_ARG, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { emit, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { count, counted, moment, size } from "../terminal/plain-text.ts";
import { paintOut, say, write } from "../terminal/terminal.ts";

const { output: _, ...ADDRESS_ARGS } = CLIENT_ARGS;
const WHICH_ARGS = {
  type: {
    type: "string",
    valueHint: "TYPE",
    description: "Only events of this type, such as order.received",
  },
  subject: {
    type: "string",
    valueHint: "SUBJECT",
    description: "Only events about this, such as an order's id",
  },
} as const;
const RANGE_ARGS = {
  after: { type: "string", valueHint: "SEQ", description: "Only events after this one" },
  until: { type: "string", valueHint: "SEQ|TIME", description: "Only events up to this one, or this time" },
} as const;
const SEQ_MAX = Number.MAX_SAFE_INTEGER;
const LAST_MAX = 1000;
const LAST_DEFAULT = 10;

interface WhichArgs {
  readonly type: string | undefined;
  readonly subject: string | undefined;
}

function which({ type, subject }: WhichArgs): { type?: string; subject?: string } {
  return { ...(type === undefined ? {} : { type }), ...(subject === undefined ? {} : { subject }) };
}

/** The house restarts within seconds; who follows it does not end with it. */
const RECONNECT_MS = 1000;

const tail = command({
  name: "journal tail",
  summary: "Show the newest events, and each further one as it is recorded",
  details:
    "Ends with Ctrl-C. While the house restarts it waits, and goes on after the last event that was shown.",
  args: {
    last: {
      type: "string",
      alias: "n",
      valueHint: "N",
      description: `Begin with so many of the newest events; ${LAST_DEFAULT} unless given`,
    },
    follow: {
      type: "boolean",
      description: "Go on with new events, as it does; --no-follow ends after the newest",
    },
    ...WHICH_ARGS,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse journal tail", "lakehouse journal tail -n 100 --type no_show --no-follow"],
  run: async (args) => {
    const last = wholeNumber("--last", args.last, 0, LAST_MAX) ?? LAST_DEFAULT;
    const settings = settingsOf(args);
    const format = formatOf(args.output);
    const show = (event: JournalEvent): Promise<void> =>
      write(isForPeople(format) ? `${lineOf(event)}\n` : `${JSON.stringify(event)}\n`);
    const { house } = await connect(settings);
    if (args.follow === false) {
      const page = await house.journald.events({ ...which(args), last, limit: LAST_MAX });
      for (const event of page.events) await show(event);
      return;
    }
    const { signal } = watchInterrupt();
    let seen: number | undefined;
    while (!signal.aborted) {
      try {
        const from = seen === undefined ? { last } : { last_event_id: String(seen) };
        for await (const event of house.journald.tail({ ...which(args), ...from }, { signal })) {
          seen = event.seq;
          await show(event);
        }
        // The house stops.
        if (!signal.aborted) await Bun.sleep(RECONNECT_MS);
      } catch (error) {
        if (signal.aborted) break;
        const isAway = error instanceof Fault && error.retryable && seen !== undefined;
        if (!isAway) throw error;
        await Bun.sleep(RECONNECT_MS);
      }
    }
  },
});

function lineOf({ seq, at, type, subject, actor, data }: JournalEvent): string {
  const by = actor === undefined ? "" : ` by ${actor}`;
  const said = Object.keys(data).length === 0 ? "" : ` ${paintOut("dim", JSON.stringify(data))}`;
  return `${paintOut("dim", String(seq))} ${moment(at)} ${paintOut("bold", type)} ${subject}${by}${said}`;
}

const verify = command({
  name: "journal verify",
  summary: "Read every event and compute the chain of hashes again",
  details:
    "Without FILE the house reads its journal from the disk. With FILE, what was exported is verified here, without a house.",
  args: {
    file: { type: "positional", required: false, description: "Exported events, a line each; - for stdin" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse journal verify", "lakehouse journal verify events.jsonl"],
  run: async (args) => {
    const format = formatOf(args.output);
    const found =
      args.file === undefined
        ? await (await connect(settingsOf(args))).house.journald.verify({})
        : await verifyLines(await inputFile(args.file));
    if (!isForPeople(format)) await write(jsonText(found));
    else if (found.ok) {
      say(`${counted(found.events, "event")} verify. The chain ends at ${found.head_hash}.`);
      const lost = "lost" in found ? (found.lost ?? []) : [];
      if (lost.length > 0) say(`Lost in an earlier repair: ${rangesOf(lost)}.`);
    } else {
      say(
        `${counted(found.events, "event")} verify, and event ${found.first_bad_seq ?? "?"} does not: ${found.problem}`,
      );
      if (args.file === undefined)
        say("Stop the house, and see what can be repaired: lakehouse repair --dry-run");
    }
    return found.ok ? EXIT.ok : EXIT.failure;
  },
});

function rangesOf(lost: readonly { readonly from: number; readonly to: number }[]): string {
  return lost.map(({ from, to }) => (from === to ? String(from) : `${from} to ${to}`)).join(", ");
}

interface VerifiedFile {
  readonly ok: boolean;
  readonly events: number;
  readonly head_hash: string;
  readonly first_bad_seq?: number;
  readonly problem?: string;
}

/** What was exported may begin anywhere: of its first event only the own hash can be computed. */
async function verifyLines(file: { stream(): ReadableStream<Uint8Array> }): Promise<VerifiedFile> {
  let events = 0;
  let head = "";
  let seq: number | undefined;
  const decoder = new TextDecoder();
  let rest = "";
  const check = (line: string): string | undefined => {
    const { hash, ...event } = JSON.parse(line) as JournalEvent;
    if (seq !== undefined && (event.seq !== seq + 1 || event.prev_hash !== head))
      return `it does not follow event ${seq}.`;
    if (digest("sha256", event.prev_hash + canonicalJson(event), "hex") !== hash)
      return "it does not have the hash of its content.";
    ({ seq } = event);
    head = hash;
    events += 1;
    return undefined;
  };
  const problemIn = (lines: readonly string[]): string | undefined => {
    for (const line of lines) {
      if (line.trim() === "") continue;
      try {
        const problem = check(line);
        if (problem !== undefined) return problem;
      } catch {
        return "it is no event.";
      }
    }
    return undefined;
  };
  const bad = (problem: string): VerifiedFile => {
    return { ok: false, events, head_hash: head, first_bad_seq: (seq ?? 0) + 1, problem };
  };
  for await (const chunk of file.stream()) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    const problem = problemIn(lines);
    if (problem !== undefined) return bad(problem);
  }
  const problem = problemIn([rest + decoder.decode()]);
  return problem === undefined ? { ok: true, events, head_hash: head } : bad(problem);
}

const exportCommand = command({
  name: "journal export",
  summary: "Write events as lines of JSON",
  args: {
    file: { type: "positional", required: false, description: "The file to write; stdout unless given" },
    ...WHICH_ARGS,
    ...RANGE_ARGS,
    ...ADDRESS_ARGS,
  },
  examples: ["lakehouse journal export events.jsonl", "lakehouse journal export --subject order-17"],
  run: async (args) => {
    const after = wholeNumber("--after", args.after, 0, SEQ_MAX);
    const { house } = await connect(settingsOf(args));
    const { signal } = watchInterrupt();
    const { body } = await house.journald.export(
      {
        ...which(args),
        ...(after === undefined ? {} : { after }),
        ...(args.until === undefined ? {} : { until: args.until }),
      },
      { signal },
    );
    if (args.file === undefined) {
      for await (const chunk of body ?? []) await write(chunk);
      return;
    }
    const target = await open(args.file, "w").catch((error: unknown) => {
      const { code } = error as { code?: string };
      throw new Fault("invalid", `${args.file} cannot be written (${code ?? "unknown"}).`);
    });
    let bytes = 0;
    try {
      for await (const chunk of body ?? []) {
        await writeAll(target, chunk);
        bytes += chunk.byteLength;
      }
    } finally {
      await target.close();
    }
    say(`Wrote ${size(bytes)} to ${args.file}.`);
  },
});

const seal = command({
  name: "journal seal",
  summary: "Put all events so far into the dataset journal, for SQL",
  details: "The same happens by itself within a minute, or sooner when many events are recorded.",
  args: CLIENT_ARGS,
  examples: ["lakehouse journal seal"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const sealed = await house.journald.seal({});
    if (!isForPeople(formatOf(args.output))) return write(jsonText(sealed));
    say(`${counted(sealed.rows, "event")} added: SQL sees those up to ${count(sealed.sealed_seq)}.`);
  },
});

const status = command({
  name: "journal status",
  summary: "Show how many events there are, and how many of them SQL sees",
  args: { ...DATA_ARG, url: CLIENT_ARGS.url, ...OUTPUT_ARG },
  examples: ["lakehouse journal status"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const found = await house.journald.status({});
    const fields = [
      { name: "events", value: () => found.events, show: () => count(found.events) },
      { name: "in the dataset", value: () => found.sealed_seq ?? "" },
      { name: "segments", value: () => found.segments },
      { name: "size", value: () => found.bytes, show: () => size(found.bytes) },
      { name: "lost", value: () => rangesOf(found.lost) },
      { name: "head", value: () => found.head_hash },
    ] as const;
    await emit(formatOf(args.output), { fields, rows: [found], json: found });
  },
});

export const journal = group({
  name: "journal",
  summary: "Follow, verify and export what happened",
  examples: ["lakehouse journal tail", "lakehouse journal verify", "lakehouse journal export events.jsonl"],
  commands: { status, tail, verify, export: exportCommand, seal },
  fallback: "status",
});
