// A request that is tried: from the fields that were typed, as one JSON object, to path, query, headers and body.

import type { ApiOperation } from "./description.ts";

export interface Trial {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; undefined for none. */
  readonly body: string | undefined;
}

/** The example of the description as one object: fields of path, query and headers among those of the body. */
export function exampleOf({ parameters, body }: ApiOperation): Readonly<Record<string, unknown>> {
  const given = parameters.flatMap(({ name, example }) => (example === undefined ? [] : [[name, example]]));
  const inBody = body?.example;
  const isRecord = typeof inBody === "object" && inBody !== null;
  return { ...(Object.fromEntries(given) as Record<string, unknown>), ...(isRecord ? inBody : {}) };
}

/** What is wrong with a text that is to be an object of fields; undefined for nothing. */
export function fieldsIn(text: string): Readonly<Record<string, unknown>> | string {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : "The fields are one JSON object: { … }";
  } catch (thrown) {
    return `That is no JSON yet: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** Throws a sentence where a field of the path is missing. */
export function trialOf(operation: ApiOperation, fields: Readonly<Record<string, unknown>>): Trial {
  const rest = { ...fields };
  let path = operation.path;
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const { name, in: place } of operation.parameters) {
    const value = rest[name];
    delete rest[name];
    if (place === "path") {
      if (value === undefined || value === "") throw new Error(`${name} is missing: it stands in the path.`);
      path = path.replace(`{${name}}`, String(value).split("/").map(encodeURIComponent).join("/"));
    } else if (value !== undefined) {
      const written =
        typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : String(value);
      if (place === "header") headers[name] = written;
      else query.set(name, written);
    }
  }
  const text = query.toString();
  const hasJson = operation.body?.type === "application/json";
  return {
    method: operation.method,
    path,
    query: text === "" ? "" : `?${text}`,
    headers,
    body: hasJson ? JSON.stringify(rest) : undefined,
  };
}

export function trialAsCurl(
  { method, path, query, headers, body }: Trial,
  base: string,
  keyed: boolean,
): string {
  return [
    "curl",
    ...(method === "GET" ? [] : method === "HEAD" ? ["-I"] : [`-X ${method}`]),
    ...(keyed ? [`-H "Authorization: Bearer $LAKEHOUSE_KEY"`] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(body)}`]),
    quoted(base + path + query),
  ].join(" ");
}

/** By the typed client: `journald.events` is `house.journal.events`, and a header the field that it stands for. */
export function trialAsTypeScript(
  { id, parameters }: ApiOperation,
  fields: Readonly<Record<string, unknown>>,
  base: string,
): string {
  const headers = new Set(parameters.filter((one) => one.in === "header").map(({ name }) => name));
  const input = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      headers.has(name) ? name.replaceAll("-", "_") : name,
      value,
    ]),
  );
  return [
    'import { lakehouse } from "lakehouse";',
    "",
    `const house = lakehouse(${JSON.stringify(base)});`,
    `const reply = await house.${id.replace(/d\./, ".")}(${JSON.stringify(input, undefined, 2)});`,
  ].join("\n");
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
