// A tool as data: what a model reads of it, what it takes and gives, which scope it needs, and the calls it makes.

import type { Tool as ListedTool } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { BehindGateway } from "#contracts/house";
import type { Scope } from "#rpc/call";
import { parseInput } from "#rpc/input/invalid-input";
import type { ServedTool, ToolUse } from "./surface.ts";

export interface ToolEffects {
  /** Changes nothing. */
  readonly readOnly: boolean;
  /** Takes the place of what was there. */
  readonly destructive?: boolean;
  /** The same call again changes nothing more. */
  readonly idempotent?: boolean;
  /** Reaches systems outside the house, such as a provider of models. */
  readonly openWorld?: boolean;
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly scope: Scope;
  readonly effects: ToolEffects;
  /** May take minutes: a client that knows tasks gets one. */
  readonly long?: boolean;
  readonly run: (house: BehindGateway, input: z.output<I>, use: ToolUse) => Promise<z.input<O>>;
}

/** A tool of the house, its types forgotten. */
export type HouseTool = (house: BehindGateway) => ServedTool;

/** In `_meta` of a listed tool: the scope that a key needs to call it. */
const SCOPE_META_KEY = "lakehouse/scope";

export const READS: ToolEffects = { readOnly: true, idempotent: true };

export function tool<I extends z.ZodObject, O extends z.ZodObject>(spec: Tool<I, O>): HouseTool {
  const { name, title, description, input, output, scope, effects, long, run } = spec;
  const listed: ListedTool = {
    name,
    title,
    description,
    inputSchema: z.toJSONSchema(input, { io: "input" }) as ListedTool["inputSchema"],
    outputSchema: z.toJSONSchema(output, { io: "output" }) as NonNullable<ListedTool["outputSchema"]>,
    annotations: {
      title,
      readOnlyHint: effects.readOnly,
      ...(effects.readOnly ? {} : { destructiveHint: effects.destructive ?? false }),
      idempotentHint: effects.idempotent ?? false,
      openWorldHint: effects.openWorld ?? false,
    },
    _meta: { [SCOPE_META_KEY]: scope },
    ...(long === true ? { execution: { taskSupport: "optional" } } : {}),
  };
  return (house) => {
    const resultOf = async (args: unknown, use: ToolUse): Promise<z.output<O>> =>
      output.parse(await run(house, parseInput(input, args) as z.output<I>, use));
    return {
      listed,
      scope,
      call: async (args, use) => {
        const result = await resultOf(args, use);
        return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
      },
      ...(long === true
        ? { tasks: { support: "optional" } }
        : { plain: async (args, use) => plainResult(JSON.stringify(await resultOf(args, use))) }),
    };
  };
}

/** Result JSON both as text and as structured content, without writing it twice. */
function plainResult(json: string): string {
  return `{"content":[{"type":"text","text":${JSON.stringify(json)}}],"structuredContent":${json}}`;
}
