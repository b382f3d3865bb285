// Reads HTTP/1.1 replies off a connection, in whatever pieces they arrive, and keeps nothing of them but the
// status and the first bytes of the body. It is the generator's inner loop, so it looks for the three headers
// that frame a body and at no others; names are compared without regard to case. One request is under way on
// a connection at a time, so bytes after a reply mean that the server frames its replies wrongly.
// Framing: RFC 9112, section 6.3.

const LF = 10;
const CR = 13;
const SPACE = 32;
const COLON = 58;
const SEMICOLON = 59;

/** Several times what servers take; a head that is longer is not one. */
const HEAD_BYTES_MAX = 64 * 1024;
/** Enough of a body to see what it complains about. */
const SAMPLE_BYTES_MAX = 500;

const NOTHING = new Uint8Array(0);

/** A reply that is not HTTP/1.1 as RFC 9112 frames it. */
export class MalformedReply extends Error {
  override readonly name = "MalformedReply";
}

type Phase = "head" | "counted" | "chunk_size" | "chunk_data" | "chunk_end" | "trailer" | "until_close";

export class ReplyReader {
  /** Of the reply that was read last. */
  status = 0;
  /** False when the server said that it closes the connection after this reply. */
  keepAlive = true;
  #expect = 200;
  #bodiless = false;
  #phase: Phase = "head";
  #remaining = 0;
  #lineBytes = 0;
  #inExtension = false;
  #partial: Uint8Array = NOTHING;
  #sample = "";

  /** Before each request: the status that should come, and whether a body may (HEAD has none, whatever its headers say). */
  begin(expect: number, bodiless: boolean): void {
    this.#expect = expect;
    this.#bodiless = bodiless;
  }

  /** True until the first byte of a reply arrived. */
  get fresh(): boolean {
    return this.#phase === "head" && this.#partial.length === 0;
  }

  /** The first bytes of the last reply's body, for a person to read; empty when its status was the expected one. */
  get sample(): string {
    return this.#sample;
  }

  /** Takes the next bytes; true when they end a reply. */
  feed(chunk: Uint8Array): boolean {
    if (this.#phase !== "head") return this.#readBody(chunk, 0);
    const bytes = this.#partial.length === 0 ? chunk : Buffer.concat([this.#partial, chunk]);
    const end = this.#readHead(bytes);
    if (end === -1) {
      if (bytes.length > HEAD_BYTES_MAX) throw new MalformedReply("the head of a reply never ends");
      // The socket owns the chunk and writes over it once this call is over.
      this.#partial = bytes === chunk ? chunk.slice() : bytes;
      return false;
    }
    this.#partial = NOTHING;
    this.#sample = "";
    return this.#readBody(bytes, end);
  }

  /** The connection closed. True when that is how the reply ended, false when there was none under way. */
  close(): boolean {
    if (this.#phase === "until_close") {
      this.#phase = "head";
      return true;
    }
    if (this.fresh) return false;
    throw new MalformedReply("the connection closed within a reply");
  }

  /** Reads status and framing; gives where the body starts, or -1 when the head is not all there. */
  #readHead(bytes: Uint8Array): number {
    let line = 0;
    let length = -1;
    let chunked = false;
    this.keepAlive = true;
    for (;;) {
      const feed = bytes.indexOf(LF, line);
      if (feed === -1) return -1;
      const end = bytes[feed - 1] === CR ? feed - 1 : feed;
      if (line === 0) this.#readStatus(bytes, end);
      else if (end === line) {
        if (this.status >= 200) {
          this.#frame(length, chunked);
          return feed + 1;
        }
        // An interim reply (100, 103): the real one follows.
        const rest = bytes.subarray(feed + 1);
        const start = this.#readHead(rest);
        return start === -1 ? -1 : feed + 1 + start;
      } else if (isNamed(bytes, line, end, "content-length")) length = readNumber(bytes, line + 15, end);
      else if (isNamed(bytes, line, end, "transfer-encoding")) chunked = true;
      else if (isNamed(bytes, line, end, "connection"))
        this.keepAlive = !/close/i.test(readText(bytes, line + 11, end));
      line = feed + 1;
    }
  }

