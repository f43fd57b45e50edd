/**
 * Array cells with data: one logical weight at its first cell, tagged with the width and coding it was written with and by which instruction.
 * Multiplying by cells that nobody wrote, or that were written in another form, is a fault: the bits would be there, the number would not.
 */
import { type MatrixGeometry, matrixGeometry } from '../../isa/machine/geometry.ts';
import type { MatrixUnit } from '../../isa/machine/schema.ts';
import { type ArrayDescriptor, CODINGS } from '../../isa/tensor.ts';
import { type TilePart, tileParts } from '../walk/accesses.ts';

/** Tag of the second and later cells of a weight. */
const CONTINUED = 0x80;

/** Weights of a tile as the dot kernel takes them. */
export class Panel {
  /** nCount x kCount: the weights of one output follow each other. */
  readonly weights: Int32Array;
  /** Ones among all bits of the weights. */
  readonly ones: number;
  readonly #k: number;
  #packed: Int16Array | undefined;

  constructor(weights: Int32Array, k: number, ones: number) {
    this.weights = weights;
    this.ones = ones;
    this.#k = k;
  }

  /** The weights in 16 bits, zero-padded to n x k; worked out once, so a panel must always be asked for the same padding. */
  packed(kPadded: number, nPadded: number): Int16Array {
    if (this.#packed === undefined) {
      this.#packed = new Int16Array(nPadded * kPadded);
      for (let at = 0, to = 0; at < this.weights.length; at += this.#k, to += kPadded)
        this.#packed.set(this.weights.subarray(at, at + this.#k), to);
    }
    return this.#packed;
  }
}

/** A cell that does not hold the weight that a tile wants. */
export interface BadCell {
  readonly k: number;
  readonly n: number;
  readonly found: string;
  /** Instruction that wrote the cell, if any did. */
  readonly writerPc: number | undefined;
}

interface CachedPanel {
  readonly panel: Panel;
  readonly versions: readonly number[];
}

export class ArrayCells {
  readonly #geometry: MatrixGeometry;
  readonly #weights: Int32Array;
  readonly #tags: Uint8Array;
  /** pc + 1 of the instruction that wrote the cell. */
  readonly #writers: Int32Array;
  /** Counts the writes into each plane of each macro. */
  readonly #versions: Int32Array;
  readonly #panels = new Map<ArrayDescriptor, CachedPanel>();

  constructor(matrix: MatrixUnit) {
    const g = matrixGeometry(matrix);
    this.#geometry = g;
    const cells = g.planes * g.macros * g.rows * g.columns;
    this.#weights = new Int32Array(cells);
    this.#tags = new Uint8Array(cells);
    this.#writers = new Int32Array(cells);
    this.#versions = new Int32Array(g.planes * g.macros);
  }

  /** Writes a kCount x nCount tile (k outermost) into every replica. */
  write(d: ArrayDescriptor, weights: ArrayLike<number>, pc: number): void {
    const width = this.#geometry.columnsPerWeight(d.weightBits);
    const tag = tagOf(d);
    for (const part of tileParts(d)) {
      const version = this.#version(d, part);
      this.#versions[version] = this.#versions[version]! + 1;
      for (let k = part.k0; k < part.k1; k++) {
        const first = this.#cell(d, part, k);
        const last = first + (part.n1 - part.n0) * width;
        this.#writers.fill(pc + 1, first, last);
        if (width > 1) this.#tags.fill(CONTINUED, first, last);
        for (let n = part.n0, cell = first; n < part.n1; n++, cell += width) {
          this.#weights[cell] = weights[k * d.nCount + n]!;
          this.#tags[cell] = tag;
        }
      }
    }
  }

  /** The tile's weights, or the first cell that does not hold what the tile says. */
  panel(d: ArrayDescriptor): Panel | BadCell {
    const parts = tileParts(d);
    const known = this.#panels.get(d);
    if (known !== undefined && parts.every((p, i) => this.#versions[this.#version(d, p)] === known.versions[i]))
      return known.panel;
    const weights = new Int32Array(d.kCount * d.nCount);
    for (const part of parts) {
      const bad = this.#readPart(d, part, weights);
      if (bad !== undefined) return bad;
    }
    const panel = new Panel(weights, d.kCount, countOnes(weights, d.weightBits));
    this.#panels.set(d, { panel, versions: parts.map((p) => this.#versions[this.#version(d, p)]!) });
    return panel;
  }

  #readPart(d: ArrayDescriptor, part: TilePart, weights: Int32Array): BadCell | undefined {
    const width = this.#geometry.columnsPerWeight(d.weightBits);
    const tag = tagOf(d);
    for (let k = part.k0; k < part.k1; k++) {
      let cell = this.#cell(d, part, k);
      for (let n = part.n0; n < part.n1; n++, cell += width) {
        const at = n * d.kCount + k;
        const whole = this.#tags[cell] === tag && this.#continued(cell, width);
        if (!whole) return this.#bad(k, n, cell, width, tag);
        if (part.replica > 0 && weights[at] !== this.#weights[cell]) {
          return {
            k,
            n,
            found: `${this.#weights[cell]} in replica ${part.replica} and ${weights[at]} in replica 0`,
            writerPc: this.#writers[cell]! - 1,
          };
        }
        weights[at] = this.#weights[cell]!;
      }
    }
    return undefined;
  }

  #continued(cell: number, width: number): boolean {
    for (let c = 1; c < width; c++) if (this.#tags[cell + c] !== CONTINUED) return false;
    return true;
  }

  #bad(k: number, n: number, cell: number, width: number, tag: number): BadCell {
    let at = cell;
    if (this.#tags[cell] === tag) for (at = cell + 1; at < cell + width && this.#tags[at] === CONTINUED; ) at += 1;
    const writer = this.#writers[at]!;
    const found = at === cell ? tagText(this.#tags[cell]!) : `a weight whose cell ${at - cell} was overwritten`;
    return { k, n, found, writerPc: writer === 0 ? undefined : writer - 1 };
  }

  #version(d: ArrayDescriptor, part: TilePart): number {
    return d.plane * this.#geometry.macros + part.macro;
  }

  #cell(d: ArrayDescriptor, part: TilePart, k: number): number {
    const g = this.#geometry;
    return ((d.plane * g.macros + part.macro) * g.rows + d.rowStart + k - part.k0) * g.columns + d.columnStart;
  }
}

/** Ones in the low `bits` bits of each code's stored form; bipolar -1 is the bit 0. */
function countOnes(codes: ArrayLike<number>, bits: number): number {
  let n = 0;
  for (let i = 0; i < codes.length; i++) n += onesOf(codes[i]!, bits);
  return n;
}

function onesOf(code: number, bits: number): number {
  if (bits === 1) return code > 0 ? 1 : 0;
  let x = bits >= 32 ? code >>> 0 : code & ((1 << bits) - 1);
  let n = 0;
  for (; x !== 0; x &= x - 1) n += 1;
  return n;
}

function tagOf(d: ArrayDescriptor): number {
  return d.weightBits | (CODINGS.indexOf(d.weightCoding) << 5);
}

function tagText(tag: number): string {
  if (tag === 0) return 'nothing: the cell was never written';
  if (tag === CONTINUED) return 'the middle of another weight';
  return `a ${tag & 31}-bit ${CODINGS[tag >> 5]} weight`;
}
