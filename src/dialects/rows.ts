// Rows that two dialects share: hits, tables, and the operations that they say as the house does.

import { house, type ServiceName } from "#contracts/house";
import { type Contract, servedOps } from "#rpc/contract";
import { type DialectRow, fieldsOf, type ForeignReply, renamed } from "./dialect.ts";

/** A hit of a search over people, in the fields that the older sides have. */
export function plainHit(hit: unknown, index: number): Record<string, unknown> {
  const { rank, id = "", distance = 0, metadata } = fieldsOf(hit);
  const { name, role, city, state } = fieldsOf(metadata);
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    rank: typeof rank === "number" ? rank : index,
    id,
    distance,
    name: text(name),
    role: text(role),
    city: text(city),
    state: text(state),
  };
}

const EMBEDDED = /^\{"model":("(?:[^"\\]|\\.)*"),"dimension":(\d+),"vectors":(?=\[[["])/;

/**
 * The parts of an embedding's native text, its vectors as numbers or as base64; undefined where it is written otherwise. Vectors
 * are not parsed: they are most of it.
 */
export function embeddedText(
  text: string,
): { model: string; dimension: string; vectors: string } | undefined {
  const [head, model, dimension] = EMBEDDED.exec(text) ?? [];
  const whole = text.endsWith("]]}") || text.endsWith('"]}');
  if (head === undefined || model === undefined || dimension === undefined || !whole) return undefined;
  return { model, dimension, vectors: text.slice(head.length, -1) };
}

export function hitsOf(native: unknown): readonly unknown[] {
  const { hits } = fieldsOf(native);
  return Array.isArray(hits) ? hits : [];
}

/** A search of one index, whose name the older sides put into the body. */
export function vectorSearch(
  path: string,
  json: (value: unknown) => ForeignReply,
  names: Readonly<Record<string, string>> = {},
): DialectRow {
  return {
    method: "POST",
    path,
    operation: "vectord.search",
    names,
    request: ({ body }) => {
      const { index, ...rest } = fieldsOf(renamed(body, names));
      return { params: { index: typeof index === "string" ? index : "" }, body: rest };
    },
    reply: (native) =>
      json({
        hits: hitsOf(native).map((hit, at) => {
          const { rank = at, id, distance, metadata = {} } = fieldsOf(hit);
          return { rank, id, distance, metadata };
        }),
      }),
  };
}

/** Objects are read and written as the house does. */
export function objectRows(path: string): DialectRow[] {
  return (["PUT", "GET", "HEAD", "DELETE"] as const).map((method) => ({
    method,
    path,
    operation: `storaged.${{ PUT: "put", GET: "get", HEAD: "head", DELETE: "remove" }[method]}`,
  }));
}

/** Rows of a SQL result as lists, in the order of its columns. */
export function rowLists(native: unknown): unknown[][] {
  const names = columnNames(native);
  const { rows } = fieldsOf(native);
  return Array.isArray(rows) ? rows.map((row) => names.map((name) => fieldsOf(row)[name] ?? null)) : [];
}

export function columnNames(native: unknown): string[] {
  const { columns } = fieldsOf(native);
  return Array.isArray(columns) ? columns.map((column) => String(fieldsOf(column)["name"])) : [];
}

/** What both older sides say as the house does, from a service's contract, at paths of their own. */
export function sameRows(
  services: readonly ServiceName[],
  pathOf: (native: string) => string,
  reply: (operation: string, native: unknown) => ForeignReply,
): DialectRow[] {
  return services.flatMap((service) =>
    servedOps(house[service] as Contract)
      .filter(([, operation]) => operation.internal !== true && operation.accept === undefined)
      .map(([name, operation]) => ({
        method: operation.method,
        path: pathOf(operation.path),
        operation: `${service}.${name}`,
        ...(operation.reply === "json" && operation.status !== 204
          ? { reply: (native: unknown) => reply(`${service}.${name}`, native) }
          : {}),
      })),
  );
}
