// Small static models for tests: a table that a test makes, with a tokenizer of whole words.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface SmallModel {
  /** By word; "[UNK]" is there by itself unless it is given. */
  readonly words: Readonly<Record<string, readonly number[]>>;
  readonly dtype?: "F64" | "F32" | "F16" | "I8";
  readonly weights?: readonly number[];
  readonly mapping?: readonly number[];
}

const ARRAYS = { F64: Float64Array, F32: Float32Array, F16: Float16Array, I8: Int8Array } as const;

/** A safetensors file. */
export function safetensors(
  tensors: Readonly<Record<string, { dtype: string; shape: number[]; bytes: Uint8Array }>>,
): Uint8Array {
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, ...Object.values(tensors).map(({ bytes }) => bytes)]);
}

export function smallTable({ words, dtype = "F32", weights, mapping }: SmallModel): Uint8Array {
  const vectors = Object.values(words);
  const [first = []] = vectors;
  const bytesOf = (numbers: readonly number[], Kind: (typeof ARRAYS)[keyof typeof ARRAYS]): Uint8Array =>
    new Uint8Array(Kind.from(numbers).buffer);
  return safetensors({
    embeddings: {
      dtype,
      shape: [vectors.length, first.length],
      bytes: bytesOf(vectors.flat(), ARRAYS[dtype]),
    },
    ...(weights && {
      weights: { dtype: "F64", shape: [weights.length], bytes: bytesOf(weights, Float64Array) },
    }),
    ...(mapping && {
      mapping: {
        dtype: "I64",
        shape: [mapping.length],
        bytes: new Uint8Array(BigInt64Array.from(mapping.map(BigInt)).buffer),
      },
    }),
  });
}

export function wordTokenizer(words: readonly string[]): string {
  const vocab = Object.fromEntries(words.map((word, at) => [word, at]));
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: { type: "BertNormalizer", clean_text: true, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: null,
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  });
}

/** A folder as `models add` takes it. */
export async function writeModel(folder: string, model: SmallModel): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "embeddings.safetensors"), smallTable(model));
  await writeFile(join(folder, "tokenizer.json"), wordTokenizer(Object.keys(model.words)));
  return folder;
}
