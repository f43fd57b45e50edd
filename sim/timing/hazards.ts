/**
 * What keeps an instruction from starting behind an unfinished one: a result of its own unit that it needs (the interlock of isa/README.md), or the
 * array, where the machine cannot compute and be written at once.
 */
import { destinationCores } from '../../isa/instructions/destinations.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { TensorDescriptor } from '../../isa/tensor.ts';
import type { OperandUse } from '../walk/accesses.ts';
import type { WalkCache } from '../walk/walk.ts';
import type { InstructionRecord } from './record.ts';

/**
 * Cycles after the start of `earlier` from which `later` may start; 0 when nothing holds it, Infinity when it has to wait until `earlier` is done.
 * Sources of `earlier` have been read, or `later` could not be the next: only its results matter.
 */
export function interlock(walks: WalkCache, earlier: InstructionRecord, later: InstructionRecord): number {
  const dma = earlier.entry.unit.kind === 'dma';
  let result = 0;
  earlier.entry.touches.operands.forEach((x, a) => {
    if (!x.write || result === Infinity) return;
    later.entry.touches.operands.forEach((y, b) => {
      // A compute unit finishes in order, so a result that replaces another has nothing to wait for.
      if (!y.read && !dma) return;
      const wx = walksOf(walks, earlier)[a]!;
      const wy = walksOf(walks, later)[b]!;
      if (wx.descriptor.space !== wy.descriptor.space) return;
      if (!sameCore(memoryCores(earlier, x), memoryCores(later, y))) return;
      if (!intersect(wx.intervals, wy.intervals)) return;
      const again = earlier.demand.reaccumulateCycles;
      const rowByRow = again !== undefined && y.write && wx.base === wy.base && sameShape(wx.descriptor, wy.descriptor);
      result = Math.max(result, rowByRow ? again : Infinity);
    });
  });
  return result;
}

function walksOf(walks: WalkCache, record: InstructionRecord) {
  record.walks ??= record.entry.walksAt(walks, record.registers);
  return record.walks;
}

/** Cores in whose memory an operand lies; only remote writes leave their own. */
function memoryCores(record: InstructionRecord, use: OperandUse): readonly number[] {
  const { core } = record.entry.unit;
  return use.write ? destinationCores(record.entry.instruction, core) : [core];
}

function sameCore(a: readonly number[], b: readonly number[]): boolean {
  return a.some((core) => b.includes(core));
}

/** True when two operands move through the same elements in the same order, but for their bases. */
function sameShape(a: TensorDescriptor, b: TensorDescriptor): boolean {
  if (a === b) return true;
  return (
    a.widthBits === b.widthBits &&
    JSON.stringify([a.axes, a.dims, a.originRegisters]) === JSON.stringify([b.axes, b.dims, b.originRegisters])
  );
}

/** True when writing and computing exclude each other on this machine and the two share a macro. */
export function sharesArray(machine: Machine, a: InstructionRecord, b: InstructionRecord): boolean {
  const { matrix } = machine.core;
  const excludes = matrix.kind === 'systolic' ? matrix.preload === 'exposed' : matrix.writeInterference === 'blocks';
  return excludes && macrosOverlap(a, b);
}

export function macrosOverlap(a: InstructionRecord, b: InstructionRecord): boolean {
  const x = a.entry.macros;
  const y = b.entry.macros;
  return x[0] < y[1] && y[0] < x[1];
}

/** True when two lists of ascending [start, end) pairs have a byte in common. */
export function intersect(a: Float64Array, b: Float64Array): boolean {
  if (a.length === 0 || b.length === 0) return false;
  if (a[a.length - 1]! <= b[0]! || b[b.length - 1]! <= a[0]!) return false;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]! < b[j + 1]! && b[j]! < a[i + 1]!) return true;
    if (a[i + 1]! < b[j + 1]!) i += 2;
    else j += 2;
  }
  return false;
}
