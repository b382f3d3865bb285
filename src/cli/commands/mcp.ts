// `lakehouse mcp`: a running house as an MCP server on stdio, for agents that start their servers as processes. Over HTTP the
// house serves the same at /mcp. What tools may do follows from the API key in LAKEHOUSE_KEY.

import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { mcpServer } from "#mcp/server";
import { CallState, LOCAL_CALLER } from "#rpc/call";
import { VERSION } from "#topology/version";
import { CLIENT_ARGS, settingsOf } from "../args.ts";
import { command } from "../command.ts";
import { connect } from "../connect.ts";

/** The longest that a tool may take. */
const CALL_MS = 600_000;

const { output: _, ...ARGS } = CLIENT_ARGS;

export const mcp = command({
  name: "mcp",
  summary: "Serve a running house to an agent on stdio (Model Context Protocol)",
  details:
    "Stdout carries the protocol alone. Configure an agent with the command `lakehouse mcp --url URL` and LAKEHOUSE_KEY in its environment: a key of scope read opens the tools that only read. Over HTTP the same is at /mcp of the house.",
  args: ARGS,
  examples: ["lakehouse mcp", "LAKEHOUSE_KEY=lk_... lakehouse mcp --url https://lake.example.com"],
  run: async (args) => {
    const { house } = await connect(settingsOf(args));
    const ended = Promise.withResolvers<void>();
    const stdio = serveStdio(() =>
      mcpServer({
        house,
        version: VERSION,
        call: () => new CallState({ caller: LOCAL_CALLER }, Date.now() + CALL_MS),
      }),
    );
    process.stdin.once("end", ended.resolve);
    process.stdin.once("close", ended.resolve);
    await ended.promise;
    await stdio.close();
  },
});
