/**
 * Integer matrix product of two computed operands, matrix by matrix: attention's QK' and PV, with one matrix per head. Whoever has leading
 * dims of another kind reshapes; keys shared by several heads are rows of one matrix.
 */
import { INT32 } from '../types.ts';
import { allocate, type OpDefinition, requireInt32, requireThat } from './op.ts';

export const product: OpDefinition<'product'> = {
  doc: 'integer product of two computed matrices, batch by batch',
  arity: [2, 2],
  infer(_, [a, b]) {
    requireThat(
      a?.element.kind === 'int' && b?.element.kind === 'int',
      'a product takes integers: quantize both first',
    );
    const [batch = 0, m = 0, k = 0] = a.shape;
    requireThat(
      a.shape.length === 3 && b.shape.length === 3 && b.shape[0] === batch && b.shape[1] === k,
      `[${a.shape}] times [${b.shape}]: expected [batch, m, k] and [batch, k, n]`,
    );
    return { element: INT32, shape: [batch, m, b.shape[2] ?? 0] };
  },
  reference({ aZero, bZero }, [a, b], output) {
    const out = allocate(output);
    const [batch, m, k] = a!.type.shape as [number, number, number];
    const n = b!.type.shape[2]!;
    for (let g = 0; g < batch; g++) {
      for (let row = 0; row < m; row++) {
        for (let column = 0; column < n; column++) {
          let sum = 0;
          for (let i = 0; i < k; i++) {
            sum += (a!.data[(g * m + row) * k + i]! - aZero) * (b!.data[(g * k + i) * n + column]! - bZero);
          }
          out[(g * m + row) * n + column] = requireInt32(sum);
        }
      }
    }
    return out;
  },
};
