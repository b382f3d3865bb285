// Recorded replies in place of a model, for tests and for demonstrations without a network. A script is a list of
// entries; the first whose patterns match the conversation answers, with the reply whose turn it is. So a script can
// give a wrong draft first and a better one after it was corrected. The model `echo` needs no script.
//
// The same conversation always gets the same reply: whose turn it is follows from the conversation, and only where an entry
// says `"by": "call"` from how often it was called.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { type ChatMessage, FINISH_REASONS } from "#contracts/chat";
import { onAbort } from "#lib/abort";
import { Fault } from "#rpc/fault";
import {
  type ChatProvider,
  FAILURE_KINDS,
  type ModelPiece,
  type ModelReply,
  type ModelRequest,
  ProviderFailure,
} from "./chat-model.ts";

const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine(isPattern, "must be text, or a regular expression between slashes")
  .describe("Text that occurs, in any case; /.../ is a regular expression");

const reply = z.strictObject({
  /** `{{1}}` is what the first group of the entry's last regular expression found. */
  content: z.string().default(""),
  reasoning: z.string().optional(),
  tool_calls: z
    .array(
      z.strictObject({
        id: z.string().optional(),
        name: z.string(),
        arguments: z.record(z.string(), z.unknown()),
      }),
    )
    .optional(),
  finish_reason: z.enum(FINISH_REASONS).optional(),
  usage: z.strictObject({ input_tokens: z.int(), output_tokens: z.int() }).optional(),
  /** Before the reply, and in a stream between its pieces. */
  delay_ms: z.int().min(0).max(60_000).default(0),
  /** Fails in this way. */
  failure: z.enum(FAILURE_KINDS).optional(),
});
type ScriptReply = z.infer<typeof reply>;

const entry = z.strictObject({
  /** Of the model's name after `scripted/`; any unless given. */
  model: z.string().optional(),
  /** All must occur in the whole conversation. */
  any: z.array(pattern).default([]),
  /** All must occur in the last message. */
  last: z.array(pattern).default([]),
  /** None may occur in the whole conversation. */
  none: z.array(pattern).default([]),
  /** By how many messages of the assistant came before, or by how often the entry answered. The last one stays. */
  by: z.enum(["turn", "call"]).default("turn"),
  replies: z.array(reply).min(1).max(1000),
});

const script = z.strictObject({ entries: z.array(entry).min(1).max(10_000) });
type Entry = z.infer<typeof entry> & { readonly calls: { count: number } };

const ECHO = "echo";
/** Text is not longer than this when it is matched: a pattern must not hold up the process. */
const MATCHED_CHARS_MAX = 64 * 1024;
/** About a word. */
const PIECE_CHARS = 8;

/** `path` is a script, or a folder of them (`*.json`, in the order of their names). Throws Fault `invalid`. */
export function scriptedProvider(path: string | undefined): ChatProvider {
  const entries = path === undefined || path === "" ? [] : readScripts(path);

  const next = async (request: ModelRequest, signal: AbortSignal): Promise<ScriptReply> => {
    signal.throwIfAborted();
    if (request.model === ECHO) return { content: lastText(request.messages), delay_ms: 0 };
    const found = entries.find((candidate) => matches(candidate, request));
    if (found === undefined) {
      throw new ProviderFailure("not_found", "No entry of the script matches this conversation.", {
        retryable: false,
      });
    }
    const turn =
      found.by === "turn"
        ? request.messages.filter(({ role }) => role === "assistant").length
        : found.calls.count;
    found.calls.count += 1;
    const chosen = found.replies[Math.min(turn, found.replies.length - 1)] as ScriptReply;
    await pause(chosen.delay_ms, signal);
    if (chosen.failure !== undefined) {
      throw new ProviderFailure(chosen.failure, "The script says that this call fails.", { status: 0 });
    }
    return { ...chosen, content: filledIn(chosen.content, found, request) };
  };

  return {
    name: "scripted",
    configured: true,
    setup: "Name a script in LAKEHOUSE_CHAT_SCRIPT.",
    slotsMax: 1024,
    free: true,
    complete: async (request, { signal }) => replyOf(request, await next(request, signal)),
    stream: async function* (request, { signal }): AsyncGenerator<ModelPiece> {
      const chosen = await next(request, signal);
      const whole = replyOf(request, chosen);
      if (whole.reasoning !== undefined) yield { kind: "text", reasoning: whole.reasoning };
      for (let at = 0; at < whole.content.length; at += PIECE_CHARS) {
        if (at > 0) await pause(chosen.delay_ms, signal);
        yield { kind: "text", content: whole.content.slice(at, at + PIECE_CHARS) };
      }
      for (const call of whole.tool_calls ?? []) yield { kind: "tool_call", call };
      yield { kind: "end", finish_reason: whole.finish_reason, usage: whole.usage };
    },
  };
}

