// Fields that a reply may leave out, written with their zero value: the go side's structs have no `omitempty`, so a text
// that is not there is "", a number 0, a flag false, and everything else null. What may be absent follows from the
// operation's output schema, once.

import { z } from "zod";
import { house, type ServiceName } from "#contracts/house";
import type { AnyOp, Contract } from "#rpc/contract";

type Fill = (value: unknown) => unknown;
type Schema = z.core.JSONSchema.BaseSchema;

const ZEROES: Readonly<Record<string, unknown>> = { string: "", number: 0, integer: 0, boolean: false };
const fills = new Map<string, Fill>();

/** A copy in which no field of the operation's output is missing. Values of another form stay as they are. */
export function filled(operation: string, native: unknown): unknown {
  let fill = fills.get(operation);
  if (fill === undefined) {
    fill = fillOf(outputOf(operation));
    fills.set(operation, fill);
  }
  return fill(native);
}

function outputOf(name: string): Schema {
  const [service = "", operation = ""] = name.split(".");
  const { output } = (house[service as ServiceName] as Contract)[operation] as AnyOp;
  // Inlined, so that no reference is left but those of schemas that contain themselves.
  return z.toJSONSchema(output as z.core.$ZodType, {
    io: "output",
    unrepresentable: "any",
    reused: "inline",
  });
}

const asItIs: Fill = (value) => value;

function fillOf(schema: Schema | boolean | undefined): Fill {
  if (schema === undefined || typeof schema === "boolean") return asItIs;
  if (schema.type === "array") {
    const item = Array.isArray(schema.items) ? asItIs : fillOf(schema.items);
    return item === asItIs ? asItIs : (value) => (Array.isArray(value) ? value.map(item) : value);
  }
  if (schema.type !== "object" || schema.properties === undefined) return asItIs;
  const fields = Object.entries(schema.properties).map(([name, property]) => ({
    name,
    fill: fillOf(property),
    zero: zeroOf(property),
  }));
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const given = value as Record<string, unknown>;
    const all: Record<string, unknown> = { ...given };
    for (const { name, fill, zero } of fields) {
      all[name] = Object.hasOwn(given, name) && given[name] !== undefined ? fill(given[name]) : zero;
    }
    return all;
  };
}

function zeroOf(schema: Schema | boolean): unknown {
  if (typeof schema === "boolean") return null;
  return ZEROES[String(schema.type)] ?? null;
}
