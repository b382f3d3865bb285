// Which era a request belongs to, and what serves it: the library's handler for the 2026 protocol and for single requests of
// the 2025 one, a session for those of the 2025 one that opened one. A plain call of a tool is answered without the library.

import {
  classifyInboundRequest,
  createMcpHandler,
  isInitializeRequest,
  isJsonContentType,
  readRequestBody,
  type ServerContext,
  type ServerNotifier,
} from "@modelcontextprotocol/server";
import type { JournalRecorder } from "#adapters/journal-recorder";
import type { BehindGateway } from "#contracts/house";
import type { Clock } from "#lib/clock";
import type { Log } from "#lib/log";
import type { Call } from "#rpc/call";
import { traceOf } from "#rpc/fault";
import { houseSurface } from "./house-surface.ts";
import { plainCalls } from "./plain-call.ts";
import { plainReplies, type WrittenReply } from "./plain-reply.ts";
import { mcpServer } from "./server.ts";
import { createSessions } from "./sessions.ts";
import type { Surface } from "./surface.ts";
import { taskStore } from "./tasks/task-store.ts";
import { createTasks } from "./tasks/tasks.ts";
import type { Called } from "./tool-call.ts";

export interface McpHandler {
  serve(request: Request, call: Call): Promise<Response | WrittenReply>;
  /** Tells clients that listen what has changed. */
  readonly notify: ServerNotifier;
  close(): Promise<void>;
}

export interface HandlerDeps {
  readonly house: BehindGateway;
  readonly version: string;
  readonly log: Log;
  readonly recorder: JournalRecorder;
  readonly clock: Clock;
  readonly bodyBytesMax: number;
  readonly extend?: (surface: Surface, handler: () => McpHandler) => Surface;
}

/** Clients that listen for changes, each on a connection of its own. */
const LISTENERS_MAX = 64;

export function createHandler(deps: HandlerDeps): McpHandler {
  const { house, version, log, recorder, clock, bodyBytesMax, extend } = deps;
  const own = houseSurface(house);
  const surface = extend?.(own, () => served) ?? own;
  const tasks = createTasks({ store: taskStore(house.storaged, clock), clock });
  const called: Called = (tool, caller, ok, ms) =>
    recorder.record({
      type: "mcp.tool_called",
      subject: tool,
      actor: caller,
      data: { ok, ms: Math.round(ms) },
    });
  const make = (): ReturnType<typeof mcpServer> => mcpServer({ surface, tasks, version, callOf, called });
  const plainCallOf = plainCalls(surface.tools);
  const answerPlain = plainReplies({ version, called });
  const failed = (error: unknown): void => log.debug("an MCP exchange failed", traceOf(error));
  const handler = createMcpHandler(make, {
    maxRequestBodySize: bodyBytesMax,
    maxSubscriptions: LISTENERS_MAX,
    onerror: failed,
  });
  const sessions = createSessions(make, failed);

  const serve: McpHandler["serve"] = async (request, call) => {
    const { id, scopes } = call.caller;
    const authInfo = { token: "", clientId: id, scopes: [...scopes], extra: { call } };
    const session = request.headers.get("mcp-session-id");
    // A stream beside those of the replies is not offered.
    if (request.method === "GET") return refusal(405, "Method not allowed: this server pushes nothing.");
    if (request.method === "DELETE") {
      const ending = sessions.find(session ?? "", id);
      return ending === undefined ? noSession() : ending(request, { authInfo });
    }
    if (!isJsonContentType(request.headers.get("content-type"))) return handler.fetch(request, { authInfo });
    const read = await bodyOf(request, bodyBytesMax);
    if (read.tooLarge) return refusal(413, `The body is longer than ${bodyBytesMax} bytes.`);
    let parsedBody: unknown;
    try {
      parsedBody = JSON.parse(read.text);
    } catch {
      return refusal(400, "Parse error: the body is no JSON.", -32_700);
    }
    const plain = session === null ? plainCallOf(request.headers, parsedBody) : undefined;
    if (plain !== undefined) return answerPlain(plain, call);
    const options = { parsedBody, authInfo };
    // The 2026 protocol has neither sessions nor `initialize`: only requests with one of them are classified here.
    if (session !== null && isOf2025(request, parsedBody)) {
      const found = sessions.find(session, id);
      return found === undefined ? noSession() : found(request, options);
    }
    if (session === null && methodOf(parsedBody) === "initialize" && isInitializeRequest(parsedBody)) {
      return (await sessions.open(id))(request, options);
    }
    return handler.fetch(request, options);
  };

  const served: McpHandler = {
    serve,
    notify: handler.notify,
    close: async () => {
      await tasks.close();
      await sessions.close();
      await handler.close();
    },
  };
  return served;
}

/** One of a declared length is read at once, which costs least. */
async function bodyOf(request: Request, bytesMax: number): ReturnType<typeof readRequestBody> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (!(declared > 0 && declared <= bytesMax)) return readRequestBody(request, bytesMax);
  return { tooLarge: false, text: await request.text() };
}

/** The call of the request, which came with it as what is known of the caller. */
function callOf({ http }: ServerContext): Call {
  return http?.authInfo?.extra?.["call"] as Call;
}

function isOf2025(request: Request, body: unknown): boolean {
  const { kind } = classifyInboundRequest({
    httpMethod: request.method,
    ...optional("protocolVersionHeader", request.headers.get("mcp-protocol-version")),
    ...optional("mcpMethodHeader", request.headers.get("mcp-method")),
    body,
  });
  return kind === "legacy";
}

function methodOf(body: unknown): unknown {
  return typeof body === "object" && body !== null && "method" in body ? body.method : undefined;
}

function optional<K extends string>(name: K, value: string | null): { [N in K]?: string } {
  return value === null ? {} : ({ [name]: value } as { [N in K]?: string });
}

function noSession(): Response {
  return refusal(404, "There is no such session. Begin a new one with initialize.", -32_001);
}

function refusal(status: number, message: string, code = -32_000): Response {
  return Response.json({ jsonrpc: "2.0", id: null, error: { code, message } }, { status });
}