function readScripts(path: string): Entry[] {
  let files: string[];
  try {
    files = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => name.endsWith(".json"))
          .sort()
          .map((name) => join(path, name))
      : [path];
  } catch {
    throw new Fault("invalid", "LAKEHOUSE_CHAT_SCRIPT names a file or folder that is not there.");
  }
  return files.flatMap((file) => {
    const refuse = (what: string): Fault =>
      new Fault("invalid", `LAKEHOUSE_CHAT_SCRIPT, ${basename(file)}: ${what}`);
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(file, "utf8"));
    } catch (cause) {
      throw new Fault("invalid", refuse("is no JSON.").message, { cause });
    }
    const parsed = script.safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const place = issue === undefined || issue.path.length === 0 ? "the file" : issue.path.join(".");
      throw refuse(
        `${place}: ${issue?.message ?? "is not valid"}. A script is {"entries": [{"replies": [...]}]}.`,
      );
    }
    return parsed.data.entries.map((one) => ({ ...one, calls: { count: 0 } }));
  });
}

function matches({ model, any, last, none }: Entry, request: ModelRequest): boolean {
  if (model !== undefined && model !== request.model) return false;
  const all = textOf(request.messages);
  const ending = textOf(request.messages.slice(-1));
  return (
    any.every((one) => occurs(one, all)) &&
    last.every((one) => occurs(one, ending)) &&
    !none.some((one) => occurs(one, all))
  );
}

function occurs(one: string, text: string): boolean {
  const expression = expressionOf(one);
  return expression === undefined ? text.toLowerCase().includes(one.toLowerCase()) : expression.test(text);
}

function isPattern(one: string): boolean {
  try {
    expressionOf(one);
    return true;
  } catch {
    return false;
  }
}

function expressionOf(one: string): RegExp | undefined {
  const [, source] = /^\/(.+)\/$/s.exec(one) ?? [];
  return source === undefined ? undefined : new RegExp(source, "is");
}

function filledIn(content: string, { any, last }: Entry, { messages }: ModelRequest): string {
  if (!content.includes("{{")) return content;
  const found = [...any, ...last].flatMap((one) => expressionOf(one)?.exec(textOf(messages)) ?? []);
  const groups = found.length === 0 ? [] : [...found];
  return content.replaceAll(/\{\{(\d)\}\}/g, (_, place: string) => groups[Number(place)] ?? "");
}

function textOf(messages: readonly ChatMessage[]): string {
  return messages
    .map(
      ({ content, parts }) =>
        content ?? (parts ?? []).map((one) => (one.type === "text" ? one.text : "")).join("\n"),
    )
    .join("\n")
    .slice(-MATCHED_CHARS_MAX);
}

function lastText(messages: readonly ChatMessage[]): string {
  return textOf(messages.filter(({ role }) => role === "user").slice(-1));
}

function replyOf(
  request: ModelRequest,
  { content, reasoning, tool_calls: calls, ...rest }: ScriptReply,
): ModelReply {
  const tool_calls = calls?.map((call, at) => ({ ...call, id: call.id ?? `call_${at + 1}` }));
  return {
    model: request.model,
    content,
    reasoning,
    tool_calls,
    finish_reason: rest.finish_reason ?? (tool_calls === undefined ? "stop" : "tool_calls"),
    usage: rest.usage,
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = onAbort(signal, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}
