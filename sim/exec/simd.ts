/**
 * The dot kernel as WebAssembly SIMD, written here instruction by instruction: blocks of 2 rows x 4 outputs, eight 16-bit products at a time (i32x4.dot_i16x8_s).
 * Integers only, so it gives the bits of the plain loops of dot.ts wherever no sum leaves 32 bits. Where the platform has no SIMD there is no kernel.
 */

/** Multiplies panels in `memory`; all pointers are byte addresses, multiples of 16. */
export interface SimdKernel {
  readonly memory: WebAssembly.Memory;
  /**
   * x: rows x kBytes/2 codes of 16 bits, w: n x kBytes/2, out: rows x n sums of 32 bits. `rows` a multiple of 2, `n` of 4, `kBytes` of 16.
   */
  readonly dot: (x: number, w: number, out: number, rows: number, kBytes: number, n: number) => void;
}

/** undefined where WebAssembly SIMD is not to be had. */
export function createSimdKernel(): SimdKernel | undefined {
  const code = Uint8Array.from(moduleBytes());
  if (typeof WebAssembly !== 'object' || !WebAssembly.validate(code)) return undefined;
  const memory = new WebAssembly.Memory({ initial: 4 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(code), { e: { m: memory } });
  return { memory, dot: instance.exports.dot as SimdKernel['dot'] };
}

type Code = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
/** Parameters and locals by number. */
const L = {
  x: 0,
  w: 1,
  out: 2,
  rows: 3,
  kBytes: 4,
  n: 5,
  k: 6,
  wAt: 7,
  left: 8,
  sums: 9,
  p: 17,
  q: 18,
  c: 19,
} as const;

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const constant = (value: number): Code => [0x41, ...signedLeb(value)];
const ADD: Code = [0x6a];
const SUBTRACT: Code = [0x6b];
const MULTIPLY: Code = [0x6c];
const LESS_UNSIGNED: Code = [0x49];
const LOAD: Code = [0xfd, 0x00, 0x04, 0x00];
const ZERO: Code = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
const VECTOR_ADD: Code = [0xfd, 0xae, 0x01];
const DOT: Code = [0xfd, 0xba, 0x01];
const lane = (i: number): Code => [0xfd, 0x1b, i];
const store = (offset: number): Code => [0x36, 0x02, offset];
const advance = (local: number, by: Code): Code => [...get(local), ...by, ...ADD, ...set(local)];
/** Repeats the body while the condition that it leaves on the stack holds. */
const loop = (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0x00, 0x0b];

/** Loads 16 bytes at pointer + k (+ rows x kBytes) into a vector local. */
const loadAt = (pointer: number, row: number, into: number): Code => {
  const address = row === 0 ? get(pointer) : [...get(pointer), ...get(L.kBytes), ...constant(row), ...MULTIPLY, ...ADD];
  return [...address, ...get(L.k), ...ADD, ...LOAD, ...set(into)];
};

/** sums[row][column] += x vector . w vector. */
const accumulate = (sum: number, x: number): Code => [
  ...get(sum),
  ...get(x),
  ...get(L.c),
  ...DOT,
  ...VECTOR_ADD,
  ...set(sum),
];

function innerLoop(): Code {
  const columns = [0, 1, 2, 3].flatMap((j) => [
    ...loadAt(L.wAt, j, L.c),
    ...accumulate(L.sums + j, L.p),
    ...accumulate(L.sums + 4 + j, L.q),
  ]);
  return loop([
    ...loadAt(L.x, 0, L.p),
    ...loadAt(L.x, 1, L.q),
    ...columns,
    ...advance(L.k, constant(16)),
    ...get(L.k),
    ...get(L.kBytes),
    ...LESS_UNSIGNED,
  ]);
}

/** Adds the four lanes of a sum and stores them at out (+ one row of out) + offset. */
function storeSum(sum: number, nextRow: boolean, offset: number): Code {
  const address = nextRow ? [...get(L.out), ...get(L.n), ...constant(4), ...MULTIPLY, ...ADD] : get(L.out);
  const lanes = [0, 1, 2, 3].flatMap((i) => [...get(sum), ...lane(i), ...(i > 0 ? ADD : [])]);
  return [...address, ...lanes, ...store(offset)];
}

function body(): Code {
  const block = [
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((s) => [...ZERO, ...set(L.sums + s)]),
    ...constant(0),
    ...set(L.k),
    ...innerLoop(),
    ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((s) => storeSum(L.sums + s, s >= 4, 4 * (s % 4))),
    ...advance(L.out, constant(16)),
    ...advance(L.wAt, [...get(L.kBytes), ...constant(4), ...MULTIPLY]),
    ...get(L.left),
    ...constant(4),
    ...SUBTRACT,
    0x22,
    L.left,
  ];
  return loop([
    ...get(L.w),
    ...set(L.wAt),
    ...get(L.n),
    ...set(L.left),
    ...loop(block),
    ...advance(L.out, [...get(L.n), ...constant(4), ...MULTIPLY]),
    ...advance(L.x, [...get(L.kBytes), ...constant(2), ...MULTIPLY]),
    ...get(L.rows),
    ...constant(2),
    ...SUBTRACT,
    0x22,
    L.rows,
  ]);
}

/** The binary module: one imported memory, one exported function. */
function moduleBytes(): Code {
  const locals = [0x02, 0x03, I32, 0x0b, V128];
  const code = [...locals, ...body(), 0x0b];
  return [
    0x00,
    0x61,
    0x73,
    0x6d,
    0x01,
    0x00,
    0x00,
    0x00,
    ...section(1, [0x01, 0x60, 0x06, I32, I32, I32, I32, I32, I32, 0x00]),
    ...section(2, [0x01, ...text('e'), ...text('m'), 0x02, 0x00, 0x01]),
    ...section(3, [0x01, 0x00]),
    ...section(7, [0x01, ...text('dot'), 0x00, 0x00]),
    ...section(10, [0x01, ...leb(code.length), ...code]),
  ];
}

function section(id: number, content: Code): Code {
  return [id, ...leb(content.length), ...content];
}

function text(s: string): Code {
  return [s.length, ...[...s].map((c) => c.charCodeAt(0))];
}

function leb(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** For the small non-negative constants used here. */
function signedLeb(value: number): Code {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signedLeb(value >>> 7)];
}
