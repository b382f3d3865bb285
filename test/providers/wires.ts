// Replies as the real providers write them, whole and as the chunks of a stream. A reply calls the first tool of a
// request that has tools, thinks where it was asked to, writes JSON where a format was asked for, and else says `TEXT`.

export type Wire = "openai" | "openrouter" | "kimi" | "responses" | "anthropic" | "gemini" | "ollama";

export const TEXT = "Zwölf Äpfel für 名前 🍎 are ready.";
export const THOUGHT = "The caller counts apples.";
export const TOOL_ARGUMENTS = { city: "Zürich", count: 3 } as const;
export const USAGE = { input: 21, output: 9, cached: 8 } as const;

type Body = Readonly<Record<string, unknown>>;

export function wireOf(path: string, body: Body): { wire: Wire; model: string } {
  const named = typeof body["model"] === "string" ? body["model"] : "";
  if (path.endsWith("/responses")) return { wire: "responses", model: named };
  if (path.endsWith("/messages")) return { wire: "anthropic", model: named };
  const [, gemini] = /\/models\/([^:]+):/.exec(path) ?? [];
  if (gemini !== undefined) return { wire: "gemini", model: decodeURIComponent(gemini) };
  if (path.endsWith("/api/chat")) return { wire: "ollama", model: named };
  if (path.startsWith("/openrouter/")) return { wire: "openrouter", model: named };
  return { wire: path.startsWith("/kimi/") ? "kimi" : "openai", model: named };
}

interface Content {
  readonly text: string;
  readonly thought: string;
  readonly tool: string | undefined;
}

function contentOf(body: Body): Content {
  const tools = body["tools"] as Body[] | undefined;
  const first = tools?.[0];
  const declared = (first?.["functionDeclarations"] as Body[] | undefined)?.[0];
  const tool = (declared?.["name"] ??
    (first?.["function"] as Body | undefined)?.["name"] ??
    first?.["name"]) as string | undefined;
  const config = body["generationConfig"] as Body | undefined;
  const thinks =
    body["reasoning_effort"] !== undefined ||
    body["think"] !== undefined ||
    body["thinking"] !== undefined ||
    body["reasoning"] !== undefined ||
    config?.["thinkingConfig"] !== undefined;
  const json =
    body["response_format"] !== undefined ||
    body["format"] !== undefined ||
    body["text"] !== undefined ||
    config?.["responseMimeType"] !== undefined ||
    JSON.stringify(body["system"] ?? "").includes("JSON");
  return {
    text: tool === undefined ? (json ? '{"apples":12}' : TEXT) : "",
    thought: thinks ? THOUGHT : "",
    tool,
  };
}

const ARGUMENTS = JSON.stringify(TOOL_ARGUMENTS);

export function replyOn(wire: Wire, model: string, body: Body): unknown {
  const { text, thought, tool } = contentOf(body);
  switch (wire) {
    case "responses":
      return responsesBody(model, text, thought, tool);
    case "anthropic":
      return {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: `${model}-20260101`,
        content: [
          ...(thought === "" ? [] : [{ type: "thinking", thinking: thought, signature: "sig" }]),
          ...(text === "" ? [] : [{ type: "text", text }]),
          ...(tool === undefined
            ? []
            : [{ type: "tool_use", id: "toolu_1", name: tool, input: TOOL_ARGUMENTS }]),
        ],
        stop_reason: tool === undefined ? "end_turn" : "tool_use",
        stop_sequence: null,
        usage: {
          input_tokens: USAGE.input - USAGE.cached,
          cache_read_input_tokens: USAGE.cached,
          cache_creation_input_tokens: 0,
          output_tokens: USAGE.output,
        },
      };
    case "gemini":
      return geminiChunk(model, geminiParts(text, thought, tool), true);
    case "ollama":
      return {
        model,
        created_at: "2026-08-21T10:00:00.000000Z",
        message: ollamaMessage(text, thought, tool),
        ...OLLAMA_END,
      };
    case "openai":
    case "openrouter":
    case "kimi":
  }
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: answered(wire, model),
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: text === "" ? null : text,
          ...(thought === "" ? {} : { [wire === "openrouter" ? "reasoning" : "reasoning_content"]: thought }),
          ...(tool === undefined
            ? {}
            : {
                tool_calls: [
                  { id: "call_abc", type: "function", function: { name: tool, arguments: ARGUMENTS } },
                ],
              }),
        },
        finish_reason: tool === undefined ? "stop" : "tool_calls",
      },
    ],
    usage: openaiUsage(wire),
  };
}

