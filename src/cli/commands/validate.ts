// `lakehouse validate`: checks a fill, a message or a playbook from a file before it leaves the house. The file holds the
// artifact, or the whole request; what a model wrote around it is left out.

import type { House } from "#contracts/house";
import { ARTIFACT_KINDS, type ArtifactKind, type Finding, type Validated } from "#contracts/validate";
import { applyFixes } from "#domain/fixes";
import { extractJson, type Extracted } from "#lib/extract-json";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { EXIT, UsageProblem } from "../failure.ts";
import { inputFile } from "../input-file.ts";
import { emit, type Field, formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { counted, duration } from "../terminal/plain-text.ts";
import { paintTalk, say, write } from "../terminal/terminal.ts";

type ValidateInput = Parameters<House["validatord"]["validate"]>[0];
type Context = NonNullable<ValidateInput["context"]>;
type JsonRecord = NonNullable<Extracted["value"]>;

export const KIND_ARG = {
  type: "enum",
  options: [...ARTIFACT_KINDS],
  valueHint: "KIND",
  description: "fill, email or playbook",
} as const;

export const CONTEXT_ARGS = {
  order: {
    type: "string",
    valueHint: "FILE",
    description: "The order, as JSON",
  },
  context: {
    type: "string",
    valueHint: "FILE",
    description: "Order, assignments, blocks, policy and now, as JSON; --order goes before its order",
  },
  roster: {
    type: "string",
    valueHint: "DATASET",
    description: "The dataset of workers; the house's own roster unless given",
  },
} as const;

export const validate = command({
  name: "validate",
  summary: "Check a fill, a message or a playbook",
  details:
    "The file holds the artifact as JSON, a whole request of POST /v1/validate, or a model's reply with the artifact in it. The exit code is 3 when a finding is an error.",
  args: {
    file: { type: "positional", description: "The artifact; - is standard input" },
    kind: { ...KIND_ARG, description: "fill, email or playbook; found out from the artifact unless given" },
    ...CONTEXT_ARGS,
    fix: {
      type: "boolean",
      description: "Apply the fixes that need no judgement, print the artifact, and show what is left",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse validate fill.json --order order.json",
    "lakehouse validate fill.json --order order.json --fix > fixed.json",
    "lakehouse validate message.json --context context.json -o json",
    "lakehouse validate - --kind email < reply.txt",
  ],
  run: async (args) => {
    const read = await recordIn(args.file);
    const whole = isRequest(read) ? read : undefined;
    const artifact: unknown = whole === undefined ? read : whole["artifact"];
    const input: ValidateInput = {
      kind: kindOf(args.kind, whole, artifact),
      artifact,
      ...(await contextOf(args, whole?.["context"])),
      ...rosterOf(args.roster, whole),
    };
    const { house } = await connect(settingsOf(args));
    let verdict = await house.validatord.validate(input);
    if (args.fix === true) {
      const fixed = applyFixes(artifact, verdict.findings);
      verdict = await house.validatord.validate({ ...input, artifact: fixed });
      await write(jsonText(fixed));
      for (const finding of verdict.findings) say(line(finding));
      say(summary(verdict));
      return verdict.ok ? EXIT.ok : EXIT.rejected;
    }
    const format = formatOf(args.output);
    await emit(format, { fields: FIELDS, rows: verdict.findings, json: verdict, empty: "No findings." });
    if (isForPeople(format)) {
      for (const { hint, path } of verdict.findings) if (hint !== undefined) say(`${path}: ${hint}`);
      const fixes = verdict.findings.filter(({ fix }) => fix !== undefined).length;
      if (fixes > 0) say(`${counted(fixes, "finding")} can be corrected by --fix.`);
      say(summary(verdict));
    }
    return verdict.ok ? EXIT.ok : EXIT.rejected;
  },
});

const FIELDS: readonly Field<Finding>[] = [
  { name: "severity", value: ({ severity }) => severity },
  { name: "code", value: ({ code }) => code },
  { name: "path", value: ({ path }) => path },
  { name: "message", value: ({ message }) => message },
  { name: "law", value: ({ law }) => law ?? "" },
];

export function line({ severity, code, path, message, law }: Finding): string {
  const colour = severity === "error" ? "red" : "yellow";
  return `${paintTalk(colour, `${severity}:`)} ${path} ${message} (${code}${law === undefined ? "" : `, ${law}`})`;
}

function summary({ ok, findings, checked, rules_failed: failed = [], took_ms }: Validated): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const rules = failed.length === 0 ? "" : ` Not run: ${failed.map(({ message }) => message).join(" ")}`;
  const verdict = ok ? "It passes" : `It does not pass: ${counted(errors, "error")}`;
  return `${verdict}; ${counted(checked.length, "check")} in ${duration(took_ms)}.${rules}`;
}

/** The JSON object of a file, whatever a model wrote around it. */
export async function recordIn(file: string): Promise<JsonRecord> {
  const text = await new Response((await inputFile(file)).stream()).text();
  const { value } = extractJson(text);
  if (value === null) throw new UsageProblem(`${file} holds no JSON object.`);
  return value;
}

function isRequest(read: JsonRecord): boolean {
  return "artifact" in read && "kind" in read;
}

function kindOf(given: string | undefined, whole: JsonRecord | undefined, artifact: unknown): ArtifactKind {
  const said = given ?? whole?.["kind"];
  const named = ARTIFACT_KINDS.find((kind) => kind === said);
  if (named !== undefined) return named;
  const fields = typeof artifact === "object" && artifact !== null ? artifact : {};
  if ("fills" in fields) return "fill";
  if ("body" in fields) return "email";
  if ("query_text" in fields) return "playbook";
  throw new UsageProblem("Which kind is it? Say --kind fill, --kind email or --kind playbook.");
}

/** The service says what is wrong with it. */
export async function contextOf(
  { order, context }: { readonly order: string | undefined; readonly context: string | undefined },
  given?: unknown,
): Promise<{ context?: Context }> {
  const read = context === undefined ? given : await recordIn(context);
  const own = order === undefined ? {} : { order: await recordIn(order) };
  if (read === undefined && order === undefined) return {};
  return { context: { ...(read as object | undefined), ...own } as Context };
}

function rosterOf(given: string | undefined, whole: JsonRecord | undefined): { roster?: string } {
  const roster = given ?? whole?.["roster"];
  return typeof roster === "string" ? { roster } : {};
}
