// `lakehouse mcp`: a running house as an MCP server on stdio, for agents that start their servers as processes. It serves
// nothing itself: each message goes to /mcp of the house and each reply comes back, so that both ways are one server, with
// the same tools, tasks and lines in the journal. What tools may do follows from the API key in LAKEHOUSE_KEY.

// oxlint-disable unicorn/prefer-add-event-listener -- transports of the protocol are no event targets
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";

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
    await bridge(
      new StdioServerTransport(),
      new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers } }),
    );
  },
});

/** Carries messages both ways until the agent closes its end. */
async function bridge(agent: StdioServerTransport, house: StreamableHTTPClientTransport): Promise<void> {
  const ended = Promise.withResolvers<void>();
  /** Requests under way, so that cancelling one ends its stream. */
  const inFlight = new Map<string | number, AbortController>();

  const deliver = async (message: JSONRPCMessage): Promise<void> => {
    const controller = new AbortController();
    const id = "id" in message && "method" in message ? message.id : undefined;
    if (id !== undefined) inFlight.set(id, controller);
    try {
      await house.send(message, { requestSignal: controller.signal });
    } catch (error) {
      if (id === undefined || !inFlight.delete(id) || controller.signal.aborted) return;
      await agent.send(refusal(id, error));
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
  house.onmessage = (message) => {
    if (!("method" in message)) {
      if (message.id !== undefined) inFlight.delete(message.id);
      if ("result" in message) noteVersion(message.result);
    }
    void agent.send(message);
  };
  await house.start();
  await agent.start();
  process.stdin.once("end", ended.resolve);
  process.stdin.once("close", ended.resolve);
  await ended.promise;
  await house.close();
  await agent.close();
}

/** The house could not be reached, or refused before the protocol began. */
function refusal(id: string | number, error: unknown): JSONRPCMessage {
  const message = error instanceof Error ? error.message : String(error);
  return { jsonrpc: "2.0", id, error: { code: -32_000, message } };
}
