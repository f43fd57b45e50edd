/**
 * Random legal instructions, descriptors and programs for tests, made from the table: a new row is covered without a new line here.
 * Programs are well formed (numbers in range, loops nested) but make no sense: their operands need not agree.
 */
import type { Random } from '../base/random.ts';
import type {
  ConstantSegment,
  LayerSymbol,
  Program,
  ProgramTensor,
  SemaphoreDeclaration,
  UnitRef,
} from '../program.ts';
import {
  type ArrayDescriptor,
  type Axis,
  CODINGS,
  type Coding,
  codeRange,
  LIMITS,
  ROLES,
  SPACES,
  type TensorDescriptor,
  WIDTHS,
} from '../tensor.ts';
import { codingProblem } from './descriptor-rules.ts';
import { type FieldValue, fieldRange, fieldsOf } from './fields.ts';
import {
  type FieldSpec,
  type Instruction,
  ISA_VERSION,
  MNEMONICS,
  type Mnemonic,
  NO_TENSOR,
  type Signal,
  UNIT_KINDS,
} from './table.ts';

/** How many descriptors a random instruction may name. */
export interface DescriptorCounts {
  readonly tensors: number;
  readonly arrays: number;
}

const ANY: DescriptorCounts = { tensors: NO_TENSOR, arrays: NO_TENSOR };

/** Any instruction that the words can hold; `op` limits it to one mnemonic. */
export function randomInstruction(
  random: Random,
  counts: DescriptorCounts = ANY,
  op: Mnemonic = random.pick(MNEMONICS),
): Instruction {
  const out: Record<string, unknown> = {
    op,
    waits: several(random, LIMITS.waits, () => semaphore(random)),
    signals: several(random, LIMITS.signals, () => signal(random)),
  };
  for (const [name, field] of fieldsOf(op)) out[name] = fieldValue(random, field, counts);
  return out as unknown as Instruction;
}

function semaphore(random: Random): number {
  return random.int(1, LIMITS.semaphores - 1);
}

function signal(random: Random): Signal {
  return { semaphore: semaphore(random), at: random.bool() ? 'done' : 'release' };
}

function several<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.int(0, most) }, make);
}

function fieldValue(random: Random, field: FieldSpec, counts: DescriptorCounts): FieldValue {
  switch (field.kind) {
    case 'flag':
      return random.bool();
    case 'choice':
      return random.pick(field.choices ?? []);
    case 'tensor':
      return random.int(0, counts.tensors - 1);
    case 'optionalTensor':
      return random.bool() ? NO_TENSOR : random.int(0, counts.tensors - 1);
    case 'array':
      return random.int(0, counts.arrays - 1);
    default:
      return spread(random, fieldRange(field));
  }
}

/** Both ends, small numbers and anything in between, so that limits are met often. */
function spread(random: Random, { min, max }: { readonly min: number; readonly max: number }): number {
  const kind = random.int(0, 4);
  if (kind === 0) return min;
  if (kind === 1) return max;
  if (kind === 2) return Math.min(max, Math.max(min, random.int(-2, 20)));
  return Math.min(max, min + Math.floor(random.real() * (max - min + 1)));
}

const I32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const U32 = { min: 0, max: 2 ** 32 - 1 };
const COUNT = { min: 1, max: 2 ** 32 - 1 };
const U16 = { min: 0, max: 2 ** 16 - 1 };
const COUNT16 = { min: 1, max: 2 ** 16 - 1 };

/** Any tensor descriptor that keeps the limits of isa/tensor.ts. */
export function randomTensor(random: Random): TensorDescriptor {
  const widthBits = random.pick(WIDTHS);
  const axes = atLeastOne(random, LIMITS.axes, () => ({
    extent: spread(random, COUNT),
    stride: spread(random, I32),
    modulo: random.bool(0.2) ? spread(random, U32) : 0,
    origin: spread(random, I32),
  }));
  const axis = () => random.int(0, axes.length - 1);
  const moved = [...new Set(several(random, LIMITS.originRegisters, axis))];
  return {
    space: random.pick(SPACES),
    base: spread(random, { min: 0, max: 2 ** LIMITS.baseBits - 1 }),
    baseRegister: random.bool() ? 0 : register(random),
    widthBits,
    coding: codingOf(random, widthBits),
    role: random.pick(ROLES),
    fill: random.bool() ? 0 : spread(random, I32),
    axes,
    dims: atLeastOne(random, LIMITS.dims, () => ({
      count: spread(random, COUNT),
      axis: axis(),
      step: spread(random, I32),
    })),
    originRegisters: moved.map((a) => ({ axis: a, register: register(random) })),
  };
}

/** A dense row-major tensor, as people write it. */
export function randomDenseTensor(random: Random): TensorDescriptor {
  const shape = atLeastOne(random, LIMITS.axes, () => random.int(1, 9));
  const axes: Axis[] = [];
  let stride = 1;
  for (const extent of [...shape].reverse()) {
    axes.unshift({ extent, stride, modulo: 0, origin: 0 });
    stride *= extent;
  }
  return {
    ...randomTensor(random),
    axes,
    dims: shape.map((count, axis) => ({ count, axis, step: 1 })),
    originRegisters: [],
  };
}

function atLeastOne<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.int(1, most) }, make);
}

function register(random: Random): number {
  return random.int(1, LIMITS.registers - 1);
}

