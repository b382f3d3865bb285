// `lakehouse playbook`: what worked for which order, recorded by hand or from a file, and what it has done since.

import type { LedgerEntry, Playbook } from "#contracts/matrix";
import type { House } from "#contracts/house";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command, group } from "../command.ts";
import { allPages, connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { confirmed, YES_ARG } from "../terminal/confirm.ts";
import { emit, type Field, formatOf, isForPeople, jsonText, pairLines } from "../terminal/output.ts";
import { count, counted, moment } from "../terminal/plain-text.ts";
import { paintTalk, say, write } from "../terminal/terminal.ts";

type Recorded = Parameters<House["matrixd"]["recordPlaybook"]>[0];

const LIST: readonly Field<Playbook>[] = [
  { name: "playbook_id", value: ({ playbook_id }) => playbook_id },
  { name: "role", value: ({ role }) => role ?? "" },
  { name: "query", value: ({ query_text }) => query_text },
  { name: "answer", value: ({ answer_id }) => answer_id },
  { name: "corpus", value: ({ answer_corpus }) => answer_corpus },
  { name: "score", align: "right", value: ({ score }) => score },
  { name: "effect", value: ({ effect }) => effect },
  { name: "state", value: ({ state }) => state },
  { name: "actor", value: ({ actor }) => actor },
  { name: "recorded_at", value: (one) => one.recorded_at, show: (one) => moment(one.recorded_at) },
];

const LEDGER: readonly Field<LedgerEntry>[] = [
  { name: "playbook_id", value: ({ playbook_id }) => playbook_id },
  { name: "role", value: ({ role }) => role ?? "" },
  { name: "answer", value: ({ answer_id }) => answer_id },
  { name: "effect", value: ({ effect }) => effect },
  {
    name: "state",
    value: ({ state, disabled }) => (disabled === undefined ? state : `disabled by ${disabled.by}`),
  },
  { name: "exposures", align: "right", value: ({ exposures }) => exposures },
  { name: "judged", align: "right", value: ({ judged }) => judged },
  { name: "lift", align: "right", value: ({ lift }) => lift, show: ({ lift }) => lift.toFixed(3) },
  { name: "harm", align: "right", value: ({ harm }) => harm, show: ({ harm }) => harm.toFixed(3) },
  { name: "decay", align: "right", value: ({ decay }) => decay, show: ({ decay }) => decay.toFixed(2) },
];

const ID_ARG = { id: { type: "positional", required: true, description: "The playbook" } } as const;
const WHICH_ARGS = {
  role: { type: "string", valueHint: "ROLE", description: "Only those of this role" },
  corpus: { type: "string", alias: "c", valueHint: "NAME", description: "Only those of this corpus" },
} as const;

function which({ role, corpus }: { role: string | undefined; corpus: string | undefined }): {
  role?: string;
  corpus?: string;
} {
  return { ...(role === undefined ? {} : { role }), ...(corpus === undefined ? {} : { corpus }) };
}

const record = command({
  name: "playbook record",
  summary: "Record that somebody was right, or wrong, for an order",
  details:
    "The next orders like it rank the person higher, or with --result bad, no_show or rejected and a score below 0.5 lower. The same record again changes nothing; one with another score is its next version.",
  args: {
    query: { type: "positional", required: true, description: "The text of the order" },
    answer: { type: "string", required: true, valueHint: "ID", description: "The row that was chosen" },
    corpus: { type: "string", alias: "c", required: true, valueHint: "NAME", description: "Its corpus" },
    score: { type: "string", valueHint: "N", description: "How good it was, 0 to 1; 1 unless given" },
    role: { type: "string", valueHint: "ROLE", description: "The role, instead of the one in the text" },
    result: {
      type: "string",
      valueHint: "TEXT",
      description: "What came of it: filled, no_show, rejected, bad",
    },
    order: { type: "string", valueHint: "ID", description: "The order it was for" },
    tag: { type: "string", valueHint: "TAG", description: "A tag (may be repeated)" },
    actor: { type: "string", valueHint: "NAME", description: "Who says so; the API key unless given" },
    "ttl-days": { type: "string", valueHint: "N", description: "Days after which it no longer acts" },
    ...CLIENT_ARGS,
  },
  many: true,
  examples: [
    "lakehouse playbook record 'forklift operators Springfield IL' --answer W-1042 -c workers",
    "lakehouse playbook record 'CNA night shift Phoenix' --answer W-77 -c workers --score 0 --result no_show",
  ],
  run: async (args, given) => {
    const score = args.score === undefined ? 1 : Number(args.score);
    if (!(score >= 0 && score <= 1))
      throw new UsageProblem(`--score is a number from 0 to 1, not ${args.score}.`);
    const ttl = wholeNumber("--ttl-days", args["ttl-days"], 1, 36_500);
    const outcome = {
      ...(args.result === undefined ? {} : { result: args.result }),
      ...(args.order === undefined ? {} : { order_id: args.order }),
    };
    const tags = given.all("tag");
    const wanted: Recorded = {
      query_text: given.words.join(" "),
      answer_id: args.answer,
      answer_corpus: args.corpus,
      score,
      ...(args.role === undefined ? {} : { role: args.role }),
      ...(Object.keys(outcome).length === 0 ? {} : { outcome }),
      ...(tags.length === 0 ? {} : { tags: [...tags] }),
      ...(args.actor === undefined ? {} : { actor: args.actor }),
      ...(ttl === undefined ? {} : { ttl_days: ttl }),
    };
    const { house } = await connect(settingsOf(args));
    const made = await house.matrixd.recordPlaybook(wanted);
    if (!isForPeople(formatOf(args.output))) return write(jsonText(made));
    const what = made.effect === "lift" ? "ranks higher" : "ranks lower";
    const role = made.role === null ? "an order of no known role" : made.role;
    say(`${made.playbook_id}, version ${made.version}: ${made.answer_id} ${what} for ${role}.`);
    if (made.note !== undefined) say(`${paintTalk("yellow", "note:")} ${made.note}`);
  },
});

const list = command({
  name: "playbook list",
  summary: "List playbooks",
  args: { ...WHICH_ARGS, ...CLIENT_ARGS },
  examples: ["lakehouse playbook list", "lakehouse playbook list --role 'Forklift Operator'"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) => house.matrixd.playbooks({ limit: 1000, ...which(args), ...cursor }),
      (page) => page.playbooks,
    );
    const empty = "There are no playbooks yet. Record one: lakehouse playbook record --help";
    await emit(formatOf(args.output), { fields: LIST, rows, empty });
  },
});

