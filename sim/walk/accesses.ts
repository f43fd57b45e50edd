/**
 * What an instruction touches: which operands it reads and writes, and which array cells. One table, so that the run with data, the race
 * check, the interlock and the traffic ledger cannot disagree. A new mnemonic fails to compile here.
 */

import { type Instruction, NO_TENSOR, type PerMnemonic } from '../../isa/instructions/table.ts';
import { matrixGeometry } from '../../isa/machine/geometry.ts';
import type { MatrixUnit } from '../../isa/machine/schema.ts';
import type { Program } from '../../isa/program.ts';
import type { ArrayDescriptor } from '../../isa/tensor.ts';
import type { Part } from './walk.ts';

export interface OperandUse {
  readonly tensor: number;
  readonly write: boolean;
  readonly read: boolean;
  /** Where not all of the walk is touched: the tile's slice of a window, or a table that an index picks from. */
  readonly only?: 'slice' | 'table';
}

export interface Touches {
  readonly operands: readonly OperandUse[];
  /** Weight tile and whether it is written. */
  readonly tile?: { readonly array: number; readonly write: boolean };
}

const read = (tensor: number): OperandUse => ({ tensor, read: true, write: false });
const write = (tensor: number, alsoRead = false): OperandUse => ({ tensor, read: alsoRead, write: true });
const optional = (tensor: number): OperandUse[] => (tensor === NO_TENSOR ? [] : [read(tensor)]);
const none = (): Touches => ({ operands: [] });
const unary = (i: { dst: number; a: number }): Touches => ({ operands: [write(i.dst), read(i.a)] });
const binary = (i: { dst: number; a: number; b: number }): Touches => ({
  operands: [write(i.dst), read(i.a), read(i.b)],
});

const TOUCHES: PerMnemonic<[], Touches> = {
  nop: none,
  halt: none,
  li: none,
  addi: none,
  add: none,
  cadd: none,
  loop: none,
  skip: none,
  sync: none,
  ldr: (i) => ({ operands: [read(i.src)] }),
  copy: (i) => ({ operands: [write(i.dst, i.accumulate), read(i.src)] }),
  fill: (i) => ({ operands: [write(i.dst)] }),
  gather: (i) => ({ operands: [write(i.dst), { ...read(i.src), only: 'table' }, read(i.index)] }),
  ww: (i) => ({ operands: [read(i.src)], tile: { array: i.tile, write: true } }),
  mm: (i) => ({
    operands: [write(i.dst, i.accumulate), { ...read(i.src), only: 'slice' }],
    tile: { array: i.tile, write: false },
  }),
  rq: (i) => ({ operands: [write(i.dst), read(i.src), ...optional(i.params), ...optional(i.add)] }),
  vadd: binary,
  vsub: binary,
  vmul: binary,
  vdiv: binary,
  vmax: binary,
  vmin: binary,
  vlut: binary,
  vcvt: unary,
  vsqrt: unary,
  vfun: unary,
  vred: unary,
  vaddq: (i) => ({ operands: [write(i.dst), read(i.a), read(i.b), read(i.params)] }),
  vdot: (i) => ({ operands: [write(i.dst, i.accumulate), read(i.a), read(i.b)] }),
};

/** Operands in a fixed order: what is written first. */
export function touchesOf(instruction: Instruction): Touches {
  return (TOUCHES[instruction.op] as (i: Instruction) => Touches)(instruction);
}

/** The part of an operand's walk that the instruction touches, for Walk.intervalsOf. */
export function partOf(use: OperandUse, instruction: Instruction, program: Program): Part {
  if (use.only === 'table') return 'table';
  if (use.only === undefined || instruction.op !== 'mm') return undefined;
  const tile = program.arrays[instruction.tile];
  return tile === undefined
    ? undefined
    : { kdims: instruction.kdims, from: tile.kStart, to: tile.kStart + tile.kCount };
}

/** Core whose memories the destination lies in: remote writes name it. */
export function destinationCore(instruction: Instruction, core: number): number {
  return 'core' in instruction && instruction.core > 0 ? instruction.core - 1 : core;
}

export interface TilePart {
  readonly macro: number;
  /** Rows of K and outputs of N that this macro holds, relative to the tile. */
  readonly k0: number;
  readonly k1: number;
  readonly n0: number;
  readonly n1: number;
  readonly replica: number;
}

/** The macros of a tile and what each holds, by the even split of isa/tensor.ts. */
export function tileParts(d: ArrayDescriptor): TilePart[] {
  const kEach = Math.ceil(d.kCount / d.gridK);
  const nEach = Math.ceil(d.nCount / d.gridN);
  const parts: TilePart[] = [];
  for (let r = 0; r < d.replicas; r++) {
    for (let gk = 0; gk < d.gridK; gk++) {
      for (let gn = 0; gn < d.gridN; gn++) {
        const k0 = gk * kEach;
        const n0 = gn * nEach;
        const macro = d.firstMacro + (r * d.gridK + gk) * d.gridN + gn;
        parts.push({
          macro,
          k0,
          k1: Math.min(d.kCount, k0 + kEach),
          n0,
          n1: Math.min(d.nCount, n0 + nEach),
          replica: r,
        });
      }
    }
  }
  return parts.filter((p) => p.k1 > p.k0 && p.n1 > p.n0);
}

/** What of a tile does not fit a matrix unit, e.g. `cell rows up to 8 of 8`; undefined when it fits. */
export function tileMisfit(d: ArrayDescriptor, matrix: MatrixUnit): string | undefined {
  const g = matrixGeometry(matrix);
  const rows = d.rowStart + Math.ceil(d.kCount / d.gridK);
  const columns = d.columnStart + Math.ceil(d.nCount / d.gridN) * g.columnsPerWeight(d.weightBits);
  const macros = d.firstMacro + d.replicas * d.gridK * d.gridN;
  if (d.plane >= g.planes) return `plane ${d.plane} of ${g.planes}`;
  if (macros > g.macros) return `macros up to ${macros - 1} of ${g.macros}`;
  if (rows > g.rows) return `cell rows up to ${rows - 1} of ${g.rows}`;
  return columns > g.columns ? `cell columns up to ${columns - 1} of ${g.columns}` : undefined;
}

/** Array cells of a tile that fits, as [start, end) pairs of ((plane * macros + macro) * rows + row) * columns + column. */
export function tileIntervals(d: ArrayDescriptor, matrix: MatrixUnit): Float64Array {
  const g = matrixGeometry(matrix);
  const width = g.columnsPerWeight(d.weightBits);
  const out: number[] = [];
  for (const p of [...tileParts(d)].sort((a, b) => a.macro - b.macro)) {
    for (let row = 0; row < p.k1 - p.k0; row++) {
      const start = ((d.plane * g.macros + p.macro) * g.rows + d.rowStart + row) * g.columns + d.columnStart;
      const end = start + (p.n1 - p.n0) * width;
      if (out[out.length - 1] === start) out[out.length - 1] = end;
      else out.push(start, end);
    }
  }
  return Float64Array.from(out);
}
