/**
 * Operand statistics of matrix multiplies, per layer: how often input bits toggle the array and how dense the weights are. Integers
 * only; energy turns them into activity, zero skipping into cycles.
 */

export interface LayerStatistics {
  /** Input elements fed to arrays (M x K of every mm). */
  inputs: number;
  zeroInputs: number;
  /** Ones among the bits of the inputs in two's complement, and all bits. */
  inputOnes: number;
  inputBits: number;
  weights: number;
  weightOnes: number;
  weightBits: number;
}

export class OperandStatistics {
  readonly layers = new Map<number, LayerStatistics>();

  layer(index: number): LayerStatistics {
    let found = this.layers.get(index);
    if (found === undefined) {
      found = { inputs: 0, zeroInputs: 0, inputOnes: 0, inputBits: 0, weights: 0, weightOnes: 0, weightBits: 0 };
      this.layers.set(index, found);
    }
    return found;
  }

  countInputs(layer: number, codes: ArrayLike<number>, bits: number): void {
    const s = this.layer(layer);
    s.inputs += codes.length;
    s.inputBits += codes.length * bits;
    for (let i = 0; i < codes.length; i++) {
      const v = codes[i]!;
      if (v === 0) s.zeroInputs += 1;
      else s.inputOnes += ones(v, bits);
    }
  }

  countWeights(layer: number, codes: ArrayLike<number>, bits: number): void {
    const s = this.layer(layer);
    s.weights += codes.length;
    s.weightBits += codes.length * bits;
    for (let i = 0; i < codes.length; i++) s.weightOnes += ones(codes[i]!, bits);
  }
}

/** Ones in the low `bits` bits of the two's complement of v; bipolar -1 is the bit 0. */
function ones(v: number, bits: number): number {
  if (bits === 1) return v > 0 ? 1 : 0;
  let x = bits >= 32 ? v >>> 0 : (v & ((1 << bits) - 1)) >>> 0;
  let n = 0;
  while (x !== 0) {
    x &= x - 1;
    n += 1;
  }
  return n;
}
