/** Kernels of conv and matmul nodes, with the requantizer that follows fused into the drain. Depthwise goes to the vector unit. */
import type { Machine } from '../../../isa/machine/schema.ts';
import type { LayerSymbol } from '../../../isa/program.ts';
import { layerName } from '../../graph/names.ts';
import type { NodeOf, Tensor, Window } from '../../graph/types.ts';
import { sizeOf } from '../../graph/types.ts';
import { type ConstantTensor, constantTensor, wordTensor } from '../constants.ts';
import type { Kernel, KernelInput, MatmulKernel } from '../kernel.ts';
import { formatOf, NO_TEMPS, plainDims, refuseUnless, requireExactWidth, storedWidth } from '../kernel.ts';
import { at, mergeFactors, reshapeLayout } from '../layout.ts';
import type { NodeContext } from './context.ts';
import { freeGrain } from './context.ts';
import { depthwiseKernel } from './depthwise.ts';
import type { Records } from './integer.ts';
import { recordsNeed } from './matmul.ts';
import type { RawMatmul } from './matmul-spec.ts';
import { matmulSpec, recordsOf, tabulate } from './matmul-spec.ts';
import { windowNeed } from './window.ts';

/** `cx` is the node's context, `last` that of the node whose result the kernel makes (the fused requantizer, or the node). */
export function convolutionKernel(cx: NodeContext, node: NodeOf<'conv'>, last: NodeContext, machine: Machine): Kernel {
  const { window, groups, xZero, wZero } = node.attributes;
  const weights = constantOperand(cx, 1, 'weights');
  const shape = cx.output.shape;
  const [o, perGroup, kh, kw] = [
    at(weights.type.shape, 0),
    at(weights.type.shape, 1),
    at(weights.type.shape, 2),
    at(weights.type.shape, 3),
  ];
  const plane = kh * kw;
  const k = perGroup * plane;
  const m = at(shape, 0) * at(shape, 2) * at(shape, 3);
  const layer = layerOf(last, node, m, k, o);
  const raw: RawMatmul = {
    window,
    groups,
    m,
    k,
    channels: perGroup,
    outputs: o,
    input: formatOf(cx.inputType(0)),
    inputZero: xZero,
    weights: { codes: weights.data, zeros: wZero, outputStride: k, channelStride: plane, positionStride: 1 },
    bias: biasOf(cx),
    requantize: fusedRequantizer(last, machine, 1),
  };
  if (perGroup === 1 && groups > 1) return depthwise(cx, last, layer, raw, window);
  const input = cx.inputType(0).shape;
  const spec = { ...cx.product(last, () => matmulSpec(raw, machine)), window, m };
  // A tile needs the input channels of the groups that its outputs belong to.
  const channels = (start: number, count: number): readonly [number, number] => {
    const from = Math.floor(start / spec.n);
    return [from * perGroup, (Math.ceil((start + count) / spec.n) - from) * perGroup];
  };
  return matmulKernel(last, layer, shape, 1, spec, {
    source: cx.source(cx.input(0)),
    need: windowNeed(window, input, channels),
    accepts: plainDims,
  });
}

export function productKernel(cx: NodeContext, node: NodeOf<'matmul'>, last: NodeContext, machine: Machine): Kernel {
  const { xZero, wZero } = node.attributes;
  const weights = constantOperand(cx, 1, 'weights');
  const [k, n] = [at(weights.type.shape, 0), at(weights.type.shape, 1)];
  const m = sizeOf(cx.output.shape) / n;
  const raw: RawMatmul = {
    window: null,
    groups: 1,
    m,
    k,
    channels: k,
    outputs: n,
    input: formatOf(cx.inputType(0)),
    inputZero: xZero,
    weights: { codes: weights.data, zeros: wZero, outputStride: 1, channelStride: n, positionStride: 0 },
    bias: biasOf(cx),
    requantize: fusedRequantizer(last, machine, cx.output.shape.length - 1),
  };
  const spec = { ...cx.product(last, () => matmulSpec(raw, machine)), m };
  return matmulKernel(last, layerOf(last, node, m, k, n), [m, n], 1, spec, {
    source: cx.source(cx.input(0)),
    need: (box) => ({ start: [at(box.start, 0), 0], count: [at(box.count, 0), k] }),
    arrange: (layout) => reshapeLayout(layout, [m, k]),
    accepts: (layout) => at(layout.dims, 0).length <= 1 && mergeFactors(at(layout.dims, 1)).length <= 3,
  });
}

