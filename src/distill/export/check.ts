// Whether a trainer would take a file, for files of anyone's: one JSON object a line, UTF-8, the same keys and types in every
// row, and the target's form of one kind of row, which the first row tells.

import { z } from "zod";
import { linesIfThere } from "../files/quarantine.ts";
import type { Target } from "./targets.ts";

export interface CheckProblem {
  /** From 1, as editors count. */
  readonly line: number;
  readonly problem: string;
}

export interface Checked {
  readonly rows: number;
  /** sft, preference, kto; undefined where the first row is none of them. */
  readonly kind: string | undefined;
  readonly problems: readonly CheckProblem[];
}

/** A file that is wrong in each row says so often enough. */
const PROBLEMS_MAX = 50;

const toolCalls = (argumentsOf: z.ZodType) =>
  z
    .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: argumentsOf }) }))
    .optional();

function message(argumentsOf: z.ZodType) {
  return z
    .looseObject({
      role: z.enum(["system", "developer", "user", "assistant", "tool"]),
      content: z.string().nullish(),
      tool_calls: toolCalls(argumentsOf),
    })
    .refine(({ content, tool_calls: calls }) => typeof content === "string" || calls !== undefined, {
      path: ["content"],
      message: "is missing",
    });
}

/** TRL takes a call's arguments as an object, the others as JSON in a string. */
const objectMessage = message(z.record(z.string(), z.unknown()));
const stringMessage = message(z.string());
const turn = z.looseObject({
  from: z.enum(["system", "human", "gpt", "function_call", "observation"]),
  value: z.string(),
});

type MessageSchema = ReturnType<typeof message>;
type AnyMessage = z.infer<MessageSchema>;

function endsWithAssistant(messages: readonly AnyMessage[], context: z.RefinementCtx): void {
  if (messages.at(-1)?.role !== "assistant")
    context.addIssue({ code: "custom", message: "the last message must be the assistant's" });
}

function startsWell(messages: readonly AnyMessage[], context: z.RefinementCtx): void {
  if (messages.at(-1)?.role === "assistant")
    context.addIssue({ code: "custom", message: "a prompt must not end with the assistant" });
}

const nonEmpty = (of: MessageSchema) => z.array(of).min(1);
const answer = (of: MessageSchema) => z.array(of).min(1).superRefine(endsWithAssistant);
const assistantOf = (of: MessageSchema) =>
  of.refine(({ role }) => role === "assistant", { path: ["role"], message: "must be assistant" });

function sft(of: MessageSchema) {
  return z.strictObject({ messages: answer(of), tools: z.array(z.unknown()).optional() });
}

const ASKING = new Set(["user", "human", "observation"]);

/** LLaMA-Factory leaves a row out, with a warning alone, where asking and answering do not take turns. */
function alternating(roles: readonly string[], end: "answered" | "open", context: z.RefinementCtx): void {
  const said = roles[0] === "system" ? roles.slice(1) : roles;
  const isWrong = said.some((role, at) => ASKING.has(role) !== (at % 2 === 0));
  if (isWrong || said.length === 0 || (said.length % 2 === 0) !== (end === "answered"))
    context.addIssue({
      code: "custom",
      message: `user and assistant must take turns, and ${end === "open" ? "the user" : "the assistant"} must be last`,
    });
}

const turns = (end: "answered" | "open") =>
  z
    .array(turn)
    .min(1)
    .superRefine((said, context) =>
      alternating(
        said.map(({ from }) => from),
        end,
        context,
      ),
    );
const answered = turns("answered");
const open = turns("open");
const meta = z.looseObject({});

