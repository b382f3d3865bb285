// Rows of a person that a text names: by id, or by name. A name is the same name in any case, with any accents, and as
// "Last, First"; where nobody has it, those whose names hold all of its words.

import type { OrderReading } from "#domain/orders/order-reading";
import { folded } from "#domain/orders/text/words";
import type { Generation } from "../corpus/generation.ts";
import { isDenied, namesInText } from "./names-in-text.ts";

/** Namesakes that are shown; a name that more have is no name of a person. */
const NAMESAKES_MAX = 100;
/** Words of a text that is looked up among the parts of names. */
const BARE_WORDS_MAX = 2;
/** Words that a text of a name alone has at most. */
const NAME_WORDS_MAX = 5;

/**
 * Row numbers of people who are not wanted, by id or whole name; what cannot be told whom it means is `unclear`. `names` are
 * those that the corpus alone knows as such.
 */
export function personsExcluded(
  generation: Generation,
  text: string,
  { exclude, unread }: OrderReading,
): { rows: ReadonlySet<number>; names: readonly string[]; unclear: boolean } {
  const rows = new Set<number>();
  const own = ownNames(generation, text, unread);
  let { unclear } = own;
  for (const { id, name } of exclude?.persons ?? []) {
    const found = id === undefined ? rowsNamed(generation, name ?? "") : rowsOfId(generation, id);
    if (found.length === 0) unclear = true;
    for (const row of found) rows.add(row);
  }
  for (const row of idsDenied(generation, text)) rows.add(row);
  const denied = own.named.filter((one) => one.denied);
  for (const one of denied) for (const row of one.rows) rows.add(row);
  const names = denied.flatMap((one) => generation.names[one.rows[0] ?? -1] ?? []);
  return { rows, names, unclear };
}

const ID_SEPARATORS = /[\s,;:?!()]+/;

/** Of ids that the corpus has, whatever form the reading of orders knows: "not e7". */
function idsDenied(generation: Generation, text: string): readonly number[] {
  const parts = text.split(ID_SEPARATORS);
  return parts.flatMap((part, at) => {
    if (!isIdLike(part)) return [];
    const found = rowsOfId(generation, part);
    return found.length > 0 &&
      isDenied(parts.flatMap(nameWords), nameWords(parts.slice(0, at).join(" ")).length)
      ? found
      : [];
  });
}

function ownNames(
  generation: Generation,
  text: string,
  unread: readonly string[],
): ReturnType<typeof namesInText> {
  if (unread.length === 0 || generation.names.length === 0) return { named: [], unclear: false };
  return namesInText(nameWords(text), new Set(unread.flatMap(nameWords)), namesOf(generation));
}

/** Namesakes too: who is meant is not known, and one who is not wanted must not come. */
function rowsNamed(generation: Generation, name: string): readonly number[] {
  return nameWords(name).length < 2 ? [] : (namesOf(generation).byName.get(nameKey(name)) ?? []);
}

/** The row of an id in either case, and with the mark between letters and digits that was left out: "W7" is "w-7". */
function rowsOfId({ rows }: Generation, id: string): readonly number[] {
  const [, letters, digits] = UNMARKED.exec(id) ?? [];
  const marked = letters === undefined ? [] : ["-", "_"].map((mark) => `${letters}${mark}${digits ?? ""}`);
  for (const one of [id, ...marked]) {
    const row = rows.get(one) ?? rows.get(one.toLowerCase()) ?? rows.get(one.toUpperCase());
    if (row !== undefined) return [row];
  }
  return [];
}

const UNMARKED = /^([A-Za-z]{1,4})(\d{1,12})$/;

/** Row numbers of the persons; empty when the text names nobody whom the corpus knows. */
export function personsNamed(
  generation: Generation,
  text: string,
  order: OrderReading,
  barred: ReadonlySet<number>,
): readonly number[] {
  const { person } = order;
  const ids = new Set<number>();
  for (const id of [person?.id, text.trim(), ...text.split(ID_SEPARATORS).filter(isIdLike)]) {
    if (id === undefined) continue;
    for (const row of rowsOfId(generation, id)) if (!barred.has(row)) ids.add(row);
  }
  if (ids.size > 0) return [...ids];
  const { byName, words } = namesOf(generation);
  if (byName.size === 0) return [];
  for (const name of [person?.name, text]) {
    if (name === undefined) continue;
    const key = nameKey(name);
    const exact = key === "" ? undefined : byName.get(key);
    if (exact !== undefined) return exact.length > NAMESAKES_MAX ? [] : exact;
  }
  const own = ownNames(generation, text, order.unread).named.filter(({ denied }) => !denied);
  const rows = [...new Set(own.flatMap((one) => one.rows))].filter((row) => !barred.has(row));
  if (rows.length > 0) return rows.length > NAMESAKES_MAX ? [] : rows;
  // A text of a word or two that nothing was made of may be part of a name: "amir".
  const bare = person === undefined && order.role === null && nameWords(text).length === order.unread.length;
  const wanted = nameWords(person?.name ?? (bare && order.unread.length <= BARE_WORDS_MAX ? text : ""));
  // Most texts name nobody, and then no row is looked at.
  if (wanted.length < (bare ? 1 : 2)) return [];
  const held: number[] = [];
  for (const [row, own] of words.entries()) if (wanted.every((word) => own.includes(word))) held.push(row);
  return held.length > NAMESAKES_MAX ? [] : held;
}

/** Whom the text asks for, where the corpus alone knows: by whole name, by id, or by the name that is all of the text. */
export function personAsked(generation: Generation, id: string, text: string): OrderReading["person"] {
  const name = generation.names[generation.rows.get(id) ?? -1] ?? "";
  const words = nameWords(text);
  const own = nameWords(name);
  const isWithin = own.length > 1 && own.length < words.length && own.every((word) => words.includes(word));
  if (isWithin) return { name };
  return /\d/.test(text) ? { id } : { name: text.trim() };
}

/** An id within a sentence: letters and digits together, so that no number of the order is taken for one. */
function isIdLike(word: string): boolean {
  return /\d/.test(word) && /[A-Za-z]/.test(word);
}

interface Names {
  readonly byName: ReadonlyMap<string, number[]>;
  readonly words: readonly (readonly string[])[];
  isPartOfName(word: string): boolean;
}

const namesByGeneration = new WeakMap<Generation, Names>();

function namesOf(generation: Generation): Names {
  const before = namesByGeneration.get(generation);
  if (before !== undefined) return before;
  const byName = new Map<string, number[]>();
  const words = generation.names.map(nameWords);
  for (const [row, name] of generation.names.entries()) {
    const key = nameKey(name);
    if (key === "") continue;
    const own = byName.get(key);
    if (own === undefined) byName.set(key, [row]);
    else own.push(row);
  }
  const parts = new Set(words.flat());
  const names = { byName, words, isPartOfName: (word: string) => parts.has(word) };
  namesByGeneration.set(generation, names);
  return names;
}

/** The words in alphabetical order, so that "Smith, John" is "John Smith"; "" for a text that is too long for a name. */
function nameKey(name: string): string {
  const words = nameWords(name);
  return words.length > NAME_WORDS_MAX ? "" : words.toSorted().join(" ");
}

function nameWords(name: string): string[] {
  return name.match(/[\p{L}\p{M}\p{N}'’-]+/gu)?.map(folded) ?? [];
}
