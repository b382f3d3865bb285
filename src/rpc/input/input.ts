// From a request to an operation's input: path, query, headers and JSON body become the one object that the operation's
// schema describes. Queries and headers are text, so their fields are coerced to the types of the schema; text that
// cannot be coerced is left for the schema to refuse by name.

import { z } from "zod";
import { type AnyOp, type Bytes, bodyBytesMaxOf } from "../contract.ts";
import { Fault } from "../fault.ts";
import { checkDecoded, decodedText, parseJson } from "./json-check.ts";
import { type PathPlan, readPath } from "../path.ts";

export type ReadInput = (request: Request, carried?: Carried) => Promise<unknown>;

/** What a request of another wire says in other places than the operation's own path, query and body. */
export interface Carried {
  readonly params: Readonly<Record<string, string>>;
  /** From its question mark on; empty for none. */
  readonly query: string;
  /** Parsed already, under the rules of `parseJson`; left out where the request's own body holds. */
  readonly body?: { readonly value: unknown };
}

type Coercion = (text: string) => unknown;
/** By field. A map, because a client chooses the names that are looked up, `constructor` too. */
type Coercions = ReadonlyMap<string, Coercion>;

/** Reads an operation's input; what that takes is derived once from its schema. */
export function inputReader(operation: AnyOp, plan: PathPlan): ReadInput {
  const coercions = coercionsOf(operation.input as z.core.$ZodType);
  const headers = Object.entries(operation.headers ?? {});
  const bytesMax = bodyBytesMaxOf(operation);
  const queried = operation.body === "raw" || operation.method === "GET" || operation.method === "HEAD";
  const fromQuery = queried || operation.method === "DELETE";
  const plain = !fromQuery && headers.length === 0 && plan.parts.length === 0;

  const readHeaders = (request: Request, fields: Record<string, unknown>): void => {
    for (const [field, header] of headers) {
      const text = request.headers.get(header);
      if (text !== null) fields[field] = coerce(coercions.get(field), text);
    }
  };

  const { listBody } = operation;
  const readBody = (request: Request, body: Carried["body"]): Promise<Record<string, unknown>> =>
    body === undefined
      ? readJson(request, bytesMax, listBody)
      : Promise.resolve({ ...objectOf(body.value, listBody) });
  if (plain) return (request, carried) => readBody(request, carried?.body);
  return async (request, carried) => {
    const fields: Record<string, unknown> = fromQuery
      ? readQuery(carried?.query ?? request.url, coercions)
      : await readBody(request, carried?.body);
    Object.assign(fields, carried?.params ?? readPath(plan, request.url));
    readHeaders(request, fields);
    if (operation.body === "raw") fields["body"] = readBytes(request, bytesMax);
    return fields;
  };
}

function coerce(coercion: Coercion | undefined, text: string): unknown {
  return coercion === undefined ? text : coercion(text);
}

function coercionsOf(input: z.core.$ZodType): Coercions {
  const schema = z.toJSONSchema(input, { io: "input", unrepresentable: "any" });
  const coercions = new Map<string, Coercion>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (typeof property === "boolean") continue;
    const coercion = COERCIONS[String(property.type)];
    if (coercion !== undefined) coercions.set(name, coercion);
  }
  return coercions;
}

const COERCIONS: Readonly<Record<string, Coercion>> = {
  number: toNumber,
  integer: toNumber,
  boolean: (text) => (text === "true" || text === "" ? true : text === "false" ? false : text),
  array: (text) => (text === "" ? [] : text.split(",")),
  object: (text) => (/^\s*\{/.test(text) ? parseJson(text) : text),
};

function toNumber(text: string): unknown {
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}

/** How fields that came as text, as in a form, become what a schema's fields are. */
export function textFieldsReader(
  schema: z.core.$ZodType,
): (fields: Iterable<readonly [name: string, text: string]>) => Record<string, unknown> {
  const coercions = coercionsOf(schema);
  return (fields) => readTexts(fields, coercions);
}

function readQuery(url: string, coercions: Coercions): Record<string, unknown> {
  const start = url.indexOf("?");
  return start === -1 ? {} : readTexts(new URLSearchParams(url.slice(start + 1)), coercions);
}

function readTexts(
  texts: Iterable<readonly [name: string, text: string]>,
  coercions: Coercions,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, text] of texts) {
    // As a key of the object below it would be no field.
    if (name === "__proto__") throw new Fault("invalid", "__proto__: is not a known field");
    const value = coerce(coercions.get(name), text);
    const before = fields[name];
    fields[name] =
      Array.isArray(before) && Array.isArray(value) ? [...before, ...(value as unknown[])] : value;
  }
  return fields;
}

