/**
 * A product of two computed operands on the arrays: one matrix of the second operand after another is written into cells from the scratchpad, read there
 * in the order that cells want it, so a transposed operand costs no copy; then it is a matrix product like any other. Each tile that a kernel computes
 * writes what it needs; weights.ts places the writes.
 */
import type { Machine } from '../../../isa/machine/schema.ts';
import type { NodeOf } from '../../graph/types.ts';
import type { MatmulKernel } from '../kernel.ts';
import { formatOf, NO_TEMPS, plainDims, refuseUnless } from '../kernel.ts';
import type { Layout } from '../layout.ts';
import { at, mergeFactors } from '../layout.ts';
import type { NodeContext } from './context.ts';
import { freeGrain } from './context.ts';
import { fusedRequantizer, recordsTensor } from './convolution.ts';
import { recordsNeed } from './matmul.ts';
import { recordsOf, type WeightTable } from './matmul-spec.ts';

/** A computed operand has no codes. */
const NO_WEIGHTS: WeightTable = { codes: new Int8Array(), rows: new Int32Array(), outputStride: 1 };

/** `last` is the context of the node whose result the kernel makes: the fused requantizer, or the product. */
export function dynamicProductKernel(
  cx: NodeContext,
  node: NodeOf<'product'>,
  last: NodeContext,
  machine: Machine,
): MatmulKernel {
  const [left, right] = [cx.inputType(0), cx.inputType(1)];
  const [a, b] = [formatOf(left), formatOf(right)];
  const [batch, m, k] = [at(left.shape, 0), at(left.shape, 1), at(left.shape, 2)];
  const n = at(right.shape, 2);
  requireOperands(node, a.bits, b.bits, machine);
  const range = (type: typeof left): number => {
    const { bits, coding } = formatOf(type);
    return coding === 'bipolar' || coding === 'ternary' ? 1 : coding === 'unsigned' ? 2 ** bits - 1 : 2 ** (bits - 1);
  };
  const reach = k * range(left) * range(right);
  const { widthBits } = machine.core.accumulators;
  refuseUnless(
    reach < 2 ** (widthBits - 1),
    `sums reach ${reach}, more than ${widthBits}-bit accumulators hold (core.accumulators.widthBits)`,
  );
  const format = formatOf(last.output);
  const records = recordsOf(fusedRequantizer(last, machine, 2), Int32Array.of(0));
  const parameters = recordsTensor(last, records);
  const shape = [batch, m, n];
  return {
    kind: 'matmul',
    name: last.node.name,
    layer: {
      name: node.name,
      op: last.node === node ? node.op : `${node.op}+${last.node.op}`,
      m: batch * m,
      k,
      n,
      macs: batch * m * k * n,
    },
    output: last.node.output,
    shape,
    format,
    matmul: {
      window: null,
      dynamic: true,
      groups: batch,
      k,
      n,
      m,
      channels: k,
      inputBits: a.bits,
      inputZero: 0,
      weightBits: b.bits,
      weightCoding: b.coding === 'float' ? 'signed' : b.coding,
      parts: [NO_WEIGHTS],
      records,
    },
    temps: NO_TEMPS,
    stages: 1,
    drained: { shape, format },
    epilogue: null,
    grain: freeGrain(shape, format.bits),
    inputs: [
      {
        source: cx.source(cx.input(0)),
        need: ({ start, count }) => ({
          start: [at(start, 0), at(start, 1), 0],
          count: [at(count, 0), at(count, 1), k],
        }),
        arrange: merged,
        accepts: ({ dims }) => at(dims, 0).length <= 1 && at(dims, 1).length <= 1 && at(dims, 2).length <= 2,
      },
      {
        source: { kind: 'constant', constant: parameters },
        need: recordsNeed(records.channels, records.words, 2),
        accepts: () => true,
      },
      {
        source: cx.source(cx.input(1)),
        need: ({ start, count }) => ({
          start: [at(start, 0), 0, at(start, 2)],
          count: [at(count, 0), k, at(count, 2)],
        }),
        arrange: merged,
        accepts: plainDims,
      },
    ],
  };
}

function merged({ dims, offset }: Layout): Layout {
  return { dims: dims.map(mergeFactors), offset };
}

/** What no table in front could mend (products.ts). */
function requireOperands(node: NodeOf<'product'>, aBits: number, bBits: number, machine: Machine): void {
  const { inputBitsMax, weightBitsMax } = machine.core.matrix;
  const { aZero, bZero } = node.attributes;
  refuseUnless(
    aBits <= inputBitsMax,
    `a first operand of ${aBits} bits; the matrix unit takes at most ${inputBitsMax} bits (core.matrix.inputBitsMax)`,
  );
  refuseUnless(
    bBits <= weightBitsMax,
    `a second operand of ${bBits} bits; the arrays hold at most ${weightBitsMax} bits (core.matrix.weightBitsMax)`,
  );
  refuseUnless(aZero === 0 && bZero === 0, `zero points of operands wider than 8 bits; quantize them symmetrically`);
}
