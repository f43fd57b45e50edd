/**
 * The instruction table: the single source from which types, encoder, decoder, assembler, disassembler, manual and the
 * random generator are made. Timing and meaning are not here: sim/exec and isa/demand are mapped types over it, so
 * that a new row fails to compile until every owner has answered.
 *
 * An instruction is 4 x u32. Word 0: op 7..0, waits at 13..8, 19..14, 25..20. Word 1: signals at 6..0, 13..7, 20..14
 * (6 bits semaphore, bit 6 = at done instead of at release). The rest belongs to the row; no field crosses a word; bits
 * that no field owns are zero. Semaphore 0 means "none".
 */

/** Units that execute instructions. `seq` executes in the sequencer itself; `dma` is one queue per channel. */
export const UNIT_KINDS = ['seq', 'dma', 'write', 'matrix', 'drain', 'vector'] as const;
export type UnitKind = (typeof UNIT_KINDS)[number];

/** What a field holds; it decides assembler syntax, legal range and how the disassembler prints it. */
export type FieldKind = 'tensor' | 'optionalTensor' | 'array' | 'register' | 'unsigned' | 'signed' | 'flag' | 'choice';

export interface FieldSpec {
  readonly kind: FieldKind;
  readonly word: 0 | 1 | 2 | 3;
  readonly lsb: number;
  readonly bits: number;
  readonly doc: string;
  /** Names of a `choice`, by value. */
  readonly choices?: readonly string[];
  /** Of a descriptor: what it names is written (and read too where the flag `accumulate` is set); read when left out. */
  readonly access?: 'write';
}

export interface RowSpec {
  readonly opcode: number;
  readonly unit: UnitKind;
  readonly doc: string;
  readonly fields: Readonly<Record<string, FieldSpec>>;
}

/** Value of an `optionalTensor` field that names nothing. */
export const NO_TENSOR = 0xffff;

const tensor = (word: 2 | 3, half: 0 | 1, doc: string) =>
  ({ kind: 'tensor', word, lsb: half * 16, bits: 16, doc }) as const;
const result = (word: 2 | 3, half: 0 | 1, doc: string) => ({ ...tensor(word, half, doc), access: 'write' }) as const;
const optionalTensor = (word: 2 | 3, half: 0 | 1, doc: string) =>
  ({ kind: 'optionalTensor', word, lsb: half * 16, bits: 16, doc }) as const;
const array = (word: 2 | 3, half: 0 | 1, doc: string) => ({ kind: 'array', word, lsb: half * 16, bits: 16, doc }) as const;
const register = (word: 2 | 3, lsb: number, doc: string) => ({ kind: 'register', word, lsb, bits: 5, doc }) as const;
const unsigned = (word: 0 | 1 | 2 | 3, lsb: number, bits: number, doc: string) =>
  ({ kind: 'unsigned', word, lsb, bits, doc }) as const;
const signed = (word: 2 | 3, lsb: number, bits: number, doc: string) => ({ kind: 'signed', word, lsb, bits, doc }) as const;
const flag = (word: 0 | 1, lsb: number, doc: string) => ({ kind: 'flag', word, lsb, bits: 1, doc }) as const;
const choice = <const C extends readonly string[]>(word: 0 | 1 | 2 | 3, lsb: number, bits: number, choices: C, doc: string) =>
  ({ kind: 'choice', word, lsb, bits, choices, doc }) as const;

const kdims = unsigned(0, 26, 3, 'how many of the last dims are contracted (the flattened window)');
const channel = unsigned(0, 26, 4, 'DMA channel');
const remote = {
  core: unsigned(1, 21, 5, 'core that owns the destination and the remote semaphore: 0 = this core, c + 1 = core c'),
  signalRemote: unsigned(1, 26, 6, 'semaphore of that core, signalled behind the data; 0 = none'),
} as const;
const cores = (lsb: number, bits: number) =>
  unsigned(3, lsb, bits, 'multicast: mask of the cores that receive the data at dst and the signal, bit c = core c; `core` is 0 then; 0 = no multicast');
