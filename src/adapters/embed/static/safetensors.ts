// The safetensors format: a little-endian length, a JSON header that names each tensor's type, shape and place, then the
// numbers. https://huggingface.co/docs/safetensors/index (as of 2026). A tensor is a view of the file, and a copy
// where it does not lie at a multiple of its numbers' size.

import { Fault } from "#rpc/fault";

export type Numbers = Float64Array | Float32Array | Float16Array | Int8Array | Int32Array | BigInt64Array;

export interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly numbers: Numbers;
}

type View = new (buffer: ArrayBuffer, byteOffset: number, length: number) => Numbers;

const VIEWS: Readonly<Record<string, View & { readonly BYTES_PER_ELEMENT: number }>> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Float16Array,
  I8: Int8Array,
  I32: Int32Array,
  I64: BigInt64Array,
};

/** The format's own limit is 100 MB; a table of tokens has some lines. */
const HEADER_BYTES_MAX = 1024 * 1024;
const LENGTH_BYTES = 8;

/** Throws `invalid` for a file that is none, is cut off, or holds numbers of a type that is not read. */
export function readSafetensors(bytes: Uint8Array): Tensor[] {
  const header = readHeader(bytes);
  const start = LENGTH_BYTES + header.bytes;
  return Object.entries(header.json).flatMap(([name, described]) => {
    if (name === "__metadata__") return [];
    const { dtype, shape, data_offsets: offsets } = (described ?? {}) as Record<string, unknown>;
    const view = VIEWS[String(dtype)];
    if (view === undefined) throw invalid(`the type ${String(dtype)} of ${name} is not read`);
    if (!isCounts(shape) || !isCounts(offsets)) throw invalid(`${name} is not described`);
    const count = shape.reduce((product, length) => product * length, 1);
    const [from = 0, to = 0] = offsets;
    if (to - from !== count * view.BYTES_PER_ELEMENT || start + to > bytes.length)
      throw invalid(`${name} is cut off`);
    return [{ name, shape, numbers: viewed(view, bytes, start + from, count) }];
  });
}

function viewed(
  View: View & { readonly BYTES_PER_ELEMENT: number },
  bytes: Uint8Array,
  from: number,
  count: number,
): Numbers {
  const at = bytes.byteOffset + from;
  if (at % View.BYTES_PER_ELEMENT === 0 && bytes.buffer instanceof ArrayBuffer)
    return new View(bytes.buffer, at, count);
  const aligned = new Uint8Array(bytes.subarray(from, from + count * View.BYTES_PER_ELEMENT));
  return new View(aligned.buffer, 0, count);
}

function readHeader(bytes: Uint8Array): { json: Record<string, unknown>; bytes: number } {
  if (bytes.length < LENGTH_BYTES) throw invalid("it is too short");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(HEADER_BYTES_MAX) || Number(length) > bytes.length - LENGTH_BYTES)
    throw invalid("its header is cut off");
  const text = new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + Number(length)));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("its header is no JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw invalid("its header is no object");
  return { json: json as Record<string, unknown>, bytes: Number(length) };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => Number.isSafeInteger(one) && (one as number) >= 0);
}

function invalid(what: string): Fault {
  return new Fault("invalid", `The safetensors file cannot be used: ${what}.`);
}
