// A file that a stage adds to: the first bytes of what is there, and what is appended, go into a temporary file that takes
// the old one's place when it is published. Whatever ends the process in between leaves the file as it was.

import { appendFileSync, closeSync, copyFileSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { makeFolder, syncFolder, temporaryPath } from "#lib/durable";

/** What is held in memory before it is written. */
const BUFFER_CHARS_MAX = 256 * 1024;

/** UTF-8 has at most three bytes for a UTF-16 code unit. */
const BYTES_A_CHAR_MAX = 3;

/** Where texts become bytes, one file after the other: memory that is allocated for each flush costs more than the encoding. */
const encoded = Buffer.alloc(1024 * 1024);

export class GrowingFile {
  readonly path: string;
  readonly #keptBytes: number | undefined;
  readonly #mode: number;
  #temporary: string | undefined;
  #buffer: string[] = [];
  #buffered = 0;

  /** `keptBytes` of the file that is there stay; undefined is all of them. */
  constructor(
    path: string,
    options: { readonly keptBytes?: number | undefined; readonly mode?: number } = {},
  ) {
    this.path = path;
    this.#keptBytes = options.keptBytes;
    this.#mode = options.mode ?? 0o600;
  }

  async open(): Promise<void> {
    if (this.#temporary !== undefined) return;
    const folder = dirname(this.path);
    await makeFolder(folder);
    const temporary = temporaryPath(folder, basename(this.path));
    this.#temporary = temporary;
    appendFileSync(temporary, "", { mode: this.#mode });
    if (this.#keptBytes === 0) return;
    try {
      copyFileSync(this.path, temporary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      return;
    }
    if (this.#keptBytes !== undefined) truncateSync(temporary, this.#keptBytes);
  }

  append(text: string): void {
    this.#buffer.push(text);
    this.#buffered += text.length;
    if (this.#buffered > BUFFER_CHARS_MAX) this.flush();
  }

  flush(): void {
    if (this.#temporary === undefined || this.#buffer.length === 0) return;
    const descriptor = openSync(this.#temporary, "a");
    try {
      writeTexts(descriptor, this.#buffer);
    } finally {
      closeSync(descriptor);
    }
    this.#buffer = [];
    this.#buffered = 0;
  }

  get bufferedChars(): number {
    return this.#buffered;
  }

  async publish(): Promise<void> {
    this.flush();
    if (this.#temporary === undefined) return;
    const file = await open(this.#temporary, "r+");
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(this.#temporary, this.path);
    this.#temporary = undefined;
    await syncFolder(dirname(this.path));
  }

  /** Leaves the file as it was. */
  discard(): void {
    if (this.#temporary !== undefined) rmSync(this.#temporary, { force: true });
    this.#temporary = undefined;
    this.#buffer = [];
  }
}

function writeTexts(descriptor: number, texts: readonly string[]): void {
  let held = 0;
  for (const text of texts) {
    const bytesMax = text.length * BYTES_A_CHAR_MAX;
    if (held + bytesMax > encoded.length) {
      writeFully(descriptor, encoded.subarray(0, held));
      held = 0;
    }
    if (bytesMax > encoded.length) writeFully(descriptor, Buffer.from(text));
    else held += encoded.write(text, held);
  }
  writeFully(descriptor, encoded.subarray(0, held));
}

/** A write near a full disk may take only a part. */
function writeFully(descriptor: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
}