function codingOf(random: Random, widthBits: number): Coding {
  return random.pick(CODINGS.filter((c) => codingProblem(c, widthBits) === undefined));
}

export function randomArray(random: Random): ArrayDescriptor {
  const weightBits = random.int(1, 16);
  const n = (range: { min: number; max: number }) => spread(random, range);
  return {
    firstMacro: n(U16),
    gridK: n(COUNT16),
    gridN: n(COUNT16),
    replicas: n(COUNT16),
    rowStart: n(U16),
    columnStart: n(U16),
    plane: n({ min: 0, max: 255 }),
    kStart: n(U32),
    kCount: n(COUNT),
    nCount: n(COUNT),
    weightBits,
    weightCoding: codingOf(random, weightBits) as ArrayDescriptor['weightCoding'],
  };
}

const NAMES = [
  '',
  'x',
  'x',
  'w_1',
  'conv1.weights',
  'r3',
  'wait',
  'not an identifier',
  'quote " and \\',
  'tab\tline\nend',
  't0',
  '\u00fc\u6f22',
  '\u2028\u0000',
] as const;

/** Any well-formed program, `size` instructions a core; names are awkward on purpose. */
export function randomProgram(random: Random, size = 12): Program {
  const tensors = atLeastOne(random, 5, () => (random.bool() ? randomTensor(random) : randomDenseTensor(random)));
  const arrays = atLeastOne(random, 3, () => randomArray(random));
  const layers = several(random, 3, () => randomLayer(random));
  const cores = Array.from({ length: random.int(1, 3) }, () => ({
    instructions: randomCode(random, size, { tensors: tensors.length, arrays: arrays.length }, LIMITS.loopDepth),
  }));
  const codeAddress = random.int(0, 2 ** 20);
  return {
    isaVersion: ISA_VERSION,
    name: random.pick(NAMES),
    cores,
    tensors,
    arrays,
    semaphores: randomSemaphores(random, cores.length),
    constants: randomConstants(random),
    io: several(random, 3, () => randomIo(random, tensors.length)),
    dramBytes: codeAddress + random.int(0, 4096),
    codeAddress,
    symbols: {
      tensorNames: tensors.map(() => random.pick(NAMES)),
      arrayNames: arrays.map(() => random.pick(NAMES)),
      layers,
      layerOf: cores.map((c) => c.instructions.map(() => random.int(-1, layers.length - 1))),
      lineOf: cores.map((c) => c.instructions.map(() => 0)),
      sourceFile: '',
    },
  };
}

function randomLayer(random: Random): LayerSymbol {
  return {
    name: random.pick(NAMES),
    op: random.pick(NAMES),
    m: random.int(0, 99),
    k: random.int(0, 99),
    n: random.int(0, 99),
    macs: random.pick([0, 12, 2 ** 40]),
  };
}

/** Instructions with properly nested loops and skips. */
function randomCode(random: Random, size: number, counts: DescriptorCounts, depth: number): Instruction[] {
  const out: Instruction[] = [];
  while (out.length < size) {
    const i = randomInstruction(random, counts);
    if (i.op !== 'loop' && i.op !== 'skip') out.push(i);
    else if (depth > 1 && (i.op === 'skip' || size - out.length > 1)) {
      const body = randomCode(
        random,
        random.int(i.op === 'skip' ? 0 : 1, Math.max(1, size - out.length - 1)),
        counts,
        depth - 1,
      );
      out.push({ ...i, length: body.length }, ...body);
    }
  }
  return out;
}

function randomSemaphores(random: Random, cores: number): SemaphoreDeclaration[] {
  const unit = (core: number): UnitRef => {
    const kind = random.pick(UNIT_KINDS);
    return { core, kind, channel: kind === 'dma' ? random.int(0, 15) : 0 };
  };
  const seen = new Set<string>();
  return several(random, 6, () => {
    const core = random.int(0, cores - 1);
    return {
      core,
      index: semaphore(random),
      initial: random.int(0, 3),
      producer: unit(random.int(0, cores - 1)),
      consumer: unit(core),
    };
  }).filter((s) => !seen.has(`${s.core}.${s.index}`) && seen.add(`${s.core}.${s.index}`));
}

function randomConstants(random: Random): ConstantSegment[] {
  return several(random, 3, () => ({
    address: spread(random, { min: 0, max: 2 ** LIMITS.baseBits - 1 }),
    bytes: Uint8Array.from({ length: random.int(1, 100) }, () => random.int(0, 255)),
  }));
}

function randomIo(random: Random, tensors: number): ProgramTensor {
  const shape = several(random, 4, () => random.int(1, 5));
  return {
    name: random.pick(NAMES),
    direction: random.bool() ? 'input' : 'output',
    tensor: random.int(0, tensors - 1),
    shape,
  };
}

/** A code of a coding, any of them with equal chance; floats between -1 and 1. */
export function randomCodeOf(random: Random, coding: Coding, widthBits: number): number {
  if (coding === 'float') return Math.fround(random.real() * 2 - 1);
  if (coding === 'bipolar') return random.bool() ? 1 : -1;
  const { min, max } = codeRange(coding, widthBits);
  return widthBits <= 31 ? random.int(min, max) : Math.min(max, min + Math.floor(random.real() * 2 ** widthBits));
}
