// `lakehouse embed`: texts to vectors, to look at or to pipe into other programs.

import { TEXTS_MAX } from "#contracts/embed";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { UsageProblem } from "../failure.ts";
import { emit, formatOf, isForPeople } from "../terminal/output.ts";
import { say, stdinIsTty } from "../terminal/terminal.ts";

interface Embedded {
  readonly text: string;
  readonly vector: readonly number[];
}

const NUMBERS_SHOWN = 6;

export const embed = command({
  name: "embed",
  summary: "Turn texts into embedding vectors",
  details: "Without texts, reads one from each line of standard input.",
  many: true,
  args: {
    text: { type: "positional", required: false, description: "Texts to embed" },
    model: {
      type: "string",
      valueHint: "NAME",
      description: "The embedding model; the default model unless given",
    },
    input: {
      type: "enum",
      options: ["query", "document"],
      description: "What the texts are, for models that embed queries otherwise; document unless given",
    },
    ...CLIENT_ARGS,
  },
  examples: [
    "lakehouse embed 'forklift operator'",
    "lakehouse embed 'line cook' 'prep cook' -o json",
    "lakehouse embed -o jsonl < titles.txt",
  ],
  run: async (args, given) => {
    const texts = given.words.length > 0 ? given.words : await linesOfStdin();
    const { house } = await connect(settingsOf(args));
    const model = args.model === undefined ? {} : { model: args.model };
    const input = args.input === undefined ? {} : { input: args.input };
    const rows: Embedded[] = [];
    let used = { model: "", dimension: 0 };
    for (let at = 0; at < texts.length; at += TEXTS_MAX) {
      const batch = texts.slice(at, at + TEXTS_MAX);
      const reply = await house.embedd.embed({ texts: batch, ...model, ...input });
      used = { model: reply.model, dimension: reply.dimension };
      for (const [place, vector] of reply.vectors.entries())
        rows.push({ text: batch[place] ?? "", vector: vector as number[] });
    }
    const format = formatOf(args.output);
    await emit(format, {
      fields: [
        { name: "text", value: ({ text }) => text },
        { name: "vector", value: ({ vector }) => vector, show: ({ vector }) => shown(vector) },
      ],
      rows,
      json: { ...used, vectors: rows.map(({ vector }) => vector) },
    });
    if (isForPeople(format))
      say(`${used.model}, ${used.dimension} numbers each; -o json prints all of them.`);
  },
});

function shown(vector: readonly number[]): string {
  const first = vector.slice(0, NUMBERS_SHOWN).map((number) => number.toFixed(4));
  return `${first.join(" ")}${vector.length > NUMBERS_SHOWN ? " ..." : ""}`;
}

async function linesOfStdin(): Promise<string[]> {
  if (stdinIsTty) throw new UsageProblem("Which text? For example: lakehouse embed 'forklift operator'");
  const lines = (await Bun.stdin.text()).split("\n").map((line) => line.trim());
  const texts = lines.filter((line) => line !== "");
  if (texts.length === 0) throw new UsageProblem("Standard input holds no text.");
  return texts;
}