const FORMATS: Readonly<Record<Target, Readonly<Record<string, z.ZodType>>>> = {
  trl: {
    sft: z.union([
      sft(objectMessage),
      z.strictObject({ prompt: nonEmpty(objectMessage), completion: answer(objectMessage) }),
      z.strictObject({ prompt: z.string(), completion: z.string() }),
      z.strictObject({ text: z.string() }),
    ]),
    preference: z.union([
      z.strictObject({
        prompt: nonEmpty(objectMessage).superRefine(startsWell),
        chosen: answer(objectMessage),
        rejected: answer(objectMessage),
      }),
      z.strictObject({ prompt: z.string(), chosen: z.string(), rejected: z.string() }),
      z.strictObject({ chosen: answer(objectMessage), rejected: answer(objectMessage) }),
    ]),
    kto: z.union([
      z.strictObject({
        prompt: nonEmpty(objectMessage),
        completion: answer(objectMessage),
        label: z.boolean(),
      }),
      z.strictObject({ prompt: z.string(), completion: z.string(), label: z.boolean() }),
    ]),
  },
  openai: {
    sft: z.strictObject({
      messages: answer(stringMessage),
      tools: z.array(z.unknown()).optional(),
      parallel_tool_calls: z.boolean().optional(),
    }),
    preference: z.strictObject({
      input: z.strictObject({
        messages: nonEmpty(stringMessage),
        tools: z.array(z.unknown()).optional(),
        parallel_tool_calls: z.boolean().optional(),
      }),
      preferred_output: z.array(assistantOf(stringMessage)).min(1),
      non_preferred_output: z.array(assistantOf(stringMessage)).min(1),
    }),
  },
  axolotl: {
    sft: sft(stringMessage),
    preference: z.strictObject({
      messages: nonEmpty(stringMessage),
      chosen: assistantOf(stringMessage),
      rejected: assistantOf(stringMessage),
    }),
    kto: z.union([
      z.strictObject({
        completion: z.array(stringMessage).min(2).superRefine(endsWithAssistant),
        label: z.boolean(),
      }),
      ...["prompt", "instruction", "question"].map((asked) =>
        z.strictObject({
          [asked]: z.string(),
          completion: z.string(),
          label: z.boolean(),
          system: z.string().nullish(),
        }),
      ),
    ]),
  },
  llamafactory: {
    sft: z.union([
      sft(stringMessage).superRefine(({ messages }, context) => {
        const roles = messages.map(({ role }) => role);
        if (!roles.includes("tool")) alternating(roles, "answered", context);
      }),
      z.strictObject({
        conversations: answered,
        system: z.string().optional(),
        tools: z.string().optional(),
      }),
      z.looseObject({ instruction: z.string(), input: z.string().optional(), output: z.string() }),
    ]),
    preference: z.union([
      z.strictObject({ conversations: open, chosen: turn, rejected: turn, system: z.string().optional() }),
      z.looseObject({ instruction: z.string(), chosen: z.string(), rejected: z.string() }),
    ]),
    kto: z.union([
      z.strictObject({ conversations: answered, kto_tag: z.boolean(), system: z.string().optional() }),
      z.looseObject({ instruction: z.string(), output: z.string(), kto_tag: z.boolean() }),
    ]),
  },
  native: {
    sft: z.strictObject({ messages: answer(stringMessage), meta }),
    preference: z.strictObject({
      prompt: nonEmpty(stringMessage),
      chosen: z.string(),
      rejected: z.string(),
      meta,
    }),
    kto: z.strictObject({
      prompt: nonEmpty(stringMessage),
      completion: z.string(),
      label: z.boolean(),
      meta,
    }),
  },
};

export async function checkFile(path: string, target: Target): Promise<Checked> {
  const problems: CheckProblem[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let rows = 0;
  let kind: string | undefined;
  let shape: string | undefined;
  for await (const { bytes, offset } of linesIfThere(path)) {
    if (problems.length === PROBLEMS_MAX) break;
    rows += 1;
    const wrong = (problem: string): void => void problems.push({ line: offset + 1, problem });
    let row: unknown;
    try {
      if (bytes === undefined) throw new RangeError();
      row = JSON.parse(decoder.decode(bytes));
    } catch (error) {
      wrong(
        error instanceof SyntaxError
          ? "is not JSON"
          : error instanceof RangeError
            ? "is longer than 8 MiB"
            : "is not UTF-8",
      );
      continue;
    }
    kind ??= kindOf(row);
    const schema = kind === undefined ? undefined : FORMATS[target][kind];
    if (schema === undefined) {
      wrong(kind === undefined ? "is no row of a trainer's form" : `${target} has no ${kind} rows`);
      continue;
    }
    const read = schema.safeParse(row);
    if (!read.success) {
      const issue = leastDeep(read.error.issues);
      wrong(`${issue.path.map(String).join(".")} ${issue.message}`.trim());
      continue;
    }
    const seen = shapeOf(row);
    shape ??= seen;
    if (seen !== shape)
      wrong(`has ${seen}, and the first row ${shape}: keys and types must be the same in all`);
  }
  if (rows === 0) problems.push({ line: 1, problem: "there are no rows" });
  return { rows, kind, problems };
}

function kindOf(row: unknown): string | undefined {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
  if ("kto_tag" in row || "label" in row) return "kto";
  if ("chosen" in row || "preferred_output" in row) return "preference";
  const isSft = ["messages", "completion", "text", "conversations", "instruction"].some(
    (name) => name in row,
  );
  return isSft ? "sft" : undefined;
}

/** Of a union's issues those of the form that fits best. */
function leastDeep(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const [first] = issues;
  if (first === undefined) return { code: "custom", path: [], message: "does not fit", input: undefined };
  if (first.code !== "invalid_union") return first;
  const best = first.errors.toSorted((a, b) => a.length - b.length)[0];
  return best === undefined || best.length === 0 ? first : leastDeep(best);
}

function shapeOf(row: unknown): string {
  return Object.entries(row as Record<string, unknown>)
    .map(
      ([name, value]) => `${name}: ${Array.isArray(value) ? "list" : value === null ? "null" : typeof value}`,
    )
    .sort()
    .join(", ");
}
