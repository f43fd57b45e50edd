/** Integer matrix product with constant weights. */
import { INT32, sizeOf } from '../types.ts';
import { allocate, type OpDefinition, requireInt32, requireThat } from './op.ts';

export const matmul: OpDefinition<'matmul'> = {
  doc: 'integer matrix product into 32-bit accumulators',
  arity: [2, 3],
  infer({ wZero }, [x, w, bias]) {
    requireThat(x !== undefined && w !== undefined, 'a matrix product needs an input and weights');
    requireThat(
      x.element.kind === 'int' && w.element.kind === 'int',
      'a matrix product needs integer operands: quantize both first',
    );
    requireThat(w.shape.length === 2, `weights must be [K, N], got [${w.shape}]`);
    const [k, n] = w.shape as [number, number];
    requireThat(x.shape.length >= 1 && x.shape[x.shape.length - 1] === k, `input [${x.shape}] must end in K = ${k}`);
    requireThat(
      wZero.length === 1 || wZero.length === n,
      `weight zero point has ${wZero.length} elements, expected 1 or ${n}`,
    );
    requireThat(bias === undefined || (bias.shape.length === 1 && bias.shape[0] === n), `bias must be [${n}]`);
    return { element: INT32, shape: [...x.shape.slice(0, -1), n] };
  },
  reference({ xZero, wZero }, [x, w, bias], output) {
    const out = allocate(output);
    const [k, n] = w!.type.shape as [number, number];
    const rows = sizeOf(x!.type.shape) / k;
    const sums = new Float64Array(n);
    const zeroOf = (j: number) => (wZero.length === 1 ? wZero[0]! : wZero[j]!);
    const weights = Float64Array.from(w!.data, (v, i) => v - zeroOf(i % n));
    for (let m = 0; m < rows; m++) {
      for (let j = 0; j < n; j++) sums[j] = bias === undefined ? 0 : bias.data[j]!;
      for (let i = 0; i < k; i++) {
        const value = x!.data[m * k + i]! - xZero;
        if (value !== 0) for (let j = 0; j < n; j++) sums[j]! += value * weights[i * n + j]!;
      }
      for (let j = 0; j < n; j++) out[m * n + j] = requireInt32(sums[j]!);
    }
    return out;
  },
};
