// The pieces of a streamed reply, from the bytes of its response. What arrives together is given together: texts of
// one read become one piece, which is what makes a stream of many small chunks cheap to pass on.
//
// A stream ends well only after its finish mark. Anything else (a cut connection, garbage, an error in its middle, an
// end that comes too early) is a ProviderFailure.

import { createParser } from "eventsource-parser";
import { type Deadline, deadline } from "#lib/coarse-timer";
import { type ModelPiece, type ModelTimeouts, ProviderFailure } from "../chat-model.ts";
import type { PieceReader, Wire } from "../wire/wire.ts";
import { errorIn, failureOf, retryAfterMsOf } from "./failures.ts";
import {
  asFailure,
  type Exchanged,
  type HttpRequest,
  REPLY_BYTES_MAX,
  silentFor,
  tooLong,
} from "./transport.ts";

/** Of one event or line: a whole tool call, with a file in it. */
const EVENT_BYTES_MAX = 4 * 1024 * 1024;

type Texts = { content: string; reasoning: string };

export async function* piecesOf(
  exchanged: Exchanged,
  request: HttpRequest,
  wire: Wire,
  startedAt: number,
): AsyncGenerator<ModelPiece> {
  const { response, abort, close } = exchanged;
  const { timeouts, signal } = request;
  const silence = watchSilence(timeouts, startedAt, abort);
  const reader = wire.reader();
  const batch = createBatch();
  const take = (data: string): void => readEvent(data, reader, batch.push, response, request);
  const split = wire.framing === "sse" ? sseSplitter(take) : lineSplitter(take);
  let whole = false;
  try {
    const decoder = new TextDecoder();
    let bytes = 0;
    const source = bodyOf(response).getReader();
    for (let step = await source.read(); !step.done; step = await source.read()) {
      const chunk = step.value;
      bytes += chunk.byteLength;
      if (bytes > REPLY_BYTES_MAX) throw tooLong();
      split.feed(decoder.decode(chunk, { stream: true }));
      if (batch.isEmpty()) continue;
      silence.heard();
      yield* batch.take();
    }
    split.end();
    reader.end(batch.push);
    if (!reader.finished)
      throw new ProviderFailure("upstream", "the provider's stream ended before its finish mark.");
    whole = true;
    yield* batch.take();
  } catch (thrown) {
    throw signal.aborted ? (signal.reason as unknown) : (silence.failure() ?? asFailure(thrown));
  } finally {
    silence.stop();
    close();
    // A reader that stops early must not leave the provider writing.
    if (!whole) abort(STOPPED);
  }
}

const STOPPED = new ProviderFailure("upstream", "the reply is not wanted any more.");

function bodyOf(response: Response): ReadableStream<Uint8Array> {
  const body = response.body as ReadableStream<Uint8Array> | null;
  if (body === null) return new Blob([]).stream();
  const encoding = response.headers.get("content-encoding") ?? "";
  if (encoding === "" || encoding === "identity") return body;
  if (encoding === "gzip") return body.pipeThrough(new DecompressionStream("gzip") as never);
  throw new ProviderFailure("upstream", "the provider's stream is packed in a way that was not asked for.", {
    retryable: false,
  });
}

function readEvent(
  data: string,
  reader: PieceReader,
  push: (piece: ModelPiece) => void,
  { status, headers }: Response,
  { judge, key }: HttpRequest,
): void {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch (cause) {
    throw new ProviderFailure("upstream", "the provider's stream holds something that is no JSON.", {
      cause,
    });
  }
  const error = errorIn(json, status);
  if (error !== undefined) throw failureOf(error, judge, key, retryAfterMsOf(headers, Date.now()));
  reader.read(json, push);
}

interface Splitter {
  feed(text: string): void;
  end(): void;
}

/** The word that ends a stream of OpenAI's kind; what finishes a reply is in the event before it. */
const DONE = "[DONE]";

function sseSplitter(take: (data: string) => void): Splitter {
  let sinceEvent = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      sinceEvent = 0;
      if (data !== DONE && data !== "") take(data);
    },
  });
  return {
    feed: (text) => {
      sinceEvent += text.length;
      if (sinceEvent > EVENT_BYTES_MAX) throw tooLong();
      parser.feed(text);
    },
    // What stands behind the last empty line is no event.
    end: () => undefined,
  };
}

function lineSplitter(take: (data: string) => void): Splitter {
  let rest = "";
  return {
    feed: (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > EVENT_BYTES_MAX) throw tooLong();
      for (const line of lines) if (line.trim() !== "") take(line);
    },
    end: () => {
      if (rest.trim() !== "") take(rest);
      rest = "";
    },
  };
}

interface Batch {
  push(piece: ModelPiece): void;
  isEmpty(): boolean;
  take(): ModelPiece[];
}

/** Pieces in their order, neighbouring texts joined. */
function createBatch(): Batch {
  let pieces: ModelPiece[] = [];
  let texts: Texts | undefined;
  const closeTexts = (): void => {
    if (texts === undefined) return;
    const { content, reasoning } = texts;
    texts = undefined;
    pieces.push({
      kind: "text",
      ...(content === "" ? {} : { content }),
      ...(reasoning === "" ? {} : { reasoning }),
    });
  };
  return {
    push: (piece) => {
      if (piece.kind !== "text") {
        closeTexts();
        pieces.push(piece);
        return;
      }
      const { content = "", reasoning = "" } = piece;
      if (content === "" && reasoning === "") return;
      // Reasoning comes before what follows from it.
      if (texts !== undefined && reasoning !== "" && texts.content !== "") closeTexts();
      texts ??= { content: "", reasoning: "" };
      texts.content += content;
      texts.reasoning += reasoning;
    },
    isEmpty: () => texts === undefined && pieces.length === 0,
    take: () => {
      closeTexts();
      const taken = pieces;
      pieces = [];
      return taken;
    },
  };
}

interface Silence {
  heard(): void;
  /** Why the stream was ended, where silence was the reason. */
  failure(): ProviderFailure | undefined;
  stop(): void;
}

/** One entry of the timer for a stream, however many pieces it has. */
function watchSilence(
  { firstTokenMsMax, betweenTokensMsMax }: ModelTimeouts,
  startedAt: number,
  abort: (reason: unknown) => void,
): Silence {
  let limitMs = firstTokenMsMax;
  let since = startedAt;
  let failure: ProviderFailure | undefined;
  let entry: Deadline;
  const look = (): void => {
    if (Date.now() < since + limitMs) {
      entry = deadline(since + limitMs, look);
      return;
    }
    failure = silentFor(limitMs);
    abort(failure);
  };
  entry = deadline(since + limitMs, look);
  return {
    heard: () => {
      since = Date.now();
      if (limitMs === betweenTokensMsMax) return;
      limitMs = betweenTokensMsMax;
      entry.clear();
      entry = deadline(since + limitMs, look);
    },
    failure: () => failure,
    stop: () => entry.clear(),
  };
}