  #readStatus(bytes: Uint8Array, end: number): void {
    const status = readNumber(bytes, 8, Math.min(end, 12));
    if (bytes[0] !== 72 || bytes[8] !== SPACE || status < 100)
      throw new MalformedReply("a reply does not start with HTTP/1.1");
    this.status = status;
  }

  #frame(length: number, chunked: boolean): void {
    if (this.#bodiless || this.status === 204 || this.status === 304) length = 0;
    else if (chunked) {
      this.#phase = "chunk_size";
      this.#remaining = 0;
      return;
    }
    this.#phase = length === -1 ? "until_close" : "counted";
    this.#remaining = length;
    if (length === -1) this.keepAlive = false;
  }

  #readBody(bytes: Uint8Array, from: number): boolean {
    let at = from;
    for (;;) {
      if (this.#phase === "counted" && this.#remaining === 0) {
        if (at < bytes.length) throw new MalformedReply("bytes follow a reply that ended");
        this.#phase = "head";
        return true;
      }
      if (at >= bytes.length) return false;
      at = this.#step(bytes, at);
    }
  }

  /** One step through the body; gives where the next one starts. */
  #step(bytes: Uint8Array, at: number): number {
    if (this.#phase === "until_close") return this.#take(bytes, at, bytes.length);
    if (this.#phase === "counted" || this.#phase === "chunk_data") {
      const end = Math.min(bytes.length, at + this.#remaining);
      this.#remaining -= end - at;
      if (this.#remaining === 0 && this.#phase === "chunk_data") this.#phase = "chunk_end";
      return this.#take(bytes, at, end);
    }
    const byte = bytes[at] ?? 0;
    if (byte === LF) this.#endLine();
    else if (byte !== CR) this.#readInLine(byte);
    return at + 1;
  }

  /** The lines between chunks: sizes, the empty ones after data, and trailers until an empty one. */
  #endLine(): void {
    if (this.#phase === "chunk_end") this.#phase = "chunk_size";
    else if (this.#phase === "chunk_size") this.#phase = this.#remaining === 0 ? "trailer" : "chunk_data";
    else if (this.#lineBytes === 0) this.#phase = "counted";
    this.#lineBytes = 0;
    this.#inExtension = false;
  }

  #readInLine(byte: number): void {
    if (this.#phase === "chunk_end") throw new MalformedReply("a chunk does not end where its size says");
    this.#lineBytes += 1;
    if (this.#phase === "trailer") return;
    if (byte === SEMICOLON) this.#inExtension = true;
    else if (!this.#inExtension) this.#remaining = this.#remaining * 16 + hexDigit(byte);
  }

  #take(bytes: Uint8Array, from: number, to: number): number {
    const room = this.status === this.#expect ? 0 : SAMPLE_BYTES_MAX - this.#sample.length;
    if (room > 0) this.#sample += readText(bytes, from, Math.min(to, from + room));
    return to;
  }
}

function isNamed(bytes: Uint8Array, from: number, end: number, name: string): boolean {
  if (end - from <= name.length || bytes[from + name.length] !== COLON) return false;
  for (let index = 0; index < name.length; index += 1) {
    // Setting bit 5 turns upper case into lower case and leaves the hyphen as it is.
    if (((bytes[from + index] ?? 0) | 32) !== name.charCodeAt(index)) return false;
  }
  return true;
}

function readNumber(bytes: Uint8Array, from: number, end: number): number {
  let number = 0;
  for (let index = from; index < end; index += 1) {
    const byte = bytes[index] ?? 0;
    if (byte >= 48 && byte <= 57) number = number * 10 + byte - 48;
    else if (byte !== SPACE) throw new MalformedReply("a number in the head of a reply is not one");
  }
  return number;
}

function readText(bytes: Uint8Array, from: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString("latin1");
}

function hexDigit(byte: number): number {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  if (Number.isNaN(digit)) throw new MalformedReply("the size of a chunk is not a number");
  return digit;
}
