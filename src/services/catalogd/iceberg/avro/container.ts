// Avro object container files (Avro 1.11, "Object Container Files"): a header of named strings, then blocks
// of records, each closed by a sync marker of 16 bytes. The marker is a digest of what is written, so that
// the same records always give the same bytes.

import { deflateRawSync, inflateRawSync } from "node:zlib";

import { Fault } from "#rpc/fault";

import { type AvroType, type AvroValue, type Codec, compile, type NameOf } from "./codec.ts";
import { cursorOf, readCount, Sink, take } from "./bytes.ts";

export type AvroCodec = "null" | "deflate";

export interface AvroFile {
  readonly schema: AvroType;
  /** The header without `avro.schema` and `avro.codec`. */
  readonly header: ReadonlyMap<string, string>;
  readonly records: readonly AvroValue[];
}

const MAGIC = new Uint8Array([0x4f, 0x62, 0x6a, 0x01]);
const SYNC_BYTES = 16;
/** A block is closed at this size, as the reference implementation does; a reader can skip whole blocks. */
const BLOCK_BYTES = 64_000;
/** What one block may grow to when inflated: a thousand times the usual block, far below the memory of a host. */
const INFLATED_BYTES_MAX = 64 * 1024 * 1024;

const ownNames: NameOf = (field) => field.name;
const HEADER = compile({ type: "map", values: "bytes" }, ownNames);
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface AvroInput {
  readonly schema: AvroType;
  readonly header?: Readonly<Record<string, string>>;
  readonly records: readonly AvroValue[];
  readonly codec?: AvroCodec;
}

export function encodeAvro({ schema, header = {}, records, codec = "deflate" }: AvroInput): Uint8Array {
  const meta = new Map<AvroValue, AvroValue>();
  for (const [key, value] of Object.entries(header)) meta.set(key, encoder.encode(value));
  meta.set("avro.codec", encoder.encode(codec));
  const schemaText = JSON.stringify(schema);
  meta.set("avro.schema", encoder.encode(schemaText));

  const { write } = compiled(schemaText, ownNames).codec;
  const blocks: { count: number; bytes: Uint8Array }[] = [];
  const body = new Sink();
  let count = 0;
  const close = (): void => {
    const plain = body.drain();
    blocks.push({ count, bytes: codec === "deflate" ? deflateRawSync(plain) : plain });
    count = 0;
  };
  for (const record of records) {
    write(body, record);
    count++;
    if (body.length >= BLOCK_BYTES) close();
  }
  if (count > 0) close();

  const file = new Sink();
  file.raw(MAGIC);
  HEADER.write(file, meta);
  const digest = new Bun.CryptoHasher("md5");
  digest.update(`[${schemaText},${JSON.stringify(header)}]`);
  for (const block of blocks) digest.update(block.bytes);
  const sync = new Uint8Array(digest.digest().buffer);
  file.raw(sync);
  for (const block of blocks) {
    file.long(block.count);
    file.counted(block.bytes);
    file.raw(sync);
  }
  return file.drain();
}

/**
 * Reads a container file of any writer. `nameOf` renames fields while reading. Throws the Fault `invalid` for
 * bytes that are not sound and for codecs other than `null` and `deflate`.
 */
export function decodeAvro(bytes: Uint8Array, nameOf: NameOf = ownNames): AvroFile {
  const cursor = cursorOf(bytes);
  if (!take(cursor, MAGIC.length).every((byte, index) => byte === MAGIC[index])) {
    throw new Fault("invalid", "This is not an Avro file: its first bytes are not `Obj` and 1.");
  }
  const header = new Map<string, string>();
  for (const [key, value] of HEADER.read(cursor) as Map<string, Uint8Array>) {
    header.set(key, decoder.decode(value));
  }
  const { schema, codec: codecOfSchema } = compiled(header.get("avro.schema"), nameOf);
  const codec = header.get("avro.codec") ?? "null";
  header.delete("avro.schema");
  header.delete("avro.codec");
  const sync = take(cursor, SYNC_BYTES);
  const { read } = codecOfSchema;
  const records: AvroValue[] = [];
  while (cursor.at < bytes.length) {
    const count = readCount(cursor);
    const block = cursorOf(plainBlock(codec, take(cursor, readCount(cursor))));
    if (count < 0 || count > block.bytes.length) {
      throw new Fault("invalid", "This Avro file is damaged: a block claims more records than it has bytes.");
    }
    for (let index = 0; index < count; index++) records.push(read(block));
    if (!take(cursor, SYNC_BYTES).every((byte, index) => byte === sync[index])) {
      throw new Fault("invalid", "This Avro file is damaged: a block does not end with the sync marker.");
    }
  }
  return { schema, header, records };
}

interface Compiled {
  readonly schema: AvroType;
  readonly codec: Codec;
}

/** A writer has one schema for each kind of file and table; more are those of many foreign writers. */
const COMPILED_MAX = 64;
/** Ten times the longest that we write; a longer one is read once and not kept. */
const COMPILED_CHARS_MAX = 64 * 1024;
const compiledBy = new WeakMap<NameOf, Map<string, Compiled>>();

/** Compiling a schema takes longer than reading or writing a small file by it, so the last ones are kept. */
function compiled(text: string | undefined, nameOf: NameOf): Compiled {
  const known = compiledBy.get(nameOf) ?? new Map<string, Compiled>();
  compiledBy.set(nameOf, known);
  const found = known.get(text ?? "");
  if (found !== undefined) return found;
  const schema = parseSchema(text);
  const made = { schema, codec: compile(schema, nameOf) };
  if (text === undefined || text.length > COMPILED_CHARS_MAX) return made;
  if (known.size >= COMPILED_MAX) known.clear();
  known.set(text, made);
  return made;
}

function parseSchema(text: string | undefined): AvroType {
  try {
    return JSON.parse(text ?? "");
  } catch {
    throw new Fault("invalid", "This Avro file is damaged: its header has no readable schema.");
  }
}

function plainBlock(codec: string, bytes: Uint8Array): Uint8Array {
  if (codec === "null") return bytes;
  if (codec !== "deflate") {
    throw new Fault("invalid", `Avro blocks compressed with "${codec}" cannot be read: use null or deflate.`);
  }
  try {
    return inflateRawSync(bytes, { maxOutputLength: INFLATED_BYTES_MAX });
  } catch (thrown) {
    throw new Fault("invalid", "This Avro file is damaged: a block cannot be inflated.", { cause: thrown });
  }
}