const binary = {
  dst: result(2, 0, 'result'),
  a: tensor(2, 1, 'left operand'),
  b: tensor(3, 0, 'right operand'),
} as const;

/** Rounding of float to integer, by QONNX's names; `half-even` is IEEE and ONNX. */
export const ROUNDINGS = ['half-even', 'floor', 'ceil', 'toward-zero', 'away-from-zero', 'half-up', 'half-down'] as const;
export type Rounding = (typeof ROUNDINGS)[number];

/** How RQ turns an accumulator into a code; the records are in isa/README.md. */
export const REQUANTIZE_MODES = ['saturate', 'bias', 'threshold', 'fixed-point', 'float32'] as const;
export type RequantizeMode = (typeof REQUANTIZE_MODES)[number];

export const REDUCTIONS = ['sum', 'max', 'min', 'argmax'] as const;
export const SPECIAL_FUNCTIONS = ['exp', 'sigmoid', 'tanh', 'abs', 'floor', 'ceil', 'round', 'sign'] as const;
export type SpecialFunction = (typeof SPECIAL_FUNCTIONS)[number];
export const CONDITIONS = ['zero', 'nonzero', 'negative', 'not-negative'] as const;

export const ISA_VERSION = '1.1';

/** Whether a program of another version means the same here: the same major, and no younger minor, for a minor only adds. */
export function runsHere(version: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  const [ownMajor, ownMinor] = ISA_VERSION.split('.').map(Number);
  return major === ownMajor && minor! <= ownMinor!;
}

