// A column's values as counts of what they look like: all that type inference and a later rejects replay need to
// know of them. Memory does not grow with the rows.

import {
  type Look,
  lookOfWords,
  MARKS,
  NOTHING_LOOK,
  onlyKinds,
  rememberedLook,
  TEXT_LOOK,
  wordsOf,
} from "./looks.ts";
import { isNull } from "./nulls.ts";

const SAMPLES_MAX = 3;
const SAMPLE_CHARS_MAX = 200;
/** Words for nothing that one column may have; a column with more has words, not gaps. */
const NOTHING_WORDS_MAX = 16;
/** Looks that one column counts apart. Money and numbers have some hundreds at most; what comes after is text. */
const LOOKS_MAX = 4096;

/** A column's values as counts of what they look like. */
export interface StoredStats {
  readonly counts: readonly (readonly [words: readonly string[], count: number])[];
  readonly nothing: readonly string[];
  readonly spaced: boolean;
}

/** The first value that has a look, and the line of its row; 0 where no line is known. */
export interface Example {
  readonly text: string;
  readonly line: number;
}

interface Counted extends Example {
  count: number;
}

export class ColumnStats {
  readonly #counted = new Map<Look, Counted>();
  /** Most values look like the one before, so its entry is at hand. */
  #look: Look | undefined;
  #entry: Counted = { count: 0, text: "", line: 0 };
  readonly #samples: string[] = [];
  readonly #nothing = new Set<string>();
  #values = 0;
  #gaps = 0;
  #spaced = false;

  add(text: string, line = 0): void {
    if (isNull(text)) {
      this.#gaps += 1;
      return;
    }
    const trimmed = hasSpace(text) ? text.trim() : text;
    if (trimmed.length !== text.length) this.#spaced = true;
    const look = trimmed === "" ? NOTHING_LOOK : rememberedLook(trimmed);
    if ((look.marks & MARKS.nothing) !== 0 && this.#nothing.size < NOTHING_WORDS_MAX)
      this.#nothing.add(trimmed);
    this.#values += 1;
    if (look !== this.#look) {
      this.#look = look;
      this.#entry = this.#entryOf(look, text, line);
    }
    this.#entry.count += 1;
    if (this.#samples.length < SAMPLES_MAX) {
      const sample = text.slice(0, SAMPLE_CHARS_MAX);
      if (!this.#samples.includes(sample)) this.#samples.push(sample);
    }
  }

  #entryOf(look: Look, text: string, line: number): Counted {
    const known = this.#counted.get(look);
    if (known !== undefined) return known;
    if (this.#counted.size >= LOOKS_MAX && look !== TEXT_LOOK) return this.#entryOf(TEXT_LOOK, text, line);
    const entry = { count: 0, text: text.slice(0, SAMPLE_CHARS_MAX), line };
    this.#counted.set(look, entry);
    return entry;
  }

  /** The counts in a form that can be kept: `restore` adds them again. */
  stored(): StoredStats {
    const counts = [...this.#counted].map(([look, { count }]): [string[], number] => [wordsOf(look), count]);
    return { counts, nothing: this.nothing, spaced: this.#spaced };
  }

  /** Adds counts that `stored` gave. */
  restore({ counts, nothing, spaced }: StoredStats): this {
    for (const [words, count] of counts) {
      this.#values += count;
      this.#entryOf(lookOfWords(words), "", 0).count += count;
    }
    for (const word of nothing) this.#nothing.add(word);
    this.#spaced ||= spaced;
    return this;
  }

  /** Adds the values of another part of the same column. */
  include(other: ColumnStats): void {
    for (const [look, { count, text, line }] of other.#counted)
      this.#entryOf(look, text, line).count += count;
    this.#values += other.#values;
    this.#gaps += other.#gaps;
    this.#spaced ||= other.#spaced;
    for (const word of other.#nothing) this.#nothing.add(word);
    for (const sample of other.#samples)
      if (this.#samples.length < SAMPLES_MAX && !this.#samples.includes(sample)) this.#samples.push(sample);
  }

  /** The same values as if there were no other kinds than these. */
  limitedTo(kinds: number): ColumnStats {
    const limited = new ColumnStats();
    limited.include(this);
    limited.#counted.clear();
    for (const [look, { count, text, line }] of this.#counted)
      limited.#entryOf(onlyKinds(look, kinds), text, line).count += count;
    return limited;
  }

  /** The values of these kinds, and words for nothing, as if there were so many times as many. */
  times(factor: number, kinds: number): ColumnStats {
    const more = new ColumnStats();
    for (const [look, { count, text, line }] of this.#counted) {
      if ((look.kinds & kinds) === 0 && (look.marks & MARKS.nothing) === 0) continue;
      const times = Math.round(count * factor);
      more.#entryOf(look, text, line).count += times;
      more.#values += times;
    }
    more.#gaps = Math.round(this.#gaps * factor);
    more.#spaced = this.#spaced;
    for (const word of this.#nothing) more.#nothing.add(word);
    more.#samples.push(...this.#samples);
    return more;
  }

  /** Without the looks that fewer than such a share of the values have. */
  frequent(share: number): ColumnStats {
    const some = new ColumnStats();
    some.include(this);
    some.#counted.clear();
    some.#values = 0;
    for (const [look, { count, text, line }] of this.#counted) {
      if (count < this.#values * share) continue;
      some.#entryOf(look, text, line).count += count;
      some.#values += count;
    }
    return some;
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

  /** How many values fit any of these kinds. */
  having(kinds: number): number {
    return this.#count((look) => (look.kinds & kinds) !== 0);
  }

  /** How many values have any of these marks. */
  marked(marks: number): number {
    return this.#count((look) => (look.marks & marks) !== 0);
  }

  #count(holds: (look: Look) => boolean): number {
    let total = 0;
    for (const [look, { count }] of this.#counted) if (holds(look)) total += count;
    return total;
  }

  /** The looks of the values that fit any of these kinds. */
  looksOf(kinds: number): Look[] {
    return [...this.#counted.keys()].filter((look) => (look.kinds & kinds) !== 0);
  }

  /** A value that fits none of these kinds and says something. */
  exampleBeside(kinds: number): Example | undefined {
    for (const [look, example] of this.#counted)
      if ((look.kinds & kinds) === 0 && (look.marks & MARKS.nothing) === 0) return example;
    return undefined;
  }
}

/** Whether something may have to be trimmed: most texts begin and end with a plain character. */
function hasSpace(text: string): boolean {
  const first = text.charCodeAt(0);
  const last = text.charCodeAt(text.length - 1);
  return first <= 32 || first > 126 || last <= 32 || last > 126;
}
