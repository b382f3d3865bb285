// What every call of a tool is held to, whichever way it came: the caller's scope, errors in words, and a line in the journal.

import type { CallToolResult, Implementation } from "@modelcontextprotocol/server";
import type { Call } from "#rpc/call";
import { Fault, toFault } from "#rpc/fault";
import type { ServedTool } from "./surface.ts";

/** Told of each call of a tool, when it ended. */
export type Called = (tool: string, caller: string, ok: boolean, ms: number) => void;

/** How the server names itself. */
export function serverInfo(version: string): Implementation {
  return { name: "lakehouse", title: "Lakehouse", version };
}

export function checkScope({ listed, scope }: ServedTool, { caller }: Call): void {
  if (!caller.scopes.includes(scope)) {
    throw new Fault("forbidden", `${listed.name} needs a key of scope ${scope}.`);
  }
}

/** A model corrects the first few and calls again. */
const DETAILS_MAX = 5;

/** In words for a model: the fault, and the fields that were wrong. */
export function toolError(thrown: unknown): CallToolResult {
  const { code, message, details = [] } = toFault(thrown);
  const where = details.slice(0, DETAILS_MAX).map((detail) => `\n${detail.path}: ${detail.message}`);
  return { content: [{ type: "text", text: `${code}: ${message}${where.join("")}` }], isError: true };
}
