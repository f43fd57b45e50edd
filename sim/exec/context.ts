/** What the meaning of one executed instruction may use: memories, resolved walks, and a way to fault with the place. */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { type ArrayDescriptor, codeRange, type Space, type TensorDescriptor } from '../../isa/tensor.ts';
import { tileMisfit } from '../walk/accesses.ts';
import { type DynamicInstruction, fault } from '../walk/sequence.ts';
import type { Part, Walk, WalkCache } from '../walk/walk.ts';
import type { AnalogArrays } from './analog.ts';
import type { ArrayCells } from './arrays.ts';
import type { Codes } from './codes.ts';
import type { DotKernel } from './dot.ts';
import { type ByteMemory, firstMisfit } from './memory.ts';
import type { MovedBytes } from './moved.ts';
import type { OperandStatistics } from './statistics.ts';

export interface CoreMemories {
  readonly spad: ByteMemory;
  readonly acc: ByteMemory;
  readonly cells: ArrayCells;
}

export interface Memories {
  readonly dram: ByteMemory;
  readonly buffer: ByteMemory;
  readonly cores: readonly CoreMemories[];
}

export interface ExecContext {
  readonly program: Program;
  readonly machine: Machine;
  readonly memories: Memories;
  readonly walks: WalkCache;
  readonly core: number;
  readonly at: DynamicInstruction;
  readonly kernel: DotKernel;
  readonly statistics: OperandStatistics | undefined;
  readonly moved: MovedBytes | undefined;
  /** Analog arrays whose deviations are part of the values; undefined where products are exact. */
  readonly analog: AnalogArrays | undefined;
}

/** A source operand that may be read: its walk and the memory it lies in. */
export interface Source {
  readonly walk: Walk;
  readonly memory: ByteMemory;
  readonly descriptor: TensorDescriptor;
  readonly name: string;
}

export function failAt(cx: ExecContext, what: string, hint: string, code = 'E-SIM'): never {
  throw fault(cx.program, cx.core, cx.at.pc, what, hint, code);
}

export function tensorName(program: Program, index: number): string {
  const name = program.symbols.tensorNames[index];
  return name === undefined || name === '' ? `tensor ${index}` : name;
}

export function layerOf(cx: ExecContext): number {
  return cx.program.symbols.layerOf[cx.core]?.[cx.at.pc] ?? -1;
}

export function descriptorOf(cx: ExecContext, index: number): TensorDescriptor {
  return cx.walks.get(index, cx.at.registers).descriptor;
}

/** The weight tile of an array descriptor, which must fit this machine. */
export function tileOf(cx: ExecContext, index: number): ArrayDescriptor {
  const tile = cx.program.arrays[index];
  if (tile === undefined)
    failAt(cx, `array descriptor ${index} does not exist`, `the program has ${cx.program.arrays.length}`);
  const misfit = tileMisfit(tile, cx.machine.core.matrix);
  if (misfit !== undefined)
    failAt(cx, `the weight tile needs ${misfit}`, 'use a smaller tile or a machine with larger arrays');
  return tile;
}

/** Checks that an operand (or a part of it) lies in its memory and has been written. */
export function openSource(cx: ExecContext, index: number, part?: Part, core = cx.core): Source {
  const walk = cx.walks.get(index, cx.at.registers);
  const { descriptor } = walk;
  const memory = memoryOf(cx, descriptor, index, core);
  const intervals = walk.shape.intervals(part);
  checkBounds(cx, memory, walk, intervals, index);
  const name = tensorName(cx.program, index);
  const unwritten = memory.firstUnwritten(walk.base, intervals);
  if (unwritten !== undefined) {
    failAt(
      cx,
      `${name} reads ${descriptor.space} byte ${unwritten}, which nothing has written`,
      'write it first, or correct the base, the axes or the order',
      'E-SIM-UNWRITTEN',
    );
  }
  cx.moved?.touch(walk, memory, part, false);
  return { walk, memory, descriptor, name };
}

