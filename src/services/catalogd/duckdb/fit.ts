// Whether a file's columns fit a table, and what has to change where they do not: new columns are added, types
// grow where Iceberg lets them grow, and what is narrower than the table's type is cast on the way in.

import { Fault } from "#rpc/fault";
import { typeFromDuckdb, duckdbType } from "./types.ts";
import { promotes, type SchemaChange } from "../iceberg/types/evolve.ts";
import { decimalOf, type Schema, type Type } from "../iceberg/types/schema.ts";

export interface OfferedColumn {
  readonly name: string;
  readonly type: string;
}

export interface Fit {
  /** To be applied to the table's schema, in order. */
  readonly changes: readonly SchemaChange[];
  /** The same, in words. */
  readonly words: readonly string[];
}

/** Throws `rejected` with one detail a column when the columns cannot go into the table. */
export function fitColumns(
  schema: Schema,
  offered: readonly OfferedColumn[],
  contract: "evolve" | "freeze",
): Fit {
  const changes: SchemaChange[] = [];
  const named: string[] = [];
  const words: string[] = [];
  const misfits: { path: string; message: string }[] = [];
  for (const { name, type } of offered) {
    const wanted = typeFromDuckdb(type);
    const column = schema.fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
    if (column === undefined) {
      named.push(name);
      changes.push({ change: "add", name, type: wanted });
      words.push(`add column ${name} ${duckdbType(wanted)}`);
    } else if (!holds(column.type, wanted)) {
      if (promotes(column.type, wanted)) {
        named.push(column.name);
        changes.push({ change: "widen", name: column.name, type: wanted });
        words.push(`widen column ${name} from ${duckdbType(column.type)} to ${duckdbType(wanted)}`);
      } else {
        const message = `is ${duckdbType(column.type)} in the dataset and ${duckdbType(wanted)} in the file`;
        misfits.push({ path: name, message });
      }
    }
  }
  if (misfits.length > 0) {
    const names = misfits.map(({ path, message }) => `${path} ${message}`).join("; ");
    throw new Fault(
      "rejected",
      `The file does not fit the dataset: ${names}. Give the column's type, or load into another dataset.`,
      {
        details: misfits,
      },
    );
  }
  if (contract === "freeze" && changes.length > 0) {
    throw new Fault("rejected", `The dataset is frozen and the file would ${words.join(", ")}.`, {
      details: named.map((name, at) => ({ path: name, message: words[at] ?? "" })),
    });
  }
  return { changes, words };
}

/** Integers that a floating type holds exactly, and the like: values that survive the cast. */
const HELD: Readonly<Record<string, readonly string[]>> = {
  long: ["int", "boolean"],
  int: ["boolean"],
  double: ["float", "int", "long", "boolean"],
  float: ["int", "boolean"],
  timestamp: ["date"],
  timestamptz: ["date", "timestamp"],
};

/** Whether a column of type `column` takes every value of `offered` as it is. */
function holds(column: Type, offered: Type): boolean {
  if (Bun.deepEquals(shapeOf(column), shapeOf(offered))) return true;
  if (column === "string") return true;
  if (typeof column !== "string" || typeof offered !== "string") return false;
  if (HELD[column]?.includes(offered) === true) return true;
  const [wide, narrow] = [decimalOf(column), decimalOf(offered)];
  if (wide === undefined) return false;
  if (narrow !== undefined) {
    return wide.scale >= narrow.scale && wide.precision - wide.scale >= narrow.precision - narrow.scale;
  }
  return (
    (offered === "int" && wide.precision - wide.scale >= 10) ||
    (offered === "long" && wide.precision - wide.scale >= 19)
  );
}

/** A type without the ids of what nests in it. */
function shapeOf(type: Type): unknown {
  return duckdbType(type);
}
