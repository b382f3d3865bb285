// What is no plain call goes to the protocol's library; a plain one whose tool works on becomes a stream that is kept alive.

import { describe, expect, test } from "bun:test";
import { CallState } from "#rpc/call";
import { plainCalls } from "./plain-call.ts";
import { plainReplies } from "./plain-reply.ts";
import type { ServedTool } from "./surface.ts";

const served = (name: string, more: Partial<ServedTool> = {}): ServedTool => ({
  listed: { name, inputSchema: { type: "object" } },
  scope: "read",
  call: () => Promise.reject(new Error("by the library")),
  plain: (args) => Promise.resolve(JSON.stringify({ content: [], structuredContent: args })),
  ...more,
});
const { plain: _, ...withLibrary } = served("with_library");
const recognise = plainCalls([
  served("quick"),
  withLibrary,
  served("long", { tasks: { support: "optional" } }),
]);

const envelope = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};
const of2026 = {
  headers: { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "quick" },
  meta: envelope,
};
const of2025 = { headers: { accept: "application/json, text/event-stream" }, meta: undefined };
type Spoken = { readonly headers: Record<string, string>; readonly meta: object | undefined };

const message = ({ meta }: Spoken, params: object = {}, more: object = {}): object => ({
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name: "quick", arguments: { a: 1 }, ...(meta === undefined ? {} : { _meta: meta }), ...params },
  ...more,
});
const given = (spoken: Spoken, body: unknown, headers: Record<string, string> = {}): unknown =>
  recognise(new Headers({ ...spoken.headers, ...headers }), body);

describe.each([
  ["2026", of2026],
  ["2025", of2025],
] as const)("a call of the %s protocol", (era, spoken: Spoken) => {
  test("of a quick tool is plain", () => {
    expect(given(spoken, message(spoken))).toMatchObject({ id: 7, args: { a: 1 }, era });
  });

  test.each([
    ["of a tool that needs the library", message(spoken, { name: "with_library" })],
    ["of a tool that may become a task", message(spoken, { name: "long" })],
    ["of no tool", message(spoken, { name: "constructor" })],
    ["that asks for progress", message(spoken, { _meta: { ...spoken.meta, progressToken: 1 } })],
    ["that asks for a task", message(spoken, { task: {} })],
    ["that brings responses", message(spoken, { inputResponses: {} })],
    ["with a state", message(spoken, { requestState: "x" })],
    ["with arguments that are none", message(spoken, { arguments: [1] })],
    ["without an id", { ...message(spoken), id: undefined }],
    ["with a broken id", message(spoken, {}, { id: 1.5 })],
    ["with a field more", message(spoken, {}, { extra: 1 })],
    ["in a batch", [message(spoken)]],
    ["of another version of JSON-RPC", message(spoken, {}, { jsonrpc: "1.0" })],
    ["of another method", message(spoken, {}, { method: "tools/list" })],
    ["with a field that JSON alone can name", message(spoken, { arguments: JSON.parse('{"__proto__":1}') })],
  ])("%s is not", (_name, body) => {
    expect(given(spoken, body)).toBeUndefined();
  });
});

test("an envelope and headers that the library would refuse are left to it", () => {
  for (const headers of [
    { "mcp-name": "other" },
    { "mcp-method": "tools/list" },
    { "mcp-protocol-version": "2025-11-25" },
  ]) {
    expect(given(of2026, message(of2026), headers)).toBeUndefined();
  }
  for (const [field, value] of Object.entries({
    protocolVersion: "2027-01-01",
    clientCapabilities: 3,
    clientInfo: { name: 4 },
  })) {
    const meta = { ...envelope, [`io.modelcontextprotocol/${field}`]: value };
    expect(given(of2026, message(of2026, { _meta: meta })), field).toBeUndefined();
  }
  expect(given(of2025, message(of2025), { accept: "application/json" })).toBeUndefined();
  expect(given(of2025, message(of2025), { "mcp-protocol-version": "1999-01-01" })).toBeUndefined();
  expect(given(of2025, message(of2025), { "mcp-protocol-version": "2026-07-28" })).toBeUndefined();
});

test("a client of the 2025 protocol hears of a tool that works on, and gets its result", async () => {
  const result = Promise.withResolvers<string>();
  const tool = served("slow", { plain: () => result.promise });
  const recognised = plainCalls([tool])(
    new Headers(of2025.headers),
    message(of2025, { name: "slow", arguments: {} }),
  );
  if (recognised === undefined) throw new Error("not plain");
  const answer = plainReplies({ version: "1", called: () => undefined, silentMsMax: 0 });
  const reply = await answer(recognised, new CallState({}, Infinity));
  if (!(reply instanceof Response)) throw new Error("no stream");
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
  const read = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  expect(await read()).toBe(": keepalive\n\n");
  result.resolve('{"content":[]}');
  expect(await read()).toBe('event: message\ndata: {"result":{"content":[]},"jsonrpc":"2.0","id":7}\n\n');
  expect((await reader.read()).done).toBe(true);
});
