/** Every number that decides the result: seeds and sizes of the image sets, bits and steps of the quantizers, length and rate of the training. */

/** Image sets: how many digits are drawn, from which seed. Calibration uses the first images of the training set. */
export const SETS = {
  train: { count: 5000, seed: 20 },
  test: { count: 1000, seed: 21 },
  calibration: { count: 500, seed: 20 },
} as const;

export interface Schedule {
  readonly epochs: number;
  /** Adam's rate in the first step; falls linearly to 0 over the training. */
  readonly learningRate: number;
}

/** Bits of the network while it trains, and of the QONNX file that comes from it. */
export interface Precision {
  readonly weightBits: number;
  readonly activationBits: number;
  /** Step of the activation quantizers behind ReLU. */
  readonly activationStep: number;
}

export type Variant = 'float' | 'w2a4' | 'w1a2';

/** The float network is trained from scratch, the others from its weights. */
export const TRAINING: Readonly<Record<Variant, Schedule>> = {
  float: { epochs: 6, learningRate: 0.005 },
  w2a4: { epochs: 4, learningRate: 0.003 },
  w1a2: { epochs: 4, learningRate: 0.003 },
};

export const PRECISION = {
  float: undefined,
  w2a4: { weightBits: 2, activationBits: 4, activationStep: 0.25 },
  w1a2: { weightBits: 1, activationBits: 2, activationStep: 0.75 },
} as const satisfies Record<Variant, Precision | undefined>;

/** Images per training step. */
export const BATCH = 50;

/** Seed of the initial weights and of the order of the images. */
export const SEED = 7;

/** Pixels 0 .. 255 enter the network as pixel / 256: exact in float32. */
export const INPUT_STEP = 1 / 256;
