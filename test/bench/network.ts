/**
 * The network that the benchmarks inside one process share: a plain stack of 3x3 convolutions, 2-bit weights and 4-bit activations with
 * threshold quantizers, random weights from a fixed seed. Made here, so that it is the same on every machine and needs no file.
 */
import { type Compiled, compile } from '../../compiler/compile.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Graph, IntegerType, Tensor } from '../../compiler/graph/types.ts';
import { createRandom, type Random } from '../../isa/base/random.ts';
import { edgeDcim28nm } from '../../isa/machine/presets/edge-dcim-28nm.ts';
import type { Machine } from '../../isa/machine/schema.ts';
import type { Surroundings } from './benchmark.ts';

export const MACHINE: Machine = edgeDcim28nm;

const ACTIVATION: IntegerType = { kind: 'int', bits: 4, coding: 'unsigned' };
const WEIGHT: IntegerType = { kind: 'int', bits: 2, coding: 'signed' };
const LEVELS = 15;

export interface NetworkShape {
  /** Height and width of every image. */
  readonly side: number;
  readonly channels: number;
  readonly layers: number;
}

const FULL: NetworkShape = { side: 56, channels: 128, layers: 8 };
const TINY: NetworkShape = { side: 4, channels: 4, layers: 2 };

export function networkOf({ size }: Surroundings): Graph {
  return convolutions(size === 'full' ? FULL : TINY);
}

export function compiledNetwork(surroundings: Surroundings): { readonly graph: Graph; readonly compiled: Compiled } {
  const graph = networkOf(surroundings);
  return { graph, compiled: compile(graph, MACHINE) };
}

function convolutions({ side, channels, layers }: NetworkShape): Graph {
  const random = createRandom(20261121);
  const b = new GraphBuilder('bench');
  let x = b.input('image', { element: ACTIVATION, shape: [1, channels, side, side] });
  const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
  for (let layer = 0; layer < layers; layer++) {
    const w = b.constant(weights(random, [channels, channels, 3, 3]), `weights${layer}`);
    const attributes = { window, groups: 1, xZero: 0, wZero: Int32Array.of(0) };
    const acc = b.add('conv', [x, w], attributes, { name: `conv${layer}` });
    const spec = { mode: 'threshold', levels: LEVELS, ...thresholds(random, channels) } as const;
    const options = { name: `quantize${layer}`, element: ACTIVATION };
    x = b.add('requantize', [acc], { spec, axis: 1, relu: false }, options);
  }
  return b.finish([x]);
}

function weights(random: Random, shape: readonly number[]): Tensor {
  const length = shape.reduce((n, d) => n * d, 1);
  return { type: { element: WEIGHT, shape }, data: Int32Array.from({ length }, () => random.int(-2, 1)) };
}

/** Steps of a random size about zero, a row for each channel. */
function thresholds(random: Random, channels: number) {
  const rows = Array.from({ length: channels }, () => {
    const step = random.int(4, 40);
    return Array.from({ length: LEVELS }, (_, i) => (i - LEVELS / 2 + 0.5) * step);
  });
  return {
    base: new Int32Array(channels),
    descending: new Uint8Array(channels),
    thresholds: Int32Array.from(rows.flat()),
  };
}
