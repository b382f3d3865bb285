// How a dataset may be searched, from the names and types of its columns: a proposal that a person can change.

import type { Dataset } from "#contracts/catalog";
import type { Corpus } from "#contracts/matrix";

type Column = Pick<Dataset["columns"][number], "name" | "type">;

/** What says most of a person or an order, in the order of a sentence. */
const TELLING = [
  /role|title|job|position/i,
  /skill|certif|licen/i,
  /^city$|town/i,
  /^state$/i,
  /note|descri|summary/i,
];
const TEXT_COLUMNS_MAX = 5;

/** "{role} {city} {state}": the telling columns, else the first texts. */
export function suggestedText(columns: readonly Column[]): string {
  const texts = columns.filter(({ type }) => type === "VARCHAR");
  const telling = TELLING.flatMap((pattern) => texts.filter(({ name }) => pattern.test(name)).slice(0, 1));
  const chosen =
    telling.length > 0 ? telling : texts.filter(({ name }) => !/(^|_)id$/i.test(name)).slice(0, 3);
  const names = [...new Set((chosen.length > 0 ? chosen : columns.slice(0, 1)).map(({ name }) => name))];
  return names
    .slice(0, TEXT_COLUMNS_MAX)
    .map((name) => `{${name}}`)
    .join(" ");
}

const FIELDS_MAX = 24;

/** Columns that hits carry and conditions use; where there are coordinates, the place. */
export function fieldsOf(columns: readonly Column[], id: string): Corpus["fields"] {
  const kinds = columns
    .filter(({ name }) => name !== id && !/^(lat|lon|lng|latitude|longitude)$/i.test(name))
    .flatMap(({ name, type }): [string, Corpus["fields"][string]][] => {
      if (/^(DOUBLE|FLOAT|DECIMAL|U?(TINY|SMALL|BIG)?INT|INTEGER)/.test(type)) return [[name, "number"]];
      return type === "VARCHAR" || type === "DATE" || type === "BOOLEAN" ? [[name, "keyword"]] : [];
    });
  const hasPlace = [/^lat(itude)?$/i, /^(lon|lng|longitude)$/i].every((pattern) =>
    columns.some(({ name }) => pattern.test(name)),
  );
  return Object.fromEntries([
    ...kinds.slice(0, FIELDS_MAX),
    ...(hasPlace ? [["location", "geo"] as const] : []),
  ]);
}
