// `lakehouse fill`: the work on an order, from its text to its outcome. Each step is a command of its own; `fill open` on a
// terminal leads through them.

import type { House } from "#contracts/house";
import {
  CHANNELS,
  type Fill,
  type FillOrder,
  type FillStatus,
  FILL_STATUSES,
  type Message,
  PURPOSES,
  RESULTS,
} from "#contracts/fill";
import { CLIENT_ARGS, jsonObject, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { confirmed } from "../terminal/confirm.ts";
import { emit, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { isInteractive, paintOut, say, write } from "../terminal/terminal.ts";
import { ACTOR_ARG, actorOf } from "./fill/actor.ts";
import { blocks, unblock } from "./fill/blocks.ts";
import { onceRosterIsRead } from "./fill/once-roster-read.ts";
import {
  BOARD_FIELDS,
  CANDIDATE_FIELDS,
  EVENT_FIELDS,
  findingLines,
  orderLines,
  SEAT_FIELDS,
  showRules,
  sentence,
} from "./fill/view.ts";

type Filld = House["filld"];

const FILL_ARG = { fill: { type: "positional", required: true, description: "The fill's id" } } as const;
const K_ARG = {
  k: { type: "string", alias: "k", valueHint: "N", description: "People; 20 unless given" },
} as const;

async function versionOf(filld: Filld, fillId: string): Promise<number> {
  return (await filld.state({ fill_id: fillId })).version;
}

const open = command({
  name: "fill open",
  summary: "Open a fill: read the order, rank people, say whom a rule keeps out",
  details:
    "Type the order as it came in. Flags go before what is read. On a terminal it goes on to propose people and draft messages, each after a question; --auto and --draft do it without.",
  many: true,
  args: {
    order: { type: "positional", required: true, description: "The text of the order" },
    client: { type: "string", valueHint: "ID", description: "The client, whose blocks then count" },
    site: { type: "string", valueHint: "ID", description: "The client's site" },
    pay: { type: "string", valueHint: "DOLLARS", description: "Pay an hour" },
    set: {
      type: "string",
      valueHint: "JSON",
      description: `Fields of the order: '{"required_certs":["Forklift"],"max_miles":30}'`,
    },
    corpus: { type: "string", alias: "c", valueHint: "NAME", description: "Whom to look among" },
    auto: { type: "boolean", description: "Propose the best by rank at once" },
    draft: {
      type: "enum",
      options: [...CHANNELS],
      valueHint: "CHANNEL",
      description: "With --auto: draft offers to them by email or sms",
    },
    ...K_ARG,
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse fill open 'need 4 cooks in Aspen CO Friday 6a-2p $21' --client alpine",
    "lakehouse fill open '2 forklift operators Springfield IL Mon 6a-2p' --auto --draft sms --json",
  ],
  run: async (args, given) => {
    if (args.draft !== undefined && args.auto !== true) throw new UsageProblem("--draft needs --auto.");
    const { house } = await connect(settingsOf(args));
    const { filld } = house;
    const k = wholeNumber("-k", args.k, 1, 200);
    const pay = args.pay === undefined ? undefined : Number(args.pay);
    if (pay !== undefined && !(pay >= 0))
      throw new UsageProblem(`--pay is dollars an hour, not ${args.pay}.`);
    const order = {
      ...(args.set === undefined ? {} : jsonObject("--set", args.set)),
      ...(args.client === undefined ? {} : { client_id: args.client }),
      ...(args.site === undefined ? {} : { site_id: args.site }),
      ...(pay === undefined ? {} : { pay_rate: pay }),
    } as FillOrder;
    const wanted = {
      order_text: given.words.join(" "),
      order,
      ...(args.corpus === undefined ? {} : { corpus: args.corpus }),
      ...(k === undefined ? {} : { k }),
      ...actorOf(args),
    };
    const opened = await onceRosterIsRead(house, () => filld.open(wanted));
    const format = formatOf(args.output);
    const people = isForPeople(format);
    if (people) {
      say(`Fill ${opened.fill_id}`);
      await write(`${orderLines(opened).join("\n")}\n\n`);
      await emit(format, { fields: CANDIDATE_FIELDS, rows: opened.shortlist, empty: "Nobody fits." });
      await showRules(opened);
    }
    let result: Fill = opened;
    const auto =
      args.auto === true ||
      (people && isInteractive && opened.missing.length === 0 && opened.shortlist.length > 0
        ? await confirmed(`Propose ${counted(opened.short, "person")} by rank?`, undefined)
        : false);
    let messages: readonly Message[] = [];
    if (auto) {
      result = await filld.propose({
        fill_id: opened.fill_id,
        version: opened.version,
        auto: true,
        ...actorOf(args),
      });
      if (people) await showProposal(result);
      const channel =
        args.draft ??
        (people &&
        isInteractive &&
        result.proposal?.ok === true &&
        (await confirmed("Draft text messages?", undefined))
          ? ("sms" as const)
          : undefined);
      if (channel !== undefined && result.proposal?.ok === true) {
        const worker_ids = result.seats
          .filter(({ status }) => status === "proposed")
          .map(({ worker_id }) => worker_id);
        ({ messages } = await filld.draft({
          fill_id: opened.fill_id,
          worker_ids,
          channel,
          purpose: "offer",
          ...actorOf(args),
        }));
        if (people) await showMessages(messages);
      }
    }
    if (!people) await write(jsonText({ ...opened, ...result, messages }));
    else if (opened.missing.length > 0)
      say(
        `The order does not say ${opened.missing.join(", ")}. Add it: lakehouse fill correct ${opened.fill_id} --set '{...}'`,
      );
    else if (!auto) say(`Next: lakehouse fill propose ${opened.fill_id} --auto`);
    return auto && result.proposal?.ok !== true ? EXIT.rejected : EXIT.ok;
  },
});

const board = command({
  name: "fill board",
  summary: "List fills by the start of their shift",
  args: {
    status: { type: "enum", options: [...FILL_STATUSES], valueHint: "STATUS", description: "Only these" },
    client: { type: "string", valueHint: "ID", description: "Only this client's" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse fill board", "lakehouse fill board --status partially_filled --json"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const status = FILL_STATUSES.find((one): one is FillStatus => one === args.status);
    const rows = await allPages(
      (cursor) =>
        filld.list({
          limit: 1000,
          ...(status === undefined ? {} : { status }),
          ...(args.client === undefined ? {} : { client: args.client }),
          ...cursor,
        }),
      (page) => page.fills,
    );
    await emit(formatOf(args.output), {
      fields: BOARD_FIELDS,
      rows,
      empty: "There are no fills yet. Open one: lakehouse fill open 'need 4 cooks in Aspen CO Friday'",
    });
  },
});

const show = command({
  name: "fill show",
  summary: "Show a fill: its order, its people, its proposal",
  args: {
    ...FILL_ARG,
    "as-of": { type: "string", valueHint: "TIME", description: "As it was then, RFC 3339" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse fill show f-7k3m9q2x", "lakehouse fill show f-7k3m9q2x --as-of 2026-11-29T08:00:00Z"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const found = await filld.state({
      fill_id: args.fill,
      ...(args["as-of"] === undefined ? {} : { as_of: args["as-of"] }),
    });
    const format = formatOf(args.output);
    if (!isForPeople(format)) return write(jsonText(found));
    await write(`${[sentence(found), ...orderLines(found)].join("\n")}\n\n`);
    await emit(format, { fields: SEAT_FIELDS, rows: found.seats, empty: "Nobody is proposed yet." });
    if (found.proposal !== undefined) await showProposal(found);
  },
});

const shortlist = command({
  name: "fill shortlist",
  summary: "Rank people for a fill as things are now",
  args: { ...FILL_ARG, ...K_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse fill shortlist f-7k3m9q2x -k 10"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const k = wholeNumber("-k", args.k, 1, 200);
    const wanted = { fill_id: args.fill, ...(k === undefined ? {} : { k }) };
    const list = await onceRosterIsRead(house, () => house.filld.shortlist(wanted));
    const format = formatOf(args.output);
    await emit(format, { fields: CANDIDATE_FIELDS, rows: list.shortlist, json: list, empty: "Nobody fits." });
    if (!isForPeople(format)) return;
    await showRules(list);
  },
});

const correct = command({
  name: "fill correct",
  summary: "Correct what was read of the order; null takes a field away",
  args: {
    ...FILL_ARG,
    set: {
      type: "string",
      required: true,
      valueHint: "JSON",
      description: `The fields to change: '{"city":"Aspen","headcount":4}'`,
    },
    reason: { type: "string", valueHint: "TEXT", description: "Why" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [`lakehouse fill correct f-7k3m9q2x --set '{"headcount":4,"pay_rate":21}'`],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const changed = await filld.correct({
      fill_id: args.fill,
      version: await versionOf(filld, args.fill),
      order: jsonObject("--set", args.set),
      ...(args.reason === undefined ? {} : { reason: args.reason }),
      ...actorOf(args),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(changed));
    await write(`${[sentence(changed), ...orderLines(changed)].join("\n")}\n`);
  },
});

const propose = command({
  name: "fill propose",
  summary: "Propose people for a fill; they are checked, and held for it for a while",
  many: true,
  args: {
    ...FILL_ARG,
    workers: { type: "positional", required: false, description: "The people, by their ids" },
    backup: { type: "string", valueHint: "ID", description: "Stands by (may be repeated)" },
    auto: { type: "boolean", description: "The best by rank, under all rules" },
    model: { type: "string", valueHint: "MODEL", description: "Let a model draft it, as in lakehouse chat" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse fill propose f-7k3m9q2x --auto",
    "lakehouse fill propose f-7k3m9q2x w43 w101 --backup w102",
  ],
  run: async (args, given) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const ids = given.words.slice(1);
    if ([ids.length > 0, args.auto === true, args.model !== undefined].filter(Boolean).length !== 1)
      throw new UsageProblem("Say whom to propose: people by their ids, or --auto, or --model MODEL.");
    const backups = given.all("backup");
    const proposed = await filld.propose({
      fill_id: args.fill,
      version: await versionOf(filld, args.fill),
      ...(ids.length === 0 ? {} : { worker_ids: ids }),
      ...(backups.length === 0 ? {} : { backup_ids: [...backups] }),
      ...(args.auto === true ? { auto: true as const } : {}),
      ...(args.model === undefined ? {} : { model: args.model }),
      ...actorOf(args),
    });
    if (isForPeople(formatOf(args.output))) await showProposal(proposed);
    else await write(jsonText(proposed));
    return proposed.proposal?.ok === true ? EXIT.ok : EXIT.rejected;
  },
});

const draft = command({
  name: "fill draft",
  summary: "Draft messages to people of a fill, each checked; nothing is sent",
  many: true,
  args: {
    ...FILL_ARG,
    workers: {
      type: "positional",
      required: false,
      description: "The people; all who are proposed unless given",
    },
    channel: {
      type: "enum",
      options: [...CHANNELS],
      valueHint: "CHANNEL",
      description: "email or sms (default)",
    },
    purpose: {
      type: "enum",
      options: [...PURPOSES],
      valueHint: "PURPOSE",
      description: "offer (default), confirm, reminder or cancel",
    },
    language: {
      type: "enum",
      options: ["en", "es"],
      valueHint: "LANG",
      description: "en or es; the person's unless given",
    },
    template: { type: "string", valueHint: "TEXT", description: "A template of your own, with {fields}" },
    model: { type: "string", valueHint: "MODEL", description: "Let a model write it" },
    agency: { type: "string", valueHint: "NAME", description: "The sender's name" },
    "send-at": { type: "string", valueHint: "TIME", description: "When it is to be sent, RFC 3339" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse fill draft f-7k3m9q2x --channel sms",
    "lakehouse fill draft f-7k3m9q2x w43 --channel email --purpose confirm --language es",
  ],
  run: async (args, given) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const named = given.words.slice(1);
    const { seats } = await filld.state({ fill_id: args.fill });
    const live = seats.filter(({ status }) => ["proposed", "contacted", "confirmed"].includes(status));
    const worker_ids = named.length > 0 ? [...named] : live.map(({ worker_id }) => worker_id);
    if (worker_ids.length === 0)
      throw new UsageProblem(`Nobody is proposed yet. Run: lakehouse fill propose ${args.fill} --auto`);
    const { messages } = await filld.draft({
      fill_id: args.fill,
      worker_ids,
      channel: args.channel ?? "sms",
      purpose: args.purpose ?? "offer",
      ...(args.language === undefined ? {} : { language: args.language }),
      ...(args.template === undefined ? {} : { template: args.template }),
      ...(args.model === undefined ? {} : { model: args.model }),
      ...(args.agency === undefined ? {} : { agency: args.agency }),
      ...(args["send-at"] === undefined ? {} : { send_at: args["send-at"] }),
      ...actorOf(args),
    });
    if (isForPeople(formatOf(args.output))) await showMessages(messages);
    else await write(jsonText({ messages }));
    return messages.every(({ ok }) => ok) ? EXIT.ok : EXIT.rejected;
  },
});

const messages = command({
  name: "fill messages",
  summary: "Export the drafts without errors: CSV, or mbox for a mail program",
  args: {
    ...FILL_ARG,
    mbox: { type: "boolean", description: "E-mails as mbox instead of CSV" },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse fill messages f-7k3m9q2x > messages.csv",
    "lakehouse fill messages f-7k3m9q2x --mbox > drafts.mbox",
  ],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    if (args.output === "json") return write(jsonText(await filld.messages({ fill_id: args.fill })));
    const { body } = await filld.exportMessages({
      fill_id: args.fill,
      accept: args.mbox === true ? "application/mbox" : "text/csv",
    });
    for await (const chunk of body ?? []) await write(chunk);
  },
});

const outcome = command({
  name: "fill outcome",
  summary: "Record what became of a person's place",
  args: {
    ...FILL_ARG,
    worker: { type: "positional", required: true, description: "The person's id" },
    result: { type: "positional", required: true, description: RESULTS.join(", ") },
    rating: { type: "string", valueHint: "1-5", description: "With completed; 5 is best" },
    reason: { type: "string", valueHint: "TEXT", description: "Why" },
    scope: {
      type: "enum",
      options: ["client", "site", "system"],
      valueHint: "SCOPE",
      description: "With blocked: from where; client unless given",
    },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse fill outcome f-7k3m9q2x w43 confirmed",
    "lakehouse fill outcome f-7k3m9q2x w43 completed --rating 5",
    "lakehouse fill outcome f-7k3m9q2x w101 no_show",
  ],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const result = RESULTS.find((one) => one === args.result);
    if (result === undefined)
      throw new UsageProblem(`The result is one of ${RESULTS.join(", ")}; not ${args.result}.`);
    const rating = wholeNumber("--rating", args.rating, 1, 5);
    const changed = await filld.outcome({
      fill_id: args.fill,
      version: await versionOf(filld, args.fill),
      worker_id: args.worker,
      result,
      ...(rating === undefined ? {} : { rating }),
      ...(args.reason === undefined ? {} : { reason: args.reason }),
      ...(args.scope === undefined ? {} : { scope: args.scope }),
      ...actorOf(args),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(changed));
    say(sentence(changed));
    if (changed.short > 0 && (result === "no_show" || result === "late_cancel"))
      say(`Next: lakehouse fill backfill ${changed.fill_id}`);
  },
});

const backfill = command({
  name: "fill backfill",
  summary: "Rank people for the places that are open again, the quickest to come first",
  args: { ...FILL_ARG, ...K_ARG, ...ACTOR_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse fill backfill f-7k3m9q2x"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const k = wholeNumber("-k", args.k, 1, 200);
    const list = await filld.backfill({
      fill_id: args.fill,
      version: await versionOf(filld, args.fill),
      ...(k === undefined ? {} : { k }),
      ...actorOf(args),
    });
    const format = formatOf(args.output);
    await emit(format, {
      fields: CANDIDATE_FIELDS,
      rows: list.shortlist,
      json: list,
      empty: "Nobody else fits.",
    });
    if (!isForPeople(format)) return;
    await showRules(list);
    say(`${counted(list.short, "place")} open. Next: lakehouse fill propose ${list.fill_id} ID ...`);
  },
});

const close = command({
  name: "fill close",
  summary: "End a fill that will not be filled",
  args: {
    ...FILL_ARG,
    result: { type: "positional", required: true, description: "cancelled (by the client) or lost" },
    reason: { type: "string", valueHint: "TEXT", description: "Why" },
    ...ACTOR_ARG,
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse fill close f-7k3m9q2x cancelled --reason 'The client called'"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const { result } = args;
    if (result !== "cancelled" && result !== "lost")
      throw new UsageProblem(`The result is cancelled or lost; not ${result}.`);
    const changed = await filld.close({
      fill_id: args.fill,
      version: await versionOf(filld, args.fill),
      result,
      ...(args.reason === undefined ? {} : { reason: args.reason }),
      ...actorOf(args),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(changed));
    say(sentence(changed));
  },
});

const history = command({
  name: "fill history",
  summary: "Everything that happened to a fill",
  args: { ...FILL_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse fill history f-7k3m9q2x", "lakehouse fill history f-7k3m9q2x -o jsonl"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const { events } = await filld.history({ fill_id: args.fill });
    await emit(formatOf(args.output), { fields: EVENT_FIELDS, rows: events });
  },
});

const watch = command({
  name: "fill watch",
  summary: "Follow the board: a line for each fill that changes, until Ctrl-C",
  args: { client: { type: "string", valueHint: "ID", description: "Only this client's" }, ...CLIENT_ARGS },
  examples: ["lakehouse fill watch", "lakehouse fill watch -o jsonl"],
  run: async (args) => {
    const { filld } = (await connect(settingsOf(args))).house;
    const interrupt = watchInterrupt();
    const people = isForPeople(formatOf(args.output));
    try {
      const events = filld.boardEvents(args.client === undefined ? {} : { client: args.client }, {
        signal: interrupt.signal,
      });
      for await (const changed of events) {
        await write(people ? `${sentence(changed)}\n` : `${JSON.stringify(changed)}\n`);
      }
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      interrupt.stop();
    }
  },
});

async function showProposal(changed: Fill): Promise<void> {
  const { proposal, seats } = changed;
  if (proposal === undefined) return;
  const live = seats.filter(({ status }) => status === "proposed");
  if (proposal.ok && live.length > 0) {
    const until = live[0]?.held_until;
    say(
      `Proposed: ${live.map(({ worker_id, name }) => (name === undefined ? worker_id : `${worker_id} ${name}`)).join(", ")}${until === undefined ? "" : `; held until ${until}`}.`,
    );
  } else if (!proposal.ok) say("Not proposed, because of what follows.");
  await write(
    findingLines(proposal.findings)
      .map((line) => `${line}\n`)
      .join(""),
  );
  if (proposal.unfilled !== undefined) {
    const reasons = Object.entries(proposal.unfilled.reasons)
      .map(([code, people]) => `${code} ${people}`)
      .join(", ");
    say(
      `${counted(proposal.unfilled.places, "place")} could not be filled${reasons === "" ? "" : `: ${reasons}`}.`,
    );
  }
}

async function showMessages(drafted: readonly Message[]): Promise<void> {
  for (const { worker_id, to, subject, body, ok, findings } of drafted) {
    await write(
      [
        paintOut(
          "bold",
          `${worker_id}, to ${to ?? "an address that the roster does not have"}: ${ok ? "ready" : "not ready"}`,
        ),
        ...(subject === undefined ? [] : [`Subject: ${subject}`]),
        body,
        ...findingLines(findings),
        "",
        "",
      ].join("\n"),
    );
  }
}

export const fill = group({
  name: "fill",
  summary: "Fill an order: shortlist, proposal, messages, outcomes, backfill",
  details:
    "A fill is the work on one order. `fill open TEXT` begins it, `fill board` lists what is under way. Every change is an event in the journal.",
  examples: [
    "lakehouse fill open 'need 4 cooks in Aspen CO Friday 6a-2p $21' --client alpine",
    "lakehouse fill board",
    "lakehouse fill propose f-7k3m9q2x --auto",
    "lakehouse fill outcome f-7k3m9q2x w43 completed --rating 5",
  ],
  commands: {
    open,
    board,
    show,
    shortlist,
    correct,
    propose,
    draft,
    messages,
    outcome,
    backfill,
    blocks,
    unblock,
    close,
    history,
    watch,
  },
  fallback: "board",
  takesName: "show",
});
