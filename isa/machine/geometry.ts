/** What the matrix unit can hold, asked by kind, and where the slower tier begins: shared by compiler, execution and timing, so that all agree on it. */
import type { Dram, MatrixUnit, Tier } from './schema.ts';

export interface MatrixGeometry {
  readonly macros: number;
  /** Rows of one macro: weights along K. */
  readonly rows: number;
  /** Cell columns of one macro. */
  readonly columns: number;
  readonly planes: number;
  /** Cell columns that one weight of the given width takes. */
  readonly columnsPerWeight: (weightBits: number) => number;
}

export function matrixGeometry(matrix: MatrixUnit): MatrixGeometry {
  switch (matrix.kind) {
    case 'digital-cim':
      return {
        macros: matrix.macros,
        rows: matrix.rows,
        columns: matrix.columns,
        planes: matrix.planes,
        columnsPerWeight: (bits) => bits,
      };
    case 'analog-cim':
      return {
        macros: matrix.macros,
        rows: matrix.rows,
        columns: matrix.columns,
        planes: matrix.planes,
        columnsPerWeight: (bits) => Math.ceil(bits / matrix.cellBits),
      };
    case 'systolic':
      return {
        macros: 1,
        rows: matrix.rows,
        columns: matrix.columns,
        planes: matrix.planes,
        columnsPerWeight: () => 1,
      };
  }
}

/** Address in the DRAM space from which on bytes lie in the slower tier. */
export function tierStart({ dram, tier }: { readonly dram: Dram; readonly tier?: Tier | undefined }): number {
  return tier === undefined ? Infinity : dram.capacityBytes;
}
