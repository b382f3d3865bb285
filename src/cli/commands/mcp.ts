// `lakehouse mcp`: a running house as an MCP server on stdio, for agents that start their servers as processes. It serves
// nothing itself: each message goes to /mcp of the house and each reply comes back, so that both ways are one server, with
// the same tools, tasks and lines in the journal. What tools may do follows from the API key in LAKEHOUSE_KEY.

// oxlint-disable unicorn/prefer-add-event-listener -- transports of the protocol are no event targets
import { PassThrough } from "node:stream";
import { SdkError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";
import { say } from "../terminal/terminal.ts";

const { output: _, ...ARGS } = CLIENT_ARGS;

export const mcp = command({
  name: "mcp",
  summary: "Serve a running house to an agent on stdio (Model Context Protocol)",
  details:
    "Stdout carries the protocol alone. Configure an agent with the command `lakehouse mcp --url URL` and LAKEHOUSE_KEY in its environment: a key of scope read opens the tools that only read. Over HTTP the same is at /mcp of the house.",
  args: ARGS,
  examples: ["lakehouse mcp", "LAKEHOUSE_KEY=lk_... lakehouse mcp --url https://lake.example.com"],
  run: async (args) => {
    const settings = settingsOf(args);
    const { url } = await connect(settings);
    const headers: Record<string, string> =
      settings.key === "" ? {} : { authorization: `Bearer ${settings.key}` };
    // An end of the input is no end of the transport: what was asked before it is still answered.
    const input = new PassThrough();
    process.stdin.pipe(input, { end: false });
    await bridge(
      new StdioServerTransport(input),
      new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers } }),
      url,
    );
  },
});

/** As long as the house works on one call at most; an agent that is gone ends this process itself. */
const ANSWERED_MS_MAX = 600_000;

/** Carries messages both ways until the agent closes its end and has what it asked for. */
async function bridge(
  agent: StdioServerTransport,
  house: StreamableHTTPClientTransport,
  url: string,
): Promise<void> {
  const ended = Promise.withResolvers<void>();
  /** Requests under way, so that cancelling one ends its stream. */
  const inFlight = new Map<string | number, AbortController>();
  const settled = (): void => {
    if (isClosing && inFlight.size === 0) ended.resolve();
  };
  let isClosing = false;

  const deliver = async (message: JSONRPCMessage): Promise<void> => {
    const controller = new AbortController();
    const id = "id" in message && "method" in message ? message.id : undefined;
    if (id !== undefined) inFlight.set(id, controller);
    try {
      await house.send(message, { requestSignal: controller.signal });
    } catch (error) {
      if (id === undefined || !inFlight.has(id)) return;
      if (!controller.signal.aborted) await agent.send(refusal(id, error, url));
      inFlight.delete(id);
      settled();
    }
  };
  /** After `initialize` of the 2025 protocol every request names the version that was agreed on. */
  const noteVersion = ({ protocolVersion }: Record<string, unknown>): void => {
    if (typeof protocolVersion === "string") house.setProtocolVersion(protocolVersion);
  };
  agent.onmessage = (message) => {
    if ("method" in message && message.method === "notifications/cancelled") {
      const { requestId } = (message.params ?? {}) as { requestId?: string | number };
      if (requestId !== undefined) inFlight.get(requestId)?.abort();
    }
    void deliver(message);
  };
  agent.onclose = ended.resolve;
  agent.onerror = ({ message }) => say(`A message of the agent was not understood: ${message}`);
  house.onmessage = (message) => {
    if ("result" in message) noteVersion(message.result);
    void agent.send(message).finally(() => {
      if (!("method" in message) && message.id !== undefined) inFlight.delete(message.id);
      settled();
    });
  };
  await house.start();
  await agent.start();
  process.stdin.once("close", () => {
    isClosing = true;
    settled();
    setTimeout(ended.resolve, ANSWERED_MS_MAX).unref();
  });
  await ended.promise;
  await house.close();
  await agent.close();
}

/** The house could not be reached, or refused before the protocol began. */
function refusal(id: string | number, error: unknown, url: string): JSONRPCMessage {
  // What is no error of the protocol's library comes from the connection.
  const message =
    error instanceof SdkError
      ? saidIn(error.message)
      : `The house at ${url} cannot be reached. Start it with: lakehouse up`;
  return { jsonrpc: "2.0", id, error: { code: -32_000, message } };
}

/** The library quotes the house's reply as it is, JSON-RPC; the agent's person reads its message alone. */
function saidIn(text: string): string {
  try {
    const { error } = JSON.parse(text.slice(text.indexOf("{"))) as { error?: { message?: unknown } };
    return typeof error?.message === "string" ? error.message : text;
  } catch {
    return text;
  }
}
