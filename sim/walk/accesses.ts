/**
 * What an instruction touches: which operands it reads and writes, and which array cells. The table of the instruction set says it, so the run with
 * data, the race check, the interlock and the traffic ledger cannot disagree.
 */

import { accessFields, readsDestination } from '../../isa/instructions/access.ts';
import { operandsOf } from '../../isa/instructions/fields.ts';
import { type Instruction, type Mnemonic, NO_TENSOR } from '../../isa/instructions/table.ts';
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

/** Operands of which only a part is touched. */
const PARTIAL: { readonly [M in Mnemonic]?: readonly [field: string, only: 'slice' | 'table'] } = {
  mm: ['src', 'slice'],
  gather: ['src', 'table'],
};

/** Operands in table order, destinations first. */
export function touchesOf(instruction: Instruction): Touches {
  const values = operandsOf(instruction);
  const partial = PARTIAL[instruction.op];
  const operands: OperandUse[] = [];
  let tile: Touches['tile'];
  for (const { name, of, optional, write } of accessFields(instruction.op)) {
    const number = Number(values[name]);
    if (of === 'array') tile = { array: number, write };
    else if (!optional || number !== NO_TENSOR)
      operands.push({
        tensor: number,
        write,
        read: !write || readsDestination(instruction),
        ...(partial?.[0] === name ? { only: partial[1] } : {}),
      });
  }
  return tile === undefined ? { operands } : { operands, tile };
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
