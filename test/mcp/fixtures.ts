// What the official conformance suite expects a server to have, as a surface beside the house's own: tools, resources and
// prompts of fixed names and replies. They exist to test the protocol and are no part of the product.

import { setTimeout } from "node:timers/promises";
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type CallToolResult,
  type ContentBlock,
  type GetPromptResult,
  inputRequired,
  type InputRequiredResult,
  type InputRequests,
  type JSONObject,
  ProtocolError,
  ProtocolErrorCode,
  type Tool,
} from "@modelcontextprotocol/server";
import type { McpHandler } from "#mcp/handler";
import type { ServedPrompt, ServedTool, Surface, TaskSupport, Use } from "#mcp/surface";

type Given = CallToolResult | InputRequiredResult;
type Run = (args: Record<string, unknown>, use: Use) => Promise<Given> | Given;

/** One red pixel, and a WAV file without a sample. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

const text = (words: string): ContentBlock => ({ type: "text", text: words });
const says = (words: string): CallToolResult => ({ content: [text(words)] });
const image: ContentBlock = { type: "image", data: PNG, mimeType: "image/png" };

const state = createRequestStateCodec<{ readonly round: number }>({
  key: crypto.getRandomValues(new Uint8Array(32)),
});

/** A form with one field. */
const form = (
  message: string,
  field: string,
  type: "string" | "boolean" = "string",
): ReturnType<typeof inputRequired.elicit> =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: "object",
      properties: { [field]: type === "string" ? { type } : { type } },
      required: [field],
    },
  });
const completion = (prompt: string): ReturnType<typeof inputRequired.createMessage> =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: prompt } }],
    maxTokens: 50,
  });

function tool(name: string, run: Run, more: Partial<Tool> = {}, tasks?: TaskSupport): ServedTool {
  return {
    listed: { name, description: `Conformance: ${name}`, inputSchema: { type: "object" }, ...more },
    scope: "read",
    ...(tasks === undefined ? {} : { tasks }),
    call: (args, use) => Promise.resolve(run(args as Record<string, unknown>, use)),
  };
}

/** One that needs nothing of the protocol: plain calls of it are answered without the library, and so is what the suite asks. */
function plainTool(
  name: string,
  run: (args: Record<string, unknown>) => CallToolResult,
  more: Partial<Tool> = {},
): ServedTool {
  return {
    ...tool(name, run, more),
    plain: (args) => Promise.resolve(JSON.stringify(run(args as Record<string, unknown>))),
  };
}

const properties = (fields: Record<string, JSONObject>): Pick<Tool, "inputSchema"> => ({
  inputSchema: { type: "object", properties: fields },
});

const replies: readonly ServedTool[] = [
  plainTool("test_simple_text", () => says("This is a simple text response for testing.")),
  plainTool("test_image_content", () => ({ content: [image] })),
  plainTool("test_audio_content", () => ({ content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }] })),
  plainTool("test_embedded_resource", () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  })),
  plainTool("test_multiple_content_types", () => ({
    content: [
      text("Multiple content types test:"),
      image,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: JSON.stringify({ test: "data", value: 123 }),
        },
      },
    ],
  })),
  plainTool("test_error_handling", () => ({
    isError: true,
    content: [text("This tool intentionally returns an error for testing")],
  })),
  tool("test_streaming_elicitation", () => says("done")),
  tool("test_reconnection", () => says("done")),
  tool("test_x_mcp_header", ({ region }) => says(`region=${String(region)}`), {
    ...properties({ region: { type: "string", "x-mcp-header": "Region" }, level: { type: "integer" } }),
  }),
  plainTool("json_schema_2020_12_tool", (args) => says(JSON.stringify(args)), {
    inputSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      $defs: {
        address: {
          $anchor: "addressDef",
          type: "object",
          properties: { street: { type: "string" }, city: { type: "string" } },
        },
      },
      properties: {
        name: { type: "string" },
        address: { $ref: "#/$defs/address" },
        contactMethod: { type: "string", enum: ["phone", "email"] },
        phone: { type: "string" },
        email: { type: "string" },
      },
      allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
      if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ["phone"] },
      else: { required: ["email"] },
      additionalProperties: false,
    },
  }),
];

