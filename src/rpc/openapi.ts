// Contracts -> OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1.html). Schemas come from Zod; what is the same for all
// operations (faults that any may give, the body of a fault) is added here once.

import { z } from "zod";
import { timeSlicer } from "#lib/event-loop";
import { type AnyOp, type Contract, servedOps } from "./contract.ts";
import { FAULTS, type FaultCode } from "./fault.ts";
import { planPath } from "./path.ts";

type Json = Record<string, unknown>;

/** Faults that any operation may give. */
const COMMON_FAULTS: readonly FaultCode[] = [
  "invalid",
  "unauthorized",
  "forbidden",
  "rate_limited",
  "internal",
  "unavailable",
  "timeout",
];

export interface ApiInfo {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** Inputs by tag and operation, for a page on which operations are tried. */
export type Examples = Readonly<Record<string, Readonly<Record<string, Json>>>>;

/** `contracts` by tag: the name of the service that answers. Made in slices: a house describes itself while it serves. */
export async function openApi(
  contracts: Readonly<Record<string, Contract>>,
  info: ApiInfo,
  examples: Examples = {},
): Promise<Json> {
  const paths: Record<string, Json> = {};
  const sliced = timeSlicer();
  for (const [tag, contract] of Object.entries(contracts)) {
    for (const [name, operation] of servedOps(contract)) {
      if (operation.internal === true) continue;
      const path = operation.path.replaceAll("+}", "}");
      const item = (paths[path] ??= {});
      const method = operation.method.toLowerCase();
      const before = item[method] as Json | undefined;
      const example = examples[tag]?.[name] ?? {};
      item[method] =
        before === undefined ? describe(tag, name, operation, example) : alsoAnswers(before, operation);
      const turn = sliced();
      if (turn !== null) await turn;
    }
  }
  return {
    openapi: "3.1.1",
    info,
    tags: Object.keys(contracts).map((name) => ({ name })),
    paths,
    components: {
      schemas: { Fault: faultSchema() },
      securitySchemes: { key: { type: "http", scheme: "bearer" } },
    },
    security: [{}, { key: [] }],
  };
}

function describe(tag: string, name: string, operation: AnyOp, example: Json): Json {
  const schema = jsonSchema(operation.input, "input");
  const properties = (schema["properties"] ?? {}) as Record<string, Json>;
  const required = new Set((schema["required"] ?? []) as string[]);
  const inPath = new Set(planPath(operation.path).parts.map((part) => part.name));
  const inHeader = operation.headers ?? {};
  const inBody = operation.body === "json" && ["POST", "PUT", "PATCH"].includes(operation.method);
  const parameters: Json[] = [];
  const bodyFields: Record<string, Json> = {};
  for (const [field, property] of Object.entries(properties)) {
    const header = inHeader[field];
    const place = inPath.has(field) ? "path" : header !== undefined ? "header" : inBody ? "body" : "query";
    if (place === "body") bodyFields[field] = property;
    else {
      const needed = place === "path" || required.has(field);
      const shown = field in example ? { example: example[field] } : {};
      parameters.push({ name: header ?? field, in: place, required: needed, schema: property, ...shown });
    }
  }
  const inExample = Object.entries(example).filter(([field]) => field in bodyFields);
  const body = requestBody(operation, bodyFields, required, Object.fromEntries(inExample));
  return {
    operationId: `${tag}.${name}`,
    tags: [tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { ...successes(operation), ...failures(operation) },
    "x-scope": operation.scope,
  };
}

function requestBody(
  operation: AnyOp,
  fields: Record<string, Json>,
  required: ReadonlySet<string>,
  example: Json,
): Json | undefined {
  if (operation.body === "raw") {
    return {
      required: true,
      content: { "application/octet-stream": { schema: { type: "string", format: "binary" } } },
    };
  }
  if (Object.keys(fields).length === 0) return undefined;
  const needed = Object.keys(fields).filter((field) => required.has(field));
  const schema = { type: "object", properties: fields, required: needed, additionalProperties: false };
  const shown = Object.keys(example).length === 0 ? {} : { example };
  return { required: needed.length > 0, content: { "application/json": { schema, ...shown } } };
}

function successes(operation: AnyOp): Json {
  const { status } = operation;
  const statuses = operation.statuses ?? [typeof status === "number" ? status : 200];
  const content = contentOf(operation);
  return Object.fromEntries(
    statuses.map((code) => [
      String(code),
      code === 204 || code === 304
        ? { description: code === 204 ? "Done; no body." : "Not modified; no body." }
        : { description: doneText(code), ...(operation.method === "HEAD" ? {} : { content }) },
    ]),
  );
}

/** A status of 400 and above that an operation declares has the same body, and is no fault. */
function doneText(code: number): string {
  return code < 400 ? "Done." : "Done, with a negative result; the same body.";
}

function contentOf(operation: AnyOp): Json {
  if (operation.reply === "raw") {
    const types = operation.produces ?? ["application/octet-stream"];
    return Object.fromEntries(types.map((type) => [type, { schema: { type: "string", format: "binary" } }]));
  }
  const type = operation.reply === "events" ? "text/event-stream" : "application/json";
  return { [type]: { schema: jsonSchema(operation.output, "output") } };
}

/** A second operation on the same path and method adds the media types that it answers with. */
function alsoAnswers(before: Json, operation: AnyOp): Json {
  const responses = before["responses"] as Record<string, Json>;
  for (const response of Object.values(responses)) {
    if (!String(response["description"]).startsWith("Done")) continue;
    response["content"] = { ...(response["content"] as Json), ...contentOf(operation) };
  }
  return before;
}

function failures(operation: AnyOp): Json {
  const codes = [...new Set([...operation.errors, ...COMMON_FAULTS])];
  const byStatus = Object.groupBy(codes, (code) => String(FAULTS[code].status));
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, named]) => [
      status,
      {
        description: (named ?? []).map((code) => `\`${code}\``).join(", "),
        content: { "application/json": { schema: { $ref: "#/components/schemas/Fault" } } },
      },
    ]),
  );
}

function faultSchema(): Json {
  return jsonSchema(
    z.object({
      error: z.object({
        code: z.enum(Object.keys(FAULTS)),
        message: z.string(),
        origin: z.string(),
        request_id: z.string(),
        details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
      }),
    }),
    "output",
  );
}

/** The JSON Schema (draft 2020-12, as OpenAPI 3.1 takes it) of one side of a Zod schema. */
export function jsonSchema(schema: z.core.SomeType, side: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema as z.core.$ZodType, {
    io: side,
    unrepresentable: "any",
  });
  return rest;
}