export const TABLE = {
  nop: { opcode: 0x00, unit: 'seq', doc: 'Does nothing for one dispatch slot.', fields: {} },
  halt: { opcode: 0x01, unit: 'seq', doc: 'Ends this core. The program ends when every unit has drained.', fields: {} },
  li: {
    opcode: 0x02, unit: 'seq', doc: 'rd = value.',
    fields: { rd: register(2, 0, 'destination'), value: signed(3, 0, 32, 'immediate') },
  },
  addi: {
    opcode: 0x03, unit: 'seq', doc: 'rd = rs + value.',
    fields: { rd: register(2, 0, 'destination'), rs: register(2, 5, 'source'), value: signed(3, 0, 32, 'immediate') },
  },
  add: {
    opcode: 0x04, unit: 'seq', doc: 'rd = rs + rt.',
    fields: { rd: register(2, 0, 'destination'), rs: register(2, 5, 'left'), rt: register(2, 10, 'right') },
  },
  cadd: {
    opcode: 0x05, unit: 'seq', doc: 'Circular add for n-deep buffers: rd = (rs + step) mod modulus, in [0, modulus).',
    fields: {
      rd: register(2, 0, 'destination'), rs: register(2, 5, 'source'), step: signed(2, 10, 22, 'step'),
      modulus: unsigned(3, 0, 32, 'ring length, at least 1'),
    },
  },
  loop: {
    opcode: 0x06, unit: 'seq', doc: 'Zero-overhead loop: repeats the next `length` instructions `count` times, or register `times` times when that is not r0. Zero times skips them. Nests 8 deep; bodies nest properly.',
    fields: {
      count: unsigned(2, 0, 32, 'repetitions when `times` is r0'), length: unsigned(3, 0, 16, 'instructions in the body, at least 1'),
      times: register(3, 16, 'register with the repetitions; r0 = use count'),
    },
  },
  skip: {
    opcode: 0x07, unit: 'seq', doc: 'Skips the next `length` instructions when the condition holds on rs. They may not leave a loop body.',
    fields: {
      rs: register(2, 0, 'tested register'), condition: choice(2, 5, 2, CONDITIONS, 'test'), length: unsigned(3, 0, 16, 'instructions to skip'),
    },
  },
  ldr: {
    opcode: 0x08, unit: 'seq', doc: 'rd = the first element of an integer scratchpad tensor; the sequencer waits for it.',
    fields: { rd: register(2, 0, 'destination'), src: tensor(2, 1, 'scalar to load') },
  },
  sync: {
    opcode: 0x09, unit: 'seq', doc: 'Passes through the named unit without work: carries waits and signals only.',
    fields: {
      unit: choice(2, 0, 3, UNIT_KINDS, 'unit that executes it'), channel: unsigned(2, 3, 4, 'DMA channel when unit is dma'),
    },
  },

  copy: {
    opcode: 0x10, unit: 'dma', doc: 'dst = src, element by element in index order. Widths may differ (widened by coding; a value that does not fit the narrower code is a fault). Fill, transposition and windows come from the walks.',
    fields: {
      dst: result(2, 0, 'destination'), src: tensor(2, 1, 'source'), channel,
      accumulate: flag(0, 30, 'add to the destination (integers) instead of replacing it'), ...remote, cores: cores(0, 31),
    },
  },
  fill: {
    opcode: 0x11, unit: 'dma', doc: 'Writes one code to every element of dst.',
    fields: { dst: result(2, 0, 'destination'), value: signed(3, 0, 32, 'code to write'), channel, ...remote },
  },
  gather: {
    opcode: 0x12, unit: 'dma', doc: 'dst = src, where index[i] is added to the coordinate of the axis of src dim 0 for dst dim 0 = i.',
    fields: {
      dst: result(2, 0, 'destination'), src: tensor(2, 1, 'table; dim 0 has step 0'), index: tensor(3, 0, 'integers, one per dst dim 0'), channel, ...remote,
      cores: cores(16, 16),
    },
  },

  ww: {
    opcode: 0x20, unit: 'write', doc: 'Writes a weight tile: element k * nCount + n of src (index order) becomes weight (k, n) of the array tile, in all replicas.',
    fields: { tile: { ...array(2, 0, 'weight tile'), access: 'write' }, src: tensor(2, 1, 'kCount x nCount weights in any space but acc') },
  },

  mm: {
    opcode: 0x30, unit: 'matrix', doc: 'Matrix multiply: dst[m][n] (+)= sum over k of src[m][kStart + k] * tile[k][n] on raw codes. The last kdims dims of src are the window; the dims before are m; dst walks m then n.',
    fields: {
      dst: result(2, 0, 'accumulators, M x N'), src: tensor(2, 1, 'scratchpad activations'), tile: array(3, 0, 'weight tile'), kdims,
      accumulate: flag(0, 29, 'add to dst instead of replacing it'), zeroSkip: flag(0, 30, 'skip input bit planes that are all zero (time and energy, never values)'),
    },
  },

  rq: {
    opcode: 0x38, unit: 'drain', doc: 'Drain: dst = requantize(src + add). params walks the dims of src and then the words of one record. With kdims > 0 the last kdims dims of src are reduced by maximum after requantizing (fused pooling).',
    fields: {
      dst: result(2, 0, 'result'), src: tensor(2, 1, 'accumulators or wide integers'), params: optionalTensor(3, 0, '32-bit records'),
      add: optionalTensor(3, 1, 'integers added before requantizing'), kdims, relu: flag(0, 29, 'lower clamp at the zero point of dst'),
      mode: choice(1, 21, 3, REQUANTIZE_MODES, 'requantizer'),
    },
  },

  vadd: { opcode: 0x40, unit: 'vector', doc: 'dst = a + b.', fields: binary },
  vsub: { opcode: 0x41, unit: 'vector', doc: 'dst = a - b.', fields: binary },
  vmul: { opcode: 0x42, unit: 'vector', doc: 'dst = a * b.', fields: binary },
  vdiv: { opcode: 0x43, unit: 'vector', doc: 'dst = a / b (float only).', fields: binary },
  vmax: { opcode: 0x44, unit: 'vector', doc: 'dst = a where a > b, else b (of a number and no number: b).', fields: binary },
  vmin: { opcode: 0x45, unit: 'vector', doc: 'dst = a where a < b, else b (of a number and no number: b).', fields: binary },
  vcvt: {
    opcode: 0x46, unit: 'vector', doc: 'Converts between codings: integer to float is float32(a - zero point); float to integer rounds, adds the zero point and saturates.',
    fields: { dst: result(2, 0, 'result'), a: tensor(2, 1, 'operand'), rounding: choice(1, 21, 3, ROUNDINGS, 'float to integer') },
  },
  vsqrt: { opcode: 0x47, unit: 'vector', doc: 'dst = square root of a (float only).', fields: { dst: result(2, 0, 'result'), a: tensor(2, 1, 'operand') } },
  vaddq: {
    opcode: 0x48, unit: 'vector', doc: 'Add with two scales on raw codes: dst = saturate(half-even((a*sa + c) + b*sb)) in float32, one rounding per operation; params = records [sa, sb, c] (float32).',
    fields: { ...binary, params: tensor(3, 1, 'records [sa, sb, c]; dims of dst and then 3') },
  },
  vlut: {
    opcode: 0x49, unit: 'vector', doc: 'dst = table[code of a - lowest code]; the table walks the dims of a and then its entries.',
    fields: { dst: result(2, 0, 'result'), a: tensor(2, 1, 'codes of at most 16 bits'), b: tensor(3, 0, 'table') },
  },
  vred: {
    opcode: 0x4a, unit: 'vector', doc: 'Reduces the last kdims dims of a. Float sums run in index order, one rounding each.',
    fields: { dst: result(2, 0, 'result'), a: tensor(2, 1, 'operand'), kdims, reduction: choice(1, 21, 2, REDUCTIONS, 'reduction') },
  },
  vfun: {
    opcode: 0x4c, unit: 'vector', doc: 'Special function of float operands: float32 of the value computed in double by isa/numerics/special.ts.',
    fields: { dst: result(2, 0, 'result'), a: tensor(2, 1, 'operand'), fn: choice(1, 21, 4, SPECIAL_FUNCTIONS, 'function') },
  },
  vdot: {
    opcode: 0x4b, unit: 'vector', doc: 'Window multiply-accumulate: dst[m] (+)= sum over the last kdims dims of a[m][k] * b[m][k] on centred values (depthwise, GEMV, average).',
    fields: { ...binary, kdims, accumulate: flag(0, 29, 'add to dst instead of replacing it') },
  },
} as const satisfies Readonly<Record<string, RowSpec>>;

