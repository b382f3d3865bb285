// What every provider of chat models must do, whatever wire it speaks: replies whole and in pieces mean the same, and
// every way in which a provider fails is one of the kinds that chatd decides by.

import { expect, test } from "bun:test";
import { TEXT, THOUGHT, TOOL_ARGUMENTS, USAGE } from "../../../test/providers/wires.ts";
import type { ChatProvider, FailureKind, ModelPiece, ModelReply, ModelRequest } from "./chat-model.ts";
import { ProviderFailure } from "./chat-model.ts";

export interface ProviderCase {
  /** `kimi`, or `opencode gpt`. */
  readonly title: string;
  readonly provider: () => ChatProvider;
  /** The same, that waits for no more than a moment. */
  readonly hasty: () => ChatProvider;
  /** Before the names of models: `claude-`. */
  readonly family: string;
  /** Differences that are the provider's own. */
  readonly kinds?: Readonly<Partial<Record<string, FailureKind>>>;
  /** US dollars, where the provider says what it charges. */
  readonly costs?: number;
}

const HELLO = { messages: [{ role: "user", content: "Count the apples." }] } as const;
const TOOL = {
  name: "count_apples",
  description: "Counts apples in a city",
  parameters: { type: "object", properties: { city: { type: "string" }, count: { type: "integer" } } },
};

interface Collected extends ModelReply {
  readonly pieces: readonly ModelPiece[];
  readonly adapted: readonly string[];
}

async function whole(provider: ChatProvider, request: ModelRequest): Promise<Collected> {
  const adapted: string[] = [];
  const options = {
    signal: new AbortController().signal,
    adapted: (what: string) => void adapted.push(what),
  };
  return { ...(await provider.complete(request, options)), pieces: [], adapted };
}

async function streamed(
  provider: ChatProvider,
  request: ModelRequest,
  signal?: AbortSignal,
): Promise<Collected> {
  const adapted: string[] = [];
  const options = {
    signal: signal ?? new AbortController().signal,
    adapted: (what: string) => void adapted.push(what),
  };
  const pieces: ModelPiece[] = [];
  for await (const piece of provider.stream(request, options)) pieces.push(piece);
  const end = pieces.at(-1);
  if (end?.kind !== "end") throw new Error("a stream ends with its end");
  const calls = pieces.flatMap((piece) => (piece.kind === "tool_call" ? [piece.call] : []));
  const join = (field: "content" | "reasoning"): string =>
    pieces.map((piece) => (piece.kind === "text" ? (piece[field] ?? "") : "")).join("");
  return {
    pieces,
    adapted,
    content: join("content"),
    reasoning: join("reasoning") || undefined,
    tool_calls: calls.length === 0 ? undefined : calls,
    finish_reason: end.finish_reason,
    usage: end.usage,
    model: end.model,
  };
}

export const WAYS = { whole, streamed } as const;

export async function failureOf(work: Promise<unknown>): Promise<ProviderFailure> {
  const failure = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (failure instanceof ProviderFailure) return failure;
  throw new Error(`no ProviderFailure: ${String(failure)}`);
}

/** By the fake's quirk: what becomes of a call. */
const FAILURES: Readonly<Record<string, FailureKind>> = {
  down: "upstream",
  unavailable: "overloaded",
  "rate-limited": "rate_limited",
  "no-quota": "quota",
  "no-credit": "quota",
  forbidden: "unauthorized",
  unauthorized: "unauthorized",
  "no-model": "not_found",
  "bad-request": "invalid",
  "error-inside": "upstream",
  garbage: "upstream",
  html: "upstream",
  empty: "upstream",
  redirect: "upstream",
  cut: "upstream",
  huge: "upstream",
  bomb: "upstream",
};

/** Of a stream alone. */
const STREAM_FAILURES: Readonly<Record<string, FailureKind>> = {
  "no-finish": "upstream",
  "error-midway": "upstream",
  "silent-midway": "timeout",
  hang: "timeout",
};

