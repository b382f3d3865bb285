// What a stage could not use, with its reason and its bytes: `exports/quarantine/STAGE.jsonl`, readable by its owner alone.
// An entry that stands there already is not added a second time, so that a stage may meet the same line as often as it likes.

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { QUARANTINE_FOLDER } from "../root.ts";
import { sha256Hex } from "./digest.ts";
import { GrowingFile } from "./growing-file.ts";
import { type Line, linesOf, rangeOf } from "./lines.ts";
import { SeenHashes } from "./seen-hashes.ts";

/** Multiples of three are encoded piece by piece as the whole would be. */
const PIECE_BYTES = 3 * 256 * 1024;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Place {
  readonly reason: string;
  readonly sourceFile: string;
  readonly replay: string;
}

export class Quarantine {
  readonly #stage: string;
  readonly #path: string;
  readonly #file: GrowingFile;
  readonly #there = new SeenHashes();
  #added = 0;

  private constructor(root: string, stage: string) {
    this.#stage = stage;
    this.#path = join(root, QUARANTINE_FOLDER, `${stage}.jsonl`);
    this.#file = new GrowingFile(this.#path, { mode: 0o600 });
  }

  static async open(root: string, stage: string): Promise<Quarantine> {
    const quarantine = new Quarantine(root, stage);
    for await (const line of linesIfThere(quarantine.#path)) {
      const bytes = line.bytes ?? (await rangeHash(quarantine.#path, line));
      quarantine.#there.add(line.bytes === undefined ? bytes : Buffer.from(sha256Hex(bytes), "hex"));
    }
    return quarantine;
  }

  /** `path` is the file that the line stands in, for one that is too long to be held. */
  async add(line: Line, path: string, place: Place): Promise<void> {
    const { bytes } = line;
    const raw = bytes === undefined ? undefined : asText(bytes);
    const isText = raw !== undefined;
    const { reason, sourceFile, replay } = place;
    const head = `{"reason":${JSON.stringify(reason)},"stage":${JSON.stringify(this.#stage)},"source_file":${JSON.stringify(sourceFile)},"line_offset":${line.offset},"raw":`;
    const foot = `,"encoding":"${isText ? "utf8" : "base64"}","replay":${JSON.stringify(replay)}}`;
    const pieces = async function* (): AsyncGenerator<string> {
      if (isText) {
        yield `${head}${JSON.stringify(raw)}${foot}`;
        return;
      }
      yield `${head}"`;
      if (bytes === undefined) {
        for await (const piece of rangeOf(path, line.start, line.length, PIECE_BYTES))
          yield Buffer.from(piece).toString("base64");
      } else yield Buffer.from(bytes).toString("base64");
      yield `"${foot}`;
    };
    const hasher = new Bun.CryptoHasher("sha256");
    for await (const piece of pieces()) hasher.update(piece);
    if (!this.#there.add(hasher.digest())) return;
    await this.#file.open();
    for await (const piece of pieces()) this.#file.append(piece);
    this.#file.append("\n");
    this.#added += 1;
  }

  /** Entries of the stage, those of earlier runs too. */
  get entries(): number {
    return this.#there.size;
  }

  async publish(): Promise<void> {
    if (this.#added > 0) await this.#file.publish();
    this.#added = 0;
  }

  discard(): void {
    this.#file.discard();
  }
}

function asText(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

async function rangeHash(path: string, { start, length }: Line): Promise<Uint8Array> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of rangeOf(path, start, length, PIECE_BYTES)) hasher.update(piece);
  return hasher.digest();
}

/** The lines of a file, none when it is not there. */
export async function* linesIfThere(path: string): AsyncGenerator<Line> {
  let size: number;
  try {
    ({ size } = await stat(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  yield* linesOf(path, size);
}
