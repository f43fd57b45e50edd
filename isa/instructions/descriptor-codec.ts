/**
 * Binary form of descriptors: 32-bit words, zero-padded to 16 bytes, sizes in isa/sizes.ts (they are instruction traffic).
 * Tensor: w0 = space 1..0, coding 4..2, role 7..5, width index 11..8, axes-1 14..12, dims-1 17..15, base register 22..18, origin registers 24..23;
 * w1 = base 31..0; w2 = base 47..32 in 15..0, origin register i in 16+8i (axis 3 bits, register 5 bits); w3 = fill;
 * w4 = target axis of dim i in 3i+2..3i; then extent, stride, modulo, origin of each axis; then count, step of each dim.
 * Array: w0 = macro | replicas << 16; w1 = gridK | gridN << 16; w2 = row | column << 16; w3 = plane | bits << 8 | coding << 16; w4..w6 = kStart, kCount, nCount; w7 = 0.
 */
import { InputError } from '../base/errors.ts';
import { arrayDescriptorBytes, tensorDescriptorBytes } from '../sizes.ts';
import { type ArrayDescriptor, CODINGS, ROLES, SPACES, type TensorDescriptor, WIDTHS } from '../tensor.ts';
import { arrayProblems, tensorProblems } from './descriptor-rules.ts';
import { extract } from './header.ts';

export { arrayDescriptorBytes, tensorDescriptorBytes } from '../sizes.ts';

/** Words of a tensor descriptor. Throws InputError (E-ISA-DESCRIPTOR) when the descriptor breaks the limits of isa/tensor.ts. */
export function encodeTensor(t: TensorDescriptor): Uint32Array {
  refuse('tensor', tensorProblems(t));
  const words = new Uint32Array(tensorDescriptorBytes(t) / 4);
  words[0] =
    SPACES.indexOf(t.space) |
    (CODINGS.indexOf(t.coding) << 2) |
    (ROLES.indexOf(t.role) << 5) |
    ((WIDTHS as readonly number[]).indexOf(t.widthBits) << 8) |
    ((t.axes.length - 1) << 12) |
    ((t.dims.length - 1) << 15) |
    (t.baseRegister << 18) |
    (t.originRegisters.length << 23);
  words[1] = t.base % 2 ** 32;
  words[2] = t.originRegisters.reduce(
    (w, o, i) => w | ((o.axis | (o.register << 3)) << (16 + 8 * i)),
    Math.floor(t.base / 2 ** 32),
  );
  words[3] = t.fill;
  words[4] = t.dims.reduce((w, d, i) => w | (d.axis << (3 * i)), 0);
  words.set(
    t.axes.flatMap((a) => [a.extent, a.stride, a.modulo, a.origin]),
    5,
  );
  words.set(
    t.dims.flatMap((d) => [d.count, d.step]),
    5 + 4 * t.axes.length,
  );
  return words;
}

/** Reads a tensor descriptor at `at`; its length follows from it (tensorDescriptorBytes). Throws InputError on words that encodeTensor never writes. */
export function decodeTensor(words: Uint32Array, at = 0): TensorDescriptor {
  const word = (i: number): number => words[at + i] ?? refuse('tensor', ['the words end inside the descriptor']);
  const bits = (i: number, lsb: number, n: number) => extract(word(i), lsb, n);
  const axisCount = bits(0, 12, 3) + 1;
  const dimCount = bits(0, 15, 3) + 1;
  const dimsAt = 5 + 4 * axisCount;
  const t: TensorDescriptor = {
    space: SPACES[bits(0, 0, 2)]!,
    base: word(1) + bits(2, 0, 16) * 2 ** 32,
    baseRegister: bits(0, 18, 5),
    widthBits: WIDTHS[bits(0, 8, 4)] ?? 0,
    coding: CODINGS[bits(0, 2, 3)] ?? refuse('tensor', [`coding ${bits(0, 2, 3)} has no meaning`]),
    role: ROLES[bits(0, 5, 3)] ?? refuse('tensor', [`role ${bits(0, 5, 3)} has no meaning`]),
    fill: word(3) | 0,
    axes: range(axisCount).map((a) => ({
      extent: word(5 + 4 * a),
      stride: word(6 + 4 * a) | 0,
      modulo: word(7 + 4 * a),
      origin: word(8 + 4 * a) | 0,
    })),
    dims: range(Math.min(dimCount, 6)).map((d) => ({
      count: word(dimsAt + 2 * d),
      axis: bits(4, 3 * d, 3),
      step: word(dimsAt + 1 + 2 * d) | 0,
    })),
    originRegisters: range(Math.min(bits(0, 23, 2), 2)).map((o) => ({
      axis: bits(2, 16 + 8 * o, 3),
      register: bits(2, 19 + 8 * o, 5),
    })),
  };
  requireSame('tensor', words, at, encodeTensor(t));
  return t;
}

/** Words of an array descriptor. Throws InputError (E-ISA-DESCRIPTOR) when a number does not fit its field. */
export function encodeArray(a: ArrayDescriptor): Uint32Array {
  refuse('array', arrayProblems(a));
  const words = new Uint32Array(arrayDescriptorBytes / 4);
  words.set([
    a.firstMacro | (a.replicas << 16),
    a.gridK | (a.gridN << 16),
    a.rowStart | (a.columnStart << 16),
    a.plane | (a.weightBits << 8) | (CODINGS.indexOf(a.weightCoding) << 16),
    a.kStart,
    a.kCount,
    a.nCount,
  ]);
  return words;
}

/** Reads an array descriptor at `at`. Throws InputError on words that encodeArray never writes. */
export function decodeArray(words: Uint32Array, at = 0): ArrayDescriptor {
  const word = (i: number): number => words[at + i] ?? refuse('array', ['the words end inside the descriptor']);
  const half = (i: number, n: 0 | 1) => extract(word(i), 16 * n, 16);
  const coding = CODINGS[extract(word(3), 16, 3)];
  if (coding === undefined || coding === 'float')
    refuse('array', [`weight coding ${extract(word(3), 16, 3)} has no meaning`]);
  const a: ArrayDescriptor = {
    firstMacro: half(0, 0),
    gridK: half(1, 0),
    gridN: half(1, 1),
    replicas: half(0, 1),
    rowStart: half(2, 0),
    columnStart: half(2, 1),
    plane: extract(word(3), 0, 8),
    kStart: word(4),
    kCount: word(5),
    nCount: word(6),
    weightBits: extract(word(3), 8, 8),
    weightCoding: coding,
  };
  requireSame('array', words, at, encodeArray(a));
  return a;
}

/** Catches reserved bits, padding and counts above the limits in one comparison. */
function requireSame(what: string, words: Uint32Array, at: number, expected: Uint32Array): void {
  const off = expected.findIndex((w, i) => words[at + i] !== w);
  if (off >= 0)
    refuse(what, [`word ${at + off} has bits set that the form reserves, or the words end inside the descriptor`]);
}

function refuse(what: string, problems: readonly string[]): never;
function refuse(what: string, problems: readonly string[]): void;
function refuse(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const code = 'E-ISA-DESCRIPTOR';
  throw new InputError(`no ${what} descriptor: ${problems[0]}`, {
    code,
    diagnostics: problems.map((message) => ({ code, message, expected: 'the limits of isa/tensor.ts' })),
  });
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
