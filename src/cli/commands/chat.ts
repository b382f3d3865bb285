// `lakehouse chat`: a question to a model, whose answer is printed as it is written; without one, a session on a terminal
// that ends with an empty line or Ctrl-D. Text from a pipe goes below the question.

import { createInterface } from "node:readline/promises";
import type { ChatInput, ChatReply } from "#contracts/chat";
import type { House } from "#contracts/house";
import { Fault } from "#rpc/fault";
import { CLIENT_ARGS, settingsOf, wholeNumber } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { failureOf, UsageProblem } from "../failure.ts";
import { watchInterrupt } from "../terminal/interrupt.ts";
import { formatOf, isForPeople, jsonText } from "../terminal/output.ts";
import { counted } from "../terminal/plain-text.ts";
import { isInteractive, paintTalk, say, stdinIsTty, stdoutIsTty, write } from "../terminal/terminal.ts";

type Messages = ChatInput["messages"];
/** What stays the same for all questions of a session. */
type Options = Omit<ChatInput, "messages">;

/** A model's context ends somewhere there; a larger file is for a dataset. */
const PIPED_BYTES_MAX = 4 * 1024 * 1024;

export const chat = command({
  name: "chat",
  summary: "Ask a language model",
  details:
    "The answer is printed as it is written. Without a question, a session begins: each line is one, with all before it; an empty line or Ctrl-D ends it. Text from a pipe goes below the question.",
  many: true,
  args: {
    question: { type: "positional", required: false, description: "The question" },
    model: {
      type: "string",
      alias: "m",
      valueHint: "NAME",
      description: "The model, as in kimi/kimi-k2.6; the house's default model unless given",
    },
    system: { type: "string", valueHint: "TEXT", description: "What the model is told before the question" },
    "max-tokens": { type: "string", valueHint: "N", description: "Length of the answer at most" },
    reasoning: {
      type: "enum",
      options: ["off", "low", "high"],
      description: "How much the model thinks first",
    },
    timeout: {
      type: "string",
      valueHint: "SECONDS",
      description: "Time limit; 120 unless given, at most 600",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse chat 'Translate to Spanish: The shift starts at 6.'",
    "lakehouse chat 'Summarise these notes' < notes.txt",
    "lakehouse chat -m ollama/qwen3",
    "lakehouse chat 'Reply with a haiku' --json",
  ],
  run: async (args, given) => {
    const timeoutS = wholeNumber("--timeout", args.timeout, 1, 600);
    const maxTokens = wholeNumber("--max-tokens", args["max-tokens"], 1, 1_000_000);
    const options: Options = {
      ...(args.model === undefined ? {} : { model: args.model }),
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      ...(args.reasoning === undefined ? {} : { reasoning: args.reasoning }),
      ...(timeoutS === undefined ? {} : { deadline_ms: timeoutS * 1000 }),
    };
    const system: Messages = args.system === undefined ? [] : [{ role: "system", content: args.system }];
    const question = [given.words.join(" "), await piped()].filter((text) => text !== "").join("\n\n");
    const { house } = await connect(settingsOf(args));
    if (question === "") {
      if (!isInteractive) throw new UsageProblem("Which question? For example: lakehouse chat 'Say hello'");
      return session(house, options, system);
    }
    const messages: Messages = [...system, { role: "user", content: question }];
    const { signal } = watchInterrupt();
    const format = formatOf(args.output);
    // Words go to a terminal and to a pipe alike; JSON only where it was asked for.
    if (args.output !== undefined && !isForPeople(format)) {
      await write(jsonText(await house.chatd.chat({ ...options, messages }, { signal })));
      return;
    }
    summarise(await printed(house, { ...options, messages }, signal));
  },
});

async function piped(): Promise<string> {
  if (stdinIsTty) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of Bun.stdin.stream() as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > PIPED_BYTES_MAX)
      throw new UsageProblem("Standard input has more than 4 MiB: no model reads as much.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString().trim();
}

/** Prints the answer as it comes, reasoning aside on standard error. */
async function printed(house: House, input: ChatInput, signal: AbortSignal): Promise<ChatReply> {
  let done: ChatReply | undefined;
  let reasoned = false;
  let written = "";
  for await (const event of house.chatd.chatEvents(input, { signal })) {
    if (event.event === "delta") {
      if (event.reasoning !== undefined && stdoutIsTty) {
        process.stderr.write(paintTalk("dim", event.reasoning));
        reasoned = true;
      }
      if (event.content === undefined) continue;
      if (reasoned) say("\n");
      reasoned = false;
      written += event.content;
      await write(event.content);
    } else if (event.event === "tool_call") {
      say(`${paintTalk("yellow", "calls")} ${event.name} ${JSON.stringify(event.arguments)}`);
    } else if (event.event === "done") done = event;
  }
  if (!written.endsWith("\n")) await write("\n");
  if (done === undefined) throw new Fault("upstream", "The answer broke off. Ask again.");
  return done;
}

function summarise({
  provider,
  model,
  usage,
  finish_reason: finish,
  attempts,
  adapted = [],
}: ChatReply): void {
  if (!stdoutIsTty) return;
  const { input_tokens: read, output_tokens: wrote, cost_usd: usd } = usage;
  const cost = usd === undefined || usd === 0 ? "" : `, ${usd.toFixed(usd < 0.01 ? 5 : 2)} USD`;
  const tries = attempts.length === 1 ? "" : `, ${counted(attempts.length, "attempt")}`;
  const end = finish === "length" ? "; cut at its length limit: raise --max-tokens" : "";
  say(paintTalk("dim", `${provider}/${model}: ${read} + ${wrote} tokens${cost}${tries}${end}.`));
  for (const what of adapted) say(paintTalk("dim", what));
}

async function session(house: House, options: Options, system: Messages): Promise<void> {
  const messages: Messages = [...system];
  say(paintTalk("dim", "An empty line or Ctrl-D ends the session."));
  for (;;) {
    const question = await line();
    if (question === "") return;
    messages.push({ role: "user", content: question });
    const { signal, stop } = watchInterrupt();
    try {
      const reply = await printed(house, { ...options, messages }, signal);
      messages.push({ role: "assistant", content: reply.message.content });
      summarise(reply);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      // The session goes on: the question may be asked again.
      messages.pop();
      for (const text of failureOf(thrown).lines) say(text);
    } finally {
      stop();
    }
  }
}

/** Empty at the end of the input. */
async function line(): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => void terminal.once("close", () => resolve("")));
  try {
    return (await Promise.race([terminal.question("> "), ended])).trim();
  } finally {
    terminal.close();
  }
}
