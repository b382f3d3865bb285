// Which columns of a table hold personal data, as properties of the table by field id: a rename keeps what a column is. A
// loader says what it found, a person overrules it; what a person said stays, also that a column holds none.

import { PERSONAL_KINDS, type PersonalKind } from "#contracts/catalog";
import { Fault } from "#rpc/fault";
import { currentSchema, type TableMetadata } from "../iceberg/metadata/metadata.ts";

const PROPERTY = "lakehouse.personal.";
/** What a person said of a column that a loader took for personal data. */
const NONE = "none";

type Properties = TableMetadata["properties"];

export function personalKindOf(properties: Properties, fieldId: number): PersonalKind | undefined {
  const said = properties[`${PROPERTY}${fieldId}`];
  return PERSONAL_KINDS.find((kind) => kind === said);
}

/** The same properties for as long as nothing else is said of any column. */
export function personalKey(properties: Properties): string {
  return Object.entries(properties)
    .filter(([name]) => name.startsWith(PROPERTY))
    .map((entry) => entry.join("="))
    .join(" ");
}

/** With what a loader found in columns of which nothing is known yet. */
export function withFound(
  metadata: TableMetadata,
  columns: readonly { readonly id: number; readonly personal?: PersonalKind | undefined }[],
): TableMetadata {
  const found = columns.flatMap(({ id, personal }) =>
    personal === undefined || metadata.properties[`${PROPERTY}${id}`] !== undefined
      ? []
      : [[`${PROPERTY}${id}`, personal] as const],
  );
  if (found.length === 0) return metadata;
  return { ...metadata, properties: { ...metadata.properties, ...Object.fromEntries(found) } };
}

/** With what a person says of columns, by their names. Throws `invalid` for a column that is not there. */
export function withSaid(
  metadata: TableMetadata,
  said: Readonly<Record<string, PersonalKind | "none">>,
  nowMs: number,
): TableMetadata {
  const { fields } = currentSchema(metadata);
  const properties = { ...metadata.properties };
  for (const [name, kind] of Object.entries(said)) {
    const field = fields.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (field === undefined) {
      const message = `There is no column ${name}.`;
      throw new Fault("invalid", message, { details: [{ path: `personal.${name}`, message }] });
    }
    properties[`${PROPERTY}${field.id}`] = kind === "none" ? NONE : kind;
  }
  return { ...metadata, properties, "last-updated-ms": Math.max(nowMs, metadata["last-updated-ms"]) };
}