/** Raw codes of an operand in index order. */
export function readTensor(cx: ExecContext, index: number, core = cx.core): Codes {
  const source = openSource(cx, index, undefined, core);
  const codes = source.memory.read(source.walk);
  requireCodes(cx, source, codes);
  return codes;
}

/** Faults on bits that mean nothing: of all codings only ternary has such, 10. */
export function requireCodes(cx: ExecContext, { descriptor, name }: Source, codes: ArrayLike<number>): void {
  if (descriptor.coding !== 'ternary' || Array.prototype.indexOf.call(codes, -2) < 0) return;
  failAt(cx, `${name} holds the bits 10, which are no ternary code`, 'write -1, 0 or 1 there', 'E-SIM-CODE');
}

/** Writes raw codes into the memory of a core; a code that does not fit the destination's coding is a fault. */
export function writeTensor(cx: ExecContext, index: number, values: ArrayLike<number>, core = cx.core): void {
  const walk = cx.walks.get(index, cx.at.registers);
  const { descriptor: d } = walk;
  if (values.length !== walk.count) {
    failAt(
      cx,
      `${tensorName(cx.program, index)} walks ${walk.count} elements, the result has ${values.length}`,
      'make the counts of the operands agree',
    );
  }
  const memory = memoryOf(cx, d, index, core);
  checkBounds(cx, memory, walk, walk.shape.intervals(), index);
  const held =
    d.space === 'acc'
      ? { coding: d.coding, widthBits: Math.min(d.widthBits, cx.machine.core.accumulators.widthBits) }
      : d;
  const bad = firstMisfit(held, values);
  if (bad >= 0) {
    const { min, max } = codeRange(held.coding, held.widthBits);
    failAt(
      cx,
      `element ${bad} of ${tensorName(cx.program, index)} would be ${values[bad]}, outside ${held.widthBits}-bit ${d.coding} (${min} .. ${max})`,
      'use a wider destination, or prove that the sum is small enough',
      'E-SIM-OVERFLOW',
    );
  }
  cx.moved?.touch(walk, memory, undefined, true);
  memory.write(walk, values);
}

function memoryOf(cx: ExecContext, d: TensorDescriptor, index: number, core: number): ByteMemory {
  if (d.space === 'dram') return cx.memories.dram;
  if (d.space === 'buffer') return cx.memories.buffer;
  const own = cx.memories.cores[core];
  if (own === undefined) failAt(cx, `core ${core} does not exist`, `this machine has ${cx.memories.cores.length}`);
  const stored = cx.machine.core.accumulators.widthBits === 48 ? 48 : 32;
  if (d.space === 'acc' && d.widthBits !== stored) {
    failAt(
      cx,
      `${tensorName(cx.program, index)} has ${d.widthBits}-bit elements, accumulators of this machine are stored in ${stored} bits`,
      `use width ${stored}`,
    );
  }
  return own[d.space];
}

function checkBounds(cx: ExecContext, memory: ByteMemory, walk: Walk, intervals: Float64Array, index: number): void {
  const outside = memory.firstOutside(walk.base, intervals);
  if (outside === undefined) return;
  failAt(
    cx,
    `${tensorName(cx.program, index)} reaches ${walk.descriptor.space} byte ${outside}, outside its ${memory.bytes.length} bytes`,
    'correct the base or the strides, or use a larger memory',
    'E-SIM-BOUNDS',
  );
}

/** Faults unless an operand lies in one of the spaces. */
export function requireSpace(cx: ExecContext, index: number, spaces: readonly Space[]): void {
  const { space } = descriptorOf(cx, index);
  if (!spaces.includes(space))
    failAt(
      cx,
      `${tensorName(cx.program, index)} lies in ${space}; this operand must lie in ${spaces.join(' or ')}`,
      'copy it there first',
    );
}

/** What an integer destination saturates to; nothing where it is an accumulator or 32 bits and wider, for there a misfit is a fault. */
export function clampOf(d: TensorDescriptor): { readonly min: number; readonly max: number } {
  return d.space === 'acc' || d.widthBits >= 32 ? { min: -Infinity, max: Infinity } : codeRange(d.coding, d.widthBits);
}
