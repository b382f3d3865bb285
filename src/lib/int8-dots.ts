// A WebAssembly module of one function, `dots`: dot products of one row of int16 numbers with rows of int8 numbers in the same
// memory, sixteen at a time. It is assembled here, since it is fifty instructions and would otherwise need a compiler: each
// line below is a line of its text form (WebAssembly core specification 2.0, sections 5.4 and 5.5).

type Bytes = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;

/** Parameters, then locals. */
const numbers = 0;
const count = 1;
const sums = 2;
const query = 3;
const rows = 4;
const stride = 5;
const at = 6;
const end = 7;
const factor = 8;
const sum = 9;
const codes = 10;

const get = (local: number): Bytes => [0x20, local];
const set = (local: number): Bytes => [0x21, local];
const tee = (local: number): Bytes => [0x22, local];
const i32 = {
  const: (small: number): Bytes => [0x41, small],
  load: [0x28, 2, 0],
  store: [0x36, 2, 0],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
  lessThan: [0x49],
};
const v128 = { load: (offset: number): Bytes => [0xfd, 0x00, 0, offset] };
const i16x8 = { extendLow: [0xfd, 0x87, 0x01], extendHigh: [0xfd, 0x88, 0x01] };
const i32x4 = {
  splat: [0xfd, 0x11],
  add: [0xfd, 0xae, 0x01],
  dot: [0xfd, 0xba, 0x01],
  lane: (lane: number): Bytes => [0xfd, 0x1b, lane],
};
const loop: Bytes = [0x03, NO_RESULT];
const continueIf: Bytes = [0x0d, 0];
const done: Bytes = [0x0b];

const advance = (local: number, step: number): Bytes[] => [get(local), i32.const(step), i32.add, set(local)];

const BODY: readonly (readonly Bytes[])[] = [
  [loop],
  [get(rows), get(numbers), i32.load, get(stride), i32.mul, i32.add, tee(at)],
  [get(stride), i32.add, set(end)],
  [get(query), set(factor), i32.const(0), i32x4.splat, set(sum)],
  [loop],
  [get(at), v128.load(0), set(codes)],
  [get(codes), i16x8.extendLow, get(factor), v128.load(0), i32x4.dot],
  [get(codes), i16x8.extendHigh, get(factor), v128.load(16), i32x4.dot],
  [i32x4.add, get(sum), i32x4.add, set(sum)],
  advance(factor, 32),
  [get(at), i32.const(16), i32.add, tee(at), get(end), i32.lessThan, continueIf],
  [done],
  [get(sums), get(sum), i32x4.lane(0), get(sum), i32x4.lane(1), i32.add],
  [get(sum), i32x4.lane(2), i32.add, get(sum), i32x4.lane(3), i32.add, i32.store],
  advance(numbers, 4),
  advance(sums, 4),
  [get(count), i32.const(1), i32.sub, tee(count), continueIf],
  [done],
  [done],
];

/** Numbers as LEB128, as sizes are written. */
function size(length: number): Bytes {
  return length < 0x80 ? [length] : [(length & 0x7f) | 0x80, ...size(length >>> 7)];
}

function sized(content: Bytes): Bytes {
  return [...size(content.length), ...content];
}

function name(text: string): Bytes {
  return sized([...new TextEncoder().encode(text)]);
}

function section(id: number, content: Bytes): Bytes {
  return [id, ...sized(content)];
}

const MAGIC_AND_VERSION: Bytes = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

function moduleBytes(): Uint8Array<ArrayBuffer> {
  const parameters = [numbers, count, sums, query, rows, stride].map(() => I32);
  const locals = [2, 3, I32, 2, V128];
  return Uint8Array.from([
    ...MAGIC_AND_VERSION,
    ...section(1, [1, 0x60, ...sized(parameters), 0]),
    // A memory of a page at least, with no end that is known here.
    ...section(2, [1, ...name(""), ...name("memory"), 0x02, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name("dots"), 0x00, 0]),
    ...section(10, [1, ...sized([...locals, ...BODY.flat(2)])]),
  ]);
}

/** Takes where the numbers of the rows are, how many, where their sums go, and where the query and row 0 are. */
export type Dots = (
  numbers: number,
  count: number,
  sums: number,
  query: number,
  rows: number,
  stride: number,
) => void;

let compiled: WebAssembly.Module | null | undefined;

/** Null where the processor has no vector instructions. */
export function int8Dots(): WebAssembly.Module | null {
  if (compiled !== undefined) return compiled;
  const bytes = moduleBytes();
  compiled = WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : null;
  return compiled;
}