function readJson(
  request: Request,
  bytesMax: number,
  listBody: string | undefined,
): Promise<Record<string, unknown>> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  // Reading text is cheaper than reading bytes.
  if (declared > 0) return request.text().then((text) => asObject(text, request, checkDecoded, listBody));
  return readUndeclared(request, bytesMax).then((bytes) => asObject(bytes, request, decodedText, listBody));
}

/** The JSON of a foreign surface's body, under the same rules; undefined where there is none. */
export async function readJsonValue(request: Request, bytesMax: number): Promise<unknown> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > bytesMax) throw tooLarge(bytesMax);
  // Reading text is cheaper than reading bytes.
  const body = declared > 0 ? await request.text() : await readUndeclared(request, bytesMax);
  try {
    const text = typeof body === "string" ? checkDecoded(body) : decodedText(body);
    return text === "" ? undefined : parseJson(text);
  } catch (thrown) {
    throw explained(thrown, request.headers);
  }
}

function asObject<T>(
  body: T,
  request: Request,
  decode: (body: T) => string,
  listBody: string | undefined,
): Record<string, unknown> {
  let value: unknown;
  try {
    const text = decode(body);
    value = text === "" ? undefined : parseJson(text);
  } catch (thrown) {
    throw explained(thrown, request.headers);
  }
  return objectOf(value, listBody);
}

/** Of no body an object without fields. */
function objectOf(value: unknown, listBody: string | undefined): Record<string, unknown> {
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  if (listBody === undefined) throw new Fault("invalid", "The body must be a JSON object.");
  if (Array.isArray(value)) return { [listBody]: value };
  throw new Fault("invalid", "The body must be a JSON object or an array.");
}

/** A body that is not JSON was mostly sent as something else, which its content type names. */
function explained(thrown: unknown, headers: Headers): unknown {
  const encoding = headers.get("content-encoding") ?? "identity";
  const encoded = encoding !== "identity";
  if (!encoded && headers.get("content-type")?.startsWith("multipart/") !== true) return thrown;
  const what = encoded ? "is encoded (content-encoding)" : "is a form (multipart)";
  return new Fault("invalid", `The body ${what}: send plain JSON, as application/json.`);
}

/** A body of unknown length; reading stops as soon as it is too large. */
async function readUndeclared(request: Request, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  if (request.body !== null) for await (const chunk of limited(request.body, bytesMax)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function readBytes(request: Request, bytesMax: number): Bytes {
  const declared = request.headers.get("content-length");
  if (Number(declared ?? 0) > bytesMax) throw tooLarge(bytesMax);
  const body = request.body as Bytes | null;
  if (body === null) return new ReadableStream({ start: (controller) => controller.close() });
  // The server never reads more than was declared, so only a body without a declared length is counted.
  return declared !== null || bytesMax === Infinity ? body : streamOf(limited(body, bytesMax));
}

async function* limited(body: Bytes, bytesMax: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    yield chunk;
  }
}

/** A stream that pulls from a generator one chunk at a time, and ends it when its reader goes away. */
export function streamOf(source: AsyncGenerator<Uint8Array>): Bytes {
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const step = await source.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      cancel: async () => {
        await source.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

function tooLarge(bytesMax: number): Fault {
  return new Fault("too_large", `The body is larger than the ${bytesMax} bytes that are accepted here.`);
}
