/**
 * A float ONNX network made ready for quantizing: convolutions and matrix products with known weights, output channel after output channel, with
 * the batch norm, factor or sum per channel that follows folded in; all other nodes as they are. What is known before the run is gone.
 */

import { InputError, UnsupportedError } from '../../isa/base/errors.ts';
import { floatAttribute, intAttribute } from '../frontend/onnx/attributes.ts';
import {
  type Constant,
  nodeLabel,
  type OnnxModel,
  type OnnxNode,
  sortNodes,
  type TracedModel,
} from '../frontend/onnx/index.ts';

/** Conv, or a matrix product of [.., K] with [K, N]. */
export interface Product {
  readonly kind: 'product';
  readonly node: OnnxNode;
  /** Of the node, or of its result where it has none. */
  readonly name: string;
  /** The activations that it reads. */
  readonly data: string;
  /** [channels, ..], channel after channel. */
  weights: Float32Array;
  readonly channels: number;
  /** Dims of one channel's weights. */
  readonly dims: readonly number[];
  bias: Float32Array | undefined;
  /** The value behind what was folded in. */
  output: string;
}

export interface Plain {
  readonly kind: 'plain';
  readonly node: OnnxNode;
}

export type Step = Product | Plain;

export interface FloatNetwork {
  readonly model: OnnxModel;
  readonly traced: TracedModel;
  readonly steps: readonly Step[];
  /** Nodes that read a value. */
  readonly readers: ReadonlyMap<string, readonly OnnxNode[]>;
}

export function floatNetwork(model: OnnxModel, traced: TracedModel): FloatNetwork {
  const nodes = sortNodes(model.graph).filter((n) => !n.outputs.every((o) => o === '' || traced.constants.has(o)));
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const i of new Set(node.inputs)) readers.set(i, [...(readers.get(i) ?? []), node]);
  const outputs = new Set(model.graph.outputs.map((o) => o.name));
  const folded = new Set<OnnxNode>();
  const steps: Step[] = [];
  for (const node of nodes) {
    if (folded.has(node)) continue;
    const product = productOf(node, traced);
    steps.push(product ?? { kind: 'plain', node });
    if (product === undefined) continue;
    for (;;) {
      const [next, ...others] = readers.get(product.output) ?? [];
      if (next === undefined || others.length > 0 || outputs.has(product.output)) break;
      if (!foldInto(product, next, traced)) break;
      folded.add(next);
      product.output = next.outputs[0] ?? '';
    }
  }
  const products = steps.filter((s) => s.kind === 'product');
  requireFinite(products);
  if (products.length === 0)
    throw new UnsupportedError('there is nothing to quantize: no Conv, Gemm or MatMul with known weights', {
      diagnostics: [
        {
          code: 'E-QUANTIZE-NOTHING',
          message: 'no Conv, Gemm or MatMul with known weights',
          expected: 'a float network',
          hint: 'export with the weights inside',
        },
      ],
    });
  return { model, traced, steps, readers };
}

/** Throws InputError where weights or biases, with what was folded in, are not numbers. */
function requireFinite(products: readonly Product[]): void {
  const wrong = products.filter((p) => !p.weights.every(Number.isFinite) || p.bias?.every(Number.isFinite) === false);
  if (wrong.length === 0) return;
  const diagnostics = wrong.map(({ node }) => ({
    code: 'E-QUANTIZE-WEIGHTS',
    message: 'weights or biases, with the batch norm behind them, are not finite',
    where: nodeLabel(node),
    expected: 'finite numbers',
    hint: 'look for a NaN in the training, or a negative variance of the batch norm',
  }));
  throw new InputError(`${nodeLabel(wrong[0]!.node)} has weights that are not finite`, { diagnostics });
}