const show = command({
  name: "playbook show",
  summary: "Show a playbook with its versions",
  args: { ...ID_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse playbook show pb_0123456789abcdef"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const found = await house.matrixd.playbook({ playbook_id: args.id });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(found));
    const { disabled, versions } = found;
    await write(
      `${pairLines([
        ["Playbook", found.playbook_id],
        ["Query", found.query_text],
        ["Role", found.role ?? "not known"],
        ["Answer", `${found.answer_id} of ${found.answer_corpus}`],
        ["Effect", found.effect === "lift" ? "lifts" : "pushes down"],
        ["State", disabled === undefined ? found.state : `disabled by ${disabled.by}: ${disabled.reason}`],
        ["Actor", found.actor],
        ...(found.note === undefined ? [] : [["Note", found.note] as const]),
        ...versions.map(
          ({ version, score, outcome, recorded_at }) =>
            [
              `Version ${version}`,
              `score ${score}${outcome?.result === undefined ? "" : `, ${outcome.result}`}, ${moment(recorded_at)}`,
            ] as const,
        ),
      ]).join("\n")}\n`,
    );
  },
});

const remove = command({
  name: "playbook remove",
  summary: "Remove a playbook",
  args: { ...ID_ARG, ...YES_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse playbook remove pb_0123456789abcdef --yes"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { query_text, answer_id } = await house.matrixd.playbook({ playbook_id: args.id });
    if (!(await confirmed(`Remove the playbook of ${answer_id} for "${query_text}"?`, args.yes))) {
      say("Nothing was removed.");
      return EXIT.failure;
    }
    await house.matrixd.dropPlaybook({ playbook_id: args.id });
    say(`Removed the playbook ${args.id}.`);
    return EXIT.ok;
  },
});

