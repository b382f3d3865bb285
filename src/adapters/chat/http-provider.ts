// A provider that is reached over HTTP: its address, its key and the wires that its models speak. Each provider's own
// file says only what is its own.

import {
  type ChatProvider,
  type ModelPiece,
  type ModelReply,
  type ModelRequest,
  type ModelTimeouts,
  type TryOptions,
  ProviderFailure,
} from "./chat-model.ts";
import type { ToolCall } from "#contracts/chat";
import type { Judge } from "./http/failures.ts";
import { piecesOf } from "./http/pieces.ts";
import { asFailure, exchange, type HttpRequest, jsonOf } from "./http/transport.ts";
import type { Wire } from "./wire/wire.ts";

/** What an operator sets up. */
export interface ProviderSetup {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** Read for each request, so that a file with a new key counts at once; empty without one. */
  readonly key: () => string;
  readonly slotsMax: number;
  readonly timeouts: ModelTimeouts;
}

export interface HttpProvider extends ProviderSetup {
  readonly name: string;
  readonly configured: boolean;
  readonly setup: string;
  readonly free: boolean;
  readonly wireOf: (model: string) => Wire;
  readonly judge: Judge;
  readonly headers?: (key: string, wire: Wire) => Readonly<Record<string, string>>;
  /** Whole replies are read as a stream, for models that take so long that a silent connection would be cut. */
  readonly streamsAlways?: (model: string) => boolean;
  /** The request to make instead, where a refusal says what the model lacks. */
  readonly without?: (
    request: ModelRequest,
    failure: ProviderFailure,
    adapted: TryOptions["adapted"],
  ) => ModelRequest | undefined;
}

export function httpProvider(setup: HttpProvider): ChatProvider {
  const { name, configured, slotsMax, free, wireOf, judge, timeouts } = setup;

  const requestFor = (
    wire: Wire,
    request: ModelRequest,
    streamed: boolean,
    options: TryOptions,
  ): HttpRequest => {
    const key = setup.key();
    return {
      url: setup.baseUrl + wire.path(request.model, streamed),
      headers: {
        ...(key === "" ? {} : { authorization: `Bearer ${key}` }),
        ...setup.headers?.(key, wire),
        "content-type": "application/json",
        accept: streamed && wire.framing === "sse" ? "text/event-stream" : "application/json",
        // What is packed small unpacks large.
        "accept-encoding": "identity",
      },
      body: JSON.stringify(wire.body(request, streamed, options.adapted)),
      key,
      judge,
      timeouts,
      signal: options.signal,
    };
  };

  const once = async (request: ModelRequest, options: TryOptions): Promise<ModelReply> => {
    const wire = wireOf(request.model);
    if (setup.streamsAlways?.(request.model) === true) return collected(pieces(request, options));
    const sent = requestFor(wire, request, false, options);
    const exchanged = await exchange(sent);
    try {
      return wire.reply(await jsonOf(exchanged, sent));
    } catch (thrown) {
      exchanged.abort(thrown);
      throw asFailure(thrown, options.signal);
    } finally {
      exchanged.close();
    }
  };

  const pieces = async function* (request: ModelRequest, options: TryOptions): AsyncGenerator<ModelPiece> {
    const wire = wireOf(request.model);
    const sent = requestFor(wire, request, true, options);
    const startedAt = Date.now();
    const exchanged = await exchange(sent, timeouts.firstTokenMsMax);
    yield* piecesOf(exchanged, sent, wire, startedAt);
  };

  return {
    name,
    configured,
    setup: setup.setup,
    slotsMax,
    free,
    complete: async (request, options) => {
      try {
        return await once(request, options);
      } catch (thrown) {
        const other = otherRequest(setup, request, thrown, options);
        if (other === undefined) throw thrown;
        return once(other, options);
      }
    },
    stream: async function* (request, options) {
      let begun = false;
      try {
        for await (const piece of pieces(request, options)) {
          begun = true;
          yield piece;
        }
      } catch (thrown) {
        const other = begun ? undefined : otherRequest(setup, request, thrown, options);
        if (other === undefined) throw thrown;
        yield* pieces(other, options);
      }
    },
  };
}

function otherRequest(
  { without }: HttpProvider,
  request: ModelRequest,
  thrown: unknown,
  { adapted }: TryOptions,
): ModelRequest | undefined {
  return thrown instanceof ProviderFailure ? without?.(request, thrown, adapted) : undefined;
}

async function collected(pieces: AsyncIterable<ModelPiece>): Promise<ModelReply> {
  let [content, reasoning] = ["", ""];
  const calls: ToolCall[] = [];
  for await (const piece of pieces) {
    if (piece.kind === "text") {
      content += piece.content ?? "";
      reasoning += piece.reasoning ?? "";
    } else if (piece.kind === "tool_call") calls.push(piece.call);
    else {
      const { finish_reason, usage, model } = piece;
      const tool_calls = calls.length === 0 ? undefined : calls;
      return {
        model,
        content,
        reasoning: reasoning === "" ? undefined : reasoning,
        tool_calls,
        finish_reason,
        usage,
      };
    }
  }
  throw new ProviderFailure("upstream", "the provider's stream ended before its finish mark.");
}