/** A convolution or product with known float weights. */
function productOf(node: OnnxNode, { constants, graph, floats }: TracedModel): Product | undefined {
  const [data = '', second = '', third = ''] = node.inputs;
  const w = constants.get(second);
  if (node.domain !== '' || w === undefined || w.dataType !== 'float32' || !floats.has(data)) return undefined;
  const base = { kind: 'product', node, name: node.name === '' ? (node.outputs[0] ?? '') : node.name, data } as const;
  const output = node.outputs[0] ?? '';
  const numbers = Float32Array.from(w.data);
  if (node.opType === 'Conv') {
    const [channels = 1, ...dims] = w.shape;
    const bias = third === '' ? undefined : Float32Array.from(constants.get(third)!.data);
    return { ...base, weights: numbers, channels, dims, bias, output };
  }
  const isGemm = node.opType === 'Gemm';
  if ((!isGemm && node.opType !== 'MatMul') || w.shape.length !== 2) return undefined;
  const turnedAlready = isGemm && intAttribute(node, 'transB', 0) !== 0;
  const [a = 1, b = 1] = w.shape;
  const [channels, k] = turnedAlready ? [a, b] : [b, a];
  const alpha = isGemm ? floatAttribute(node, 'alpha', 1) : 1;
  const weights = numbers.map((_, i) => alpha * numbers[turnedAlready ? i : (i % k) * channels + Math.floor(i / k)]!);
  const product: Product = { ...base, weights, channels, dims: [k], bias: undefined, output };
  if (isGemm && third !== '') {
    const rank = graph.values.get(floats.get(data)!)!.shape.length;
    const added = channelValues(constants.get(third), rank, rank - 1, channels);
    if (added === undefined)
      throw new UnsupportedError(`${nodeLabel(node)} has a bias that is not one number an output channel`, {
        diagnostics: [
          {
            code: 'E-QUANTIZE-BIAS',
            message: 'a bias that is not one number an output channel',
            where: nodeLabel(node),
            expected: `a known bias of ${channels} elements`,
            hint: 'add what differs from row to row in an Add behind the Gemm',
          },
        ],
      });
    const beta = floatAttribute(node, 'beta', 1);
    product.bias = Float32Array.from(added, (v) => beta * v);
  }
  return product;
}

/** A known operand as one number for each index of `axis`; undefined when it differs along another axis. */
function channelValues(
  c: Constant | undefined,
  rank: number,
  axis: number,
  channels: number,
): Float64Array | undefined {
  if (c === undefined || c.dataType !== 'float32') return undefined;
  const own = axis - (rank - c.shape.length);
  if (c.data.length === 1 && c.shape.length <= rank) return new Float64Array(channels).fill(c.data[0] ?? 0);
  if (c.shape[own] !== channels || c.data.length !== channels || c.shape.length > rank) return undefined;
  return Float64Array.from(c.data);
}

/** Takes a following affine node into weights and bias; false when it is none. */
function foldInto(product: Product, next: OnnxNode, { constants, graph, floats }: TracedModel): boolean {
  const id = floats.get(next.outputs[0] ?? '');
  if (next.domain !== '' || id === undefined) return false;
  const rank = graph.values.get(id)!.shape.length;
  const axis = product.node.opType === 'Conv' ? 1 : rank - 1;
  const of = (name: string | undefined) => channelValues(constants.get(name ?? ''), rank, axis, product.channels);
  const [first, second] = next.inputs;
  const other = of(first === product.output ? second : first);
  switch (next.opType) {
    case 'BatchNormalization': {
      if (axis !== 1 || first !== product.output) return false;
      const [gamma, beta, mean, variance] = next.inputs.slice(1).map((i) => constants.get(i)?.data);
      if (gamma === undefined || beta === undefined || mean === undefined || variance === undefined) return false;
      const epsilon = floatAttribute(next, 'epsilon', 1e-5);
      const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c]! + epsilon));
      scale(product, factor);
      add(
        product,
        Float64Array.from(beta, (b, c) => b - mean[c]! * factor[c]!),
      );
      return true;
    }
    case 'Add':
      if (other === undefined) return false;
      add(product, other);
      return true;
    case 'Sub':
      if (other === undefined || first !== product.output) return false;
      add(
        product,
        other.map((v) => -v),
      );
      return true;
    case 'Mul':
      if (other === undefined) return false;
      scale(product, other);
      return true;
    case 'Div':
      if (other === undefined || first !== product.output || other.includes(0)) return false;
      scale(
        product,
        other.map((v) => 1 / v),
      );
      return true;
    default:
      return false;
  }
}

function scale(p: Product, factor: Float64Array): void {
  const size = p.weights.length / p.channels;
  p.weights = p.weights.map((v, i) => v * factor[Math.floor(i / size)]!);
  p.bias = p.bias?.map((v, c) => v * factor[c]!);
}

function add(p: Product, values: Float64Array): void {
  p.bias = Float32Array.from(values, (v, c) => (p.bias?.[c] ?? 0) + v);
}