/** Chunks as they leave the provider; the last ones hold finish mark and usage. */
export function streamOn(wire: Wire, model: string, body: Body): string[] {
  const { text, thought, tool } = contentOf(body);
  const words = text.match(/.{1,4}/gsu) ?? [];
  switch (wire) {
    case "responses":
      return responsesStream(model, words, thought, tool);
    case "anthropic":
      return anthropicStream(model, words, thought, tool);
    case "gemini":
      return [
        ...(thought === "" ? [] : [geminiChunk(model, [{ text: thought, thought: true }], false)]),
        ...words.map((word) => geminiChunk(model, [{ text: word }], false)),
        geminiChunk(model, geminiParts("", "", tool), true),
      ].map(sse);
    case "ollama":
      return [
        ...(thought === "" ? [] : [ollamaMessage("", thought, undefined)]),
        ...words.map((word) => ollamaMessage(word, "", undefined)),
        ...(tool === undefined ? [] : [ollamaMessage("", "", tool)]),
      ]
        .map((message) => ndjson({ model, created_at: "2026-08-21T10:00:00Z", message, done: false }))
        .concat(
          ndjson({
            model,
            created_at: "2026-08-21T10:00:01Z",
            message: { role: "assistant", content: "" },
            ...OLLAMA_END,
          }),
        );
    case "openai":
    case "openrouter":
    case "kimi":
  }
  return openaiStream(wire, model, words, thought, tool);
}

function sse(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

function named(event: { readonly type: string }): string {
  return `event: ${event.type}\n${sse(event)}`;
}

function ndjson(line: unknown): string {
  return `${JSON.stringify(line)}\n`;
}

function answered(wire: Wire, model: string): string {
  return wire === "openrouter" ? `vendor/${model}` : model;
}

function openaiUsage(wire: Wire): object {
  const counted = {
    prompt_tokens: USAGE.input,
    completion_tokens: USAGE.output,
    total_tokens: USAGE.input + USAGE.output,
  };
  if (wire === "kimi") return { ...counted, cached_tokens: USAGE.cached };
  const details = { prompt_tokens_details: { cached_tokens: USAGE.cached } };
  return wire === "openrouter" ? { ...counted, ...details, cost: 0.00042 } : { ...counted, ...details };
}

function openaiStream(
  wire: Wire,
  model: string,
  words: readonly string[],
  thought: string,
  tool: string | undefined,
): string[] {
  const chunk = (delta: object, finish: string | null = null, more: object = {}): string =>
    sse({
      id: "chatcmpl-1",
      object: "chat.completion.chunk",
      created: 1_700_000_000,
      model: answered(wire, model),
      choices: [{ index: 0, delta, finish_reason: finish, ...more }],
    });
  const finish = tool === undefined ? "stop" : "tool_calls";
  const called = (part: object): string => chunk({ tool_calls: [{ index: 0, ...part }] });
  return [
    chunk({ role: "assistant", content: "" }),
    ...(thought === ""
      ? []
      : [chunk({ [wire === "openrouter" ? "reasoning" : "reasoning_content"]: thought })]),
    ...words.map((content) => chunk({ content })),
    ...(tool === undefined
      ? []
      : [
          called({ id: "call_abc", type: "function", function: { name: tool, arguments: "" } }),
          called({ function: { arguments: ARGUMENTS.slice(0, 9) } }),
          called({ function: { arguments: ARGUMENTS.slice(9) } }),
        ]),
    // Moonshot counts in its last chunk of content, the others in one of its own.
    wire === "kimi" ? chunk({}, finish, { usage: openaiUsage(wire) }) : chunk({}, finish),
    ...(wire === "kimi"
      ? []
      : [sse({ id: "chatcmpl-1", model: answered(wire, model), choices: [], usage: openaiUsage(wire) })]),
    "data: [DONE]\n\n",
  ];
}

function responsesBody(model: string, text: string, thought: string, tool: string | undefined): object {
  return {
    id: "resp_1",
    object: "response",
    status: "completed",
    error: null,
    incomplete_details: null,
    model: `${model}-2026-01-01`,
    output: [
      ...(thought === ""
        ? []
        : [{ type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: thought }] }]),
      ...(text === ""
        ? []
        : [
            {
              type: "message",
              id: "msg_1",
              role: "assistant",
              status: "completed",
              content: [{ type: "output_text", text, annotations: [] }],
            },
          ]),
      ...(tool === undefined ? [] : [responsesCall(tool)]),
    ],
    usage: {
      input_tokens: USAGE.input,
      input_tokens_details: { cached_tokens: USAGE.cached },
      output_tokens: USAGE.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: USAGE.input + USAGE.output,
    },
  };
}

