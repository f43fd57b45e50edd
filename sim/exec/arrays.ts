/**
 * Array cells with data: one logical weight at its first cell, with the width and coding that it was written with. Multiplying by cells that
 * nobody wrote, or by cells written in another form, is a fault: the bits would be there, the number would not.
 */
import { matrixGeometry, type MatrixGeometry } from '../../isa/machine/geometry.ts';
import type { MatrixUnit } from '../../isa/machine/schema.ts';
import { type ArrayDescriptor, CODINGS } from '../../isa/tensor.ts';
import { tileParts } from '../walk/accesses.ts';

const CONTINUED = 0x80;

export class ArrayCells {
  readonly #geometry: MatrixGeometry;
  readonly #weights: Int16Array;
  readonly #tags: Uint8Array;
  readonly #panels = new Map<ArrayDescriptor, Int32Array>();

  constructor(matrix: MatrixUnit) {
    this.#geometry = matrixGeometry(matrix);
    const cells = this.#geometry.planes * this.#geometry.macros * this.#geometry.rows * this.#geometry.columns;
    this.#weights = new Int16Array(cells);
    this.#tags = new Uint8Array(cells);
  }

  /** Writes a kCount x nCount tile into every replica. */
  write(d: ArrayDescriptor, weights: ArrayLike<number>): void {
    const width = this.#geometry.columnsPerWeight(d.weightBits);
    for (const part of tileParts(d)) {
      for (let k = part.k0; k < part.k1; k++) {
        let cell = this.#cell(d, part.macro, k - part.k0, 0);
        for (let n = part.n0; n < part.n1; n++) {
          this.#weights[cell] = weights[k * d.nCount + n]!;
          this.#tags[cell] = tagOf(d);
          this.#tags.fill(CONTINUED, cell + 1, cell + width);
          cell += width;
        }
      }
    }
    this.#panels.clear();
  }

  /** The tile as kCount x nCount, or the row and output of the first cell that does not hold such a weight. */
  panel(d: ArrayDescriptor): { readonly weights: Int32Array } | { readonly badK: number; readonly badN: number; readonly found: string } {
    const known = this.#panels.get(d);
    if (known !== undefined) return { weights: known };
    const width = this.#geometry.columnsPerWeight(d.weightBits);
    const weights = new Int32Array(d.kCount * d.nCount);
    const tag = tagOf(d);
    for (const part of tileParts(d)) {
      for (let k = part.k0; k < part.k1; k++) {
        let cell = this.#cell(d, part.macro, k - part.k0, 0);
        for (let n = part.n0; n < part.n1; n++) {
          if (this.#tags[cell] !== tag) return { badK: k, badN: n, found: tagText(this.#tags[cell]!) };
          weights[k * d.nCount + n] = this.#weights[cell]!;
          cell += width;
        }
      }
    }
    this.#panels.set(d, weights);
    return { weights };
  }

  #cell(d: ArrayDescriptor, macro: number, row: number, column: number): number {
    const g = this.#geometry;
    return ((d.plane * g.macros + macro) * g.rows + d.rowStart + row) * g.columns + d.columnStart + column;
  }
}

function tagOf(d: ArrayDescriptor): number {
  return d.weightBits | (CODINGS.indexOf(d.weightCoding) << 5);
}

function tagText(tag: number): string {
  if (tag === 0) return 'nothing: the cell was never written';
  if (tag === CONTINUED) return 'the middle of another weight';
  return `a ${tag & 31}-bit ${CODINGS[tag >> 5]} weight`;
}
