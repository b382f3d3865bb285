// The forms that trainers read, as data: what an SFT row, a pair and a KTO row look like for each. Sources: TRL
// docs/source/dataset_formats.md, axolotl docs/dataset-formats, docs/rlhf.qmd and prompt_strategies, LLaMA-Factory
// data/README.md and data/converter.py, OpenAI's guides to supervised and preference fine-tuning. Every row of a file has the same keys, and none of ours.

export const TARGETS = ["trl", "openai", "axolotl", "llamafactory", "native"] as const;
export type Target = (typeof TARGETS)[number];

export interface Message {
  readonly role: string;
  readonly content: string;
}

export interface Meta {
  readonly evidence_id: string;
  readonly source_class: string;
  readonly score: number;
  readonly category: string;
}

export interface Pair {
  readonly prompt: readonly Message[];
  readonly chosen: string;
  readonly rejected: string;
}

export interface TargetForms {
  readonly sft: (messages: readonly Message[], meta: Meta) => object;
  readonly preference: (pair: Pair, meta: Meta & { readonly labels: readonly string[] }) => object;
  /** Undefined where the trainer has no KTO. */
  readonly kto:
    | ((prompt: readonly Message[], completion: string, label: boolean, meta: Meta) => object)
    | undefined;
}

function assistant(content: string): Message {
  return { role: "assistant", content };
}

const FROM: Readonly<Record<string, string>> = { system: "system", user: "human", assistant: "gpt" };

function turn({ role, content }: Message): object {
  return { from: FROM[role] ?? role, value: content };
}

export const FORMS: Readonly<Record<Target, TargetForms>> = {
  trl: {
    sft: (messages) => ({ messages }),
    preference: ({ prompt, chosen, rejected }) => ({
      prompt,
      chosen: [assistant(chosen)],
      rejected: [assistant(rejected)],
    }),
    kto: (prompt, completion, label) => ({ prompt, completion: [assistant(completion)], label }),
  },
  openai: {
    sft: (messages) => ({ messages }),
    preference: ({ prompt, chosen, rejected }) => ({
      input: { messages: prompt, tools: [], parallel_tool_calls: true },
      preferred_output: [assistant(chosen)],
      non_preferred_output: [assistant(rejected)],
    }),
    kto: undefined,
  },
  axolotl: {
    sft: (messages) => ({ messages }),
    preference: ({ prompt, chosen, rejected }) => ({
      messages: prompt,
      chosen: assistant(chosen),
      rejected: assistant(rejected),
    }),
    // The one form of its KTO that takes more than an instruction: `chatml.argilla_chat` and `llama3.argilla_chat`.
    kto: (prompt, completion, label) => ({ completion: [...prompt, assistant(completion)], label }),
  },
  llamafactory: {
    sft: (messages) => ({ messages }),
    preference: ({ prompt, chosen, rejected }) => ({
      conversations: prompt.map(turn),
      chosen: turn(assistant(chosen)),
      rejected: turn(assistant(rejected)),
    }),
    kto: (prompt, completion, label) => ({
      conversations: [...prompt, assistant(completion)].map(turn),
      kto_tag: label,
    }),
  },
  native: {
    sft: (messages, meta) => ({ messages, meta }),
    preference: ({ prompt, chosen, rejected }, meta) => ({ prompt, chosen, rejected, meta }),
    kto: (prompt, completion, label, meta) => ({ prompt, completion, label, meta }),
  },
};

/** Forms that took another's place, by a name: what was exported in the one before is not taken for them. */
export const LATER_FORMS: Readonly<Record<string, string>> = { "axolotl kto": "argilla_chat" };

/** `dataset_info.json`, by which LLaMA-Factory finds the columns of a file. */
export function datasetInfo(kind: "sft" | "preference" | "kto", file: string): object {
  const tags = {
    role_tag: "role",
    content_tag: "content",
    user_tag: "user",
    assistant_tag: "assistant",
    system_tag: "system",
  };
  const name = `lakehouse_${kind}`;
  const columns: Readonly<Record<typeof kind, object>> = {
    sft: { columns: { messages: "messages" }, tags },
    preference: {
      ranking: true,
      columns: { messages: "conversations", chosen: "chosen", rejected: "rejected" },
    },
    kto: { columns: { messages: "conversations", kto_tag: "kto_tag" } },
  };
  return { [name]: { file_name: file, formatting: "sharegpt", ...columns[kind] } };
}