const load = command({
  name: "playbook import",
  summary: "Record many playbooks from a file",
  details:
    "NDJSON, a line a record, or a JSON array: {query_text, answer_id, answer_corpus, score} and, where wanted, role, outcome, tags, actor, ttl_days. - is standard input.",
  args: {
    file: { type: "positional", required: true, description: "The file" },
    corpus: {
      type: "string",
      alias: "c",
      valueHint: "NAME",
      description: "The corpus of rows that name none",
    },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse playbook import placements.ndjson"],
  run: async (args) => {
    const file = await inputFile(args.file);
    const { house } = await connect(settingsOf(args));
    const done = await house.matrixd.importPlaybooks({
      body: file.stream(),
      ...(args.corpus === undefined ? {} : { corpus: args.corpus }),
    });
    if (!isForPeople(formatOf(args.output))) await write(jsonText(done));
    else {
      say(
        `${file.name}: ${counted(done.imported, "record")}, ${count(done.unchanged)} unchanged, ${count(done.rejected)} rejected.`,
      );
      for (const { row, message } of done.reasons) say(`  row ${row}: ${message}`);
      if (done.rejected > done.reasons.length) say("  The reasons of further rows are not listed.");
    }
    return done.rejected === 0 ? EXIT.ok : EXIT.failure;
  },
});

const ledger = command({
  name: "playbook ledger",
  summary: "Show what playbooks did: exposures, lift and harm",
  details:
    "Each recorded outcome is a test of the playbooks that were there before it: the order is ranked with and without each. Lift and harm are in DCG@10; a playbook whose harm passes the limit switches itself off.",
  args: { ...WHICH_ARGS, ...CLIENT_ARGS },
  examples: ["lakehouse playbook ledger", "lakehouse playbook ledger --role Welder -o json"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const rows = await allPages(
      (cursor) => house.matrixd.playbookLedger({ limit: 1000, ...which(args), ...cursor }),
      (page) => page.entries,
    );
    const empty = "There are no playbooks yet. Record one: lakehouse playbook record --help";
    await emit(formatOf(args.output), { fields: LEDGER, rows, empty });
  },
});

const disable = command({
  name: "playbook disable",
  summary: "Keep a playbook from acting",
  args: {
    ...ID_ARG,
    reason: { type: "string", valueHint: "TEXT", description: "Why, for whoever reads it later" },
    ...CLIENT_ARGS,
  },
  examples: ["lakehouse playbook disable pb_0123456789abcdef --reason 'left the company'"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const { reason } = args;
    const off = await house.matrixd.disablePlaybook({
      playbook_id: args.id,
      ...(reason === undefined ? {} : { reason }),
    });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(off));
    say(`${off.playbook_id} acts no longer. Undo: lakehouse playbook enable ${off.playbook_id}`);
  },
});

const enable = command({
  name: "playbook enable",
  summary: "Let a disabled playbook act again",
  args: { ...ID_ARG, ...CLIENT_ARGS },
  examples: ["lakehouse playbook enable pb_0123456789abcdef"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const on = await house.matrixd.enablePlaybook({ playbook_id: args.id });
    if (!isForPeople(formatOf(args.output))) return write(jsonText(on));
    say(`${on.playbook_id} is ${on.state}.`);
  },
});

export const playbook = group({
  name: "playbook",
  summary: "Record what worked, list it, and see what it did",
  examples: [
    "lakehouse playbook record 'forklift operators Springfield IL' --answer W-1042 -c workers",
    "lakehouse playbook ledger",
  ],
  commands: { record, list, show, remove, import: load, ledger, disable, enable },
  fallback: "list",
});