export function providerConformance(
  { title, provider, hasty, family, kinds = {}, costs }: ProviderCase,
  key: string,
): void {
  const requestFor = (quirk: string, more: Partial<ModelRequest> = {}): ModelRequest => {
    return { ...HELLO, model: `${family}${quirk}.${title.replaceAll(/\W/g, "")}`, ...more };
  };

  for (const [way, call] of Object.entries(WAYS)) {
    test(`${title}, ${way}: text, its usage, its finish`, async () => {
      const reply = await call(provider(), requestFor(`ok.${way}`));
      expect(reply.content).toBe(TEXT);
      expect(reply.finish_reason).toBe("stop");
      expect(reply.usage).toMatchObject({ input_tokens: USAGE.input, output_tokens: USAGE.output });
      if (costs !== undefined) expect(reply.usage?.cost_usd).toBe(costs);
      expect(reply.model).toContain("ok");
    });

    test(`${title}, ${way}: a tool call with its arguments as an object`, async () => {
      const reply = await call(
        provider(),
        requestFor(`ok.tools.${way}`, { tools: [TOOL], tool_choice: "auto" }),
      );
      expect(reply.finish_reason).toBe("tool_calls");
      expect(reply.tool_calls).toEqual([
        { id: expect.any(String) as string, name: TOOL.name, arguments: TOOL_ARGUMENTS },
      ]);
      expect(reply.tool_calls?.[0]?.id).not.toBe("");
    });

    test(`${title}, ${way}: a format is given to the model, or said not to be`, async () => {
      const schema = { type: "object", properties: { apples: { type: "integer" } }, required: ["apples"] };
      const reply = await call(
        provider(),
        requestFor(`ok.json.${way}`, { response_format: { type: "json_schema", schema } }),
      );
      expect(JSON.parse(reply.content)).toEqual({ apples: 12 });
    });

    test(`${title}, ${way}: what was called before goes along`, async () => {
      const reply = await call(
        provider(),
        requestFor(`ok.history.${way}`, {
          messages: [
            { role: "system", content: "Be brief." },
            {
              role: "user",
              parts: [
                { type: "text", text: "How many?" },
                { type: "image", media_type: "image/png", data: "aGk=" },
              ],
            },
            {
              role: "assistant",
              reasoning: "Count.",
              tool_calls: [{ id: "call_7", name: TOOL.name, arguments: { city: "Bern" } }],
            },
            { role: "tool", tool_call_id: "call_7", content: "3" },
            { role: "user", content: "And now?" },
          ],
        }),
      );
      expect(reply.content).toBe(TEXT);
    });

    test.each(Object.entries(FAILURES))(`${title}, ${way}: %s is %s`, async (quirk, usual) => {
      const failure = await failureOf(call(provider(), requestFor(`${quirk}.${way}`)));
      expect(failure.kind).toBe(kinds[quirk] ?? usual);
      expect(failure.message).not.toContain(key);
      if (quirk === "rate-limited") expect(failure.retryAfterMs).toBe(1000);
      if (["invalid", "quota", "unauthorized", "not_found"].includes(failure.kind))
        expect(failure.retryable).toBe(false);
    });

    test(`${title}, ${way}: packed bytes that were not asked for are read all the same`, async () => {
      expect((await call(provider(), requestFor(`packed.${way}`))).content).toBe(TEXT);
    });

    test(`${title}, ${way}: a caller who goes away gets its own reason, and ends the request`, async () => {
      const controller = new AbortController();
      const reason = new Error("gone");
      const options = { signal: controller.signal, adapted: () => undefined };
      const request = requestFor(`hang.${way}.abort`);
      const pending =
        way === "whole"
          ? provider().complete(request, options)
          : provider().stream(request, options)[Symbol.asyncIterator]().next();
      setTimeout(() => controller.abort(reason), 20);
      expect(
        await pending.then(
          () => undefined,
          (thrown: unknown) => thrown,
        ),
      ).toBe(reason);
    });
  }

  test(`${title}: reasoning is told apart from the reply`, async () => {
    const reply = await streamed(provider(), requestFor("ok.reasons", { reasoning: "high" }));
    expect(reply.content).toBe(TEXT);
    const said = reply.adapted.some((what) => what.startsWith("reasoning"));
    expect(reply.reasoning).toBe(said ? undefined : THOUGHT);
  });

  test(`${title}: bytes that come one by one are the same reply`, async () => {
    const torn = await streamed(provider(), requestFor("torn"));
    expect(torn.content).toBe(TEXT);
    expect(torn.finish_reason).toBe("stop");
  });

  test(`${title}: comments are no reply`, async () => {
    expect((await streamed(provider(), requestFor("comments"))).content).toBe(TEXT);
  });

  test(`${title}: many chunks that arrive together are few pieces`, async () => {
    const { pieces } = await streamed(provider(), requestFor("ok.pieces"));
    expect(pieces.length).toBeLessThan(6);
  });

  test.each(Object.entries(STREAM_FAILURES))(`${title}, streamed: %s is %s`, async (quirk, usual) => {
    const failure = await failureOf(streamed((usual === "timeout" ? hasty : provider)(), requestFor(quirk)));
    expect(failure.kind).toBe(usual);
  });

  test(`${title}: a reader that stops ends the stream`, async () => {
    const options = { signal: new AbortController().signal, adapted: () => undefined };
    for await (const piece of provider().stream(requestFor("silent-midway.stop"), options)) {
      expect(piece.kind).toBe("text");
      break;
    }
  });
}