const notifications: readonly ServedTool[] = [
  tool("test_tool_with_logging", async (_, { context }) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      await context.mcpReq.notify({ method: "notifications/message", params: { level: "info", data } });
      await Bun.sleep(50);
    }
    return says("logged");
  }),
  tool("test_tool_with_progress", async (_, { context, progress }) => {
    for (const done of [0, 50, 100]) {
      progress(`${done} of 100`, done, 100);
      await Bun.sleep(50);
    }
    return says(String(context.mcpReq._meta?.progressToken));
  }),
  tool("test_logging_tool", async (_, { context }) => {
    await context.mcpReq.log("info", "only for a client that asked for it");
    return says("done");
  }),
];

/** Requests to the client, as the 2025 protocol has them. */
const pushed: readonly ServedTool[] = [
  tool(
    "test_sampling",
    async ({ prompt }, { context }) => {
      const { content } = await context.mcpReq.send({
        method: "sampling/createMessage",
        params: {
          messages: [{ role: "user", content: { type: "text", text: String(prompt) } }],
          maxTokens: 100,
        },
      });
      return says(`LLM response: ${JSON.stringify(content)}`);
    },
    properties({ prompt: { type: "string" } }),
  ),
  elicits("test_elicitation", { response: { type: "string" } }),
  elicits("test_elicitation_sep1034_defaults", {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  }),
  elicits("test_elicitation_sep1330_enums", {
    untitledSingle: { type: "string", enum: ["option1", "option2", "option3"] },
    titledSingle: {
      type: "string",
      oneOf: titled("value", ["First Option", "Second Option", "Third Option"]),
    },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: ["option1", "option2", "option3"] } },
    titledMulti: {
      type: "array",
      items: { anyOf: titled("value", ["First Choice", "Second Choice", "Third Choice"]) },
    },
  }),
];

function titled(prefix: string, titles: readonly string[]): { const: string; title: string }[] {
  return titles.map((title, index) => ({ const: `${prefix}${index + 1}`, title }));
}

function elicits(name: string, fields: Record<string, object>): ServedTool {
  return tool(
    name,
    async ({ message }, { context }) => {
      const requestedSchema = { type: "object" as const, properties: fields as never, required: [] };
      const { action, content } = await context.mcpReq.send({
        method: "elicitation/create",
        params: { message: typeof message === "string" ? message : "Please fill this in", requestedSchema },
      });
      return says(`Elicitation completed: action=${action}, content=${JSON.stringify(content ?? {})}`);
    },
    properties({ message: { type: "string" } }),
  );
}

