/**
 * float32 product of two computed matrices, batch by batch, for attention whose operands have no quantizers. The order of the sum is part of the
 * meaning: from 0, in index order, one float32 rounding after each multiply and each add.
 */
import { allocate, isFloat, type OpDefinition, requireThat } from './op.ts';

export const productFloat: OpDefinition<'product-float'> = {
  doc: 'float32 product of two computed matrices, batch by batch, on the vector unit',
  arity: [2, 2],
  infer(_, [a, b]) {
    requireThat(a !== undefined && b !== undefined && isFloat(a) && isFloat(b), 'this product takes float32');
    const [batch = 0, m = 0, k = 0] = a.shape;
    requireThat(
      a.shape.length === 3 && b.shape.length === 3 && b.shape[0] === batch && b.shape[1] === k,
      `[${a.shape}] times [${b.shape}]: expected [batch, m, k] and [batch, k, n]`,
    );
    return { element: a.element, shape: [batch, m, b.shape[2] ?? 0] };
  },
  reference(_, [a, b], output) {
    const out = allocate(output) as Float32Array;
    const [batch, m, k] = a!.type.shape as [number, number, number];
    const n = b!.type.shape[2]!;
    for (let row = 0; row < batch * m; row++) {
      const matrix = Math.floor(row / m) * k * n;
      const sums = out.subarray(row * n, (row + 1) * n);
      for (let i = 0; i < k; i++) {
        const v = a!.data[row * k + i]!;
        for (let j = 0; j < n; j++) sums[j] = sums[j]! + Math.fround(v * b!.data[matrix + i * n + j]!);
      }
    }
    return out;
  },
};
