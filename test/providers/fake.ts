// Chat providers as a process of its own: every wire that chatd speaks, byte for byte as the real ones write it, with their
// quirks. What a request gets follows from its model's name, `QUIRK` or `QUIRK.ANYTHING`, so that tests side by side do not
// disturb each other; whatever was asked can be read at `GET /_requests?model=NAME`.
//
// Paths: `/kimi/...`, `/openrouter/...`, `/compat/...`, `/opencode/...` below their version, `/ollama/...`, `/ollama_cloud/...`.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { replyOn, streamOn, type Wire, wireOf } from "./wires.ts";

export interface SeenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown>;
}

const seen: SeenRequest[] = [];
/** Which call of a name this is, for quirks that pass. */
const calls = new Map<string, number>();

interface Exchange {
  readonly wire: Wire;
  readonly model: string;
  readonly body: Record<string, unknown>;
  readonly streamed: boolean;
  readonly response: ServerResponse;
  readonly key: string;
  /** From 1. */
  readonly call: number;
}

type Quirk = (exchange: Exchange) => Promise<void> | void;

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
}

/** An error as the wire writes it. */
function errorBody(wire: Wire, code: number, word: string, message: string): unknown {
  if (wire === "ollama") return { error: message };
  if (wire === "anthropic") return { type: "error", error: { type: word, message } };
  if (wire === "gemini") return { error: { code, status: word.toUpperCase(), message } };
  if (wire === "openrouter") return { error: { code, message, metadata: {} } };
  return { error: { message, type: word, code: null } };
}

const failing =
  (status: number, word: string, message: string, headers: Record<string, string> = {}): Quirk =>
  ({ wire, response }) =>
    send(response, status, errorBody(wire, status, word, message), headers);

const answer: Quirk = ({ wire, model, body, streamed, response }) => {
  if (!streamed) return send(response, 200, replyOn(wire, model, body));
  head(wire, response);
  for (const chunk of streamOn(wire, model, body)) response.write(chunk);
  response.end();
};

function head(wire: Wire, response: ServerResponse, extra: Record<string, string> = {}): void {
  const type = wire === "ollama" ? "application/x-ndjson" : "text/event-stream";
  response.writeHead(200, { "content-type": type, ...extra });
}

/** The first half of a stream, then `then`. */
async function half(exchange: Exchange, then: (response: ServerResponse) => void): Promise<void> {
  const { wire, model, body, response } = exchange;
  head(wire, response);
  const chunks = streamOn(wire, model, body);
  for (const chunk of chunks.slice(0, Math.ceil(chunks.length / 2))) response.write(chunk);
  await Bun.sleep(30);
  then(response);
}

const inFrame = (wire: Wire, text: string): string => (wire === "ollama" ? `${text}\n` : `data: ${text}\n\n`);
const HUGE_BYTES = 24 * 1024 * 1024;
/** Of zeros: a quarter of a MiB when it is packed. */
const BOMB_BYTES = 256 * 1024 * 1024;
let bomb: Buffer | undefined;

