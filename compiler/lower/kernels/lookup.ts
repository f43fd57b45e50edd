/** Kernels of DMA that read by index or more than once: rows of a table, repeated axes. */
import type { NamedTensor } from '../draft.ts';
import type { CopyKernel } from '../kernel.ts';
import { fewFactors, formatOf, NO_TEMPS, refuseUnless } from '../kernel.ts';
import type { Factor, Layout } from '../layout.ts';
import { at, fullBox, mergeFactors } from '../layout.ts';
import type { View } from '../walk.ts';
import { plainLoops, tryWalk, walk, walkGroups } from '../walk.ts';
import type { NodeContext } from './context.ts';
import { asCodes, copyKernel } from './copy.ts';

/** The table stays in DRAM; only its rows move. */
export function gatherKernel(cx: NodeContext): CopyKernel {
  refuseUnless(cx.constantData(0) !== undefined, 'the table is computed at run time; it must be constant');
  const [table, index] = [cx.inputType(0), cx.inputType(1)];
  const row = table.shape.slice(1).reduce((n, d) => n * d, 1);
  const count = index.shape.reduce((n, d) => n * d, 1);
  return {
    kind: 'copy',
    arrange: null,
    writes: null,
    name: cx.node.name,
    layer: cx.layer(),
    output: cx.node.output,
    shape: [count, row],
    format: formatOf(cx.output),
    grain: [count, row],
    temps: NO_TEMPS,
    stages: 1,
    inputs: [
      { source: cx.source(cx.input(0)), need: () => fullBox(table.shape), accepts: () => true },
      { source: cx.source(cx.input(1)), need: () => fullBox(index.shape), accepts: fewFactors },
    ],
    emit: (output, inputs, emit, channel) => {
      const rows = asCodes(at(inputs, 0));
      const indices = at(inputs, 1);
      const to = asCodes(output);
      const inner = rows.layout.dims.slice(1).flat();
      const src = pickedRows(rows, at(table.shape, 0), count, inner);
      const dst = withRows(walkGroups(to, [at(to.layout.dims, 0), at(to.layout.dims, 1)]).tensor, count);
      const order = index.shape.map((_, d) => d);
      const which = walk({ ...indices, format: { ...indices.format, zero: 0 } }, [plainLoops(indices.layout, order)]);
      emit({ op: 'gather', dst, src, index: which, channel, core: 0, signalRemote: 0, cores: 0 });
    },
  };
}

/** Dim 0 counts the rows, also where there is one, which a walk leaves out. */
function withRows(dst: NamedTensor, count: number): NamedTensor {
  return count > 1 ? dst : { ...dst, dims: [{ count, axis: at(dst.dims, 0).axis, step: 0 }, ...dst.dims] };
}

/** Dim 0 stands still: the index moves it along the axis of the rows. */
function pickedRows(rows: View, extent: number, count: number, inner: readonly Factor[]) {
  const stride = at(rows.layout.dims, 0)[0]?.stride ?? 1;
  const guard = { extent, stride, origin: 0 };
  const found = tryWalk(rows, [[{ count: Math.max(2, count), guard, step: 0 }], mergeFactors(inner)], 0);
  refuseUnless(found !== null, 'rows of a table with more than four axes');
  const [first, ...rest] = found.tensor.dims;
  return first === undefined ? found.tensor : { ...found.tensor, dims: [{ ...first, count }, ...rest] };
}

export function expandKernel(cx: NodeContext): CopyKernel {
  const { shape } = cx.output;
  const spec = { name: cx.node.name, op: cx.node.op, output: cx.node.output, shape, format: formatOf(cx.output) };
  const own = cx.inputType(0).shape;
  const lead = shape.length - own.length;
  const repeated = (layout: Layout): Layout => ({
    offset: layout.offset,
    dims: shape.map((size, d) =>
      d >= lead && at(own, d - lead) === size
        ? at(layout.dims, d - lead)
        : size === 1
          ? []
          : [{ count: size, stride: 0 }],
    ),
  });
  return { ...copyKernel(spec, cx.source(cx.input(0)), own, repeated), arrange: null };
}
