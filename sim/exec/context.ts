/** What the meaning of one executed instruction may use: memories, resolved walks, and a way to fault with the place. */
import type { Machine } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import { codeRange, type Space, type TensorDescriptor } from '../../isa/tensor.ts';
import { destinationCore } from '../walk/accesses.ts';
import { type DynamicInstruction, fault } from '../walk/sequence.ts';
import type { Walk, WalkCache } from '../walk/walk.ts';
import type { ArrayCells } from './arrays.ts';
import { type ByteMemory, type Codes, firstMisfit } from './memory.ts';
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
  readonly statistics: OperandStatistics | undefined;
}

export function failAt(cx: ExecContext, what: string, hint: string): never {
  throw fault(cx.program, cx.core, cx.at.pc, what, hint);
}

export function tensorName(program: Program, index: number): string {
  const name = program.symbols.tensorNames[index];
  return name === undefined || name === '' ? `tensor ${index}` : name;
}

/** Raw codes of an operand in index order. */
export function readTensor(cx: ExecContext, index: number): Codes {
  const walk = cx.walks.get(index, cx.at.registers);
  const memory = memoryOf(cx, walk.descriptor.space, cx.core);
  checkBounds(cx, memory, walk, index);
  const unwritten = memory.firstUnwritten(walk);
  if (unwritten >= 0) {
    failAt(cx, `${tensorName(cx.program, index)} reads ${walk.descriptor.space} byte ${unwritten}, which nothing has written`, 'write it first, or correct the base, the axes or the order');
  }
  return memory.read(walk);
}

/** Writes raw codes; a code that does not fit the destination's coding is a fault. */
export function writeTensor(cx: ExecContext, index: number, values: ArrayLike<number>): void {
  const walk = cx.walks.get(index, cx.at.registers);
  const { descriptor: d } = walk;
  if (values.length !== walk.offsets.length) {
    failAt(cx, `${tensorName(cx.program, index)} walks ${walk.offsets.length} elements, the result has ${values.length}`, 'make the counts of the operands agree');
  }
  const memory = memoryOf(cx, d.space, destinationCore(cx.at.instruction, cx.core));
  checkBounds(cx, memory, walk, index);
  const bad = firstMisfit(d, values);
  if (bad >= 0) {
    const { min, max } = codeRange(d.coding, d.widthBits);
    failAt(cx, `element ${bad} of ${tensorName(cx.program, index)} would be ${values[bad]}, outside ${d.widthBits}-bit ${d.coding} (${min} .. ${max})`, 'use a wider destination, or prove that the sum is small enough');
  }
  memory.write(walk, values);
}

function memoryOf(cx: ExecContext, space: Space, core: number): ByteMemory {
  if (space === 'dram') return cx.memories.dram;
  if (space === 'buffer') return cx.memories.buffer;
  const own = cx.memories.cores[core];
  if (own === undefined) failAt(cx, `core ${core} does not exist`, `this machine has ${cx.memories.cores.length}`);
  return own[space];
}

function checkBounds(cx: ExecContext, memory: ByteMemory, walk: Walk, index: number): void {
  const outside = memory.firstOutside(walk);
  if (outside === -1) return;
  failAt(cx, `${tensorName(cx.program, index)} reaches ${walk.descriptor.space} byte ${outside}, outside its ${memory.bytes.length} bytes`, 'correct the base or the strides, or use a larger memory');
}

export function descriptorOf(cx: ExecContext, index: number): TensorDescriptor {
  return cx.walks.get(index, cx.at.registers).descriptor;
}

/** True where a destination saturates: below 32 bits and not an accumulator. */
export function saturates(d: TensorDescriptor): boolean {
  return d.space !== 'acc' && d.widthBits < 32 && d.coding !== 'float';
}

/** Clamps to the coding where the destination saturates; writeTensor faults on what remains outside. */
export function settle(d: TensorDescriptor, value: number): number {
  if (!saturates(d)) return value;
  const { min, max } = codeRange(d.coding, d.widthBits);
  if (d.coding === 'bipolar') return value >= 0 ? 1 : -1;
  return value < min ? min : value > max ? max : value;
}