/** Requests to the client in the reply, as the 2026 protocol has them: asked again until the responses are there. */
const inReply: readonly ServedTool[] = [
  tool("test_missing_capability", (_, { context }) =>
    context.mcpReq.inputResponses?.["answer"] === undefined
      ? inputRequired({ inputRequests: { answer: completion("Say pong") } })
      : says("done"),
  ),
  tool("test_input_required_result_elicitation", (_, { context }) => {
    const name = acceptedContent<{ name: string }>(context.mcpReq.inputResponses, "user_name")?.name;
    return typeof name === "string"
      ? says(`Hello, ${name}!`)
      : inputRequired({ inputRequests: { user_name: form("What is your name?", "name") } });
  }),
  tool("test_input_required_result_sampling", (_, { context }) => {
    const given = context.mcpReq.inputResponses?.["capital_question"];
    return given === undefined
      ? inputRequired({ inputRequests: { capital_question: completion("What is the capital of France?") } })
      : says(JSON.stringify(given));
  }),
  tool("test_input_required_result_list_roots", (_, { context }) => {
    const given = context.mcpReq.inputResponses?.["client_roots"];
    return given === undefined
      ? inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
      : says(JSON.stringify(given));
  }),
  tool("test_input_required_result_request_state", (_, use) => confirmed(use, "state-ok")),
  tool("test_input_required_result_tampered_state", (_, use) => confirmed(use, "integrity-ok")),
  tool("test_input_required_result_multiple_inputs", async (_, { context }) => {
    const given = context.mcpReq.inputResponses ?? {};
    const inputRequests: InputRequests = {
      user_name: form("What is your name?", "name"),
      greeting: completion("Generate a greeting"),
      client_roots: inputRequired.listRoots(),
    };
    return Object.keys(inputRequests).every((key) => key in given)
      ? says(JSON.stringify(given))
      : inputRequired({ inputRequests, requestState: await state.mint({ round: 1 }) });
  }),
  tool("test_input_required_result_multi_round", async (_, { context }) => {
    const round = context.mcpReq.requestState<{ round: number }>()?.round ?? 0;
    const questions = [form("Step 1: What is your name?", "name"), form("Step 2: Which colour?", "color")];
    const question = questions[round];
    return question === undefined
      ? says(JSON.stringify(context.mcpReq.inputResponses))
      : inputRequired({
          inputRequests: { [`step${round + 1}`]: question },
          requestState: await state.mint({ round: round + 1 }),
        });
  }),
  tool("test_input_required_result_capabilities", (_, { context }) => {
    if (context.mcpReq.inputResponses !== undefined) return says("done");
    const { [CLIENT_CAPABILITIES_META_KEY]: declared = {} } = (context.mcpReq.envelope ?? {}) as Record<
      string,
      Record<string, unknown>
    >;
    const inputRequests: InputRequests = {
      ...(declared["elicitation"] === undefined ? {} : { user_name: form("What is your name?", "name") }),
      ...(declared["sampling"] === undefined ? {} : { greeting: completion("Generate a greeting") }),
      ...(declared["roots"] === undefined ? {} : { client_roots: inputRequired.listRoots() }),
    };
    return Object.keys(inputRequests).length === 0
      ? says("nothing can be asked")
      : inputRequired({ inputRequests });
  }),
];

async function confirmed({ context }: Use, word: string): Promise<Given> {
  const { inputResponses, requestState } = context.mcpReq;
  if (requestState() !== undefined && acceptedContent(inputResponses, "confirm") !== undefined)
    return says(word);
  return inputRequired({
    inputRequests: { confirm: form("Please confirm", "ok", "boolean") },
    requestState: await state.mint({ round: 1 }),
  });
}

const tasks: readonly ServedTool[] = [
  tool("greet", ({ name }) => says(`Hello, ${String(name)}!`), properties({ name: { type: "string" } })),
  tool(
    "slow_compute",
    async ({ seconds, label }, { call }) => {
      await setTimeout(Number(seconds) * 1000, undefined, { signal: call.signal });
      return says(`computed ${String(label)}`);
    },
    { ...properties({ seconds: { type: "number" }, label: { type: "string" } }) },
    { support: "optional" },
  ),
  tool(
    "failing_job",
    async () => {
      await Bun.sleep(500);
      return { isError: true, content: [text("this job fails")] };
    },
    {},
    { support: "required" },
  ),
  tool(
    "protocol_error_job",
    () => {
      throw new ProtocolError(ProtocolErrorCode.InternalError, "this job breaks");
    },
    {},
    { support: "optional" },
  ),
  tool("confirm_delete", (_, use) => asksInTask(use, ["confirm"]), {}, { support: "optional" }),
  tool("multi_input", (_, use) => asksInTask(use, ["name", "confirm"]), {}, { support: "optional" }),
  tool(
    "test_tool_with_task",
    (_, { context }) => {
      const name = acceptedContent<{ name: string }>(context.mcpReq.inputResponses, "user_name")?.name;
      return says(`Hello, ${name ?? "nobody"}!`);
    },
    {},
    {
      support: "required",
      before: (_, { context }) =>
        context.mcpReq.inputResponses === undefined
          ? inputRequired({ inputRequests: { user_name: form("What is your name?", "name") } })
          : undefined,
    },
  ),
];