function responsesCall(tool: string): object {
  return {
    type: "function_call",
    id: "fc_1",
    call_id: "call_abc",
    name: tool,
    arguments: ARGUMENTS,
    status: "completed",
  };
}

function responsesStream(
  model: string,
  words: readonly string[],
  thought: string,
  tool: string | undefined,
): string[] {
  const whole = responsesBody(model, words.join(""), thought, tool);
  return [
    named({
      type: "response.created",
      response: { id: "resp_1", status: "in_progress", error: null },
    } as never),
    ...(thought === ""
      ? []
      : [named({ type: "response.reasoning_summary_text.delta", delta: thought } as never)]),
    ...words.map((delta) => named({ type: "response.output_text.delta", output_index: 0, delta } as never)),
    ...(tool === undefined
      ? []
      : [
          named({ type: "response.function_call_arguments.delta", delta: ARGUMENTS } as never),
          named({ type: "response.output_item.done", output_index: 0, item: responsesCall(tool) } as never),
        ]),
    named({ type: "response.completed", response: whole } as never),
  ];
}

function anthropicStream(
  model: string,
  words: readonly string[],
  thought: string,
  tool: string | undefined,
): string[] {
  const usage = {
    input_tokens: USAGE.input - USAGE.cached,
    cache_read_input_tokens: USAGE.cached,
    cache_creation_input_tokens: 0,
    output_tokens: 1,
  };
  const event = (type: string, more: object = {}): string => named({ type, ...more });
  const block = (index: number, start: object, deltas: readonly object[]): string[] => [
    event("content_block_start", { index, content_block: start }),
    ...deltas.map((delta) => event("content_block_delta", { index, delta })),
    event("content_block_stop", { index }),
  ];
  return [
    event("message_start", {
      message: { id: "msg_1", role: "assistant", model: `${model}-20260101`, content: [], usage },
    }),
    event("ping"),
    ...(thought === ""
      ? []
      : block(0, { type: "thinking", thinking: "" }, [
          { type: "thinking_delta", thinking: thought },
          { type: "signature_delta", signature: "sig" },
        ])),
    ...(words.length === 0
      ? []
      : block(
          1,
          { type: "text", text: "" },
          words.map((text) => ({ type: "text_delta", text })),
        )),
    ...(tool === undefined
      ? []
      : block(2, { type: "tool_use", id: "toolu_1", name: tool, input: {} }, [
          { type: "input_json_delta", partial_json: "" },
          { type: "input_json_delta", partial_json: ARGUMENTS.slice(0, 9) },
          { type: "input_json_delta", partial_json: ARGUMENTS.slice(9) },
        ])),
    event("message_delta", {
      delta: { stop_reason: tool === undefined ? "end_turn" : "tool_use", stop_sequence: null },
      usage: { output_tokens: USAGE.output },
    }),
    event("message_stop"),
  ];
}

function geminiParts(text: string, thought: string, tool: string | undefined): object[] {
  return [
    ...(thought === "" ? [] : [{ text: thought, thought: true }]),
    ...(text === "" ? [] : [{ text }]),
    ...(tool === undefined ? [] : [{ functionCall: { name: tool, args: TOOL_ARGUMENTS } }]),
  ];
}

function geminiChunk(model: string, parts: readonly object[], last: boolean): object {
  return {
    candidates: [{ index: 0, content: { role: "model", parts }, ...(last ? { finishReason: "STOP" } : {}) }],
    usageMetadata: {
      promptTokenCount: USAGE.input,
      candidatesTokenCount: last ? USAGE.output : 1,
      cachedContentTokenCount: USAGE.cached,
      totalTokenCount: USAGE.input + USAGE.output,
    },
    modelVersion: `${model}-001`,
  };
}

const OLLAMA_END = {
  done: true,
  done_reason: "stop",
  total_duration: 123_456_789,
  load_duration: 1_000_000,
  prompt_eval_count: USAGE.input,
  prompt_eval_duration: 5_000_000,
  eval_count: USAGE.output,
  eval_duration: 90_000_000,
} as const;

function ollamaMessage(content: string, thinking: string, tool: string | undefined): object {
  return {
    role: "assistant",
    content,
    ...(thinking === "" ? {} : { thinking }),
    ...(tool === undefined
      ? {}
      : { tool_calls: [{ function: { index: 0, name: tool, arguments: TOOL_ARGUMENTS } }] }),
  };
}
