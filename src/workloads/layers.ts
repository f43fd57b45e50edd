/**
 * The layer language of the zoo: what a network is made of, before any width is chosen. A network is a list of sections that run
 * one after another, each so many times (a decoder repeats one block); a section is layers in topological order. Shapes leave the batch out:
 * [channels, height, width] for images, [tokens, features] for sequences, [features] for one vector. No weights are held here.
 */

export type Activation =
  | 'none'
  | 'relu'
  | 'relu6'
  | 'leaky'
  | 'prelu'
  | 'hswish'
  | 'hsigmoid'
  | 'swish'
  | 'sigmoid'
  | 'tanh'
  | 'gelu'
  | 'relu2';

/** What convolutions and matrix products share: a bias, a batch norm that folds into it, an activation. */
export interface Affine {
  readonly bias: boolean;
  readonly bn: boolean;
  readonly act: Activation;
}

/** [height, width]. */
export type Pair = readonly [number, number];
/** [top, left, bottom, right]. */
export type Sides = readonly [number, number, number, number];

/** Heads of the queries, and of the keys and values that groups of them share. */
export interface Heads {
  readonly heads: number;
  readonly kvHeads: number;
}

/** Attributes by kind of layer. */
export interface LayerAttributes {
  readonly conv: Affine & {
    readonly kernel: Pair;
    readonly strides: Pair;
    readonly pads: Sides;
    readonly groups: number;
  };
  /** Transposed convolution, square: output = (input - 1) * stride - 2 * pad + kernel + outputPad. */
  readonly deconv: Affine & {
    readonly kernel: number;
    readonly stride: number;
    readonly pad: number;
    readonly outputPad: number;
  };
  /** Over the last axis; images are flattened. `tied` weights belong to an embedding, which counts them. */
  readonly linear: Affine & { readonly tied: boolean };
  readonly maxpool: { readonly kernel: Pair; readonly strides: Pair; readonly pads: Sides };
  /** Mean over windows that lie inside. */
  readonly avgpool: { readonly kernel: Pair; readonly strides: Pair };
  readonly 'global-average': Record<string, never>;
  readonly add: { readonly act: 'none' | 'relu' };
  /** Second operand is one value a channel, or of the same shape. */
  readonly multiply: Record<string, never>;
  /** Channels of images, features of sequences. */
  readonly concat: Record<string, never>;
  /** `count` channels or tokens from `first`. */
  readonly slice: { readonly first: number; readonly count: number };
  /** Nearest neighbour, whole factor. */
  readonly upsample: { readonly factor: number };
  readonly 'depth-to-space': { readonly block: number };
  /** Local response normalization over `size` channels. */
  readonly lrn: { readonly size: number };
  /** Zero-DCE: x + r * (x^2 - x), once for each three channels of the second operand. */
  readonly curve: { readonly iterations: number };
  /** Box decoding, done by the host: marks an output. */
  readonly detections: Record<string, never>;
  /** Over runs of so many elements, in row-major order. */
  readonly softmax: {
    readonly run: number;
    /** How many of the first elements the first run of each `tokens` runs sees; each next one sees one more. All of them when left out. */
    readonly causal?: { readonly tokens: number; readonly first: number };
  };
  readonly activation: { readonly fn: Activation };

  /** Rows of the tables, by token, position or type, added up; no `rows` where another embedding's table is used again. */
  readonly embedding: { readonly rows: readonly number[]; readonly width: number };
  /** Over tokens, by feature: folds into the next product. */
  readonly 'batch-norm': Record<string, never>;
  readonly 'layer-norm': Record<string, never>;
  readonly 'rms-norm': Record<string, never>;
  /** Rotates pairs of features by the position. */
  readonly rotary: Record<string, never>;
  /**
   * Q [tokens, heads * d] times K^T [context, kvHeads * d] by head -> [heads * tokens, context]. Keys may come in parts, one after another: the
   * rows of a cache and the new ones.
   */
  readonly 'attention-scores': Heads;
  /** P [heads * tokens, context] times V [context, kvHeads * d], in parts like the keys, by head -> [tokens, heads * d]. */
  readonly 'attention-context': Heads;
  /** Bahdanau attention with normalization (gnmt_v2): query [steps, h], memory [source, h] -> [steps, h]; v of h, g and b. */
  readonly 'additive-attention': Record<string, never>;
  /** Gates [1, 4 * hidden] in the order i, f, g, o and cell c [1, hidden] -> sigmoid(f) c + sigmoid(i) tanh(g), codes of 16 bits. */
  readonly 'lstm-cell': Record<string, never>;
  /** Gates and the new cell -> the state sigmoid(o) tanh(c) that goes on, [1, hidden]. */
  readonly 'lstm-state': Record<string, never>;
  /** [channels, height, width] -> [width, channels * height]. */
  readonly 'to-sequence': Record<string, never>;
  /** Depthwise over tokens, constant weights, bias by channel. */
  readonly 'depthwise-conv1d': { readonly kernel: number; readonly bias: boolean };
  /** Depthwise over tokens by kernels [tokens, heads * kernel] that the network computes (ConvBERT's span-based convolution). */
  readonly 'dynamic-conv1d': { readonly kernel: number; readonly heads: number };
}

export type LayerKind = keyof LayerAttributes;

/** A tensor of a section; `id` counts from 0 within it. */
export interface Value {
  readonly id: number;
  readonly shape: readonly number[];
}

export interface LayerOf<K extends LayerKind> {
  readonly kind: K;
  /** Unique in its section. */
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly attributes: LayerAttributes[K];
}
export type Layer = { [K in LayerKind]: LayerOf<K> }[LayerKind];

/** What arrives: codes of 1 .. 16 bits. Those of a cache live in memory between runs. */
export interface SectionInput {
  readonly name: string;
  readonly value: Value;
  readonly bits: number;
  readonly coding: 'signed' | 'unsigned';
}

export interface Section {
  readonly name: string;
  /** How many there are of it, each with weights of its own. */
  readonly repeat: number;
  /** How often each runs, one run behind the other with the same weights: steps of a recurrence. */
  readonly steps: number;
  readonly inputs: readonly SectionInput[];
  readonly layers: readonly Layer[];
  readonly outputs: readonly Value[];
}

export interface Network {
  readonly sections: readonly Section[];
}
