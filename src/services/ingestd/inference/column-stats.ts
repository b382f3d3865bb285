// A column's values as counts of what they look like: all that type inference and a later rejects replay need to
// know of them. Memory does not grow with the rows.

import { bitOf, KINDS } from "./kinds.ts";
import { MARKS, maskOfWords, rememberedMask, wordsOf } from "./masks.ts";
import { isNull } from "./nulls.ts";

const SAMPLES_MAX = 3;
const SAMPLE_CHARS_MAX = 200;
/** Words for nothing that one column may have; a column with more has words, not gaps. */
const NOTHING_WORDS_MAX = 16;

/** JSON says itself whether a value is a text. */
export type Origin = "text" | "json string" | "json scalar";

const WORDS_OF_JSON = KINDS.filter(
  ({ type }) => type === "DATE" || type === "TIME" || type.startsWith("TIMESTAMP"),
);
const JSON_STRING_MASK = WORDS_OF_JSON.reduce((mask, { name }) => mask | bitOf(name), 0);

/** A column's values as counts of what they look like. */
export interface ToldStats {
  readonly counts: readonly (readonly [words: readonly string[], count: number])[];
  readonly nothing: readonly string[];
  readonly spaced: boolean;
}

export class ColumnStats {
  readonly #counted = new Map<number, number>();
  /** Most values look like the one before: they are counted apart, and put to the others when one does not. */
  #mask = 0;
  #alike = 0;
  readonly #samples: string[] = [];
  readonly #nothing = new Set<string>();
  #values = 0;
  #gaps = 0;
  #spaced = false;

  add(text: string, origin: Origin = "text"): void {
    if (isNull(text)) {
      this.#gaps += 1;
      return;
    }
    const trimmed = hasSpace(text) ? text.trim() : text;
    if (trimmed.length !== text.length) this.#spaced = true;
    let mask = trimmed === "" ? MARKS.nothing : rememberedMask(trimmed);
    if (origin === "json string") mask &= JSON_STRING_MASK;
    if ((mask & MARKS.nothing) !== 0 && this.#nothing.size < NOTHING_WORDS_MAX) this.#nothing.add(trimmed);
    this.#values += 1;
    if (mask !== this.#mask) {
      this.#settle();
      this.#mask = mask;
    }
    this.#alike += 1;
    if (this.#samples.length < SAMPLES_MAX && !this.#samples.includes(text)) {
      this.#samples.push(text.slice(0, SAMPLE_CHARS_MAX));
    }
  }

  #settle(): void {
    if (this.#alike > 0) this.#counted.set(this.#mask, (this.#counted.get(this.#mask) ?? 0) + this.#alike);
    this.#alike = 0;
  }

  get #counts(): ReadonlyMap<number, number> {
    this.#settle();
    return this.#counted;
  }

  /** What was seen, to be kept: `seen` takes it back. */
  told(): ToldStats {
    const counts = [...this.#counts].map(([mask, count]): [string[], number] => [wordsOf(mask), count]);
    return { counts, nothing: this.nothing, spaced: this.#spaced };
  }

  /** Adds what another column like this one has told. */
  seen({ counts, nothing, spaced }: ToldStats): this {
    for (const [words, count] of counts) {
      const mask = maskOfWords(words);
      this.#values += count;
      this.#counted.set(mask, (this.#counted.get(mask) ?? 0) + count);
    }
    for (const word of nothing) this.#nothing.add(word);
    this.#spaced ||= spaced;
    return this;
  }

  get values(): number {
    return this.#values;
  }
  get gaps(): number {
    return this.#gaps;
  }
  get samples(): readonly string[] {
    return this.#samples;
  }
  /** Words for nothing, as they stand in this column. */
  get nothing(): readonly string[] {
    return [...this.#nothing];
  }
  /** Some values have spaces around them. */
  get spaced(): boolean {
    return this.#spaced;
  }

  /** How many values have any of these bits. */
  having(bits: number): number {
    let total = 0;
    for (const [mask, count] of this.#counts) if ((mask & bits) !== 0) total += count;
    return total;
  }
}

/** Whether something may have to be trimmed: most texts begin and end with a plain character. */
function hasSpace(text: string): boolean {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  return first <= 32 || first > 126 || last <= 32 || last > 126;
}