export type Mnemonic = keyof typeof TABLE;
export const MNEMONICS = Object.keys(TABLE) as readonly Mnemonic[];

type FieldsOf<M extends Mnemonic> = (typeof TABLE)[M]['fields'];
type ValueOf<F> = F extends { readonly kind: 'flag' }
  ? boolean
  : F extends { readonly kind: 'choice'; readonly choices: readonly (infer C)[] }
    ? C
    : number;

/** Operand values of one mnemonic: numbers, booleans for flags, names for choices. */
export type Operands<M extends Mnemonic> = { readonly [F in keyof FieldsOf<M>]: ValueOf<FieldsOf<M>[F]> };

export interface Signal {
  /** 1 .. 63. */
  readonly semaphore: number;
  /** `release`: sources have been read. `done`: results can be seen. */
  readonly at: 'release' | 'done';
}

export interface Ordering {
  /** Semaphores that must be positive before the instruction starts; each is taken once. At most 3. */
  readonly waits: readonly number[];
  /** At most 3. */
  readonly signals: readonly Signal[];
}

export type InstructionOf<M extends Mnemonic> = { readonly op: M } & Ordering & Operands<M>;
export type Instruction = { [M in Mnemonic]: InstructionOf<M> }[Mnemonic];

/** A table with one answer per mnemonic; execution and demand are of this type. */
export type PerMnemonic<Args extends readonly unknown[], R> = {
  readonly [M in Mnemonic]: (instruction: InstructionOf<M>, ...args: Args) => R;
};