async function asksInTask({ ask }: Use, fields: readonly string[]): Promise<Given> {
  if (ask === undefined) return says("not asked");
  const given = await Promise.all(fields.map((field) => ask(form(`Please say ${field}`, field) as never)));
  return says(JSON.stringify(given));
}

function changes(handler: () => McpHandler): readonly ServedTool[] {
  return [
    tool("test_trigger_tool_change", () => (handler().notify.toolsChanged(), says("done"))),
    tool("test_trigger_prompt_change", () => (handler().notify.promptsChanged(), says("done"))),
  ];
}

function prompt(name: string, get: ServedPrompt["get"], names: readonly string[] = []): ServedPrompt {
  return {
    listed: {
      name,
      description: `Conformance: ${name}`,
      arguments: names.map((argument) => ({ name: argument, description: argument, required: true })),
    },
    get,
  };
}

const user = (...content: ContentBlock[]): Promise<GetPromptResult> =>
  Promise.resolve({ messages: content.map((one) => ({ role: "user", content: one })) });

const prompts: readonly ServedPrompt[] = [
  prompt("test_simple_prompt", () => user(text("This is a simple prompt for testing."))),
  prompt(
    "test_prompt_with_arguments",
    ({ arg1, arg2 }) => user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
    ["arg1", "arg2"],
  ),
  prompt(
    "test_prompt_with_embedded_resource",
    ({ resourceUri = "" }) =>
      user(
        { type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded." } },
        text("Please process the embedded resource above."),
      ),
    ["resourceUri"],
  ),
  prompt("test_prompt_with_image", () => user(image, text("Please analyze the image above."))),
  prompt("test_input_required_result_prompt", (_, { context }) => {
    const given = acceptedContent<{ context: string }>(
      context.mcpReq.inputResponses,
      "user_context",
    )?.context;
    return given === undefined
      ? Promise.resolve(inputRequired({ inputRequests: { user_context: form("What context?", "context") } }))
      : user(text(`Use the following context: ${given}`));
  }),
];

const resource = (uri: string, mimeType: string, content: { text: string } | { blob: string }) => ({
  listed: { uri, name: uri, mimeType },
  read: () => Promise.resolve({ contents: [{ uri, mimeType, ...content }] }),
});

export function withFixtures(house: Surface, handler: () => McpHandler): Surface {
  const nothing = (): Promise<Record<string, unknown>> => Promise.resolve({});
  return {
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
    },
    tools: [
      ...house.tools,
      ...replies,
      ...notifications,
      ...pushed,
      ...inReply,
      ...tasks,
      ...changes(handler),
    ],
    resources: [
      resource("test://static-text", "text/plain", {
        text: "This is the content of the static text resource.",
      }),
      resource("test://static-binary", "image/png", { blob: PNG }),
      resource("test://watched-resource", "text/plain", { text: "Watched resource content" }),
    ],
    templates: [
      ...house.templates,
      {
        listed: {
          uriTemplate: "test://template/{id}/data",
          name: "template",
          mimeType: "application/json",
        },
        read: (uri, { id }) =>
          Promise.resolve({
            contents: [
              {
                uri,
                mimeType: "application/json",
                text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
              },
            ],
          }),
      },
    ],
    prompts: [...house.prompts, ...prompts],
    further: {
      "logging/setLevel": nothing,
      "resources/subscribe": nothing,
      "resources/unsubscribe": nothing,
    },
    verifyState: (given, context) => state.verify(given, context),
  };
}