function matmulKernel(
  last: NodeContext,
  layer: LayerSymbol,
  shape: readonly number[],
  channel: number,
  spec: MatmulKernel['matmul'],
  x: KernelInput,
): MatmulKernel {
  const format = formatOf(last.output);
  const { records } = spec;
  const parameters = recordsTensor(last, records);
  return {
    kind: 'matmul',
    name: last.node.name,
    layer,
    output: last.node.output,
    shape,
    format,
    matmul: spec,
    temps: NO_TEMPS,
    stages: 1,
    drained: { shape, format },
    epilogue: null,
    grain: freeGrain(shape, format.bits),
    inputs: [
      x,
      {
        source: { kind: 'constant', constant: parameters },
        need: recordsNeed(records.channels, records.words, channel),
        accepts: () => true,
      },
    ],
  };
}

function depthwise(cx: NodeContext, last: NodeContext, layer: LayerSymbol, raw: RawMatmul, window: Window): Kernel {
  const format = formatOf(last.output);
  const bias = Int32Array.from({ length: raw.outputs }, (_, n) => (raw.bias === null ? 0 : at(raw.bias, n)));
  const records = recordsOf(raw.requantize, bias);
  return depthwiseKernel({
    name: last.node.name,
    layer,
    source: cx.source(cx.input(0)),
    input: cx.inputType(0).shape,
    inputZero: raw.inputZero,
    window,
    multiplier: raw.outputs / raw.groups,
    weights: cx.constant('weights', (name) => windowWeights(name, raw)),
    records,
    parameters: recordsTensor(last, records),
    output: last.node.output,
    shape: cx.output.shape,
    format,
    grain: freeGrain(cx.output.shape, format.bits),
  });
}

/** Weights of windows minus their zero points, output by output. */
function windowWeights(name: string, raw: RawMatmul): ConstantTensor {
  const { codes, rows, outputStride } = tabulate(raw);
  const data = new Int32Array(raw.outputs * raw.k);
  for (let i = 0; i < data.length; i++) data[i] = codes[at(rows, i % raw.k) + Math.floor(i / raw.k) * outputStride]!;
  const reach = data.reduce((most, w) => Math.max(most, w < 0 ? -w : w + 1), 1);
  const bits = storedWidth(Math.ceil(Math.log2(reach)) + 1);
  return constantTensor(name, [raw.outputs, raw.k], { bits, coding: 'signed', zero: 0 }, 'weights', data);
}

/** Records of the node that ends a product, a line a channel. */
export function recordsTensor(last: NodeContext, { channels, words, data }: Records): ConstantTensor {
  const shape = [channels, words];
  return last.constant('records', (name) => wordTensor(name, shape, data));
}

function layerOf(
  last: NodeContext,
  node: NodeOf<'conv'> | NodeOf<'matmul'>,
  m: number,
  k: number,
  n: number,
): LayerSymbol {
  return {
    // The product of an ONNX node whose scale and bias come behind it is called after that node.
    name: layerName(node.name),
    op: last.node === node ? node.op : `${node.op}+${last.node.op}`,
    m,
    k,
    n,
    macs: m * k * n,
  };
}

function constantOperand(cx: NodeContext, index: number, what: string): Tensor {
  const tensor = cx.constantData(index);
  refuseUnless(tensor !== undefined, `${what} are computed at run time; they must be constant`);
  return tensor;
}

function biasOf(cx: NodeContext): ArrayLike<number> | null {
  return cx.node.inputs.length < 3 ? null : constantOperand(cx, 2, 'biases').data;
}

/** The requantizer of a fused node; refuses what the machine's drain does not have. */
export function fusedRequantizer(last: NodeContext, machine: Machine, axis: number): RawMatmul['requantize'] {
  const { node } = last;
  if (node.op !== 'requantize') return null;
  const { spec, relu } = node.attributes;
  requireRequantizer(spec.mode, machine);
  if (spec.mode !== 'threshold')
    requireExactWidth(last.integer(last.output, 'requantized values'), 'a requantized result');
  refuseUnless(
    node.attributes.axis === axis || recordsOf({ spec, relu }, Int32Array.of(0)).channels === 1,
    `a requantizer along axis ${node.attributes.axis} behind outputs along axis ${axis}`,
  );
  return { spec, relu };
}

export function requireRequantizer(mode: 'threshold' | 'fixed-point' | 'float32', machine: Machine): void {
  const has = machine.core.requantizers;
  refuseUnless(has.includes(mode), `the ${mode} requantizer; this machine has ${has.join(', ')} (core.requantizers)`);
}