const QUIRKS: Readonly<Record<string, Quirk>> = {
  ok: answer,
  /** Fails once, then works. */
  passes: (exchange) =>
    exchange.call === 1 ? failing(500, "server_error", "oops")(exchange) : answer(exchange),
  "rate-limited": (exchange) =>
    exchange.call === 1
      ? failing(429, "rate_limit_reached_error", "slow down", { "retry-after": "1" })(exchange)
      : answer(exchange),
  "rate-limited-long": failing(429, "rate_limit_reached_error", "slow down", { "retry-after": "3600" }),
  down: failing(500, "server_error", "oops"),
  unavailable: failing(503, "service_unavailable", "no room"),
  overloaded: failing(
    429,
    "engine_overloaded_error",
    "The engine is currently overloaded, please try again later",
  ),
  "no-quota": failing(
    429,
    "insufficient_quota",
    "you (someone@example.com) have reached your session usage limit",
  ),
  "no-slot": (exchange) =>
    exchange.call === 1
      ? failing(429, "rate_limit", "timed out waiting for a concurrent request slot")(exchange)
      : answer(exchange),
  "no-credit": failing(402, "insufficient_credits", "Insufficient credits"),
  forbidden: failing(403, "permission_denied_error", "Your account has no balance"),
  unauthorized: ({ wire, response, key }) =>
    send(
      response,
      401,
      errorBody(wire, 401, "invalid_authentication_error", `Incorrect API key provided: ${key}`),
    ),
  "no-model": ({ wire, response, model }) =>
    send(response, 404, errorBody(wire, 404, "resource_not_found_error", `model '${model}' not found`)),
  "bad-request": ({ wire, response, key }) =>
    send(
      response,
      400,
      errorBody(wire, 400, "invalid_request_error", `temperature is out of range (${key})`),
    ),
  "bad-request-plain": failing(400, "invalid_request_error", "temperature is out of range"),
  "no-thinking": (exchange) =>
    exchange.body["think"] === undefined
      ? answer(exchange)
      : failing(400, "", `"${exchange.model}" does not support thinking`)(exchange),
  "error-inside": ({ wire, response }) =>
    send(response, 200, errorBody(wire, 502, "bad_gateway", "upstream died")),
  "error-midway": (exchange) =>
    half(exchange, (response) => {
      const { wire } = exchange;
      response.write(inFrame(wire, JSON.stringify(errorBody(wire, 502, "server_error", "upstream died"))));
      response.end();
    }),
  "no-finish": (exchange) => half(exchange, (response) => response.end()),
  cut: (exchange) =>
    exchange.streamed
      ? half(exchange, (response) => response.destroy())
      : void exchange.response
          .writeHead(200, { "content-type": "application/json", "content-length": "100000" })
          .write('{"choices":[', () => exchange.response.destroy()),
  garbage: (exchange) =>
    exchange.streamed
      ? half(exchange, (response) => response.end(inFrame(exchange.wire, '{"choices":[{"delta":{"con')))
      : send(exchange.response, 200, "<html>It works!</html>"),
  html: ({ response }) => send(response, 200, "<html>It works!</html>", { "content-type": "text/html" }),
  empty: ({ response }) => send(response, 200, ""),
  "not-a-reply": ({ response }) => send(response, 200, { hello: "world" }),
  redirect: ({ response }) => send(response, 307, "", { location: "http://169.254.169.254/latest" }),
  hang: () => undefined,
  /** Silent for as long as a model is loaded, then answers. */
  cold: async (exchange) => {
    await Bun.sleep(1500);
    await answer(exchange);
  },
  "silent-midway": (exchange) => half(exchange, () => undefined),
  comments: async (exchange) => {
    const { wire, response } = exchange;
    head(wire, response);
    for (let times = 0; times < 3; times += 1) {
      if (wire !== "ollama") response.write(": OPENROUTER PROCESSING\n\n");
      await Bun.sleep(10);
    }
    for (const chunk of streamOn(wire, exchange.model, exchange.body)) response.write(chunk);
    response.end();
  },
  /** One byte at a time, so that characters and events are torn. */
  torn: async ({ wire, model, body, response }) => {
    head(wire, response);
    for (const byte of Buffer.from(streamOn(wire, model, body).join(""))) {
      response.write(Buffer.of(byte));
      if (byte % 16 === 0) await Bun.sleep(0);
    }
    response.end();
  },
  huge: ({ response, streamed, wire }) => {
    if (streamed) {
      head(wire, response);
      response.end(`data: ${"x".repeat(HUGE_BYTES)}`);
    } else send(response, 200, `{"x":"${"x".repeat(HUGE_BYTES)}"}`);
  },
  bomb: ({ response, streamed, wire }) => {
    const packed = (bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES)));
    if (streamed) head(wire, response, { "content-encoding": "gzip" });
    else response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(packed);
  },
  packed: ({ wire, model, body, streamed, response }) => {
    const text = streamed ? streamOn(wire, model, body).join("") : JSON.stringify(replyOn(wire, model, body));
    head(wire, response, { "content-encoding": "gzip" });
    response.end(gzipSync(text));
  },
};

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://fake");
  if (url.pathname === "/_requests") {
    const model = url.searchParams.get("model");
    return send(
      response,
      200,
      seen.filter(({ body, path }) => body["model"] === model || path.includes(`/${model}:`)),
    );
  }
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  seen.push({ path: url.pathname + url.search, headers, body });
  const { wire, model } = wireOf(url.pathname, body);
  // A name of a family that has its own wire stands before the quirk: claude-ok, gemini-cut.
  const quirk = model.replace(/^(?:gpt|claude|gemini|kimi-k3|kimi-k2\.6)-/, "").split(".")[0] ?? "";
  const call = (calls.get(url.pathname + model) ?? 0) + 1;
  calls.set(url.pathname + model, call);
  const streamed =
    wire === "gemini"
      ? url.pathname.includes(":stream")
      : wire === "ollama"
        ? body["stream"] !== false
        : body["stream"] === true;
  const key = (headers["authorization"] ?? "").replace(/^Bearer /, "");
  await (QUIRKS[quirk] ?? answer)({ wire, model, body, streamed, response, key, call });
}

const server = createServer((request, response) => {
  handle(request, response).catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    response.destroy();
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
