// A tool as data: what a model reads of it, what it takes and gives, whom it is open to, and the calls it makes. What a tool
// may do follows from its caller's scope alone: no text that comes with data opens one.

import type { z } from "zod";
import type { House } from "#contracts/house";
import type { Call, Scope } from "#rpc/call";

export interface ToolEffects {
  /** Changes nothing. */
  readonly readOnly: boolean;
  /** Takes the place of what was there. */
  readonly destructive?: boolean;
  /** The same call again changes nothing more. */
  readonly idempotent?: boolean;
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly scope: Scope;
  readonly effects: ToolEffects;
  readonly run: (house: House, input: z.output<I>, call: Call) => Promise<z.input<O>>;
}

/** The tool, its types forgotten. */
export type AnyTool = Omit<Tool, "run"> & {
  readonly run: (house: House, input: never, call: Call) => Promise<Record<string, unknown>>;
};

export function tool<I extends z.ZodObject, O extends z.ZodObject>(spec: Tool<I, O>): AnyTool {
  return spec;
}

export const READS: ToolEffects = { readOnly: true, idempotent: true };
