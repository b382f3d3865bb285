// A static embedding model: a table with a vector for each token, and the mean of a text's tokens as its vector. No network
// and no server; the forms of model2vec (potion) and WordLlama are read. The same files give the same vector for a text.

import { setImmediate } from "node:timers/promises";
import { Tokenizer } from "@huggingface/tokenizers";
import { Fault } from "#rpc/fault";
import { type Numbers, readSafetensors, type Tensor } from "./safetensors.ts";

export interface TokenTable {
  readonly dimension: number;
  /** Tokens of the vocabulary. */
  readonly tokens: number;
  /** One vector of unit length for each text. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Float32Array[]>;
}

/** The beginning of a longer text is embedded: the mean of thousands of tokens no longer distinguishes texts. */
const TEXT_CHARS_MAX = 16_384;
/** Byte-pair merges of a run of text cost more than its length: it is tokenized in pieces, cut at spaces. */
const PIECE_CHARS_MAX = 400;
/** Yields to the event loop after so many characters: about 2 ms, and 6 in scripts that are split into bytes. */
const TURN_CHARS = 1_000;

/** Throws `invalid` for files that make no such model. */
export function tokenTable(table: Uint8Array, tokenizerJson: string): TokenTable {
  const { rows, dimension, weights, mapping } = tablesOf(readSafetensors(table));
  const tokenizer = tokenizerOf(tokenizerJson);
  const unknown = unknownToken(tokenizerJson);
  const count = rows.length / dimension;

  const add = (sum: Float64Array, token: number): void => {
    const row = mapping === undefined ? token : Number(mapping[token] ?? -1);
    // A vocabulary may have more tokens than the table, such as padding.
    if (row < 0 || row >= count) return;
    const weight = weights === undefined ? 1 : Number(weights[token] ?? 0);
    const from = row * dimension;
    for (let i = 0; i < dimension; i++) sum[i] = (sum[i] as number) + weight * Number(rows[from + i]);
  };

  const vectorOf = async (text: string): Promise<Float32Array> => {
    const sum = new Float64Array(dimension);
    let read = 0;
    for (const piece of piecesOf(text.slice(0, TEXT_CHARS_MAX))) {
      for (const token of tokenizer.encode(piece, { add_special_tokens: false }).ids)
        if (token !== unknown) add(sum, token);
      read += piece.length;
      if (read < TURN_CHARS) continue;
      read = 0;
      await setImmediate();
    }
    return unit(sum) ?? fallback();
  };
  /** For a text without a token of the vocabulary: rows of a corpus may hold one, and all such texts are alike. */
  const fallback = (): Float32Array => {
    const sum = new Float64Array(dimension);
    if (unknown !== undefined) add(sum, unknown);
    return unit(sum) ?? Float32Array.from(sum, (_, i) => (i === 0 ? 1 : 0));
  };

  return {
    dimension,
    tokens: mapping?.length ?? count,
    embed: async (texts, signal) => {
      const vectors: Float32Array[] = [];
      let read = 0;
      for (const text of texts) {
        if (signal?.aborted === true) throw new Fault("cancelled", "The call was cancelled by its caller.");
        vectors.push(await vectorOf(text));
        read += text.length;
        if (read < TURN_CHARS) continue;
        read = 0;
        await setImmediate();
      }
      return vectors;
    },
  };
}

interface Tables {
  readonly rows: Numbers;
  readonly dimension: number;
  /** Of each token, beside its vector. */
  readonly weights: Numbers | undefined;
  /** The row of each token, where several share one. */
  readonly mapping: Numbers | undefined;
}

/** Wider vectors than any index takes. */
const DIMENSION_MAX = 4096;

function tablesOf(tensors: readonly Tensor[]): Tables {
  const tables = tensors.filter(({ shape }) => shape.length === 2);
  const [table] = tables;
  const [, dimension = 0] = table?.shape ?? [];
  if (table === undefined || tables.length > 1) {
    throw new Fault(
      "invalid",
      `The safetensors file holds ${tables.length} tables. A static model has one, with a vector for each token.`,
    );
  }
  if (dimension < 1 || dimension > DIMENSION_MAX || table.numbers.length === 0)
    throw new Fault("invalid", `Vectors of ${dimension} numbers are not taken: 1 to ${DIMENSION_MAX}.`);
  const line = (name: string): Numbers | undefined =>
    tensors.find((tensor) => tensor.name === name && tensor.shape.length === 1)?.numbers;
  return { rows: table.numbers, dimension, weights: line("weights"), mapping: line("mapping") };
}

function tokenizerOf(json: string): Tokenizer {
  try {
    return new Tokenizer(JSON.parse(json) as object, {});
  } catch (cause) {
    throw new Fault("invalid", "tokenizer.json cannot be used: it describes no tokenizer that is known.", {
      cause,
    });
  }
}

/** Its vector says nothing of a text: model2vec leaves it out of the mean too. */
function unknownToken(json: string): number | undefined {
  const { model } = JSON.parse(json) as {
    model?: { unk_token?: string | null; unk_id?: number | null; vocab?: Record<string, number> };
  };
  if (typeof model?.unk_id === "number") return model.unk_id;
  return typeof model?.unk_token === "string" ? model.vocab?.[model.unk_token] : undefined;
}

/** Parts of a text that are short enough, cut at white space where there is any. */
function* piecesOf(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > PIECE_CHARS_MAX) {
    const space = text.lastIndexOf(" ", from + PIECE_CHARS_MAX);
    if (space > from) {
      yield text.slice(from, space);
      from = space + 1;
      continue;
    }
    const end = from + PIECE_CHARS_MAX;
    // Never between the halves of a character.
    const cut = isHighSurrogate(text.charCodeAt(end - 1)) ? end - 1 : end;
    yield text.slice(from, cut);
    from = cut;
  }
  yield text.slice(from);
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Undefined for a vector without a direction. */
function unit(sum: Float64Array): Float32Array | undefined {
  let squares = 0;
  for (const number of sum) squares += number * number;
  const length = Math.sqrt(squares);
  if (!Number.isFinite(length) || length < Number.MIN_VALUE * 2 ** 60) return undefined;
  return Float32Array.from(sum, (number) => number / length);
}
