// Changes of a dataset's columns, collected until a person applies them all at once.

import type { Dataset } from "#contracts/catalog";

type Column = Dataset["columns"][number];

export interface ColumnEdit {
  readonly name?: string;
  readonly type?: string;
  readonly doc?: string;
  readonly drop?: boolean;
}

export interface Added {
  readonly name: string;
  readonly type: string;
}

export interface SchemaChange {
  /** By field id, which a rename keeps. */
  readonly edits: Readonly<Record<number, ColumnEdit>>;
  readonly added: readonly Added[];
}

export const NO_CHANGE: SchemaChange = { edits: {}, added: [] };

interface Patch {
  add?: { name: string; type: string }[];
  rename?: Record<string, string>;
  drop?: string[];
  widen?: Record<string, string>;
  doc?: Record<string, string>;
}

/** The request, and what it does in sentences; a column that is dropped is not renamed as well. */
export function patchOf(
  columns: readonly Column[],
  { edits, added }: SchemaChange,
): { readonly patch: Patch; readonly sentences: readonly string[] } {
  const patch: Patch = {};
  const sentences: string[] = [];
  for (const { id, name, type, doc = "" } of columns) {
    const edit = edits[id];
    if (edit === undefined) continue;
    if (edit.drop === true) {
      (patch.drop ??= []).push(name);
      sentences.push(`Drop ${name}: its values are no longer shown. A rollback brings them back.`);
      continue;
    }
    const next = edit.name?.trim() ?? name;
    if (next !== "" && next !== name) {
      (patch.rename ??= {})[name] = next;
      sentences.push(`Rename ${name} to ${next}.`);
    }
    if (edit.type !== undefined && edit.type !== type) {
      (patch.widen ??= {})[name] = edit.type;
      sentences.push(`${name} becomes ${edit.type}.`);
    }
    if (edit.doc !== undefined && edit.doc !== doc) {
      (patch.doc ??= {})[name] = edit.doc;
      sentences.push(`${name} is described as “${edit.doc}”.`);
    }
  }
  for (const { name, type } of added) {
    if (name.trim() === "") continue;
    (patch.add ??= []).push({ name: name.trim(), type });
    sentences.push(`Add ${name.trim()}, ${type}, without a value in the rows that are there.`);
  }
  return { patch, sentences };
}
