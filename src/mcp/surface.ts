// What an MCP server offers, as data: tools, resources, templates of resources, prompts. The house has one surface
// (`house-surface.ts`); a test adds to it. Whatever is listed keeps the order it has here.

import type {
  CallToolResult,
  GetPromptResult,
  InputRequest,
  InputRequiredResult,
  InputResponse,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  Result,
  ServerCapabilities,
  ServerContext,
  Tool,
} from "@modelcontextprotocol/server";
import type { Call, Scope } from "#rpc/call";

/** One call of a tool, whatever carries it. */
export interface ToolUse {
  readonly call: Call;
  /** Tells the client how far the work is: as a notification where it asked for them, and in the status of a task. */
  progress(message: string, done?: number, total?: number): void;
}

/** One request of a client, as whatever serves it sees it. */
export interface Use extends ToolUse {
  readonly context: ServerContext;
  /** Inside a task only: asks the client and waits for its response. */
  ask?(request: InputRequest): Promise<InputResponse>;
}

export interface TaskSupport {
  /** `required`: a client that knows no tasks cannot call it. */
  readonly support: "optional" | "required";
  /** What must be asked before there is a task. */
  before?(args: unknown, use: Use): InputRequiredResult | undefined;
}

export interface ServedTool {
  readonly listed: Tool;
  readonly scope: Scope;
  readonly tasks?: TaskSupport;
  /** What is thrown becomes a tool error; a ProtocolError of a task makes the task fail. */
  call(args: unknown, use: Use): Promise<CallToolResult | InputRequiredResult>;
  /** The JSON of the same result, from a tool that needs nothing of the protocol: a plain call is answered by it. */
  plain?(args: unknown, use: ToolUse): Promise<string>;
}

export interface ServedResource {
  readonly listed: Resource;
  read(use: Use): Promise<ReadResourceResult>;
}

/** Offers what may stand for a variable or an argument, given how it starts. */
export type Complete = (typed: string, use: Use) => Promise<readonly string[]>;

export interface ServedTemplate {
  readonly listed: ResourceTemplateType;
  /** The resources that there are, where they can be listed. */
  list?(use: Use): Promise<Resource[]>;
  read(uri: string, variables: Readonly<Record<string, string>>, use: Use): Promise<ReadResourceResult>;
  readonly complete?: Readonly<Record<string, Complete>>;
}

export interface ServedPrompt {
  readonly listed: Prompt;
  get(args: Readonly<Record<string, string>>, use: Use): Promise<GetPromptResult | InputRequiredResult>;
  readonly complete?: Readonly<Record<string, Complete>>;
}

export interface Surface {
  readonly capabilities: ServerCapabilities;
  readonly tools: readonly ServedTool[];
  readonly resources: readonly ServedResource[];
  readonly templates: readonly ServedTemplate[];
  readonly prompts: readonly ServedPrompt[];
  /** Further requests of the 2025 protocol, by their method. */
  readonly further?: Readonly<
    Record<"logging/setLevel" | "resources/subscribe" | "resources/unsubscribe", () => Promise<Result>>
  >;
  /** Checks the state that a client brings back with its responses; throws for one that was not given out here. */
  readonly verifyState?: (state: string, context: ServerContext) => Promise<unknown>;
}
