/**
 * The network as plain data: three 3 x 3 convolutions with batch norm and ReLU, one maximum pool, one linear layer; 10,952 weights. Tensors are float32
 * in TensorFlow's order (height, width, in, out); the exporters turn them. The same layers serve every precision.
 */

export interface ConvLayer {
  readonly name: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly stride: 1 | 2;
  /** 2 x 2 maximum pooling behind the layer. */
  readonly pool: boolean;
}

/** 1 x 16 x 16 -> 8 x 16 x 16 -> pool 8 x 8 x 8 -> 16 x 8 x 8 -> 32 x 4 x 4. */
export const CONVS: readonly ConvLayer[] = [
  { name: 'conv1', inChannels: 1, outChannels: 8, stride: 1, pool: true },
  { name: 'conv2', inChannels: 8, outChannels: 16, stride: 1, pool: false },
  { name: 'conv3', inChannels: 16, outChannels: 32, stride: 2, pool: false },
];

/** Height and width in front of the linear layer, and its sizes. */
export const FINAL_SIZE = 4;
export const FEATURES = FINAL_SIZE * FINAL_SIZE * 32;
export const CLASSES = 10;

/** Added to the variance, as in Keras. */
export const BN_EPSILON = 1e-3;

export interface ConvWeights {
  /** [3, 3, in, out]. */
  readonly kernel: Float32Array;
  /** Batch norm, [out] each: y = (x - mean) / sqrt(variance + BN_EPSILON) * gamma + beta. */
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

export interface NetworkWeights {
  /** One for each of CONVS. */
  readonly convs: readonly ConvWeights[];
  /** [FEATURES, CLASSES], features in (height, width, channel) order. */
  readonly dense: Float32Array;
  /** [CLASSES]. */
  readonly bias: Float32Array;
}
