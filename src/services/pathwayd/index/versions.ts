// Every version of every trace as a slot of growing arrays, from its recording to the next version's, with the words it
// holds. Nothing leaves: a search as of a past moment sees the slots that held then, and computes how rare a word is among
// those, so that what was recorded later changes no answer of before.

import { append, countAt, emptyPostings, type Postings } from "#domain/lexical/postings";
import type { Moment } from "../moments.ts";
import type { Indexed } from "./derived.ts";
import { SKETCH_WORDS } from "./sketch.ts";

const CAPACITY_START = 256;

export interface NewVersion {
  readonly seq: number;
  readonly trace: number;
  readonly at: Moment;
  readonly kind: string;
  readonly subject: string;
}

export class Versions {
  size = 0;
  seqs = new Float64Array(CAPACITY_START);
  from = new Float64Array(CAPACITY_START);
  /** When the next version was recorded, Infinity for the newest. */
  to = new Float64Array(CAPACITY_START);
  traces = new Uint32Array(CAPACITY_START);
  words = new Uint32Array(CAPACITY_START);
  kinds = new Uint32Array(CAPACITY_START);
  models = new Uint32Array(CAPACITY_START);
  saysWhen = new Uint8Array(CAPACITY_START);
  sketches = new Uint32Array(CAPACITY_START * SKETCH_WORDS);
  /** By the hash of a word: the slots whose text has it, and those whose speaker is named so. */
  readonly postings = new Map<number, Postings>();
  readonly speakers = new Map<number, Postings>();
  readonly #kindIds = new Map<string, number>();
  readonly #bySubject = new Map<string, number[]>();

  /** Bytes of the arrays and of what the words hold. */
  get bytes(): number {
    let bytes = this.from.length * (8 * 3 + 4 * 4 + 1 + SKETCH_WORDS * 4);
    for (const { pairs } of this.postings.values()) bytes += pairs.byteLength;
    return bytes;
  }

  add({ seq, trace, at, kind, subject }: NewVersion, indexed: Indexed): number {
    const slot = this.size;
    if (slot === this.from.length) this.#grow();
    this.size += 1;
    this.seqs[slot] = seq;
    this.from[slot] = at;
    this.to[slot] = Infinity;
    this.traces[slot] = trace;
    this.words[slot] = indexed.words;
    this.kinds[slot] = this.#kindId(kind);
    this.saysWhen[slot] = indexed.saysWhen ? 1 : 0;
    this.setSketch(slot, indexed);
    const ofSubject = this.#bySubject.get(subject);
    if (ofSubject === undefined) this.#bySubject.set(subject, [slot]);
    else ofSubject.push(slot);
    const { pairs, speaker } = indexed;
    for (let i = 0; i < pairs.length; i += 2)
      append(postingsOf(this.postings, pairs[i] as number), slot, pairs[i + 1] as number);
    for (const word of speaker) append(postingsOf(this.speakers, word), slot, 1);
    return slot;
  }

  setSketch(slot: number, { model, sketch }: Indexed): void {
    this.models[slot] = model;
    this.sketches.set(sketch, slot * SKETCH_WORDS);
  }

  supersede(slot: number, at: Moment): void {
    this.to[slot] = at;
  }

  holdsAt(slot: number, moment: Moment): boolean {
    return (this.from[slot] as number) <= moment && moment < (this.to[slot] as number);
  }

  /** Whether a version's text has a word. */
  has(word: number, slot: number): boolean {
    const postings = this.postings.get(word);
    return postings !== undefined && countAt(postings, slot) > 0;
  }

  /** Whether anybody had spoken under a name by then. */
  isSpeakerAt(word: number, moment: Moment): boolean {
    const first = this.speakers.get(word)?.pairs[1];
    return first !== undefined && (this.from[first] as number) <= moment;
  }

  /** Undefined for a kind that no trace has. */
  kindNumber(kind: string): number | undefined {
    return this.#kindIds.get(kind);
  }

  ofSubject(subject: string): readonly number[] {
    return this.#bySubject.get(subject) ?? [];
  }

  #kindId(kind: string): number {
    const known = this.#kindIds.get(kind);
    if (known !== undefined) return known;
    this.#kindIds.set(kind, this.#kindIds.size);
    return this.#kindIds.size - 1;
  }

  #grow(): void {
    const grown = this.from.length * 2;
    const copy = <A extends Float64Array | Uint32Array | Uint8Array>(old: A, made: A): A => {
      made.set(old);
      return made;
    };
    this.seqs = copy(this.seqs, new Float64Array(grown));
    this.from = copy(this.from, new Float64Array(grown));
    this.to = copy(this.to, new Float64Array(grown));
    this.traces = copy(this.traces, new Uint32Array(grown));
    this.words = copy(this.words, new Uint32Array(grown));
    this.kinds = copy(this.kinds, new Uint32Array(grown));
    this.models = copy(this.models, new Uint32Array(grown));
    this.saysWhen = copy(this.saysWhen, new Uint8Array(grown));
    this.sketches = copy(this.sketches, new Uint32Array(grown * SKETCH_WORDS));
  }
}

function postingsOf(all: Map<number, Postings>, word: number): Postings {
  const known = all.get(word);
  if (known !== undefined) return known;
  const made = emptyPostings();
  all.set(word, made);
  return made;
}
