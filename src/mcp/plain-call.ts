// Which requests are plain calls of a tool: one `tools/call` with nothing in it but a tool's name and arguments, from a client that asks
// for no progress and no task. They are most of what agents send, and the protocol's library takes longer over one than many a
// tool. What is let through here the library would let through too; whatever it would refuse, or answer in another form, is not
// plain, and it is the library that says so.

import {
  CLIENT_CAPABILITIES_META_KEY,
  classifyInboundRequest,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/server";
import { LRUCache } from "lru-cache";
import type { ServedTool } from "./surface.ts";

type Era = "2025" | "2026";

export interface PlainCall {
  readonly id: string | number;
  readonly tool: PlainTool;
  readonly args: unknown;
  readonly era: Era;
}

type PlainTool = ServedTool & Required<Pick<ServedTool, "plain">>;

type RecognisePlainCall = (headers: Headers, message: unknown) => PlainCall | undefined;

const METHOD = "tools/call";
const REVISION_OF_2026 = "2026-07-28";
const OF_2025: ReadonlySet<string> = new Set(
  SUPPORTED_PROTOCOL_VERSIONS.filter((version) => version < "2026"),
);
const MESSAGE_FIELDS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params"]);
const PARAMETERS: ReadonlySet<string> = new Set(["name", "arguments", "_meta"]);
/** What the protocol says of itself in `_meta`. */
const RESERVED = "io.modelcontextprotocol/";
/** Envelopes that the library found valid: a client sends the same one with every request. */
const ENVELOPES_MAX = 256;
const ENVELOPE_CHARS_MAX = 4096;

export function plainCalls(tools: readonly ServedTool[]): RecognisePlainCall {
  const plain = new Map(tools.filter(isPlain).map((tool) => [tool.listed.name, tool]));
  const valid = new LRUCache<string, true>({ max: ENVELOPES_MAX });

  const isValid = (envelope: Fields, message: Fields): boolean => {
    const text = JSON.stringify(envelope);
    if (valid.get(text) === true) return true;
    if (classifyInboundRequest({ httpMethod: "POST", body: message }).kind !== "modern") return false;
    if (text.length <= ENVELOPE_CHARS_MAX) valid.set(text, true);
    return true;
  };

  const isOf2026 = (headers: Headers, name: string, envelope: Fields, message: Fields): boolean =>
    envelope[PROTOCOL_VERSION_META_KEY] === REVISION_OF_2026 &&
    headers.get("mcp-protocol-version") === REVISION_OF_2026 &&
    headers.get("mcp-method") === METHOD &&
    headers.get("mcp-name") === name &&
    CLIENT_CAPABILITIES_META_KEY in envelope &&
    isValid(envelope, message);

  const eraOf = (headers: Headers, name: string, meta: unknown, message: Fields): Era | undefined => {
    if (meta !== undefined && (!isFields(meta) || "progressToken" in meta)) return undefined;
    if (meta !== undefined && PROTOCOL_VERSION_META_KEY in meta) {
      return isOf2026(headers, name, meta, message) ? "2026" : undefined;
    }
    return isOf2025(headers, meta) ? "2025" : undefined;
  };

  return (headers, message) => {
    if (!isFields(message) || message["method"] !== METHOD || message["jsonrpc"] !== "2.0") return undefined;
    const { id, params } = message;
    if (!isId(id) || !isFields(params)) return undefined;
    if (!hasOnly(message, MESSAGE_FIELDS) || !hasOnly(params, PARAMETERS)) return undefined;
    const { name, arguments: args = {}, _meta: meta } = params;
    const tool = typeof name === "string" ? plain.get(name) : undefined;
    // The library drops a field of that name.
    if (tool === undefined || !isFields(args) || Object.hasOwn(args, "__proto__")) return undefined;
    const era = eraOf(headers, tool.listed.name, meta, message);
    return era === undefined ? undefined : { id, tool, args, era };
  };
}

type Fields = Readonly<Record<string, unknown>>;

function isPlain(tool: ServedTool): tool is PlainTool {
  return tool.plain !== undefined && tool.tasks === undefined;
}

/** Such a client takes both kinds of replies; a session has been looked at before. */
function isOf2025(headers: Headers, meta: Fields | undefined): boolean {
  const version = headers.get("mcp-protocol-version");
  const accept = headers.get("accept") ?? "";
  return (
    (version === null || OF_2025.has(version)) &&
    accept.includes("application/json") &&
    accept.includes("text/event-stream") &&
    !Object.keys(meta ?? {}).some((key) => key.startsWith(RESERVED))
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(id: unknown): id is string | number {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function hasOnly(fields: Fields, known: ReadonlySet<string>): boolean {
  for (const name of Object.keys(fields)) if (!known.has(name)) return false;
  return true;
}
