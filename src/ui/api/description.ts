// Every operation of the house as `/openapi.json` describes it (OpenAPI 3.1), in the shape of the page.

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: Schema;
  readonly example: unknown;
}

export interface ApiReply {
  readonly status: string;
  readonly says: string;
  readonly types: readonly string[];
  /** Of a success with a JSON body, or of one event of a stream. */
  readonly schema: Schema | undefined;
}

export interface ApiOperation {
  /** `journald.events`. */
  readonly id: string;
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly description: string;
  readonly scope: string;
  readonly parameters: readonly Parameter[];
  readonly body: { readonly schema: Schema; readonly type: string; readonly example: unknown } | undefined;
  readonly replies: readonly ApiReply[];
}

export interface ApiDescription {
  readonly title: string;
  readonly version: string;
  readonly says: string;
  readonly operations: readonly ApiOperation[];
}

const record = (value: unknown): Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};
const list = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.map(record) : []);
/** Backticks of Markdown are for other readers. */
const text = (value: unknown): string => (typeof value === "string" ? value.replaceAll("`", "") : "");

export function describedIn(document: unknown): ApiDescription {
  const { info, paths } = record(document);
  const operations = Object.entries(record(paths)).flatMap(([path, item]) =>
    Object.entries(record(item)).map(([method, operation]) => operationOf(method, path, record(operation))),
  );
  const { title, version, description } = record(info);
  return { title: text(title), version: text(version), says: text(description), operations };
}

function operationOf(method: string, path: string, operation: Schema): ApiOperation {
  const id = text(operation["operationId"]);
  const [type, content] = Object.entries(record(record(operation["requestBody"])["content"]))[0] ?? [];
  const { schema, example } = record(content);
  return {
    id,
    service: id.split(".")[0] ?? "",
    method: method.toUpperCase(),
    path,
    summary: text(operation["summary"]),
    description: text(operation["description"]),
    scope: text(operation["x-scope"]),
    parameters: list(operation["parameters"]).map((parameter) => {
      const place = parameter["in"];
      return {
        name: text(parameter["name"]),
        in: place === "path" || place === "header" ? place : "query",
        required: parameter["required"] === true,
        schema: record(parameter["schema"]),
        example: parameter["example"],
      };
    }),
    body: type === undefined ? undefined : { schema: record(schema), type, example },
    replies: Object.entries(record(operation["responses"])).map(([status, response]) => {
      const { description, content: contents } = record(response);
      const types = Object.keys(record(contents));
      const ofSuccess = Number(status) < 400 || types.includes("text/event-stream");
      const body = Object.entries(record(contents)).find(
        ([media]) => media.endsWith("json") || media === "text/event-stream",
      );
      return {
        status,
        says: text(description),
        types,
        schema: ofSuccess && body !== undefined ? record(record(body[1])["schema"]) : undefined,
      };
    }),
  };
}

/** Operations in which every word stands somewhere: in the id, the path or the summary. */
export function operationsWith(operations: readonly ApiOperation[], wanted: string): readonly ApiOperation[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return operations.filter(({ id, method, path, summary }) => {
    const all = `${id} ${method} ${path} ${summary}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
