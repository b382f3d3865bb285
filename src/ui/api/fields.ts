// A JSON schema as lines that are read from top to bottom: a field each, with what it may be.

import type { Schema } from "./description.ts";

export interface Field {
  /** Where it stands: `events[].data`. */
  readonly path: string;
  readonly depth: number;
  readonly type: string;
  readonly required: boolean;
  /** Limits and the default, in words. */
  readonly limits: string;
  readonly says: string;
}

/** Deeper ones are told as what they are, without their own fields. */
const DEPTH_MAX = 5;
const FIELDS_MAX = 400;

const record = (value: unknown): Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : {};
const schemas = (value: unknown): readonly Schema[] => (Array.isArray(value) ? value.map(record) : []);

export function fieldsOf(schema: Schema): readonly Field[] {
  const fields: Field[] = [];
  walk(schema, "", 0, fields);
  return fields;
}

function walk(schema: Schema, path: string, depth: number, fields: Field[]): void {
  const inner = innerOf(schema);
  for (const one of inner) {
    const properties = record(one.schema["properties"]);
    const required = Array.isArray(one.schema["required"]) ? one.schema["required"] : [];
    for (const [name, property] of Object.entries(properties)) {
      if (fields.length >= FIELDS_MAX) return;
      const at = `${path}${one.within}${path === "" && one.within === "" ? "" : "."}${name}`.replace(
        /^\./,
        "",
      );
      if (fields.some((field) => field.path === at)) continue;
      const own = record(property);
      fields.push({
        path: at,
        depth,
        type: typeText(own),
        required: required.includes(name),
        limits: limitText(own),
        says: typeof own["description"] === "string" ? own["description"] : "",
      });
      if (depth < DEPTH_MAX) walk(own, at, depth + 1, fields);
    }
  }
}

/** The objects in a schema whose fields are worth naming: itself, the items of a list, each of several shapes. */
function innerOf(schema: Schema): readonly { readonly schema: Schema; readonly within: string }[] {
  const choices = [...schemas(schema["anyOf"]), ...schemas(schema["oneOf"]), ...schemas(schema["allOf"])];
  if (choices.length > 0) return choices.flatMap(innerOf);
  if (schema["type"] === "array") {
    return innerOf(record(schema["items"])).map((one) => ({ ...one, within: `[]${one.within}` }));
  }
  if (schema["properties"] !== undefined) return [{ schema, within: "" }];
  const values = record(schema["additionalProperties"]);
  return Object.keys(values).length === 0
    ? []
    : innerOf(values).map((one) => ({ ...one, within: `{}${one.within}` }));
}

/** "text", "list of numbers", "one of read, write". */
export function typeText(schema: Schema): string {
  if (typeof schema["$ref"] === "string") return schema["$ref"].split("/").at(-1) ?? "";
  const choices = [...schemas(schema["anyOf"]), ...schemas(schema["oneOf"])];
  if (choices.length > 0) return [...new Set(choices.map(typeText))].join(" or ");
  if (Array.isArray(schema["enum"])) return `one of ${schema["enum"].map(String).join(", ")}`;
  if ("const" in schema) return JSON.stringify(schema["const"]);
  const { type, format } = schema;
  if (type === "array") return `list of ${typeText(record(schema["items"]))}`;
  if (type === "string") return format === "date-time" ? "time" : format === "binary" ? "bytes" : "text";
  if (type === "integer") return "whole number";
  if (type === "boolean") return "true or false";
  if (Array.isArray(type))
    return type.map((one) => typeText({ ...schema, type: one as unknown })).join(" or ");
  return typeof type === "string" ? type : "anything";
}

function limitText(schema: Schema): string {
  const said = [
    range(schema["minLength"], schema["maxLength"], "characters"),
    range(schema["minItems"], schema["maxItems"], "items"),
    range(
      schema["minimum"] ?? schema["exclusiveMinimum"],
      schema["maximum"] ?? schema["exclusiveMaximum"],
      "",
    ),
    "default" in schema ? `${JSON.stringify(schema["default"])} unless given` : "",
  ];
  return said.filter((part) => part !== "").join("; ");
}

function range(least: unknown, most: unknown, unit: string): string {
  // The bounds of a whole number that JSON can hold say nothing.
  const isBound = (value: unknown): value is number =>
    typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  const ending = unit === "" ? "" : ` ${unit}`;
  if (isBound(least) && isBound(most)) return `${least} to ${most.toLocaleString("en-US")}${ending}`;
  if (isBound(most)) return `at most ${most.toLocaleString("en-US")}${ending}`;
  return isBound(least) && least > 0 ? `at least ${least}${ending}` : "";
}
