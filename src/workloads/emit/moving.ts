/** Layers that move codes: pools, joins, slices, upsampling, sub-pixel shuffles. They keep widths and scales. */
import { type IntegerType, integerRange } from '../../../compiler/graph/types.ts';
import { codeOf } from '../bell.ts';
import type { LayerOf } from '../layers.ts';
import { type Coded, dequantized, type EmitContext, node, oneSided, operand, quantized } from './context.ts';

export function emitMaxpool(cx: EmitContext, layer: LayerOf<'maxpool'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const window = { ...layer.attributes, dilations: [1, 1] } as const;
  const value = node(cx, 'maxpool', layer.name, [x.value], { window });
  // In deviations and as a share of the variance; as measured behind rectified convolutions of random images (yolov3-tiny, unet, resnet18, alexnet).
  const [height, width] = layer.attributes.kernel;
  const [shift, share] = height * width <= 4 ? [1, 1] : [1.6, 0.95];
  const mean = x.mean.map((m, c) => m + shift * Math.sqrt(x.variance[c]!));
  return { ...x, value, shape: layer.output.shape, mean, variance: x.variance.map((v) => share * v) };
}

/** Mean in float32: the graph has no integer one. */
export function emitAvgpool(cx: EmitContext, layer: LayerOf<'avgpool'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { kernel, strides } = layer.attributes;
  const window = { kernel, strides, pads: [0, 0, 0, 0], dilations: [1, 1] } as const;
  const real = dequantized(cx, `${layer.name}.dequantize`, x);
  const mean = node(cx, 'avgpool', layer.name, [real], { window, countIncludePad: false });
  const value = quantized(cx, `${layer.name}.quantize`, mean, x.type, x.scale);
  return { ...x, value, shape: layer.output.shape, variance: x.variance.map((v) => v / 2) };
}

/** Joins channels of images, features of sequences; parts of different codes become signed. Parts keep their scales: readers' weights are random. */
export function emitConcat(cx: EmitContext, layer: LayerOf<'concat'>, inputs: readonly Coded[]): Coded {
  const first = operand(inputs);
  const same = inputs.every((x) => x.type.bits === first.type.bits && oneSided(x.type) === oneSided(first.type));
  const bits = Math.max(...inputs.map((x) => x.type.bits));
  const parts = same
    ? inputs
    : inputs.map((x, i) => asSigned(cx, `${layer.name}.signed${i}`, x, { kind: 'int', bits, coding: 'signed' }));
  const values = parts.map((p) => p.value);
  const value = node(cx, 'concat', layer.name, values, { axis: layer.output.shape.length === 2 ? 2 : 1 });
  const all = (pick: (x: Coded) => Float64Array) => Float64Array.from(parts.flatMap((p) => [...pick(p)]));
  const moments = { mean: all((p) => p.mean), variance: all((p) => p.variance) };
  return { ...operand(parts), value, shape: layer.output.shape, ...moments };
}

/** Codes stretched or squeezed to a signed width: the largest code stays the largest. */
function asSigned(cx: EmitContext, name: string, x: Coded, type: IntegerType): Coded {
  if (x.type.bits === type.bits && x.type.coding === 'signed') return x;
  const from = integerRange(x.type);
  const to = integerRange(type);
  const factor = to.max / from.max;
  const table = Int32Array.from({ length: from.max - from.min + 1 }, (_, i) =>
    codeOf((from.min + i) * factor, to.min, to.max),
  );
  const value = node(cx, 'lut', name, [x.value], { table, axis: 1 }, { element: type });
  const mean = x.mean.map((m) => m * factor);
  return { ...x, value, type, scale: x.scale / factor, mean, variance: x.variance.map((v) => v * factor * factor) };
}

export function emitSlice(cx: EmitContext, layer: LayerOf<'slice'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { first, count } = layer.attributes;
  const shape = [cx.batch, ...layer.output.shape];
  const starts = shape.map((_, axis) => (axis === 1 ? first : 0));
  const value = node(cx, 'slice', layer.name, [x.value], { starts, steps: shape.map(() => 1) }, { shape });
  // Rows of a sequence have the same features.
  const part = (v: Float64Array) => (x.shape.length === 2 ? v : v.slice(first, first + count));
  return { ...x, value, shape: layer.output.shape, mean: part(x.mean), variance: part(x.variance) };
}

/** Nearest neighbour: copies of all channels, woven into blocks. */
export function emitUpsample(cx: EmitContext, layer: LayerOf<'upsample'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { factor } = layer.attributes;
  const copies = Array.from({ length: factor * factor }, () => x.value);
  const joined = node(cx, 'concat', `${layer.name}.copies`, copies, { axis: 1 });
  const value = node(cx, 'depth-to-space', layer.name, [joined], { block: factor, mode: 'DCR' });
  return { ...x, value, shape: layer.output.shape };
}

export function emitDepthToSpace(cx: EmitContext, layer: LayerOf<'depth-to-space'>, inputs: readonly Coded[]): Coded {
  const x = operand(inputs);
  const { block } = layer.attributes;
  const value = node(cx, 'depth-to-space', layer.name, [x.value], { block, mode: 'CRD' });
  const merged = (v: Float64Array) =>
    Float64Array.from({ length: layer.output.shape[0] ?? 0 }, (_, c) =>
      v.subarray(c * block * block, (c + 1) * block * block).reduce((n, m) => n + m / (block * block), 0),
    );
  return { ...x, value, shape: layer.output.shape, mean: merged(x.mean), variance: merged(x.variance) };
}
