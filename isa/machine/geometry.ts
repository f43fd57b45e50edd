/** What the matrix unit can hold, asked by kind, and where the slower tier begins: shared by compiler, execution and timing, so that all agree on it. */
import type { Dram, Machine, MatrixUnit, Tier } from './schema.ts';

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

/** Planes of weights that an array can hold side by side; one where the machine cannot switch between them. */
export function usablePlanes({ core, capabilities }: Pick<Machine, 'core' | 'capabilities'>): number {
  return capabilities.weightPlanes ? matrixGeometry(core.matrix).planes : 1;
}

/** Bytes of weights of a width that the arrays hold, at the columns that such a weight takes. */
export function cellBytes(machine: Pick<Machine, 'core' | 'capabilities'>, weightBits: number): number {
  const { macros, rows, columns, columnsPerWeight } = matrixGeometry(machine.core.matrix);
  return (usablePlanes(machine) * macros * rows * columns * weightBits) / columnsPerWeight(weightBits) / 8;
}

/** Address in the DRAM space from which on bytes lie in the slower tier. */
export function tierStart({ dram, tier }: { readonly dram: Dram; readonly tier?: Tier | undefined }): number {
  return tier === undefined ? Infinity : dram.capacityBytes;
}
