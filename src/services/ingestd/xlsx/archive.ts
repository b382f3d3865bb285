// The ZIP archive that a workbook is, read by its central directory and one part at a time. What a part unpacks to is
// declared there and held to; a part that declares too much, or unpacks to far more than text does, is a bomb.

import type { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { Fault } from "#rpc/fault";

/** A sheet of a million rows and fifty columns has half of it. */
const PART_BYTES_MAX = 4 * 1024 ** 3;
/** Text packs to a tenth or a twentieth; only repetition without end packs like this, and small parts may. */
const RATIO_MAX = 200;
const RATIO_BYTES_MIN = 64 * 1024 * 1024;
/** A workbook has some dozens, and one for each picture. */
const ENTRIES_MAX = 20_000;

export class Archive {
  readonly #zip: ZipFile;
  /** By name in small letters: names of parts do not tell capitals apart. */
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip;
    this.#entries = entries;
  }

  static async open(path: string): Promise<Archive> {
    const zip = await openPromise(path, { autoClose: false, lazyEntries: true }).catch(damaged);
    const entries = new Map<string, Entry>();
    try {
      for await (const entry of zip.eachEntry()) {
        entries.set(keyOf(entry.fileName), entry);
        if (entries.size > ENTRIES_MAX)
          throw new Fault("too_large", `The archive has more than ${ENTRIES_MAX} entries.`);
      }
    } catch (error) {
      zip.close();
      damaged(error);
    }
    return new Archive(zip, entries);
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(keyOf(name));
  }

  bytesOf(name: string): number {
    return this.#entries.get(keyOf(name))?.uncompressedSize ?? 0;
  }

  /** A part's text, a piece at a time. Throws `too_large` before anything of a bomb is unpacked. */
  async *text(name: string): AsyncGenerator<string> {
    const entry = this.#entries.get(keyOf(name));
    if (entry === undefined) throw missingPart(name);
    refuseBomb(entry);
    if (entry.isEncrypted())
      throw new Fault("invalid", "The archive is encrypted: save the workbook without a password.");
    const stream: Readable = await this.#zip.openReadStreamPromise(entry).catch(damaged);
    let decoder: TextDecoder | undefined;
    let checksum = 0;
    try {
      for await (const chunk of stream) {
        const bytes = chunk as Uint8Array;
        checksum = crc32(bytes, checksum);
        decoder ??= new TextDecoder(encodingOf(bytes));
        yield decoder.decode(bytes, { stream: true });
      }
    } catch (error) {
      damaged(error);
    }
    if (checksum !== entry.crc32) damaged(new Error(`the checksum of ${entry.fileName} is wrong`));
    yield decoder?.decode() ?? "";
  }

  close(): void {
    this.#zip.close();
  }
}

export function missingPart(name: string): Fault {
  return new Fault(
    "rejected",
    `The workbook is damaged: its part ${name} is missing. Save it again in Excel.`,
  );
}

function keyOf(name: string): string {
  return name.replace(/^\/+/, "").toLowerCase();
}

/** By its byte order mark; XML without one is UTF-8. */
function encodingOf([first, second]: Uint8Array): "utf-8" | "utf-16le" | "utf-16be" {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

function refuseBomb({ uncompressedSize: bytes, compressedSize: packed, fileName }: Entry): void {
  const bomb = bytes > RATIO_BYTES_MIN && bytes > packed * RATIO_MAX;
  if (bytes <= PART_BYTES_MAX && !bomb) return;
  throw new Fault(
    "too_large",
    `${fileName} unpacks to ${bytes} bytes, more than a sheet may have${bomb ? ` (${RATIO_MAX} times its packed size)` : ""}: send the data as CSV or Parquet.`,
  );
}

function damaged(error: unknown): never {
  if (error instanceof Fault) throw error;
  const why = (error instanceof Error ? error.message : String(error)).replace(/\.+$/, "");
  throw new Fault("rejected", `The workbook cannot be unpacked: ${why}. Save it again in Excel.`, {
    cause: error,
  });
}
