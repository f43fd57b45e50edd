/**
 * Operand statistics of matrix multiplies, per layer: how often input bits toggle the array, how dense the weights are, and how many
 * bit planes of a whole input vector are zero. Integers only; energy turns them into activity, zero skipping into cycles.
 */
import type { StepHistogram } from '../../isa/demand/skipping.ts';

/** Widest operand of the matrix unit. */
const PLANES = 16;

export interface LayerStatistics {
  /** Input elements fed to arrays (M x K of every mm) and how many of them are zero. */
  inputs: number;
  zeroInputs: number;
  /** Ones among the bits of the inputs in two's complement, and all bits. */
  inputOnes: number;
  inputBits: number;
  /** Ones per bit plane, plane 0 the lowest. */
  readonly inputOnesByPlane: number[];
  /** Input vectors (M of every mm), and for each bit plane how many of them have no one in it. */
  vectors: number;
  readonly zeroPlanes: number[];
  /** Weights of the tiles that were multiplied (K x N of every mm), their bits and the ones among them. */
  weights: number;
  weightOnes: number;
  weightBits: number;
  /** Steps of bit-serial arrays where the machine skips zeros (skipping.ts); empty elsewhere. */
  zeroSteps: StepHistogram[];
}

export class OperandStatistics {
  /** By layer index of the program, -1 for none. */
  readonly layers = new Map<number, LayerStatistics>();

  layer(index: number): LayerStatistics {
    let found = this.layers.get(index);
    if (found === undefined) {
      found = {
        inputs: 0,
        zeroInputs: 0,
        inputOnes: 0,
        inputBits: 0,
        inputOnesByPlane: new Array<number>(PLANES).fill(0),
        vectors: 0,
        zeroPlanes: new Array<number>(PLANES).fill(0),
        weights: 0,
        weightOnes: 0,
        weightBits: 0,
        zeroSteps: [],
      };
      this.layers.set(index, found);
    }
    return found;
  }

  /** Counts `vectors` input vectors of `length` codes each, `stride` apart. */
  countInputs(
    layer: number,
    codes: ArrayLike<number>,
    vectors: number,
    length: number,
    stride: number,
    bits: number,
  ): void {
    const s = this.layer(layer);
    s.inputs += vectors * length;
    s.inputBits += vectors * length * bits;
    s.vectors += vectors;
    const mask = 2 ** bits - 1;
    for (let v = 0; v < vectors; v++) {
      let any = 0;
      for (let i = v * stride; i < v * stride + length; i++) {
        const code = bits === 1 ? Number(codes[i]! > 0) : codes[i]! & mask;
        if (codes[i] === 0) s.zeroInputs += 1;
        any |= code;
        for (let rest = code, p = 0; rest !== 0; rest >>= 1, p++) {
          if (rest & 1) s.inputOnesByPlane[p] = s.inputOnesByPlane[p]! + 1;
        }
      }
      for (let p = 0; p < bits; p++) if (((any >> p) & 1) === 0) s.zeroPlanes[p] = s.zeroPlanes[p]! + 1;
    }
    s.inputOnes = s.inputOnesByPlane.reduce((n, p) => n + p, 0);
  }

  /** Counts a tile of weights with its ones. */
  countWeights(layer: number, weights: number, ones: number, bits: number): void {
    const s = this.layer(layer);
    s.weights += weights;
    s.weightBits += weights * bits;
    s.weightOnes += ones;
  }
}
