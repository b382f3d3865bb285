// The texts that cells refer to by number. A large workbook has millions, so they lie in a file of their own, and of
// that only the pages in use are held: cells mostly refer to texts in the order in which those stand.

import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { LRUCache } from "lru-cache";
import { Fault } from "#rpc/fault";
import { unescapeText } from "./escaped-text.ts";
import { readXml } from "./xml.ts";

const PAGE_BYTES = 256 * 1024;
/** 32 MiB: more would not make another order of cells any faster. */
const PAGES_MAX = 128;
/** Texts; a sheet has 17 billion cells at most, and this is what a gigabyte of them has. */
const STRINGS_MAX = 50_000_000;

export class SharedStrings {
  readonly #file: number;
  readonly #pages = new LRUCache<number, Buffer>({ max: PAGES_MAX });
  /** Where each text starts, and where the last one ends. */
  #starts = new Float64Array(1024);
  #count = 0;
  #end = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  private constructor(path: string) {
    this.#file = openSync(path, "w+");
  }

  static async read(texts: AsyncIterable<string>, part: string, path: string): Promise<SharedStrings> {
    const strings = new SharedStrings(path);
    let text = "";
    let within = false;
    let phonetic = 0;
    try {
      await readXml(part, texts, {
        open: (name) => {
          if (name === "si") text = "";
          else if (name === "rPh") phonetic += 1;
          else if (name === "t") within = phonetic === 0;
        },
        text: (piece) => {
          if (within) text += piece;
        },
        close: (name) => {
          if (name === "t") within = false;
          else if (name === "rPh") phonetic -= 1;
          else if (name === "si") strings.#add(unescapeText(text));
        },
      });
      strings.#flush();
      return strings;
    } catch (error) {
      strings.close();
      throw error;
    }
  }

  static none(path: string): SharedStrings {
    return new SharedStrings(path);
  }

  #add(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#count + 2 > this.#starts.length) {
      if (this.#count >= STRINGS_MAX)
        throw new Fault("too_large", `The workbook has more than ${STRINGS_MAX} texts: send it in parts.`);
      const grown = new Float64Array(this.#starts.length * 2);
      grown.set(this.#starts);
      this.#starts = grown;
    }
    this.#count += 1;
    this.#end += bytes.length;
    this.#starts[this.#count] = this.#end;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= PAGE_BYTES) this.#flush();
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** The text of that number, from 0. */
  at(index: number): string {
    const [start, end] = this.#span(index);
    const from = Math.floor(start / PAGE_BYTES);
    const to = Math.floor(end / PAGE_BYTES);
    if (from === to) {
      const page = this.#page(from);
      return page.toString("utf8", start - from * PAGE_BYTES, end - from * PAGE_BYTES);
    }
    const pages = Array.from({ length: to - from + 1 }, (_, at) => this.#page(from + at));
    return Buffer.concat(pages).toString("utf8", start - from * PAGE_BYTES, end - from * PAGE_BYTES);
  }

  isEmpty(index: number): boolean {
    const [start, end] = this.#span(index);
    return start === end;
  }

  #span(index: number): readonly [start: number, end: number] {
    if (!(index >= 0 && index < this.#count))
      throw new Fault(
        "rejected",
        `The workbook is damaged: a cell refers to text ${index}, and there are ${this.#count}. Save it again in Excel.`,
      );
    return [this.#starts[index] ?? 0, this.#starts[index + 1] ?? 0];
  }

  #page(number: number): Buffer {
    const kept = this.#pages.get(number);
    if (kept !== undefined) return kept;
    const page = Buffer.alloc(PAGE_BYTES);
    const length = readSync(this.#file, page, 0, PAGE_BYTES, number * PAGE_BYTES);
    const whole = page.subarray(0, length);
    this.#pages.set(number, whole);
    return whole;
  }

  close(): void {
    closeSync(this.#file);
  }
}
