/**
 * Work and size of a description. MACs: convolutions, transposed convolutions, matrix products and products of two activations; no bias,
 * norm, pooling, activation, softmax. A transposed convolution does k * k * Cin * Cout * Hin * Win, not the count at output resolution.
 * Parameters: weights, biases, scale and shift of norms, embeddings; no batch statistics, no PReLU slopes. One multiply-accumulate is two operations.
 */
import type { Affine, Layer, LayerKind, LayerOf, Network } from './layers.ts';

/** [m, k] times [k, n], `count` times with other operands. */
export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly count: number;
  /** Whether the second operand is a weight matrix. */
  readonly weights: boolean;
}

export interface Totals {
  readonly macs: number;
  readonly params: number;
}

type Rule<K extends LayerKind, R> = (layer: LayerOf<K>) => R;
type Table<R> = { readonly [K in LayerKind]?: Rule<K, R> };

const PRODUCTS: Table<readonly Product[]> = {
  conv: ({ inputs, output, attributes: { kernel, groups } }) => {
    const [n = 0, h = 0, w = 0] = output.shape;
    const k = (kernel[0] * kernel[1] * dim(inputs, 0, 0)) / groups;
    return [product(h * w, k, n / groups, groups)];
  },
  deconv: ({ inputs, output, attributes: { kernel } }) => {
    const [c = 0, h = 0, w = 0] = inputs[0]?.shape ?? [];
    return [product(h * w, c, (output.shape[0] ?? 0) * kernel * kernel)];
  },
  linear: ({ inputs, output }) => {
    const { shape = [] } = inputs[0] ?? {};
    const rows = shape.length === 2 ? (shape[0] ?? 0) : 1;
    return [product(rows, sizeOf(shape) / rows, output.shape.at(-1) ?? 0)];
  },
  'attention-scores': ({ inputs, output, attributes: { heads } }) => [
    product(dim(inputs, 0, 0), dim(inputs, 0, 1) / heads, output.shape[1] ?? 0, heads, false),
  ],
  'attention-context': ({ inputs, output, attributes: { heads } }) => [
    product(output.shape[0] ?? 0, dim(inputs, 0, 1), (output.shape[1] ?? 0) / heads, heads, false),
  ],
  'additive-attention': ({ inputs }) => {
    const [[steps = 0, h = 0], [source = 0]] = [inputs[0]?.shape ?? [], inputs[1]?.shape ?? []];
    return [
      product(source, h, h),
      product(steps, h, h),
      product(steps, h, source, 1, false),
      product(steps, source, h, 1, false),
    ];
  },
  'depthwise-conv1d': ({ output, attributes: { kernel } }) => {
    const [tokens = 0, channels = 0] = output.shape;
    return [product(tokens, kernel, 1, channels)];
  },
  'dynamic-conv1d': ({ output, attributes: { kernel } }) => [product(1, kernel, 1, sizeOf(output.shape), false)],
};

/** Parameters beside the weights of products. */
const EXTRAS: Table<number> = {
  conv: ({ output, attributes }) => affine(attributes, output.shape[0] ?? 0),
  deconv: ({ output, attributes }) => affine(attributes, output.shape[0] ?? 0),
  linear: ({ output, attributes }) => affine(attributes, output.shape.at(-1) ?? 0),
  embedding: ({ attributes: { rows, width } }) => rows.reduce((n, r) => n + r * width, 0),
  'batch-norm': ({ output }) => 2 * (output.shape.at(-1) ?? 0),
  'layer-norm': ({ output }) => 2 * (output.shape.at(-1) ?? 0),
  'rms-norm': ({ output }) => output.shape.at(-1) ?? 0,
  'additive-attention': ({ output }) => 2 * (output.shape[1] ?? 0) + 1,
  'depthwise-conv1d': ({ output, attributes }) => (attributes.bias ? (output.shape[1] ?? 0) : 0),
};

/** The matrix products of a layer; none for layers that only move or transform. */
export function productsOf(layer: Layer): readonly Product[] {
  return (PRODUCTS[layer.kind] as Rule<LayerKind, readonly Product[]> | undefined)?.(layer) ?? [];
}

/** Elements of the constant matrices that a layer's products read; those of a tied layer too. */
export function weightsOf(layer: Layer): number {
  return productsOf(layer).reduce((n, p) => n + (p.weights ? p.k * p.n * p.count : 0), 0);
}

/** One run of one layer. */
export function countLayer(layer: Layer): Totals {
  const macs = productsOf(layer).reduce((n, p) => n + p.m * p.k * p.n * p.count, 0);
  const own = layer.kind === 'linear' && layer.attributes.tied ? 0 : weightsOf(layer);
  return { macs, params: own + ((EXTRAS[layer.kind] as Rule<LayerKind, number> | undefined)?.(layer) ?? 0) };
}

/** One inference: every section as often as it repeats; steps repeat the work and not the weights. */
export function countNetwork(network: Network): Totals {
  const all = network.sections.flatMap(({ repeat, steps, layers }) =>
    layers.map((l) => ({ repeat, steps, ...countLayer(l) })),
  );
  return {
    macs: all.reduce((n, l) => n + l.macs * l.repeat * l.steps, 0),
    params: all.reduce((n, l) => n + l.params * l.repeat, 0),
  };
}

function product(m: number, k: number, n: number, count = 1, weights = true): Product {
  return { m, k, n, count, weights };
}

function affine({ bias, bn }: Affine, channels: number): number {
  return (bias ? channels : 0) + (bn ? 2 * channels : 0);
}

function dim(inputs: LayerOf<LayerKind>['inputs'], operand: number, axis: number): number {
  return inputs[operand]?.shape[axis] ?? 0;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((n, d) => n * d, 1);
}
