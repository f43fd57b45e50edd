/**
 * The network as plain data: three convolutions with batch norm and ReLU, one max pool, one linear layer. Weights are float32 in TensorFlow's order
 * (height, width, in, out); exporters turn them. The same layers serve every precision; a recipe says the bits.
 */

export interface ConvLayer {
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: 1 | 2;
  /** 2 x 2 maximum pooling behind the layer. */
  readonly pool: boolean;
}

export const CONVS: readonly ConvLayer[] = [
  { name: 'conv1', inChannels: 1, outChannels: 8, stride: 1, pool: true },
  { name: 'conv2', inChannels: 8, outChannels: 16, stride: 1, pool: false },
  { name: 'conv3', inChannels: 16, outChannels: 32, stride: 2, pool: false },
];
/** Height and width in front of the linear layer, and its sizes. */
export const FINAL_SIZE = 4;
export const FEATURES = FINAL_SIZE * FINAL_SIZE * 32;
export const CLASSES = 10;
export const BN_EPSILON = 1e-3;

export interface ConvWeights {
  /** 3 x 3 x in x out. */
  readonly kernel: Float32Array;
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

export interface NetworkWeights {
  readonly convs: readonly ConvWeights[];
  /** FEATURES x CLASSES, features in (height, width, channel) order. */
  readonly dense: Float32Array;
  readonly bias: Float32Array;
}

export interface Recipe {
  readonly name: string;
  readonly weightBits: number;
  readonly activationBits: number;
  /** Step of the activation quantizers behind ReLU. */
  readonly activationStep: number;
}

export const RECIPES = {
  w2a4: { name: 'w2a4', weightBits: 2, activationBits: 4, activationStep: 0.25 },
  w1a2: { name: 'w1a2', weightBits: 1, activationBits: 2, activationStep: 0.75 },
} as const satisfies Record<string, Recipe>;

/** Pixels become pixel / 256: exact in float32, and the 8-bit input quantizer's step. */
export const INPUT_STEP = 1 / 256;

/** Step of one output channel's weights: ternary at 1.2 x mean magnitude, binary at the mean, wider ones at the maximum. */
export function weightStep(magnitudes: readonly number[], bits: number): number {
  const mean = magnitudes.reduce((s, v) => s + v, 0) / magnitudes.length;
  if (bits === 1) return mean;
  if (bits === 2) return 1.2 * mean;
  return Math.max(...magnitudes) / (2 ** (bits - 1) - 1);
}
